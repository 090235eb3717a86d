"""Of arrays: which files are known to be of no use as they are, and the time between time points.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. Of what is registered already neither is known until it is read again."""
    op.add_column("dataset_array", sa.Column("unusable", sa.String(20), nullable=False, server_default=""))
    op.add_column("dataset_array", sa.Column("interval_s", sa.Float(53)))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("dataset_array", "interval_s")
    op.drop_column("dataset_array", "unusable")
