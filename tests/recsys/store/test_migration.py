"""The schema: what the migrations make, and what is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from recsys.answers import SlateItem
from recsys.errors import ConfigurationError, StoreError
from recsys.store.database import Database
from recsys.store.migration import SCHEMA_VERSIONS, alembic_config, upgrade
from recsys.store.slate_log import SlateLog
from recsys.store.sql_store import SqlStore, open_store
from recsys.store.tables import METADATA

Url = Callable[[], str]


def described(connection: sa.Connection) -> dict[str, object]:
    """Everything a database knows about its tables, by table."""
    inspector = sa.inspect(connection)
    return {
        name: (
            [
                (column["name"], repr(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            ],
            inspector.get_pk_constraint(name),
            inspector.get_unique_constraints(name),
            inspector.get_indexes(name),
        )
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def test_the_migrations_make_the_declared_tables(database: Database, empty_url: str) -> None:
    declared = Database(empty_url)
    with declared.writing() as connection:
        METADATA.create_all(connection)
        expected = described(connection)
    declared.close()
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert described(connection) == expected


def test_the_listed_versions_are_the_revisions(database: Database) -> None:
    with database.reading() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
        revisions = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(revisions)) == SCHEMA_VERSIONS


@pytest.mark.parametrize("version", SCHEMA_VERSIONS)
def test_a_database_of_any_version_comes_to_the_newest(empty_url: str, version: str) -> None:
    """The steps are frozen, so they still make the databases of old releases."""
    database = Database(empty_url)
    with database.writing() as connection:
        upgrade(connection, version)
    store = SqlStore(database)
    store.migrate()
    assert store.last_change() == 0
    store.close()


def test_an_empty_database_is_refused_until_it_is_migrated(empty_url: str) -> None:
    store = open_store(empty_url)
    with pytest.raises(StoreError, match=r"database is empty.*store\.migrate\(\)"):
        store.counts()
    store.migrate()
    store.migrate()
    assert store.counts()["events"] == 0
    store.close()


def test_a_database_of_a_newer_program_is_refused(database: Database, store: SqlStore) -> None:
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for refused in (
        store.migrate,
        store.load,
        lambda: list(store.changes(0)),
        lambda: store.erase("e", at=datetime(2026, 1, 1, tzinfo=UTC)),
    ):
        with pytest.raises(StoreError, match=r"schema version 9999.*newer program.*Install"):
            refused()


def test_programs_that_start_together_migrate_once(empty_url: str) -> None:
    stores = [open_store(empty_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for migrating in [threads.submit(store.migrate) for store in stores]:
            migrating.result()
    assert {store.tombstone_hash("e") for store in stores} == {stores[0].tombstone_hash("e")}
    for store in stores:
        store.close()


class TestSqliteFile:
    def test_a_missing_folder_is_a_sentence(self, tmp_path: Path) -> None:
        with closing(open_store(f"sqlite:///{tmp_path}/absent/store.db")) as store:
            with pytest.raises(StoreError, match=r"absent/store\.db cannot be used.*folder exists"):
                store.migrate()
            with pytest.raises(StoreError, match="RECSYS_DATABASE_URL"):
                store.last_change()

    def test_another_kind_of_file_is_a_sentence(self, tmp_path: Path) -> None:
        file = tmp_path / "store.db"
        file.write_bytes(b"employee_id,department\n" * 100)
        with (
            closing(open_store(f"sqlite:///{file}")) as store,
            pytest.raises(StoreError, match="file is not a database"),
        ):
            store.last_change()

    def test_it_is_durable_and_lets_readers_in(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path}/store.db")
        SqlStore(database).migrate()
        with database.reading() as connection:
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "secure_delete", "busy_timeout")
            }
        database.close()
        full = 2
        assert pragmas == {
            "journal_mode": "wal", "synchronous": full, "secure_delete": 1, "busy_timeout": 60_000,
        }  # fmt: skip


def test_an_unreachable_server_is_a_sentence_without_the_password() -> None:
    store = open_store("postgresql://user:s3cret@127.0.0.1:1/recsys")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/recsys cannot be used") as raised:
        store.last_change()
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://host/recsys", "'mysql'"),
        ("recsys.db", "cannot be read"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_url_that_cannot_work_is_refused_at_once(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{said}.*expected sqlite:///FILE"):
        open_store(url)


def test_slots_of_older_slates_are_found_in_the_new_place(empty_url: str) -> None:
    database = Database(empty_url)
    with database.writing() as connection:
        upgrade(connection, "0004")
        connection.execute(
            sa.text(
                "INSERT INTO slates (employee_id, request_id, surface, at, model_version, "
                "policy_version) VALUES ('e', 'r', 'portal', 0, 'm', 'p')"
            )
        )
        for position, content in ((2, "b"), (1, "a")):
            values = {"position": position, "content": content}
            connection.execute(
                sa.text(
                    "INSERT INTO slate_slots VALUES ('e', 'r', :position, :content, '', 'article', "
                    "0.1, 'personal', 0.25, 1.0, 'new;pinned')"
                ),
                values,
            )
    SqlStore(database).migrate()
    logged = SlateLog(database).find("e", "r")
    assert logged is not None
    assert logged.slate.is_whole
    assert logged.slate.items == tuple(
        SlateItem(name, "", "article", place, 0.1, "personal", 0.25, 1.0, ("new", "pinned"))
        for place, name in enumerate("ab", start=1)
    )
    database.close()
