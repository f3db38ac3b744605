"""The first tables: events, catalogue, tombstones and the change log."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _number() -> sa.Column[int]:
    # On SQLite only a column declared INTEGER is the row id itself.
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("number", kind, nullable=False, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "employees",
        _number(),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("department", sa.Text()),
        sa.Column("departments", sa.Text()),
        sa.Column("team_id", sa.Text()),
        sa.Column("manager_id", sa.Text()),
        sa.Column("site", sa.Text()),
        sa.Column("job_family", sa.Text()),
        sa.Column("grade_band", sa.Text()),
        sa.Column("hire_month", sa.Text()),
        sa.Column("work_style", sa.Text()),
        sa.Column("language", sa.Text()),
        sa.Column("timezone", sa.Text()),
        sa.Column("has_pc", sa.Boolean()),
        sa.Column("has_mobile", sa.Boolean()),
        sa.Column("leave_from", sa.BigInteger()),
        sa.Column("leave_until", sa.BigInteger()),
        sa.Column("active", sa.Boolean()),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_employees"),
        sa.UniqueConstraint("employee_id", "valid_from", name="uq_employees"),
    )
    op.create_table(
        "preferences",
        _number(),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("personalization_opt_out", sa.Boolean()),
        sa.Column("preferred_format", sa.Text()),
        sa.Column("muted_topics", sa.Text()),
        sa.Column("languages", sa.Text()),
        sa.Column("newsletter_frequency", sa.Text()),
        sa.Column("attributes", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_preferences"),
        sa.UniqueConstraint("employee_id", name="uq_preferences"),
    )
    op.create_table(
        "contents",
        _number(),
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("summary", sa.Text()),
        sa.Column("body", sa.Text()),
        sa.Column("language", sa.Text()),
        sa.Column("topics", sa.Text()),
        sa.Column("author_id", sa.Text()),
        sa.Column("speakers", sa.Text()),
        sa.Column("owner_department", sa.Text()),
        sa.Column("content_type", sa.Text()),
        sa.Column("style", sa.Text()),
        sa.Column("difficulty", sa.Text()),
        sa.Column("campaign_id", sa.Text()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("mandatory", sa.Boolean()),
        sa.Column("ack_required", sa.Boolean()),
        sa.Column("ack_due_at", sa.BigInteger()),
        sa.Column("pinned_until", sa.BigInteger()),
        sa.Column("priority", sa.Double()),
        sa.Column("audience", sa.Text()),
        sa.Column("est_minutes", sa.Double()),
        sa.Column("sensitive", sa.Boolean()),
        sa.Column("attributes", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_contents"),
        sa.UniqueConstraint("content_id", name="uq_contents"),
    )
    op.create_table(
        "renditions",
        _number(),
        sa.Column("rendition_id", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("title", sa.Text()),
        sa.Column("audience", sa.Text()),
        sa.Column("duration_seconds", sa.Double()),
        sa.Column("word_count", sa.Double()),
        sa.Column("has_captions", sa.Boolean()),
        sa.Column("url", sa.Text()),
        sa.Column("attributes", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_renditions"),
        sa.UniqueConstraint("rendition_id", name="uq_renditions"),
    )
    op.create_table(
        "events",
        _number(),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.Text()),
        sa.Column("rendition_id", sa.Text()),
        sa.Column("surface", sa.Text()),
        sa.Column("device", sa.Text()),
        sa.Column("session_id", sa.Text()),
        sa.Column("position", sa.BigInteger()),
        sa.Column("request_id", sa.Text()),
        sa.Column("propensity", sa.Double()),
        sa.Column("rendition_propensity", sa.Double()),
        sa.Column("dwell_seconds", sa.Double()),
        sa.Column("progress_share", sa.Double()),
        sa.Column("value", sa.Double()),
        sa.Column("reason", sa.Text()),
        sa.Column("issue_id", sa.Text()),
        sa.Column("target_type", sa.Text()),
        sa.Column("target_id", sa.Text()),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sa.UniqueConstraint("event_id", name="uq_events"),
    )
    op.create_index("ix_events_employee_id", "events", ["employee_id"])
    op.create_table(
        "campaigns",
        _number(),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text()),
        sa.Column("starts_at", sa.BigInteger()),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("attributes", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_campaigns"),
        sa.UniqueConstraint("campaign_id", name="uq_campaigns"),
    )
    op.create_table(
        "kpis",
        _number(),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text()),
        sa.Column("baseline", sa.Double()),
        sa.Column("target", sa.Double()),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("frozen_at", sa.BigInteger()),
        sa.Column("attributes", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_kpis"),
        sa.UniqueConstraint("campaign_id", "name", name="uq_kpis"),
    )
    op.create_table(
        "kpi_values",
        _number(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("group", sa.Text()),
        sa.Column("value", sa.Double()),
        sa.Column("attributes", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_kpi_values"),
        sa.UniqueConstraint("name", "period", "group", name="uq_kpi_values"),
    )
    op.create_table(
        "survey_answers",
        _number(),
        sa.Column("survey_id", sa.Text(), nullable=False),
        sa.Column("cohort", sa.Text()),
        sa.Column("value", sa.Double()),
        sa.Column("week", sa.Text()),
        sa.Column("attributes", sa.Text()),
        sa.PrimaryKeyConstraint("number", name="pk_survey_answers"),
    )
    op.create_index("ix_survey_answers_survey_id", "survey_answers", ["survey_id"])
    op.create_table(
        "tombstones",
        _number(),
        sa.Column("tombstone", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_tombstones"),
        sa.UniqueConstraint("tombstone", name="uq_tombstones"),
    )
    op.create_table(
        "change_counter",
        sa.Column("last", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "catalogue_log",
        _number(),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_catalogue_log"),
    )
    op.create_index("ix_catalogue_log_subject_id", "catalogue_log", ["subject_id"])
    op.create_table(
        "tombstone_salt",
        sa.Column("salt", sa.Text(), nullable=False),
    )

    counter = sa.table("change_counter", sa.column("last"))
    op.execute(counter.insert().values(last=0))
    salt = sa.table("tombstone_salt", sa.column("salt"))
    op.execute(salt.insert().values(salt=secrets.token_hex(16)))
