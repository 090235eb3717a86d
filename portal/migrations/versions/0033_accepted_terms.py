"""Terms of programs that people accepted, and what a job's program is used for.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, which begins empty; of jobs that are there nobody was asked."""
    op.create_table(
        "accepted_terms",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("link", sa.String(500), nullable=False),
        sa.Column("use", sa.String(20), nullable=False),
        sa.Column("analysis", sa.String(100), nullable=False),
        sa.Column("accepted", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("person_id", "digest"),
    )
    op.add_column("submission", sa.Column("use", sa.String(20)))


def downgrade() -> None:
    """Drop both."""
    op.drop_column("submission", "use")  # not as a copy of the table: others point to it
    op.drop_table("accepted_terms")
