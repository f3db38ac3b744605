"""One question to the engine: this employee, these candidates, this moment."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from recsys.affinity.factors import FactorProvider
from recsys.catalogue.employees import GROUPINGS
from recsys.features.content_topics import ContentTopics
from recsys.features.content_vectors import ContentVectors
from recsys.features.coreading import CoReading
from recsys.state.live import LiveState
from recsys.text.topics import TopicModel

__all__ = ["Moment", "Sources"]


@dataclass(frozen=True, slots=True)
class Sources:
    """What features are computed from."""

    state: LiveState
    vectors: ContentVectors
    factors: FactorProvider
    topic_model: TopicModel = field(default_factory=TopicModel.empty)
    topics: ContentTopics = field(init=False)
    co_reading: CoReading = field(init=False)

    def __post_init__(self) -> None:
        contents = self.state.catalogue.contents
        topics = ContentTopics(self.topic_model, contents, self.vectors)
        object.__setattr__(self, "topics", topics)
        object.__setattr__(self, "co_reading", CoReading(self.state))


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: ``sources.state`` has been advanced to ``at`` (microseconds).

    ``contents`` are int32 content indices, newest first, and ``newer`` says how many candidates
    are newer than each, also after :meth:`narrow`. ``version`` is the employee's attribute version
    and ``groups`` their group index per grouping, −1 where unknown. The colleagues alike in
    ``sources.co_reading`` are this employee's until the next moment is made.
    """

    sources: Sources
    employee: int
    at: int
    version: int
    groups: npt.NDArray[np.int32]
    contents: npt.NDArray[np.int32]
    newer: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls, sources: Sources, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> "Moment":
        """Look up what all feature groups need."""
        employees = sources.state.catalogue.employees
        version = employees.version_at(employee, at)
        groups = np.array([employees.code(name, version) for name in GROUPINGS], np.int32)
        sources.co_reading.meet(employee, at)
        return cls(sources, employee, at, version, groups, candidates, np.arange(len(candidates)))

    def narrow(self, places: npt.NDArray[np.int64]) -> "Moment":
        """Return the moment with only the candidates at ``places``."""
        return replace(self, contents=self.contents[places], newer=self.newer[places])
