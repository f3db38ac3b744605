"""Many callers, one transaction: what arrives while the last one is written is written together."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from recsys.errors import StoreError

__all__ = ["GroupCommit"]

T = TypeVar("T")
R = TypeVar("R")


class GroupCommit(Generic[T, R]):
    """Hands items to ``write`` in groups, from one thread of its own.

    Nobody waits to fill a group: it is what came while the one before was written. So a lone
    caller pays one transaction, and a crowd shares one.

    Parameters
    ----------
    write
        Writes items in one transaction and returns one result for each, in their order.
    most
        A group ends with the item that brings the sum of ``size`` to this: the length of the
        transaction that others wait for.
    """

    def __init__(
        self, name: str, write: Callable[[Sequence[T]], Sequence[R]], *, most: int,
        size: Callable[[T], int] = lambda _: 1,
    ) -> None:  # fmt: skip
        self._write, self._size, self._most = write, size, most
        self._queue: SimpleQueue[tuple[T, Future[R]] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: T) -> Future[R]:
        """Return what becomes of an item; done when it is written, or with what went wrong."""
        future: Future[R] = Future()
        self._queue.put((item, future))
        return future

    def close(self) -> None:
        """Write everything that was submitted, then end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, size = [first], self._size(first[0])
            while size < self._most and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._queue.put(None)  # to be met again, after this group
                    break
                group.append(more)
                size += self._size(more[0])
            # Whoever has gone away meanwhile was promised nothing; from here on nobody can.
            staying = [one for one in group if one[1].set_running_or_notify_cancel()]
            if staying:
                self._settle(staying)

    def _settle(self, group: list[tuple[T, Future[R]]]) -> None:
        try:
            results = self._write([item for item, _ in group])
        except Exception as error:  # noqa: BLE001  (whoever waits is told)
            if len(group) > 1 and not isinstance(error, StoreError):
                for waiting in group:  # whose item it was shows alone; the others are good
                    self._settle([waiting])
                return
            for _, future in group:
                future.set_exception(error)
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)
