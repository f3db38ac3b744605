"""A connection that is kept, for the few statements that are run with every request."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, TypeVar

import sqlalchemy as sa

__all__ = ["Line"]

T = TypeVar("T")


class Line:
    """One connection of the driver, used by one caller at a time and opened anew if it breaks.

    Statements are the driver's own text. On SQLite a question costs 10 µs and a transaction 50,
    where a pool, an event and a compiled expression each would cost more than the statement.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._held: sa.PoolProxiedConnection | None = None
        self._lock = Lock()

    def ask(self, statement: str) -> Any:  # noqa: ANN401  (whatever the column holds)
        """Return the first value that a query without parameters finds."""
        return self._run(lambda driver: driver.execute(statement).fetchone()[0])

    def write(self, turn: str, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement for every row in one transaction; return how many rows it changed.

        ``turn`` is what the transaction begins with, to wait for other writers.
        """
        return self._run(lambda driver: _write(driver, turn, statement, rows))

    def close(self) -> None:
        """Close the connection; the next use opens another one."""
        with self._lock:
            self._hang_up()

    def _run(self, use: Callable[[Any], T]) -> T:
        with self._lock:
            is_old = self._held is not None
            try:
                return use(self._driver())
            except self._engine.dialect.loaded_dbapi.Error:
                self._hang_up()
                if not is_old:
                    raise
                return use(self._driver())  # the server may have been restarted since

    def _driver(self) -> Any:  # noqa: ANN401  (the driver's connection)
        if self._held is None:
            self._held = self._engine.raw_connection()
            if self._engine.dialect.name != "sqlite":
                self._held.driver_connection.autocommit = True  # type: ignore[union-attr]
        return self._held.driver_connection

    def _hang_up(self) -> None:
        if self._held is not None:
            self._held.invalidate()
            self._held = None


def _write(driver: Any, turn: str, statement: str, rows: Sequence[Sequence[object]]) -> int:  # noqa: ANN401
    cursor = driver.cursor()
    cursor.execute("BEGIN IMMEDIATE" if turn == "" else "BEGIN")
    try:
        if turn:
            cursor.execute(turn)
        cursor.executemany(statement, rows)
        n_changed = int(cursor.rowcount)
        cursor.execute("COMMIT")
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    return n_changed
