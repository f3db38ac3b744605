"""Rankings by the planted truth: how far a ranking can get without, and with, knowing the person.

Both know the logging policy's weight of every content and its true appeal. The gap between the two
is what personal interest is worth in this world; in a world without taste it is nothing.
"""

import numpy as np
import numpy.typing as npt

from recsys.evaluation.baselines import DecayedPopularity
from recsys.evaluation.data import EvaluationData
from recsys.simulator.truth import Truth
from recsys.times import HOUR_US

__all__ = ["TrueAppeal"]

FloatArray = npt.NDArray[np.float64]


class TrueAppeal:
    """Scores log P(shown) + log P(open if looked at), influence of colleagues left out.

    With ``personal`` the employee's interest and own department count, else only what attracts
    everybody. Ids missing in the truth are not supported: the dataset is the one it belongs to.
    """

    def __init__(self, name: str, truth: Truth, data: EvaluationData, *, personal: bool) -> None:
        self.name = name
        self._personal = personal
        self._policy = truth.policy
        self._response = truth.response
        contents = {content: index for index, content in enumerate(truth.content_ids)}
        people = {employee: index for index, employee in enumerate(truth.employee_ids)}
        self._facts = truth.facts[[contents[i] for i in data.contents.ids]]
        self._traits = truth.traits[[people[i] for i in data.employees.ids]]
        self._popular = DecayedPopularity(
            "policy",
            data.log,
            half_life_seconds=self._policy.popular_half_life_hours * 3600,
            n_contents=len(data.contents),
        )

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the log of showing and opening, one per candidate."""
        facts = self._facts[candidates]
        age_hours = (at - facts["published"]) / HOUR_US
        shown = self._log_shown(age_hours, self._popular.counts(at)[candidates])
        # The oldest mandatory content is in the first slot for certain.
        certain = (facts["mandatory"] == 1) & (age_hours <= self._policy.window_hours)
        shown = np.where(certain, 0.0, shown)
        utility = self._utility(employee, facts, age_hours)
        return np.asarray(shown - np.log1p(np.exp(-utility)))

    def _log_shown(self, age_hours: FloatArray, reads: FloatArray) -> FloatArray:
        policy = self._policy
        newest = policy.newest_weight * 0.5 ** (age_hours / policy.newest_half_life_hours)
        weight = np.exp(newest + policy.popular_weight * np.log1p(reads))
        weight[age_hours > policy.window_hours] = 0.0
        # What is not on the front page is reached by links only, a few per mille of the reads.
        drawn = (1 - policy.explore_share) * weight / weight.sum() if weight.any() else weight
        return np.asarray(
            np.log(drawn + policy.explore_share / len(weight) * (0.01 + 0.99 * (weight > 0)))
        )

    def _utility(
        self, employee: int, facts: "np.ndarray[tuple[int], np.dtype[np.void]]", age: FloatArray
    ) -> FloatArray:
        response, person = self._response, self._traits[employee]
        utility = response.open_base + facts["appeal"]
        utility = utility - response.freshness * np.log1p(age / response.freshness_hours)
        if self._personal:
            own = np.isin(facts["owner"], person["departments"])
            personal = facts["topics"] @ person["interest"] + response.own_department * own
            utility = utility + np.where(facts["mandatory"] == 1, 0.0, personal)
        return np.asarray(utility + response.mandatory * facts["mandatory"])
