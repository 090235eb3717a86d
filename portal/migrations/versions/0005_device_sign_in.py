"""Programs without a browser that ask to be signed in.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "device_request",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("device_hash", sa.String(64), nullable=False),
        sa.Column("user_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id", ondelete="CASCADE")),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("interval_s", sa.Integer, nullable=False),
        sa.Column("last_asked", TIME),
        sa.UniqueConstraint("device_hash"),
        sa.UniqueConstraint("user_hash"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("device_request")
