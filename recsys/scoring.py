"""Scores of candidates at a moment: the learned ranker, or popularity where there is none."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.affinity.factors import FactorProvider
from recsys.candidates.shortlist import make_shortlist
from recsys.features.content_vectors import ContentVectors
from recsys.features.matrix import feature_matrix
from recsys.features.moment import Moment, Sources
from recsys.ids import UNKNOWN_INDEX
from recsys.model import Model
from recsys.ranker.ranker import Ranker
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.state.live import LiveState
from recsys.times import HOUR_US

__all__ = ["LiveScorer", "Shortlisted"]

_FALLBACK = POPULARITY_HALF_LIVES.index(HOUR_US)
"""Readers that halve every hour: the best plain list on the internal-communications log we know."""

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shortlisted:
    """The candidates that trees rank, with their features; the others follow after them."""

    places: npt.NDArray[np.int64]
    """Among the candidates, ascending; shape (m,)."""
    features: npt.NDArray[np.float32]
    """Shape (m, n_features)."""
    readers: npt.NDArray[np.float32]
    """Decayed readers of every candidate, shape (n_candidates,): the order of the others."""

    @property
    def is_everything(self) -> bool:
        """Whether no candidate was left out."""
        return len(self.places) == len(self.readers)

    def scores(self, ranker: Ranker, features: npt.NDArray[np.float32] | None = None) -> Scores:
        """Return the scores of all candidates, shape (n_candidates,), each above 0.

        ``features`` replace the shortlist's own, for comparisons.
        """
        ranked = ranker.probability(self.features if features is None else features)
        if self.is_everything:
            return ranked
        # Below the last of the shortlist, in order of readers.
        readers = self.readers.astype(np.float64)  # in float32 neighbours could change places
        rest = readers / (1.0 + readers)
        scores: Scores = ranked.min() * 0.5 * (1.0 + rest) * (1.0 - 1e-9)
        scores[self.places] = ranked
        return scores


class LiveScorer:
    """Scores contents for employees from the live state; not thread-safe."""

    def __init__(self, model: Model, state: LiveState) -> None:
        self.model = model
        self._state = state
        self._sources = Sources(
            state,
            ContentVectors(model.text, state.catalogue.contents),
            FactorProvider(state.catalogue, [model.factors] if model.factors else []),
            model.topics,
        )
        self._asked: tuple[npt.NDArray[np.int32], int, int, Shortlisted] | None = None

    @property
    def sources(self) -> Sources:
        """Return what features are computed from."""
        return self._sources

    def score(self, employee: int, candidates: npt.NDArray[np.int32], at: int) -> Scores:
        """Return float64 scores, shape (n,), of candidates that come newest first.

        Probabilities of being what the employee reads next, as far as that is known. Somebody who
        opted out is ranked as an unknown employee: by freshness and by what all read.
        """
        if self.model.ranker is None:
            return self._popularity(candidates, at)
        return self.shortlist(employee, candidates, at).scores(self.model.ranker)

    def best(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int, k: int | None
    ) -> tuple[npt.NDArray[np.intp], Scores]:
        """Return places of the best ``k`` candidates (None: all), best first, and their scores.

        Candidates come newest first, then by id; equals keep that order.
        """
        if self.model.ranker is not None and k is not None:
            shortlisted = self.shortlist(employee, candidates, at)
            if k <= len(shortlisted.places):  # all others come after them
                ranked = self.model.ranker.probability(shortlisted.features)
                order = np.argsort(-ranked, kind="stable")[:k]
                return shortlisted.places[order], ranked[order]
        scores = self.score(employee, candidates, at)
        order = np.argsort(-scores, kind="stable")[:k]
        return order, scores[order]

    def standing(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int, place: int
    ) -> tuple[float, int]:
        """Return the probability of one candidate, always by the trees, and its rank.

        Rank 1 is the best; one that is not on the shortlist stands behind it, equals stand before.
        ``place`` is the candidate's among ``candidates``. Needs a ranker.
        """
        assert self.model.ranker is not None
        moment = Moment.of(self._sources, employee, candidates, at)
        places, _ = make_shortlist(moment, self.model.shortlist)
        row = int(np.searchsorted(places, place))
        is_listed = row < len(places) and places[row] == place
        if not is_listed:
            places = np.insert(places, row, place)
        scores = self.model.ranker.probability(feature_matrix(moment.narrow(places)))
        ahead = np.count_nonzero(scores[:row] >= scores[row])
        ahead += np.count_nonzero(scores[row + 1 :] > scores[row])
        return float(scores[row]), 1 + int(ahead) if is_listed else len(places)

    def shortlist(self, employee: int, candidates: npt.NDArray[np.int32], at: int) -> Shortlisted:
        """Return what trees rank, and by which features.

        It is kept until another question: several rankers asked about one and the same array of
        candidates share it.
        """
        asked = self._asked
        if asked is None or asked[0] is not candidates or asked[1:3] != (employee, at):
            known = self._state.catalogue.preferences.of(employee)
            whom = UNKNOWN_INDEX if known.personalization_opt_out else employee
            moment = Moment.of(self._sources, whom, candidates, at)
            places, readers = make_shortlist(moment, self.model.shortlist)
            features = feature_matrix(moment.narrow(places))
            asked = candidates, employee, at, Shortlisted(places, features, readers)
            self._asked = asked
        return asked[3]

    def forget_employees(self) -> None:
        """Drop what is derived from attributes of employees; call after they changed."""
        self._sources.factors.forget_employees()

    def refresh(self, contents: npt.NDArray[np.int32]) -> None:
        """Recompute what is derived from the texts and attributes of contents."""
        self._sources.vectors.refresh(contents)
        self._sources.topics.refresh(contents)
        self._sources.factors.refresh(contents)

    def _popularity(self, candidates: npt.NDArray[np.int32], at: int) -> Scores:
        readers = self._state.counters.content.read(candidates.astype(np.int64), at)[:, _FALLBACK]
        # Single precision, as features are: sums that differ by rounding only are a tie.
        return readers.astype(np.float32).astype(np.float64)
