"""Since when the results of a draft's trial are to stand among the others.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KEPT = sa.text("kept IS NOT NULL")


def upgrade() -> None:
    """Add the column: nothing was kept yet."""
    op.add_column("submission", sa.Column("kept", sa.DateTime(timezone=True)))
    op.create_index("ix_submission_kept", "submission", ["id"], postgresql_where=KEPT, sqlite_where=KEPT)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_submission_kept", "submission")
    op.drop_column("submission", "kept")
