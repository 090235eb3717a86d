"""Where each parameter is from, and corrections beside what was registered.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _source() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("source_kind", sa.String(10)),
        sa.Column("source_file", sa.String(1023)),
        sa.Column("source_place", sa.String(255)),
        sa.Column("source_value", sa.String(255)),
        sa.Column("source_units", sa.String(255)),
        sa.Column("source_job", sa.Integer),
    ]


def upgrade() -> None:
    """Add columns and table. Of results it is known which job computed them; of what was measured, nothing is."""
    for column in _source():
        op.add_column("icat_dataset_parameter", column)
    op.execute(
        """
        UPDATE icat_dataset_parameter SET source_kind = 'job', source_job = (
            SELECT min(job_output.job_id) FROM job_output
            WHERE job_output.dataset_id = icat_dataset_parameter.dataset_id
        )
        WHERE dataset_id IN (SELECT dataset_id FROM job_output)
        """
    )
    op.create_table(
        "dataset_parameter_correction",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("create_id", sa.String(255), nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.Column("mod_id", sa.String(255), nullable=False),
        sa.Column("mod_time", TIME, nullable=False),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("icat_dataset.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("type_id", sa.Integer, sa.ForeignKey("icat_parameter_type.id", ondelete="CASCADE")),
        sa.Column("numeric_value", sa.Float(53)),
        sa.Column("string_value", sa.String(4000)),
        sa.Column("reason", sa.String(255)),
        sa.Column("withdrawn", TIME),
        sa.Column("withdrawn_by", sa.String(255)),
        *_source(),
    )
    holds = sa.text("withdrawn IS NULL")
    op.create_index(
        "ix_dataset_parameter_correction_holds",
        "dataset_parameter_correction",
        ["dataset_id", "name", "source_kind"],
        unique=True,
        postgresql_where=holds,
        sqlite_where=holds,
    )
    op.create_index("ix_dataset_parameter_correction_dataset", "dataset_parameter_correction", ["dataset_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("dataset_parameter_correction")
    for column in reversed(_source()):
        op.drop_column("icat_dataset_parameter", column.name)
