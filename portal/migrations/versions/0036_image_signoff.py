"""What a second member of staff says about images that are to be staged, and what the publisher finds of it.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, which begin empty."""
    op.create_table(
        "image_signoff",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("wish_id", sa.Integer, sa.ForeignKey("image_wish.id"), nullable=False),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("approves", sa.Boolean, nullable=False),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("credential", sa.Text, nullable=False),
        sa.Column("client_data", sa.Text, nullable=False),
        sa.Column("authenticator_data", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("ix_image_signoff_wish", "image_signoff", ["wish_id"])
    op.create_table(
        "image_signoff_answer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("signoff_id", sa.Integer, sa.ForeignKey("image_signoff.id"), nullable=False, unique=True),
        sa.Column("counts", sa.Boolean, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("image_signoff_answer")
    op.drop_table("image_signoff")
