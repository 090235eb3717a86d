"""How long runs waited and took, a row a run; and the history's events that have a cause, by time.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the index. Runs of before are not in it: their stages were not kept."""
    op.create_table(
        "job_run",
        sa.Column("attempt_id", sa.String(36), nullable=False),
        sa.Column("jobtype", sa.String(100), nullable=False),
        sa.Column("revision_id", sa.Integer, nullable=False),
        sa.Column("variant", sa.String(50), nullable=False),
        sa.Column("part", sa.Boolean, nullable=False),
        sa.Column("input_bytes", sa.BigInteger),
        sa.Column("waited_s", sa.Float(53), nullable=False),
        sa.Column("ran_s", sa.Float(53), nullable=False),
        sa.Column("stages", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("memory_peak_bytes", sa.BigInteger),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name="fk_job_run_attempt_id_attempt", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["job_type_revision.id"], name="fk_job_run_revision_id_job_type_revision"
        ),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_job_run"),
    )
    op.create_index("ix_job_run_like", "job_run", ["jobtype", "variant", "part", "ended"])
    op.create_index("ix_job_run_started", "job_run", ["jobtype", "variant", "started"])
    op.create_index(
        "ix_job_event_cause",
        "job_event",
        ["at"],
        postgresql_where=sa.text("cause IS NOT NULL"),
        sqlite_where=sa.text("cause IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_job_event_cause", table_name="job_event")
    op.drop_table("job_run")
