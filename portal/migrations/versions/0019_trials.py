"""Trials: which option a submission tries over several values, and which results are of one.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. What is there already is no trial."""
    op.add_column("submission", sa.Column("trial", sa.JSON().with_variant(JSONB(), "postgresql")))
    op.add_column("icat_dataset", sa.Column("trial", sa.String(36)))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("icat_dataset", "trial")
    op.drop_column("submission", "trial")
