"""Rankings by the planted truth: how far a ranking can get without, and with, knowing the person.

Both know what the logging policy shows and every content's true appeal. The gap between the two is
what personal interest is worth in this world; in a world without taste it is nothing. Nobody who
has to learn from the log can be expected to reach the personal one:
:class:`recsys.simulator.reference.ReferenceLearner` says how far learning goes.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.dataset.dataset import Dataset
from recsys.evaluation.data import EvaluationData
from recsys.ids import IdMap
from recsys.kernels import kernel
from recsys.simulator.config import FORMATS_IN_USE, Policy, Response
from recsys.simulator.policy import format_chance
from recsys.simulator.response import open_utility, sigmoid
from recsys.simulator.showing import Portal
from recsys.simulator.traits import Records
from recsys.simulator.truth import Truth
from recsys.times import HOUR_US

__all__ = ["TrueAppeal"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_N_FORMATS = len(FORMATS_IN_USE)


class TrueAppeal:
    """Scores the log of the expected number of opens, looks times P(open | looked at).

    With ``personal`` everything that draws the employee counts, else only what attracts everybody
    and how readily the employee opens anything. The effect of a planted experiment is left out.
    Ids missing in the truth are not supported: the dataset is the one it belongs to.
    """

    def __init__(
        self, name: str, truth: Truth, data: EvaluationData, dataset: Dataset, *, personal: bool
    ) -> None:
        self.name = name
        self._policy, self._response = truth.policy, truth.response
        self._facts, self._traits = truth.facts, truth.traits
        if not personal:
            self._traits = _without_taste(truth.traits)
            self._response = truth.response._replace(own_department=0.0, colleagues=0.0)
        self._portal = Portal(truth, dataset)
        self._employee = IdMap(truth.employee_ids).indices(pd.Series(list(data.employees.ids)))
        self._content = IdMap(truth.content_ids).indices(pd.Series(list(data.contents.ids)))

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the log of expected opens, one per candidate; what cannot be met is ``-inf``."""
        person = int(self._employee[employee])
        p_open = np.zeros(len(self._facts))
        _add_p_open(
            self._policy, self._response, self._traits[person], self._facts,
            self._portal.colleagues(person, at), at, p_open,
        )  # fmt: skip
        opens = self._portal.reach(person, at).opens(p_open)[self._content[candidates]]
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(opens))


def _without_taste(traits: Records) -> Records:
    plain = traits.copy()
    plain["interest"], plain["attraction"] = 0.0, 0.0
    return plain


@kernel
def _add_p_open(
    policy: Policy,
    response: Response,
    person: np.void,
    facts: Records,
    colleagues: FloatArray,
    now: int,
    p_open: FloatArray,
) -> None:
    """Add P(open | looked at) of everything published, over the formats that may be shown."""
    for content in range(len(facts)):
        story = facts[content]
        if story["published"] > now:
            break
        age_hours = (now - story["published"]) / HOUR_US
        for form in range(_N_FORMATS):
            chance = format_chance(policy, story, person["language"], form)
            if chance > 0.0:
                utility = open_utility(
                    response, person, story, form, age_hours, colleagues[content]
                )
                p_open[content] += chance * sigmoid(utility)
