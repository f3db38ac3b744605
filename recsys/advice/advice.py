"""Format advice: what each format would do for a story and an audience, and which to make next.

All figures are about groups. A person stands for a cell of colleagues (:mod:`recsys.advice.cells`)
and figures are rounded to whole completions and whole per cent. Intervals are central, 90 %, of
what is expected and not of what will come out: they hold what is not known of the persons, of the
story's appeal, of the model's columns and of the people who were not asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recsys.advice.advised_story import Story
from recsys.advice.audience_people import Headcount
from recsys.advice.outcomes import Outcomes
from recsys.formats.stories import Float

__all__ = ["MIN_TOLD", "Choice", "Estimate", "FormatAdvice", "FormatOutlook", "added_by", "advise"]

MIN_TOLD = 100
"""Showings in a format, with an alternative, that an audience must have had before the format is
recommended to it: they give a rate to four points (1 sd), and smaller differences change no plan.
Without own showings the answer would be that of other groups, whose effects count as known."""

Verdict = Literal["clear", "randomise", "only", "nothing"]
Reason = Literal["clear", "close", "few_showings", "only", "nothing", "no_gain"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An expected value with its central 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class FormatOutlook:
    """What one format would do."""

    format: str
    exists: bool
    rate: Estimate
    """Mean probability that a person of the audience takes it in, once shown at position 1."""
    completions: Estimate
    """People who take it in, if it is the only format and shown as often as new contents are."""
    added: Estimate | None
    """What it adds to ``FormatAdvice.completions`` once it exists; None if it does."""
    n_told: int
    """Showings to the audience that tell about the format, to the nearest ten."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One format against the next best.

    ``verdict`` is ``clear`` only if ``ahead``, rounded, is above zero with its whole interval and
    the audience was shown both formats ``MIN_TOLD`` times; else it is ``randomise``: what is shown
    at random teaches most, and nothing known is lost. ``only``: nothing to choose from.
    """

    verdict: Verdict
    reason: Reason
    format: str | None = None
    runner_up: str | None = None
    ahead: Estimate | None = None
    """Completions more than with the runner-up, or than with nothing new where there is none."""


@dataclass(frozen=True, slots=True)
class FormatAdvice:
    """Advice on one story; everything but the question is empty where it is suppressed."""

    content_id: str | None
    topics: tuple[str, ...]
    is_suppressed: bool
    """Fewer than ``CELL_SIZE`` people can be measured."""
    headcount: Headcount | None = None
    is_sample: bool = False
    """Figures are scaled up from a random part of the audience."""
    shown: Estimate | None = None
    """People who see it at all, if it is shown as often as new contents are."""
    completions: Estimate | None = None
    """People who take it in when each is shown what suits best of what exists."""
    formats: tuple[FormatOutlook, ...] = ()
    """The most completions first."""
    lead: Choice | None = None
    """Which existing format to lead with."""
    produce: Choice | None = None
    """Which missing format to make next."""


def advise(story: Story, outcomes: Outcomes) -> FormatAdvice:
    """Return advice from drawn ``outcomes`` of the story's formats. Pure."""
    panel = outcomes.readers.panel
    added = added_by(story, outcomes)
    told = outcomes.n_told()
    alone = {name: outcomes.taken[:, i] for i, name in enumerate(outcomes.names)}
    outlooks = {
        name: FormatOutlook(
            name, name in story.formats,
            _estimate(outcomes, outcomes.p_complete[:, i] / panel.n_measured, 2),
            _estimate(outcomes, alone[name]),
            _estimate(outcomes, added[name]) if name in added else None,
            10 * round(told[name] / 10),
        )
        for i, name in enumerate(outcomes.names)
    }  # fmt: skip
    readable = {
        name: alone[name] * story.exists[:, [code]]
        for name, code in zip(outcomes.names, outcomes.codes, strict=True)
        if name in story.formats
    }
    return FormatAdvice(
        story.content_id, story.topics, is_suppressed=False, headcount=panel.headcount,
        is_sample=panel.left_out_share > 0, shown=_estimate(outcomes, outcomes.seen),
        completions=_estimate(outcomes, outcomes.taken_by_best(story.exists)),
        formats=tuple(outlooks[name] for name in _ranked(outcomes, alone)),
        lead=_lead(outcomes, readable, told), produce=_produce(outcomes, added, told),
    )  # fmt: skip


def added_by(story: Story, outcomes: Outcomes) -> dict[str, Float]:
    """Return by missing format what it would add for each person, (n_people, n_draws)."""
    current = outcomes.taken_by_best(story.exists)
    found = {}
    for name, code in zip(outcomes.names, outcomes.codes, strict=True):
        if name not in story.formats:
            exists = story.exists.copy()
            exists[:, code] = True
            found[name] = outcomes.taken_by_best(exists) - current
    return found


def _estimate(outcomes: Outcomes, drawn: Float, digits: int = 0) -> Estimate:
    """Return the rounded total over the audience of what was drawn per person, (n, n_draws)."""
    value = float(outcomes.readers.panel.weight @ drawn.mean(axis=1))
    low, high = np.quantile(outcomes.totals(drawn), (0.05, 0.95)).tolist()
    return Estimate(*(round(number, digits) + 0.0 for number in (value, low, high)))


def _lead(outcomes: Outcomes, drawn: dict[str, Float], told: dict[str, float]) -> Choice:
    if not drawn:
        return Choice("nothing", "nothing")
    best, *others = _ranked(outcomes, drawn)
    if not others:
        return Choice("only", "only", best)
    return _compared(outcomes, best, others[0], drawn[best] - drawn[others[0]], told)


def _produce(outcomes: Outcomes, added: dict[str, Float], told: dict[str, float]) -> Choice:
    if not added:
        return Choice("nothing", "nothing")
    best, *others = _ranked(outcomes, added)
    gain = _estimate(outcomes, added[best])
    if gain.value < 1.0:
        return Choice("nothing", "no_gain", best, None, gain)
    if not others:
        return _compared(outcomes, best, None, added[best], told)
    return _compared(outcomes, best, others[0], added[best] - added[others[0]], told)


def _ranked(outcomes: Outcomes, drawn: dict[str, Float]) -> list[str]:
    weight = outcomes.readers.panel.weight
    return sorted(drawn, key=lambda name: (-float(weight @ drawn[name].mean(axis=1)), name))


def _compared(
    outcomes: Outcomes, best: str, second: str | None, drawn: Float, told: dict[str, float]
) -> Choice:
    ahead = _estimate(outcomes, drawn)
    compared: Sequence[str] = [best] if second is None else [best, second]
    if min(told[name] for name in compared) < MIN_TOLD:
        return Choice("randomise", "few_showings", best, second, ahead)
    if ahead.low <= 0.0:
        return Choice("randomise", "close", best, second, ahead)
    return Choice("clear", "clear", best, second, ahead)
