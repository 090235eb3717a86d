"""Folders that are one entry: how many files, what they are known again by, and their manifest.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table. What is registered already are files."""
    op.add_column("icat_datafile", sa.Column("folder_files", sa.Integer))
    op.add_column("icat_datafile", sa.Column("folder_stamp", sa.String(64)))
    op.create_table(
        "folder_manifest",
        sa.Column(
            "datafile_id", sa.Integer, sa.ForeignKey("icat_datafile.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("folder_manifest")
    op.drop_column("icat_datafile", "folder_stamp")
    op.drop_column("icat_datafile", "folder_files")
