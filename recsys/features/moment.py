"""One question to the engine: this employee, these candidates, this moment."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from recsys.affinity.factors import FactorProvider
from recsys.catalogue.employees import GROUPINGS
from recsys.features.content_vectors import ContentVectors
from recsys.features.coreading import CoReading
from recsys.state.live import LiveState
from recsys.times import HOUR_US

__all__ = ["Moment", "Sources"]


@dataclass(frozen=True, slots=True)
class Sources:
    """What features are computed from."""

    state: LiveState
    vectors: ContentVectors
    factors: FactorProvider
    co_reading: CoReading = field(default_factory=CoReading)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: ``sources.state`` has been advanced to ``at`` (microseconds).

    ``candidates`` are int32 content indices, newest first; ``groups`` the employee's group index
    per grouping, −1 where unknown. ``newest_rank`` and ``highest_readers`` compare a candidate with
    all candidates there were, also after :meth:`narrow`.
    """

    sources: Sources
    employee: int
    candidates: npt.NDArray[np.int32]
    at: int
    groups: dict[str, int]
    readers: npt.NDArray[np.float64]
    """Decayed readers of each candidate, shape (n_candidates, n_popularity_half_lives)."""
    highest_readers: npt.NDArray[np.float64]
    """The largest of them per half-life, shape (n_popularity_half_lives,)."""
    newest_rank: npt.NDArray[np.int64]
    """How many candidates are newer, shape (n_candidates,)."""

    @classmethod
    def of(
        cls, sources: Sources, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> "Moment":
        """Look up what all feature groups need."""
        employees = sources.state.catalogue.employees
        version = np.array([employees.version_at(employee, at)])
        groups = {name: int(employees.codes(name, version)[0]) for name in GROUPINGS}
        readers = sources.state.counters.content.read(candidates.astype(np.int64), at)
        highest = readers.max(axis=0, initial=0.0)
        newest_rank = np.arange(len(candidates))
        return cls(sources, employee, candidates, at, groups, readers, highest, newest_rank)

    def narrow(self, places: npt.NDArray[np.int64]) -> "Moment":
        """Return the moment with only the candidates at ``places``; their features stay."""
        return replace(
            self,
            candidates=self.candidates[places],
            readers=self.readers[places],
            newest_rank=self.newest_rank[places],
        )

    @property
    def age_hours(self) -> npt.NDArray[np.float64]:
        """Return hours since publication, shape (n_candidates,)."""
        published_at = self.sources.state.catalogue.contents.published_at[self.candidates]
        return (self.at - published_at) / HOUR_US

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Return the candidates as table rows."""
        return self.candidates.astype(np.int64)

    @property
    def employee_row(self) -> npt.NDArray[np.int64]:
        """Return the employee as a table row, shape (1,)."""
        return np.array([self.employee], np.int64)

    def content_column(self, name: str) -> npt.NDArray[np.int32]:
        """Return an int32 column of the candidates."""
        return self.sources.state.catalogue.contents[name][self.candidates].astype(np.int32)
