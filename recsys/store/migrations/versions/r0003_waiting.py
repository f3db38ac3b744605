"""How many must-reads found no slot in a slate."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "slates",
        sa.Column("must_reads_waiting", sa.Integer(), nullable=False, server_default="0"),
    )
