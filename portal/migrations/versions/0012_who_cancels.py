"""Who asked for a job's end, and not the name alone: two people may have the same one.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Where one person has the name, and it is the owner's, it was she."""
    op.add_column("job", sa.Column("cancel_requested_by_id", sa.Integer))
    op.execute(
        """
        UPDATE job SET cancel_requested_by_id = person_id
        WHERE cancel_requested_by IS NOT NULL AND cancel_requested_by = (
            SELECT coalesce(nullif(person.full_name, ''), person.name) FROM person WHERE person.id = job.person_id
        )
        """
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("job", "cancel_requested_by_id")
