"""Experiments, who is in them, who saw them, what was found, and who did what."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("stopped_at", sa.BigInteger()),
        sa.Column("ramp", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("dropped", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("decision", sa.Text()),
        sa.PrimaryKeyConstraint("experiment", "version", name="pk_experiments"),
    )
    op.create_table(
        "experiment_assignments",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Double(), nullable=False),
        sa.Column("place", sa.Double(), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_experiment_assignments"),
        sa.UniqueConstraint(
            "experiment", "version", "employee_id", name="uq_experiment_assignments"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_experiment_assignments_employee_id", "experiment_assignments", ["employee_id"]
    )
    op.create_table(
        "experiment_exposures",
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "experiment", "version", "employee_id", "stage", name="pk_experiment_exposures"
        ),
    )
    op.create_index("ix_experiment_exposures_employee_id", "experiment_exposures", ["employee_id"])
    op.create_table(
        "experiment_looks",
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("experiment", "version", "look", name="pk_experiment_looks"),
    )
    op.create_table(
        "experiment_log",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_experiment_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_experiment_log_experiment", "experiment_log", ["experiment"])
