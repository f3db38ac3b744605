"""Slots that were drawn by chance: what another policy's drawing there is worth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recsys.evaluation.policy_estimates import PolicyValue, policy_value
from recsys.evaluation.policy_value import LOGGING
from recsys.evaluation.slates.outcomes import NOT_SEEN, Outcome, Outcomes
from recsys.evaluation.slates.walk import Retrace, drawn_slots
from recsys.slate.draft import Bool
from recsys.store.slate_log import LoggedSlate

__all__ = ["ExploreJudge", "ExploreValues"]

_SAME = 1e-6
"""Relative; what one and the same policy may differ by from its own log, replayed."""


@dataclass(frozen=True, slots=True)
class ExploreValues:
    """Values of the logging policy first, then of the others, all on the same slots."""

    opened: tuple[PolicyValue, ...]
    completed: tuple[PolicyValue, ...]
    n_slots: int
    n_employees: int
    retraced_share: Mapping[str, float]
    """By policy, of the slots that its own model drew: the share whose logged propensity comes out
    again. Below 1 the replay does not know all that serving knew; NaN if it drew none."""


class ExploreJudge:
    """A judge of single slots that were drawn, given the slots above them as they were.

    A row is a drawn slot that was looked at: whether somebody scrolls so far is for the slots above
    to say. The evaluation policy draws from its own pool, by its own values, in the same slot; what
    it may draw and the log could not is missing, and shows in the mean weight.
    """

    def __init__(self, outcomes: Outcomes, model_versions: Mapping[str, str]) -> None:
        self._outcomes, self._versions = outcomes, model_versions
        self._employee: list[int] = []
        self._logged: list[float] = []
        self._opened: list[bool] = []
        self._completed: list[bool] = []
        self._model: list[str] = []
        self._wanted: dict[str, list[float]] = {name: [] for name in model_versions}

    def wants(self, logged: LoggedSlate) -> bool:
        """Return whether a drawn slot was looked at."""
        return bool(self._looked_at(logged).any())

    def see(self, logged: LoggedSlate, employee: int, policies: Mapping[str, Retrace]) -> None:
        """Ask all policies how likely they were to draw what was drawn."""
        is_asked = self._looked_at(logged)
        for name, retrace in policies.items():
            chances = retrace().draws(is_asked)[is_asked]
            self._wanted[name] += np.nan_to_num(chances).tolist()
        for item, asked in zip(logged.slate.items, is_asked.tolist(), strict=True):
            if asked:
                outcome = self._outcome(logged, item.content_id)
                self._employee.append(employee)
                self._logged.append(item.propensity)
                self._opened.append(outcome.opened)
                self._completed.append(outcome.completed)
                self._model.append(logged.slate.model_version)

    def values(self, clip: float | None = None) -> ExploreValues:
        """Return openings and completions per slot that was looked at; employees are clusters."""
        return ExploreValues(
            self._values(self._opened, clip), self._values(self._completed, clip),
            len(self._employee), len(set(self._employee)),
            {name: self._retraced(name) for name in self._wanted},
        )  # fmt: skip

    def _looked_at(self, logged: LoggedSlate) -> Bool:
        seen = [self._outcome(logged, item.content_id).seen for item in logged.slate.items]
        return np.array(seen, np.bool_) & drawn_slots(logged)

    def _outcome(self, logged: LoggedSlate, content_id: str) -> Outcome:
        return self._outcomes.get((*logged.request, content_id), NOT_SEEN)

    def _values(self, rewarded: list[bool], clip: float | None) -> tuple[PolicyValue, ...]:
        rewards, logged = np.array(rewarded, np.float64), np.array(self._logged)
        employee = np.array(self._employee, np.int32)
        columns = {LOGGING: logged} | {n: np.array(p) for n, p in self._wanted.items()}
        return tuple(
            policy_value(name, rewards, logged, wanted, employee, clip=clip)
            for name, wanted in columns.items()
        )

    def _retraced(self, policy: str) -> float:
        own = np.array(self._model) == self._versions[policy]
        logged, wanted = np.array(self._logged)[own], np.array(self._wanted[policy])[own]
        return float(np.mean(np.abs(wanted / logged - 1.0) < _SAME)) if own.any() else np.nan
