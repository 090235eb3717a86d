"""What makes a result doubtful, in words.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Results made before have what they said among their parameters."""
    json = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column("icat_dataset", sa.Column("warnings", json, nullable=False, server_default="[]"))
    op.add_column("job", sa.Column("warnings", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("job", "warnings")
    op.drop_column("icat_dataset", "warnings")
