"""The database tables, derived from :mod:`recsys.schema`.

Every stored row carries the number of the change that wrote it, which is its primary key: rows of
a table read in that order are the same on every database, whatever its collation.
"""

from typing import Any

import sqlalchemy as sa

from recsys.dataset.dataset import ATTRIBUTES
from recsys.schema import TABLES, Column, Kind, Table

__all__ = [
    "API_KEYS",
    "AUDITS",
    "CATALOGUE",
    "CATALOGUE_LOG",
    "CHANGE_COUNTER",
    "DELIVERIES",
    "EVENTS",
    "EXPERIMENTS",
    "EXPERIMENT_ASSIGNMENTS",
    "EXPERIMENT_EXPOSURES",
    "EXPERIMENT_LOG",
    "EXPERIMENT_LOOKS",
    "METADATA",
    "NEWSLETTER_ISSUES",
    "NEWSLETTER_PICKS",
    "NEWSLETTER_PLANS",
    "SLATES",
    "STORED",
    "TOKEN_SECRET",
    "TOMBSTONES",
    "TOMBSTONE_SALT",
    "database_table",
    "stored_columns",
    "subject_column",
]

TOMBSTONES = Table(
    "tombstones",
    (
        Column("tombstone", Kind.ID, required=True),
        Column("erased_at", Kind.TIME, required=True),
    ),
    key=("tombstone",),
)
"""Salted hashes of erased employees; a table of the store, not of the canonical dataset."""

EVENTS = TABLES["events"]
CATALOGUE: tuple[Table, ...] = tuple(table for table in TABLES.values() if table is not EVENTS)
STORED: dict[str, Table] = TABLES | {TOMBSTONES.name: TOMBSTONES}
"""Every table that takes part in the change log, by name."""

METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# On SQLite only a column declared INTEGER is the row id itself and needs no second index.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_TYPES: dict[Kind, type[sa.types.TypeEngine[Any]]] = {
    Kind.ID: sa.Text,
    Kind.TEXT: sa.Text,
    Kind.LIST: sa.Text,
    Kind.JSON: sa.Text,
    Kind.FLAG: sa.Boolean,
    Kind.NUMBER: sa.Double,
    Kind.INTEGER: sa.BigInteger,
    Kind.TIME: sa.BigInteger,  # microseconds UTC since 1970
    Kind.DATE: sa.BigInteger,
}


def stored_columns(table: Table) -> tuple[Column, ...]:
    """Return the declared columns plus ``attributes`` for the canonical tables."""
    if table is TOMBSTONES:
        return table.columns
    return (*table.columns, Column(ATTRIBUTES, Kind.JSON))


def subject_column(table: Table) -> str:
    """Return the first column: the id of what a row is about."""
    return table.columns[0].name


def database_table(table: Table) -> sa.Table:
    """Return the SQLAlchemy table of a canonical one."""
    return METADATA.tables[table.name]


def _number() -> sa.Column[int]:
    return sa.Column("number", _NUMBER, primary_key=True, autoincrement=False)


def _declare(table: Table) -> None:
    columns = [
        sa.Column(column.name, _TYPES[column.kind], nullable=not _is_filled(column))
        for column in stored_columns(table)
    ]
    keys = [sa.UniqueConstraint(*table.key)] if table.key else []
    sa.Table(table.name, METADATA, _number(), *columns, *keys)


def _is_filled(column: Column) -> bool:
    """Whether every row has a value: one that is required, or that the store fills in."""
    return column.required or column.name in {"valid_from", "received_at"}


for _table in STORED.values():
    _declare(_table)

# The other tables are found through their unique key; erasure looks events up by employee.
sa.Index(None, database_table(EVENTS).c.employee_id)
sa.Index(None, database_table(TABLES["survey_answers"]).c.survey_id)

CHANGE_COUNTER = sa.Table(
    "change_counter", METADATA, sa.Column("last", sa.BigInteger, nullable=False)
)
"""One row: the highest number given out. Its lock is the writers' queue."""

CATALOGUE_LOG = sa.Table(
    "catalogue_log",
    METADATA,
    _number(),
    sa.Column("table_name", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("row", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Index(None, "subject_id"),
)
"""Every version of every catalogue row, as JSON; events are their own log."""

TOMBSTONE_SALT = sa.Table("tombstone_salt", METADATA, sa.Column("salt", sa.Text, nullable=False))
"""One row: random per database, so that tombstones of two databases cannot be compared."""

API_KEYS = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("key_hash", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    sa.UniqueConstraint("key_hash"),
)
"""Who may call the HTTP API; a key itself is shown once and never stored."""

DELIVERIES = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("issue_id", sa.Text, primary_key=True),
    sa.Column("employee_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("reply", sa.Text),
    sa.Column("mail", sa.Text, nullable=False),
    sa.Index(None, "employee_id"),
)
"""How far each mail of a newsletter got, and as JSON what it held; addresses are not kept."""

TOKEN_SECRET = sa.Table("token_secret", METADATA, sa.Column("secret", sa.Text, nullable=False))
"""One row: 32 random bytes in hex that sign the employees' tokens, the same for all processes."""

AUDITS = sa.Table(
    "audits",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("content_id", sa.Text, nullable=False),
    sa.Column("people", sa.Integer, nullable=False),
)
"""Who looked at the people that have not acknowledged a must-read; it names none of them."""

SLATES = sa.Table(
    "slates",
    METADATA,
    sa.Column("employee_id", sa.Text, primary_key=True),
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("surface", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("policy_version", sa.Text, nullable=False),
    sa.Column("degraded", sa.Text),
    sa.Column("must_reads_waiting", sa.Integer, nullable=False, server_default="0"),
    sa.Column("is_whole", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("slots", sa.Text, nullable=False, server_default="[]"),
)
"""Every feed that was answered. Callers choose request ids, so each employee has their own.

``slots`` is JSON: in order of position, lists of content id, rendition id, format, score, slot
type, propensity, rendition propensity and reasons (codes separated by ``;``).
"""

NEWSLETTER_PLANS = sa.Table(
    "newsletter_plans",
    METADATA,
    sa.Column("issue_id", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("planned_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("n_people", sa.BigInteger),
    sa.Column("notes", sa.Text, nullable=False, server_default="[]"),
    sa.Column("owner", sa.Text),
    sa.Column("held_until", sa.BigInteger),
)
"""What the editors want, and how far it is; ``notes`` is a JSON list of sentences.

``owner`` works on it as long as ``held_until`` (microseconds of wall time) is renewed.
"""

NEWSLETTER_PICKS = sa.Table(
    "newsletter_picks",
    METADATA,
    sa.Column("issue_id", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("employee_id", sa.Text, primary_key=True),
    sa.Column("pick", sa.Text, nullable=False),
    sa.Index(None, "employee_id"),
)
"""One row per person of a plan, with what was picked as JSON."""

NEWSLETTER_ISSUES = sa.Table(
    "newsletter_issues",
    METADATA,
    sa.Column("issue_id", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
)
"""Issues that were handed over, each with the one revision that was."""

EXPERIMENTS = sa.Table(
    "experiments",
    METADATA,
    sa.Column("experiment", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("stopped_at", sa.BigInteger),
    sa.Column("ramp", sa.Text, nullable=False, server_default="[]"),
    sa.Column("dropped", sa.Text, nullable=False, server_default="[]"),
    sa.Column("decision", sa.Text),
)
"""Experiments as they were designed, and how far they are.

``ramp`` is JSON: moments in microseconds with the share of units that took part from then on;
``dropped`` the variants that are served no more.
"""

EXPERIMENT_ASSIGNMENTS = sa.Table(
    "experiment_assignments",
    METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("experiment", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("employee_id", sa.Text, nullable=False),
    sa.Column("unit_id", sa.Text, nullable=False),
    sa.Column("variant", sa.Text),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("bucket", sa.Double, nullable=False),
    sa.Column("place", sa.Double, nullable=False),
    sa.Column("stratum", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("experiment", "version", "employee_id"),
    sa.Index(None, "employee_id"),
    sqlite_autoincrement=True,  # a number is never given out twice, or a follower would miss a row
)
"""One row per employee, also where teams or sites were drawn: the first one holds.

``variant`` is missing for who is held out; ``place`` in 0..1 says from which step of the ramp on
somebody takes part.
"""

EXPERIMENT_EXPOSURES = sa.Table(
    "experiment_exposures",
    METADATA,
    sa.Column("experiment", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("employee_id", sa.Text, primary_key=True),
    sa.Column("stage", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index(None, "employee_id"),
)
"""When somebody was first served a variant, first one that could differ, and first saw it."""

EXPERIMENT_LOOKS = sa.Table(
    "experiment_looks",
    METADATA,
    sa.Column("experiment", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("look", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
)
"""What was found at a planned look, as JSON; found once."""

EXPERIMENT_LOG = sa.Table(
    "experiment_log",
    METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("experiment", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Index(None, "experiment"),
    sqlite_autoincrement=True,
)
"""Who did what to an experiment, and when; it names no employee."""
