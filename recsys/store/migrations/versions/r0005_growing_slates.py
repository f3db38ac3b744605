"""Whether a slate can be continued."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # What was answered before had all its slots at once.
    op.add_column(
        "slates", sa.Column("is_whole", sa.Boolean(), nullable=False, server_default=sa.true())
    )
