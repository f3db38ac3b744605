"""What the tokens of employees are signed with."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table("token_secret", sa.Column("secret", sa.Text(), nullable=False))
    table = sa.table("token_secret", sa.column("secret"))
    op.execute(table.insert().values(secret=secrets.token_hex(32)))
