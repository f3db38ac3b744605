"""Answers about the reach of one content: puts the questions together and asks the parts."""

from dataclasses import dataclass

import numpy as np

from recsys.advice.adviser import FormatAdviser
from recsys.advice.audience_people import meant_by
from recsys.audience.audience import Audiences
from recsys.candidates.eligible import EligibleContents
from recsys.reach.fates import Codes, Employees, fates, look_at, no_secrets
from recsys.reach.funnel import SPLITS, Funnel, draw_funnel, groups_of
from recsys.reach.gains import Gains, find_gains
from recsys.reach.plan import FormatHint, Step, hint_of, plan_steps
from recsys.reach.sampling import MOST_SCORED
from recsys.reports.suppression import DEFAULT_K
from recsys.scoring import LiveScorer
from recsys.segments.segments import Segments
from recsys.state.live import LiveState

__all__ = ["Reach", "ReachAnalyst"]


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a content reached, and what to do about the others."""

    content_id: str
    is_sensitive: bool
    """Totals only: no groups, no estimates."""
    funnel: Funnel
    plan: tuple[Step, ...]
    """One step a cause; empty if it was not asked for."""


class ReachAnalyst:
    """Answers the comms team about one content at the state's present moment. Not thread-safe.

    Contents are indices of the catalogue. The audience are the active employees whom the content's
    rule means at that moment.
    """

    def __init__(
        self, state: LiveState, audiences: Audiences, adviser: FormatAdviser, scorer: LiveScorer,
        eligible: EligibleContents, segments: Segments | None,
    ) -> None:  # fmt: skip
        self._audiences = audiences
        self._state, self._adviser, self._scorer = state, adviser, scorer
        self._eligible, self._segments = eligible, segments

    def reach(self, content: int, at: int, *, plan: bool = True) -> Reach:
        """Return the reach of a content, and with ``plan`` what to do about the others.

        Cost: with 20,000 people a second, nearly all of it suppression; the plan adds as much again
        where there is a format to advise on.
        """
        contents = self._state.catalogue.contents
        employees, codes = self._fates(content, at)
        is_sensitive = bool(contents["sensitive"][content])
        table = self._state.catalogue.employees
        versions = table.versions_at(employees, np.full(len(employees), at))
        splits = () if is_sensitive else SPLITS
        funnel = draw_funnel(
            codes, {name: groups_of(table, name, versions) for name in splits},
            no_secrets(self._state.catalogue, content),
        )  # fmt: skip
        steps: tuple[Step, ...] = ()
        if plan:
            hint = None if is_sensitive else self._hint(content, at, funnel)
            steps = plan_steps(self._state, content, at, employees, codes, funnel, hint)
        return Reach(contents.ids.id(content), is_sensitive, funnel, steps)

    def gains(self, content: int, at: int, most: int = MOST_SCORED) -> Gains:
        """Return which groups would gain most from a content, by asking about ``most`` people."""
        employees, codes = self._fates(content, at)
        return find_gains(
            self._state,
            self._scorer,
            self._eligible,
            self._segments,
            content,
            at,
            employees,
            codes,
            most,
        )

    def _fates(self, content: int, at: int) -> tuple[Employees, Codes]:
        meant = meant_by(self._state.catalogue, self._audiences, at, content=content)
        employees = np.flatnonzero(meant).astype(np.int32)
        return employees, fates(look_at(self._state, employees, content, at))

    def _hint(self, content: int, at: int, funnel: Funnel) -> FormatHint | None:
        """Return which format to show again; nobody is asked if there are too few to show it to."""
        passed_over = next(s.furthest for s in funnel.stages if s.stage == "seen")
        if passed_over is None or passed_over < DEFAULT_K:
            return None
        return hint_of(self._adviser.on_content(content, at))
