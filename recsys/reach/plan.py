"""What to do about the people whom a content did not reach, cause by cause.

=====================  =============================================================================
cause                  action
=====================  =============================================================================
``seen``               ``other_format``: they passed it over, so another form of it
``delivered``          ``show_again``: at the top of the portal, at the hours given
``not_visited``        ``newsletter``: to where they are
``no_device``          ``signage_print``
``on_leave``           ``on_return``; when each comes back is nobody's business
``language``           ``translate``
``muted``              ``accept``: their own wish
``unmeasurable``       ``signage_print``; perhaps they know it, perhaps not: nobody can tell
``opted_out``          ``general_channels``: what goes to everybody
=====================  =============================================================================

Expected readers are those of the next ``AHEAD_DAYS`` days, of the first three causes: the sum over
the people of P(comes) · P(opens). P(opens) is the content's own rate so far, mixed with the
company's as if ``PRIOR_PEOPLE`` had been shown it: (opened + m · r) / (seen + m). Who ignored it n
times opens it with 2 / (2 + n) of that: the mean of a uniform prior after n failures (Laplace's
rule of succession, scaled to the rate). For ``not_visited`` a newsletter may do better, as it
reaches people who never come. Nothing is estimated for a group that is hidden, nor for sensitive
contents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recsys.advice.advice import FormatAdvice
from recsys.reach.fates import CAUSES, FATES, Codes, Employees
from recsys.reach.funnel import Funnel
from recsys.reach.visits import Float, best_hours, read_visits, visit_probability
from recsys.state.live import LiveState

__all__ = ["ACTIONS", "ESTIMATED", "Action", "FormatHint", "Step", "hint_of", "open_chance",
           "plan_steps"]  # fmt: skip

Action = Literal[
    "other_format", "show_again", "newsletter", "signage_print", "on_return", "translate",
    "accept", "general_channels",
]  # fmt: skip

ACTIONS: Mapping[str, Action] = {
    "seen": "other_format",
    "delivered": "show_again",
    "not_visited": "newsletter",
    "no_device": "signage_print",
    "on_leave": "on_return",
    "language": "translate",
    "muted": "accept",
    "unmeasurable": "signage_print",
    "opted_out": "general_channels",
}
"""By cause, those that more can be done about first."""

ESTIMATED: tuple[str, ...] = ("seen", "delivered", "not_visited")

PRIOR_PEOPLE = 10
"""The content's own rate counts more than the company's once ten people have seen it."""


@dataclass(frozen=True, slots=True)
class FormatHint:
    """Which form of the content to show to those who passed it over."""

    format: str
    exists: bool
    """False: it would have to be made."""
    is_clear: bool
    """False: the log cannot tell it from the next best; show either at random."""


@dataclass(frozen=True, slots=True)
class Step:
    """One cause and what to do about it; everything but the action is None where hidden."""

    cause: str
    action: Action
    people: int | None
    expected_readers: int | None = None
    """People who would open it within a week."""
    best_hours: tuple[int, ...] = ()
    """Hours of the day, on their own clocks (UTC where none is known), at which most are there."""
    format: FormatHint | None = None


def plan_steps(
    state: LiveState, content: int, at: int, employees: Employees, codes: Codes, funnel: Funnel,
    hint: FormatHint | None,
) -> tuple[Step, ...]:  # fmt: skip
    """Return a step for every cause, whether or not somebody has it: that would tell too.

    ``employees`` are the audience and ``codes`` their fates, shape (n,).
    """
    people = dict(funnel.not_reached) | {s.stage: s.furthest for s in funnel.stages}
    chance = open_chance(state, codes, employees, content)
    is_sensitive = bool(state.catalogue.contents["sensitive"][content])
    steps = []
    for cause, action in ACTIONS.items():
        step = Step(cause, action, people[cause])
        if cause in ESTIMATED and step.people is not None and not is_sensitive:
            has_it = codes == FATES.index(cause)
            visits = read_visits(state, employees[has_it], at)
            readers = float(visit_probability(visits) @ chance[has_it])
            step = Step(
                cause, action, step.people, None if np.isnan(readers) else round(readers),
                best_hours(visits), hint if cause == "seen" else None,
            )  # fmt: skip
        steps.append(step)
    return tuple(steps)


def open_chance(state: LiveState, codes: Codes, employees: Employees, content: int) -> Float:
    """Return float64 probabilities to open the content at the next showing, shape (n,).

    NaN where neither the content nor the company has a rate yet.
    """
    n_opened = np.isin(codes, [FATES.index(f) for f in ("opened", "completed", "acknowledged")])
    n_seen = np.count_nonzero(n_opened) + np.count_nonzero(codes == FATES.index("seen"))
    usual = state.readings.opened_share()
    rate = (np.count_nonzero(n_opened) + PRIOR_PEOPLE * usual) / (n_seen + PRIOR_PEOPLE)
    ignored = state.readings.times_shown(employees, content)
    ignored = np.where(codes == FATES.index("seen"), np.maximum(ignored, 1), 0)
    return np.asarray(rate * 2.0 / (2.0 + ignored))


def hint_of(advice: FormatAdvice) -> FormatHint | None:
    """Return the format to try: a missing one that adds readers, else the best that exists.

    None where nothing can be said or there is one format only.
    """
    produce, lead = advice.produce, advice.lead
    if produce is not None and produce.format and produce.verdict in ("clear", "randomise"):
        return FormatHint(produce.format, exists=False, is_clear=produce.verdict == "clear")
    if lead is not None and lead.format and lead.verdict in ("clear", "randomise"):
        return FormatHint(lead.format, exists=True, is_clear=lead.verdict == "clear")
    return None


assert set(ACTIONS) == {*CAUSES, "seen", "delivered"}, "every cause has its action"
