"""What kind of a job each is. Those that there are, are runs.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("job", sa.Column("kind", sa.String(20), nullable=False, server_default="run"))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("job", "kind")
