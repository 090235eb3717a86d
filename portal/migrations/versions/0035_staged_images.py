"""Images that staff want staged, what was signed off, and what came of it.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, which begin empty."""
    op.create_table(
        "image_wish",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("ix_image_wish_job", "image_wish", ["job_id"])
    op.create_index("ix_image_wish_person", "image_wish", ["person_id"])
    op.create_table(
        "image_approval",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("wish_id", sa.Integer, sa.ForeignKey("image_wish.id"), nullable=False, unique=True),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_table(
        "image_deed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("wish_id", sa.Integer, sa.ForeignKey("image_wish.id"), nullable=False, unique=True),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("image_deed")
    op.drop_table("image_approval")
    op.drop_table("image_wish")
