"""Jobs: submissions, attempts, events and the daemon's lease.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")

TABLES = (
    "daemon_lease",
    "job_type_revision",
    "submission",
    "job",
    "attempt",
    "job_event",
    "job_input",
    "job_output",
)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "daemon_lease",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("beat", TIME, nullable=False),
        sa.Column("status", DOCUMENT, nullable=False),
    )
    op.create_table(
        "job_type_revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.UniqueConstraint("name", "digest"),
    )
    op.create_table(
        "submission",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("revision_id", sa.Integer, sa.ForeignKey("job_type_revision.id"), nullable=False),
        sa.Column("investigation_id", sa.Integer, sa.ForeignKey("icat_investigation.id", ondelete="SET NULL")),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("options", DOCUMENT, nullable=False),
        sa.Column("variant", sa.String(50), nullable=False),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("preset", sa.String(100)),
        sa.Column("idempotency_key", sa.String(200)),
        sa.Column("request_digest", sa.String(80)),
        sa.Column("created", TIME, nullable=False),
        sa.UniqueConstraint("person_id", "idempotency_key"),
    )
    op.create_index("ix_submission_person_created", "submission", ["person_id", "created"])
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("submission_id", sa.String(36), sa.ForeignKey("submission.id"), nullable=False),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("options", DOCUMENT, nullable=False),
        sa.Column("investigation_id", sa.Integer, sa.ForeignKey("icat_investigation.id", ondelete="SET NULL")),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.Column("started", TIME),
        sa.Column("ended", TIME),
        sa.Column("cancel_requested", TIME),
        sa.Column("cancel_requested_by", sa.String(255)),
        sa.Column("cause", sa.String(50)),
        sa.Column("cause_words", sa.Text),
        sa.Column("progress", DOCUMENT, nullable=False),
        sa.Column("waiting", DOCUMENT, nullable=False),
        sa.Column("last_seen", TIME),
        sa.Column("absent_since", TIME),
        sa.Column("not_before", TIME),
        sa.UniqueConstraint("submission_id", "index"),
    )
    op.create_index("ix_job_person_id", "job", ["person_id", "id"])
    op.create_index("ix_job_state_id", "job", ["state", "id"])
    op.create_table(
        "attempt",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("cluster", sa.String(50), nullable=False),
        sa.Column("cluster_job", sa.String(50)),
        sa.Column("array_index", sa.Integer),
        sa.Column("submitted", TIME),
        sa.Column("job_sha256", sa.String(64)),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("ended", TIME),
        sa.Column("fenced", TIME),
        sa.Column("outcome", sa.String(50)),
        sa.Column("seen", DOCUMENT, nullable=False),
        sa.Column("testimony", DOCUMENT, nullable=False),
        sa.Column("purged", TIME),
        sa.Column("cpu_s", sa.Float(53)),
        sa.Column("memory_peak_bytes", sa.BigInteger),
        sa.UniqueConstraint("job_id", "number"),
    )
    op.create_index("ix_attempt_cluster_job", "attempt", ["cluster", "cluster_job"])
    op.create_table(
        "job_event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("from_state", sa.String(20), nullable=False),
        sa.Column("to_state", sa.String(20), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("cause", sa.String(50)),
        sa.Column("words", sa.Text),
    )
    op.create_index("ix_job_event_job", "job_event", ["job_id", "id"])
    op.create_table(
        "job_input",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
        sa.Column("slot", sa.String(50), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("icat_dataset.id", ondelete="SET NULL")),
        sa.Column("dataset_name", sa.String(255), nullable=False),
        sa.UniqueConstraint("job_id", "slot", "position"),
    )
    op.create_index("ix_job_input_dataset_id", "job_input", ["dataset_id"])
    op.create_table(
        "job_output",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Integer, sa.ForeignKey("job.id"), nullable=False),
        sa.Column("attempt_id", sa.String(36), sa.ForeignKey("attempt.id"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("icat_dataset.id", ondelete="SET NULL")),
        sa.UniqueConstraint("job_id", "name"),
    )
    op.create_index("ix_job_output_dataset_id", "job_output", ["dataset_id"])


def downgrade() -> None:
    """Drop them, those that refer to others first."""
    for table in reversed(TABLES):
        op.drop_table(table)
