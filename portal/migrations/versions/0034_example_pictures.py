"""Example pictures of revisions of drafts.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, which begins empty."""
    op.create_table(
        "example_picture",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(71), nullable=False, unique=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("draft_id", sa.Integer, sa.ForeignKey("draft.id", ondelete="SET NULL")),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("png", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_example_picture_name", "example_picture", ["name"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("example_picture")
