"""Scores of candidates at a moment: the learned ranker, or popularity where there is none."""

import numpy as np
import numpy.typing as npt

from recsys.affinity.factors import FactorProvider
from recsys.features.content_vectors import ContentVectors
from recsys.features.matrix import feature_matrix
from recsys.features.moment import Moment, Sources
from recsys.ids import UNKNOWN_INDEX
from recsys.model import Model
from recsys.state.counters import POPULARITY_HALF_LIVES
from recsys.state.live import LiveState
from recsys.times import HOUR_US

__all__ = ["LiveScorer"]

_FALLBACK = POPULARITY_HALF_LIVES.index(HOUR_US)
"""Readers that halve every hour: the best plain list on the internal-communications log we know."""


class LiveScorer:
    """Scores contents for employees from the live state; not thread-safe."""

    def __init__(self, model: Model, state: LiveState) -> None:
        self.model = model
        self._state = state
        self._sources = Sources(
            state,
            ContentVectors(model.text, state.catalogue.contents),
            FactorProvider(state.catalogue, [model.factors] if model.factors else []),
        )
        self._asked: tuple[npt.NDArray[np.int32], int, npt.NDArray[np.float32]] | None = None

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return float64 scores, shape (n,), of candidates that come newest first.

        Somebody who opted out is ranked as an unknown employee: by freshness and by what all read.
        """
        if self.model.ranker is None:
            readers = self._state.counters.content.read(candidates.astype(np.int64), at)
            # Single precision, as features are: sums that differ by rounding only are a tie.
            return readers[:, _FALLBACK].astype(np.float32).astype(np.float64)
        return self.model.ranker.score(self.features(employee, candidates, at))

    def features(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float32]:
        """Return the rows the ranker sees, shape (n, n_features).

        They are kept until another question: several rankers asked about one and the same array of
        candidates share them.
        """
        if self._asked is None or self._asked[0] is not candidates or self._asked[1] != employee:
            known = self._state.catalogue.preferences.of(employee)
            whom = UNKNOWN_INDEX if known.personalization_opt_out else employee
            moment = Moment.of(self._sources, whom, candidates, at)
            self._asked = candidates, employee, feature_matrix(moment)
        return self._asked[2]

    def forget_employees(self) -> None:
        """Drop what is derived from attributes of employees; call after they changed."""
        self._sources.factors.forget_employees()

    def refresh(self, contents: npt.NDArray[np.int32]) -> None:
        """Recompute what is derived from the texts and attributes of contents."""
        self._sources.vectors.refresh(contents)
        self._sources.factors.refresh(contents)
