"""The engine that serves the company, and changes over to what was promoted in the night."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recsys.catalogue.catalogue import Catalogue
from recsys.dataset.dataset import Dataset
from recsys.engine import DEFAULT_LATENESS, Engine
from recsys.model import NO_MODEL, Model
from recsys.registry import champion_bundle
from recsys.simulator.serving import EngineServer
from recsys.state.live import LiveState
from training.loop.chronicle import Chronicle

__all__ = ["LearningServer", "state_of"]


class LearningServer(EngineServer):
    """Serves with the champion of a models folder, and writes down everything it is told.

    As the HTTP server does: the state stays, the model changes; without a champion feeds are in
    order of popularity.
    """

    def __init__(self, chronicle: Chronicle, models_dir: Path) -> None:
        super().__init__(Engine(NO_MODEL, state_of(chronicle.dataset), []))
        self._chronicle, self._models_dir = chronicle, models_dir

    def observe(self, events: Sequence[dict[str, Any]]) -> None:
        """Tell the engine, and keep it for the next night."""
        super().observe(events)
        self._chronicle.add(events)

    def follow_champion(self) -> str:
        """Serve with the champion from now on; return its version."""
        directory = champion_bundle(self._models_dir)
        if directory is not None and directory.name != self.engine.model.version:
            self.engine = Engine(Model.read(directory), self.engine.state, [])
        return self.engine.model.version


def state_of(dataset: Dataset) -> LiveState:
    """Return the live state of everything in a data set."""
    catalogue = Catalogue.of(dataset)
    state = LiveState(catalogue, lateness_us=DEFAULT_LATENESS)
    state.observe(catalogue.encode(dataset["events"]))
    return state
