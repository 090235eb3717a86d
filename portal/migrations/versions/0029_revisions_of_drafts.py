"""Revisions of drafts, what was wished of them and done; submissions that try one.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, which begin empty, and the column: what there is tries no draft."""
    op.create_table(
        "draft_revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("draft_id", sa.Integer, sa.ForeignKey("draft.id", ondelete="SET NULL")),
        sa.Column("author_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.UniqueConstraint("author_id", "digest"),
    )
    op.create_index("ix_draft_revision_name", "draft_revision", ["name"])
    op.create_table(
        "revision_wish",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("revision_id", sa.Integer, sa.ForeignKey("draft_revision.id"), nullable=False),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("wished", sa.String(10), nullable=False),
        sa.Column("audience", DOCUMENT, nullable=False),
        sa.Column("changed", sa.String(500), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("ix_revision_wish_revision", "revision_wish", ["revision_id"])
    op.create_table(
        "revision_deed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("wish_id", sa.Integer, sa.ForeignKey("revision_wish.id"), nullable=False, unique=True),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.add_column("submission", sa.Column("draft", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("submission", "draft")
    op.drop_table("revision_deed")
    op.drop_table("revision_wish")
    op.drop_table("draft_revision")
