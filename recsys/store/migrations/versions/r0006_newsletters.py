"""Newsletter plans and their picks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "newsletter_plans",
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("n_people", sa.BigInteger()),
        sa.Column("notes", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("owner", sa.Text()),
        sa.Column("held_until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("issue_id", "revision", name="pk_newsletter_plans"),
    )
    op.create_table(
        "newsletter_picks",
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("pick", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "revision", "employee_id", name="pk_newsletter_picks"),
    )
    op.create_index("ix_newsletter_picks_employee_id", "newsletter_picks", ["employee_id"])
    op.create_table(
        "newsletter_issues",
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", name="pk_newsletter_issues"),
    )
