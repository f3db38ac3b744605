"""The reference learner: how far learning from a simulated log can get a ranking.

It knows the generating model: every coefficient of response and logging policy, the priors, and
what is published. Interests, openness and attraction of persons and the appeal of contents it has
to infer from the same log as any engine, at the same moments. Its distance from a simple baseline
is what an engine can gain in this world; the planted truth itself
(:class:`recsys.simulator.ceilings.TrueAppeal`) is out of everybody's reach.
"""

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.dataset.dataset import Dataset
from recsys.evaluation.data import EvaluationData
from recsys.ids import IdMap
from recsys.simulator.reference_beliefs import OPENNESS, add_p_open, learn
from recsys.simulator.reference_groups import Beliefs
from recsys.simulator.reference_priors import (
    appeal_groups,
    person_groups,
    visible_facts,
    visible_traits,
)
from recsys.simulator.reference_showings import read_showings
from recsys.simulator.showing import Portal
from recsys.simulator.truth import Truth
from recsys.times import DAY_US, to_micros

__all__ = ["ReferenceLearner"]

FloatArray = npt.NDArray[np.float64]


class ReferenceLearner:
    """Scores the log of the expected number of opens: looks times P(open | looked at).

    Beliefs are Gaussian, updated by every impression once its outcome is known
    (:mod:`recsys.simulator.reference_beliefs`); once a day what was learned about each member of a
    department, and about each content of an author, counts for the others
    (:mod:`recsys.simulator.reference_groups`). P(open | looked at) is averaged over the beliefs.

    It is near, not at, the best possible. Left out, because they tell little beside some five
    hundred impressions a person: completions and reactions, reasons of dismissals, declared
    preferences, opens by link (links that were not followed leave no trace), what one open tells
    about the rest of its page (worth 0.006 of NDCG@10 in the strong world if interests are known),
    and the effect of a planted experiment.

    Indices of the properties are those of ``truth``. Time runs forward. Ids missing in the truth
    are not supported: the dataset is the one it belongs to.
    """

    def __init__(self, name: str, truth: Truth, data: EvaluationData, dataset: Dataset) -> None:
        self.name = name
        employees, contents = IdMap(truth.employee_ids), IdMap(truth.content_ids)
        self._employee = employees.indices(pd.Series(list(data.employees.ids)))
        self._content = contents.indices(pd.Series(list(data.contents.ids)))
        published = dataset["contents"].set_index("content_id").loc[list(truth.content_ids)]
        self._policy, self._response = truth.policy, truth.response
        self._traits, self._facts = visible_traits(truth), visible_facts(truth, published)
        self._portal = Portal(truth, dataset)
        self._showings = read_showings(
            dataset, (employees, contents), self._response, self._traits, self._facts
        )
        self._n_learned = 0
        self._people = Beliefs(person_groups(truth))
        self._appeal = Beliefs(appeal_groups(truth, published))
        self._pools_at = to_micros(datetime.fromisoformat(truth.about["start"])) + DAY_US

    @property
    def interests(self) -> FloatArray:
        """Return posterior means of interests, shape (n_employees, n_topics)."""
        return self._people.mean[:, :OPENNESS]

    @property
    def interest_deviations(self) -> FloatArray:
        """Return posterior standard deviations of interests, shape (n_employees, n_topics)."""
        variance = np.diagonal(self._people.covariance, axis1=1, axis2=2)
        return np.asarray(np.sqrt(variance[:, :OPENNESS]))

    @property
    def appeals(self) -> FloatArray:
        """Return posterior means of appeal, shape (n_contents,)."""
        return self._appeal.mean[:, 0]

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the log of expected opens, one per candidate; what cannot be met is ``-inf``."""
        self.advance(at)
        person = int(self._employee[employee])
        p_open = np.zeros(len(self._facts))
        add_p_open(
            self._policy, self._response, self._traits[person], self._facts,
            self._portal.colleagues(person, at), at,
            self._people.mean[person], self._people.covariance[person],
            self._appeal.mean, self._appeal.covariance, p_open,
        )  # fmt: skip
        opens = self._portal.reach(person, at).opens(p_open)[self._content[candidates]]
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(opens))

    def advance(self, at: int) -> None:
        """Learn from everything known strictly before ``at`` (microseconds)."""
        while self._pools_at <= at:
            self._learn(self._pools_at)
            self._people.pool()
            self._appeal.pool()
            self._pools_at += DAY_US
        self._learn(at)

    def _learn(self, at: int) -> None:
        end = int(np.searchsorted(self._showings["known_at"], at, side="left"))
        learn(
            self._showings[self._n_learned : end], self._response, self._facts,
            self._people.mean, self._people.covariance,
            self._appeal.mean, self._appeal.covariance,
        )  # fmt: skip
        self._n_learned = end
