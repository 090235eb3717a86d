"""What black and white of a picture mean, and how much it spans.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

COLUMNS = ("black", "white", "width_um", "height_um")


def upgrade() -> None:
    """Add the columns. Of pictures that are there it is not known."""
    for name in COLUMNS:
        op.add_column("dataset_picture", sa.Column(name, sa.Float(53)))


def downgrade() -> None:
    """Drop them."""
    for name in reversed(COLUMNS):
        op.drop_column("dataset_picture", name)
