"""Pictures of trials as values, so that several are drawn at one scale.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "trial_picture",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("create_id", sa.String(255), nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.Column("mod_id", sa.String(255), nullable=False),
        sa.Column("mod_time", TIME, nullable=False),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("icat_dataset.id", ondelete="CASCADE"), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("black", sa.Float(53), nullable=False),
        sa.Column("white", sa.Float(53), nullable=False),
        sa.Column("pixels", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("dataset_id"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("trial_picture")
