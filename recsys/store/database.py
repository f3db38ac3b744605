"""Connections and transactions of one database, SQLite or PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Lock

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from recsys.errors import ConfigurationError, StoreError
from recsys.store.line import Line

__all__ = ["Database"]

_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}

_BUSY_TIMEOUT_SECONDS = 60
"""How long a SQLite writer waits for its turn; an import holds it for a second or two per chunk."""

_CACHE_KIB = 65_536
"""Keeps the index of event ids of a million events in memory while it is filled at random."""


class Database:
    """Read and write transactions over one SQLAlchemy engine; connects when first used.

    A reader sees one consistent snapshot and blocks nobody. A writer on SQLite is alone from its
    first statement; on PostgreSQL writers queue for the change counter
    (:mod:`recsys.store.change_log`).

    Parameters
    ----------
    url
        ``sqlite:///FILE`` or ``postgresql://…``.

    Raises
    ------
    ConfigurationError
        When the URL cannot be read or names another kind of database.
    """

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self._shown_url = parsed.render_as_string(hide_password=True)
        # Parameters are people's ids and texts: they belong in no message and no log.
        self.engine = sa.create_engine(parsed, hide_parameters=True, **_engine_options(parsed))
        self._lines: list[Line] = []
        # On SQLite writers look again and again, sleeping longer each time; those of one process
        # need not.
        self._writers = Lock()
        if self.is_sqlite:
            _control_sqlite(self.engine)
            self._reader = self.engine
            self._writer = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        else:
            self._reader = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            # A writer must see what was committed while it waited for its turn.
            self._writer = self.engine.execution_options(isolation_level="READ COMMITTED")

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite; otherwise it is PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection in a read transaction."""
        with self._explained(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in a write transaction, committed at the end, undone on an error."""
        with self._explained(), self._writers, self._writer.begin() as connection:
            yield connection

    def line(self) -> Line:
        """Return a connection to keep, for what is run with every request."""
        line = Line(self.engine, self._explained, self._writers)
        self._lines.append(line)
        return line

    def use_write_ahead_log(self) -> None:
        """Let readers and a writer of a SQLite file work side by side; the file remembers it."""
        with self._explained(), closing(self.engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA journal_mode = WAL")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the failures that lie outside this program into sentences."""
        # A COPY talks to the driver directly, so its errors arrive unwrapped.
        unwrapped = self.engine.dialect.loaded_dbapi.OperationalError
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            raise self._unusable(error.orig) from error
        except unwrapped as error:
            raise self._unusable(error) from error
        except sa.exc.DatabaseError as error:
            if type(error) is not sa.exc.DatabaseError:  # a defect in a statement
                raise
            raise self._unusable(error.orig) from error  # e.g. "file is not a database"

    def _unusable(self, cause: BaseException | None) -> StoreError:
        reason = " ".join(str(cause).split())
        return StoreError(
            f"the database {self._shown_url} cannot be used: {reason}. Check RECSYS_DATABASE_URL, "
            "that the server runs (or the folder exists and can be written to), and that no other "
            "program keeps it locked; then try again"
        )

    def close(self) -> None:
        """Close all connections."""
        for line in self._lines:
            line.close()
        self.engine.dispose()


def _parse(url: str) -> sa.URL:
    expected = "expected sqlite:///FILE or postgresql://USER@HOST/DATABASE"
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigurationError(f"the database URL cannot be read; {expected}") from None
    kind = parsed.get_backend_name()
    if kind not in _DRIVERS:
        raise ConfigurationError(f"no store for a database of the kind {kind!r}; {expected}")
    if kind == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ConfigurationError(
            f"{url} names no file, so every connection would see its own empty database; {expected}"
        )
    return parsed.set(drivername=_DRIVERS[kind])


def _engine_options(url: sa.URL) -> dict[str, object]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": _BUSY_TIMEOUT_SECONDS}}
    return {"pool_pre_ping": True}  # a server may have been restarted between two requests


def _control_sqlite(engine: sa.Engine) -> None:
    """Take transactions out of the driver's hands and set what each connection needs."""

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        # FULL, not NORMAL: NORMAL may undo the last commits when the power fails. Events that were
        # acknowledged would be lost, and their numbers given out again, so that a follower
        # restored from a snapshot would silently skip what now bears them. It costs one
        # flush per transaction, and a transaction is a whole batch.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # erased means overwritten
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
