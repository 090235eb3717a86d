"""Notices, and how far the jobs' events have been looked through for them.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables; what happened before the upgrade is no news."""
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("event_id", sa.Integer, sa.ForeignKey("job_event.id"), nullable=False),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
        sa.Column("submission_id", sa.String(36), sa.ForeignKey("submission.id"), nullable=False),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id")),
        sa.Column("about", sa.String(20), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("counts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("read", TIME, index=True),
        sa.UniqueConstraint("event_id", "person_id"),
    )
    op.create_index("ix_notice_person", "notice", ["person_id", "id"])
    new = sa.text("read IS NULL")
    op.create_index("ix_notice_new", "notice", ["person_id"], postgresql_where=new, sqlite_where=new)
    op.create_index("ix_notice_submission", "notice", ["submission_id", "person_id"])
    op.create_table(
        "notice_mark",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("event_id", sa.Integer, nullable=False),
        sa.Column("ahead_id", sa.Integer),
        sa.Column("ahead_transaction", sa.BigInteger),
    )
    op.execute("INSERT INTO notice_mark (name, event_id) SELECT 'jobs', coalesce(max(id), 0) FROM job_event")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("notice_mark")
    op.drop_table("notice")
