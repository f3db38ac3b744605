"""An engine in charge of a living company's pages."""

from collections.abc import Sequence
from typing import Any

from recsys.answers import FeedRequest, Slate
from recsys.engine import Engine
from recsys.simulator.page import PageView

__all__ = ["EngineServer"]


class EngineServer:
    """Lets an engine serve a living company; a :class:`recsys.simulator.living.Server`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        """May be replaced between two pages, by one on the same state."""

    def show(self, view: PageView) -> Slate:
        """Return the engine's feed."""
        return self.engine.feed(
            FeedRequest(
                view.employee_id, view.at, view.slots, view.surface, view.device,
                request_id=view.request_id,
            )
        )  # fmt: skip

    def observe(self, events: Sequence[dict[str, Any]]) -> None:
        """Tell the engine; it must be able to use everything."""
        report = self.engine.observe(events)
        assert report.rejected == 0, report.rejects
