"""How each cluster is, apart from which daemon works. What the lease said of it is asked anew by the next daemon.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "cluster_health",
        sa.Column("cluster", sa.String(100), primary_key=True),
        sa.Column("answered", sa.Boolean),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("message", sa.Text),
        sa.Column("problems", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("cluster_health")
