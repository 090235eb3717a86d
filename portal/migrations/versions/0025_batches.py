"""Short numbers of batches.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and number what there is of several jobs, the oldest first."""
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("submission_id", sa.String(36), sa.ForeignKey("submission.id"), nullable=False),
        sa.UniqueConstraint("submission_id"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO batch (submission_id) SELECT submission.id FROM submission "
        "WHERE submission.trial IS NULL AND EXISTS "
        '(SELECT 1 FROM job WHERE job.submission_id = submission.id AND job."index" = 1) '
        "ORDER BY submission.created, submission.id"
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("batch")
