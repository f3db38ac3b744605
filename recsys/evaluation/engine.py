"""The engine in the live protocol: a world and a scorer in one, as they are in serving."""

import numpy as np
import numpy.typing as npt

from recsys.dataset.dataset import Dataset
from recsys.engine import Engine

__all__ = ["EngineUnderTest"]


class EngineUnderTest:
    """Moves an engine through the log that comes after its training.

    A :class:`recsys.evaluation.protocol.LiveWorld` and a
    :class:`recsys.evaluation.protocol.Scorer`; indices are those of the engine's catalogue. All
    events are handed over at once: those from ``at`` on are pending and do not count yet. The
    engine cannot be used for an earlier moment afterwards.
    """

    name = "recsys"

    def __init__(self, engine: Engine, dataset: Dataset) -> None:
        self._engine = engine
        self.catalogue = engine.state.catalogue
        engine.state.observe(self.catalogue.encode(dataset["events"]))  # what it knows is a repeat

    def advance(self, at: int) -> None:
        """Let everything strictly before ``at`` count."""
        self._engine.state.advance(at)

    def candidates(self, employee: int, at: int) -> npt.NDArray[np.int32]:
        """Return what the engine would rank."""
        return self._engine.eligible.retrieve(employee, at)

    def score(
        self, employee: int, candidates: npt.NDArray[np.int32], at: int
    ) -> npt.NDArray[np.float64]:
        """Return the engine's scores."""
        return self._engine.scorer.score(employee, candidates, at)
