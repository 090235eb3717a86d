"""Files that others lead to, which file each is by its inode, and what sound files do not give.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. Of what is registered already the inode is not known, and is not compared."""
    op.add_column("icat_datafile", sa.Column("inode", sa.BigInteger))
    op.add_column("icat_datafile", sa.Column("linked", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("icat_datafile", sa.Column("alias", sa.String(20)))
    json = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column("icat_dataset", sa.Column("remarks", json, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("icat_dataset", "remarks")
    for column in ("alias", "linked", "inode"):
        op.drop_column("icat_datafile", column)
