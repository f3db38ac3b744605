"""Named steps of a run: timed, logged, and told to whoever follows the progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import structlog

from recsys.fitting import Progress

__all__ = ["Steps"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Steps:
    """The clock of one run. A step that an earlier, killed run has finished is not begun."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall-clock time by step, in the order of steps."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done inside; ``progress`` hears of its begin and its end."""
        self.progress(name, 0, 1)
        began = perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began
        _log.info("training_step", step=name, seconds=round(self.seconds[name], 3))
        self.progress(name, 1, 1)
