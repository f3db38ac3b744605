"""A slate is one row with its slots as JSON, and may grow."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SLOT = (
    "content_id", "rendition_id", "format", "score", "slot_type", "propensity",
    "rendition_propensity", "reasons",
)  # fmt: skip


def upgrade() -> None:
    # What was answered before had all its slots at once.
    op.add_column(
        "slates", sa.Column("is_whole", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column("slates", sa.Column("slots", sa.Text(), nullable=False, server_default="[]"))
    _move_slots(op.get_bind())
    op.drop_table("slate_slots")


def _move_slots(connection: sa.Connection) -> None:
    slates = _table("slates", "employee_id", "request_id", "slots")
    old = _table("slate_slots", "employee_id", "request_id", "position", *_SLOT)
    requests = sa.select(slates.c.employee_id, slates.c.request_id)
    for employee_id, request_id in connection.execute(requests).all():
        mine = (old.c.employee_id == employee_id) & (old.c.request_id == request_id)
        query = sa.select(*(old.c[name] for name in _SLOT)).where(mine).order_by(old.c.position)
        rows = [list(row) for row in connection.execute(query)]
        theirs = (slates.c.employee_id == employee_id) & (slates.c.request_id == request_id)
        connection.execute(slates.update().where(theirs).values(slots=json.dumps(rows)))


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))
