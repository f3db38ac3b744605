"""Bringing a database to the schema this program knows, and refusing one it does not.

The steps are Alembic revisions inside this package (``migrations/versions``), numbered; they spell
out their columns, so that a later change of :mod:`recsys.schema` never alters an old step.
"""

from typing import TYPE_CHECKING

import sqlalchemy as sa

from recsys.errors import StoreError
from recsys.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["SCHEMA_VERSIONS", "alembic_config", "check_current", "migrate", "upgrade"]

SCHEMA_VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
"""Every revision, oldest first; listed here so that a running program need not load Alembic."""

_MIGRATION_LOCK = 0x7265_6373_7973
"""Key of the PostgreSQL advisory lock under which one program at a time migrates."""


def migrate(database: Database) -> None:
    """Bring ``database`` to the newest version in one transaction; nothing to do is no error."""
    if database.is_sqlite:
        database.use_write_ahead_log()
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        version = _version(connection)
        _refuse_unknown(version)
        if version != SCHEMA_VERSIONS[-1]:
            upgrade(connection, SCHEMA_VERSIONS[-1])


def upgrade(connection: sa.Connection, version: str) -> None:
    """Run the steps up to ``version`` in the transaction of ``connection``."""
    from alembic import command

    command.upgrade(alembic_config(connection), version)


def alembic_config(connection: sa.Connection) -> "Config":
    """Return what an ``alembic.ini`` would say, with the connection to use."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "recsys.store:migrations")
    return config


def check_current(connection: sa.Connection) -> None:
    """Raise :class:`StoreError` unless the database is at the newest version."""
    version = _version(connection)
    _refuse_unknown(version)
    if version != SCHEMA_VERSIONS[-1]:
        found = "is empty" if version is None else f"is at the older schema version {version}"
        raise StoreError(
            f"the database {found}, this program needs version {SCHEMA_VERSIONS[-1]}; "
            "`recsys import` and `recsys serve` bring it there, or call store.migrate()"
        )


def _version(connection: sa.Connection) -> str | None:
    """Return the revision of the database; None for one without any."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version


def _refuse_unknown(version: str | None) -> None:
    if version is not None and version not in SCHEMA_VERSIONS:
        raise StoreError(
            f"the database is at schema version {version}, this program knows versions up to "
            f"{SCHEMA_VERSIONS[-1]}: a newer program has migrated it. Install that release, or "
            "point RECSYS_DATABASE_URL to another database"
        )
