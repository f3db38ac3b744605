"""Which mails of a newsletter went out."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reply", sa.Text()),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "employee_id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_employee_id", "deliveries", ["employee_id"])
