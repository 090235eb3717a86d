"""A person's Unix account: nothing wrote or read it. The operator's settings name accounts (agent.accounts).

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the column."""
    op.drop_column("person", "account")


def downgrade() -> None:
    """Add it again, empty as it was."""
    op.add_column("person", sa.Column("account", sa.String(64)))
