"""Processes that work on plans beside the server, so that no feed waits for them."""

import os
import subprocess
import sys
from queue import SimpleQueue
from threading import Lock, Thread

from recsys.settings import Settings

__all__ = ["Jobs"]


class Jobs:
    """The plans this server process has somebody working on, one after the other.

    One at a time, since each takes two processors and the memory of two states. A job that ends
    with the server, or is killed, is taken up again by the next server that starts or by the same
    plan sent again. Safe for concurrent use.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: SimpleQueue[tuple[str, int] | None] = SimpleQueue()
        self._known: set[tuple[str, int]] = set()
        self._running: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        self._lock = Lock()
        self._thread = Thread(target=self._work, name="newsletters", daemon=True)
        self._thread.start()

    def start(self, issue_id: str, revision: int) -> None:
        """Let a process work on a plan as soon as those before are done, unless one does."""
        with self._lock:
            if (issue_id, revision) not in self._known:
                self._known.add((issue_id, revision))
                self._waiting.put((issue_id, revision))

    def close(self) -> None:
        """End all; what was picked is kept, and somebody else goes on."""
        with self._lock:
            self._is_closed = True
            if self._running is not None:
                self._running.terminate()
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (plan := self._waiting.get()) is not None:
            issue_id, revision = plan
            command = [sys.executable, "-m", "serving.newsletter.job", issue_id, str(revision)]
            with self._lock:
                if self._is_closed:
                    return
                self._running = subprocess.Popen(  # noqa: S603  (our own)
                    command, env=os.environ | environment(self._settings), stdin=subprocess.DEVNULL
                )
            self._running.wait()
            with self._lock:
                self._running = None
                self._known.discard(plan)


def environment(settings: Settings) -> dict[str, str]:
    """Return settings as a process of ours reads them."""
    held = settings.model_dump(mode="json", exclude={"cors_origins"}, exclude_none=True)
    return {f"RECSYS_{name.upper()}": str(value) for name, value in held.items()}
