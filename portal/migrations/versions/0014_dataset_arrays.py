"""The arrays in datasets' files.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the table. What was registered before has no rows until it is read again."""
    op.create_table(
        "dataset_array",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("create_id", sa.String(255), nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.Column("mod_id", sa.String(255), nullable=False),
        sa.Column("mod_time", TIME, nullable=False),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("icat_dataset.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("file", sa.String(1023), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("shape", DOCUMENT, nullable=False),
        sa.Column("dtype", sa.String(100), nullable=False),
        sa.Column("axes", sa.String(64), nullable=False),
        sa.Column("labels", DOCUMENT, nullable=False),
        sa.Column("sizes", DOCUMENT, nullable=False),
        sa.Column("pictures", DOCUMENT, nullable=False),
        sa.Column("left_out", sa.Text, nullable=False),
        sa.UniqueConstraint("dataset_id", "position"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("dataset_array")
