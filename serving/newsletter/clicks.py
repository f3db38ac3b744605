"""Clicks wait a moment: a program that follows every link of a mail gives itself away."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Any

import structlog

__all__ = ["HOLD_SECONDS", "Clicks"]

HOLD_SECONDS = 3.0
"""A scanner has followed all links by then; a reader's next feed is hardly asked for earlier."""
_MOST_LINKS = 2
"""Different links of one mail within that time: a reader opens two in new tabs, seldom three."""

Mail = tuple[str, str]
"""Issue and employee."""

_log = structlog.get_logger()


@dataclass(slots=True)
class _Click:
    at: float
    mail: Mail
    link: str
    event: dict[str, Any] = field(repr=False)


class Clicks:
    """Writes the clicks of readers, some seconds late, and drops those of scanners.

    A click is a scanner's if more than two different links of its mail were followed within three
    seconds of it, before or after: then none of them counts. What waits at the end of the process
    is judged by what is known then, and written; a process that is killed loses the clicks of three
    seconds. Each process sees its own requests only, so with several workers a scanner with few
    links may pass. Safe for concurrent use.

    Parameters
    ----------
    write
        Stores events; called from a thread of its own.
    clock
        Seconds that only grow.
    """

    def __init__(
        self, write: Callable[[Sequence[dict[str, Any]]], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._write, self._clock = write, clock
        self._waiting: deque[_Click] = deque()
        self._recent: deque[_Click] = deque()
        self._changed, self._is_closing = Condition(), False
        self._thread = Thread(target=self._run, name="clicks", daemon=True)
        self._thread.start()

    def add(self, mail: Mail, link: str, event: dict[str, Any]) -> None:
        """Let a click wait; ``link`` says which of the mail's."""
        with self._changed:
            click = _Click(self._clock(), mail, link, event)
            self._waiting.append(click)
            self._recent.append(click)
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, then end."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def due(self) -> list[dict[str, Any]]:
        """Take out the clicks that have waited long enough; return the readers' events."""
        now = self._clock()
        due = []
        while self._waiting and (self._is_closing or self._waiting[0].at <= now - HOLD_SECONDS):
            due.append(self._waiting.popleft())
        events = [click.event for click in due if not self._is_of_scanner(click)]
        oldest = min((click.at for click in due), default=now) - HOLD_SECONDS
        while self._recent and self._recent[0].at < min(oldest, now - 2 * HOLD_SECONDS):
            self._recent.popleft()
        return events

    def _is_of_scanner(self, click: _Click) -> bool:
        links = {
            other.link for other in self._recent
            if other.mail == click.mail and abs(other.at - click.at) <= HOLD_SECONDS
        }  # fmt: skip
        return len(links) > _MOST_LINKS

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._is_closing:
                    self._changed.wait()
                elif not self._is_closing:
                    left = self._waiting[0].at + HOLD_SECONDS - self._clock()
                    self._changed.wait(max(left, 0.01))
                events, is_closing = self.due(), self._is_closing
            if events:
                self._store(events)
            if is_closing:
                return

    def _store(self, events: Sequence[dict[str, Any]]) -> None:
        try:
            self._write(events)
        except Exception as error:  # noqa: BLE001  (a rim: the next clicks may be stored)
            _log.error("clicks_lost", clicks=len(events), kind=type(error).__name__)
