"""A connection that is kept, for the few statements that are run with every request."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, TypeVar

import sqlalchemy as sa

__all__ = ["Line"]

T = TypeVar("T")


class Line:
    """One connection of the driver, used by one caller at a time and opened anew if it breaks.

    Statements are the driver's own text. On SQLite a question costs 10 µs and a transaction 50,
    where a pool, an event and a compiled expression each would cost more than the statement. Who
    asks must not have to wait for who writes: each has a line of its own.

    Parameters
    ----------
    engine
        Whose database it is.
    explained
        Returns a context in which failures of the driver become
        :class:`recsys.errors.StoreError`.
    writers
        Held while something is written: the queue of this process.
    """

    def __init__(
        self, engine: sa.Engine, explained: Callable[[], AbstractContextManager[None]],
        writers: Lock,
    ) -> None:  # fmt: skip
        self._engine, self._explained, self._writers = engine, explained, writers
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._held: sa.PoolProxiedConnection | None = None
        self._lock = Lock()

    def ask(self, statement: str) -> Any:  # noqa: ANN401  (whatever the column holds)
        """Return the first value that a query without parameters finds."""
        return self._run(lambda driver: driver.execute(statement).fetchone()[0])

    def write(self, turn: str, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement for every row in one transaction; return how many rows it changed.

        ``turn`` is what the transaction begins with, to wait for writers of other processes; SQLite
        does so by itself. The statement may be run twice where a server was restarted.
        """
        with self._writers:
            return self._run(lambda driver: self._write(driver, turn, statement, rows))

    def close(self) -> None:
        """Close the connection; the next use opens another one."""
        with self._lock:
            self._hang_up()

    def _run(self, use: Callable[[Any], T]) -> T:
        with self._explained(), self._lock:
            may_be_stale = self._held is not None and not self._is_sqlite
            try:
                return use(self._driver())
            except BaseException as error:
                self._hang_up()
                is_of_driver = isinstance(error, self._engine.dialect.loaded_dbapi.Error)
                if not (may_be_stale and is_of_driver):
                    raise
            return use(self._driver())  # the server may have been restarted since

    def _driver(self) -> Any:  # noqa: ANN401  (the driver's connection)
        if self._held is None:
            self._held = self._engine.raw_connection()
            if not self._is_sqlite:
                self._held.driver_connection.autocommit = True  # type: ignore[union-attr]
        return self._held.driver_connection

    def _hang_up(self) -> None:
        if self._held is not None:
            self._held.invalidate()  # what was not committed is undone
            self._held = None

    def _write(
        self,
        driver: Any,  # noqa: ANN401
        turn: str,
        statement: str,
        rows: Sequence[Sequence[object]],
    ) -> int:
        cursor = driver.cursor()
        cursor.execute("BEGIN IMMEDIATE" if self._is_sqlite else "BEGIN")
        if not self._is_sqlite:
            cursor.execute(turn)
        cursor.executemany(statement, rows)
        n_changed = int(cursor.rowcount)
        cursor.execute("COMMIT")
        return n_changed
