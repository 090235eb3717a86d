"""Drafts of job types, and whom their authors named.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _key(name: str, target: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    """Make the two tables, which begin empty."""
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer, primary_key=True),
        _key("author_id", "person.id"),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("based_on", sa.String(71)),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        _key("changed_by_id", "person.id"),
        sa.Column("deleted", TIME),
    )
    op.create_index("ix_draft_author", "draft", ["author_id"])
    op.create_table(
        "draft_reader",
        sa.Column("id", sa.Integer, primary_key=True),
        _key("draft_id", "draft.id"),
        _key("person_id", "person.id"),
        sa.Column("since", TIME, nullable=False),
        sa.UniqueConstraint("draft_id", "person_id"),
    )
    op.create_index("ix_draft_reader_person", "draft_reader", ["person_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("draft_reader")
    op.drop_table("draft")
