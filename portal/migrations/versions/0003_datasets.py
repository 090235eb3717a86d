"""The catalogue's data: datasets, files, parameters, samples, pictures and provenance.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")


def entity() -> list[sa.Column[object]]:
    """What every ICAT entity has."""
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("create_id", sa.String(255), nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.Column("mod_id", sa.String(255), nullable=False),
        sa.Column("mod_time", TIME, nullable=False),
    ]


TABLES = (
    "icat_data_collection",
    "icat_application",
    "icat_datafile_format",
    "icat_dataset_type",
    "icat_parameter_type",
    "icat_sample_type",
    "icat_job",
    "icat_sample",
    "icat_dataset",
    "dataset_picture",
    "icat_data_collection_dataset",
    "icat_datafile",
    "icat_dataset_parameter",
    "icat_data_collection_datafile",
)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "icat_data_collection",
        *entity(),
        sa.Column("doi", sa.String(255)),
    )
    op.create_table(
        "icat_application",
        *entity(),
        sa.Column(
            "facility_id", sa.Integer, sa.ForeignKey("icat_facility.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("version", sa.String(255), nullable=False),
        sa.UniqueConstraint("facility_id", "name", "version"),
    )
    op.create_table(
        "icat_datafile_format",
        *entity(),
        sa.Column(
            "facility_id", sa.Integer, sa.ForeignKey("icat_facility.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("version", sa.String(255), nullable=False),
        sa.Column("type", sa.String(255)),
        sa.Column("description", sa.String(255)),
        sa.UniqueConstraint("facility_id", "name", "version"),
    )
    op.create_table(
        "icat_dataset_type",
        *entity(),
        sa.Column(
            "facility_id", sa.Integer, sa.ForeignKey("icat_facility.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.Column("mapping", DOCUMENT, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.UniqueConstraint("facility_id", "name"),
    )
    op.create_table(
        "icat_parameter_type",
        *entity(),
        sa.Column(
            "facility_id", sa.Integer, sa.ForeignKey("icat_facility.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("units", sa.String(255), nullable=False),
        sa.Column("value_type", sa.String(20), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.Column("minimum_numeric_value", sa.Float(53)),
        sa.Column("maximum_numeric_value", sa.Float(53)),
        sa.UniqueConstraint("facility_id", "name", "units"),
    )
    op.create_table(
        "icat_sample_type",
        *entity(),
        sa.Column(
            "facility_id", sa.Integer, sa.ForeignKey("icat_facility.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("molecular_formula", sa.String(255), nullable=False),
        sa.Column("safety_information", sa.String(4000)),
        sa.UniqueConstraint("facility_id", "name", "molecular_formula"),
    )
    op.create_table(
        "icat_job",
        *entity(),
        sa.Column(
            "application_id", sa.Integer, sa.ForeignKey("icat_application.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column(
            "input_data_collection_id", sa.Integer, sa.ForeignKey("icat_data_collection.id", ondelete="SET NULL")
        ),
        sa.Column(
            "output_data_collection_id", sa.Integer, sa.ForeignKey("icat_data_collection.id", ondelete="SET NULL")
        ),
        sa.Column("arguments", sa.Text),
        sa.Column("portal_job", sa.Integer),
        sa.UniqueConstraint("portal_job"),
    )
    op.create_index("ix_icat_job_input_data_collection_id", "icat_job", ["input_data_collection_id"])
    op.create_index("ix_icat_job_output_data_collection_id", "icat_job", ["output_data_collection_id"])
    op.create_table(
        "icat_sample",
        *entity(),
        sa.Column(
            "investigation_id",
            sa.Integer,
            sa.ForeignKey("icat_investigation.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("type_id", sa.Integer, sa.ForeignKey("icat_sample_type.id", ondelete="CASCADE")),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("pid", sa.String(255)),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.UniqueConstraint("investigation_id", "name"),
    )
    op.create_table(
        "icat_dataset",
        *entity(),
        sa.Column(
            "investigation_id",
            sa.Integer,
            sa.ForeignKey("icat_investigation.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "type_id", sa.Integer, sa.ForeignKey("icat_dataset_type.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("sample_id", sa.Integer, sa.ForeignKey("icat_sample.id", ondelete="SET NULL")),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.Column("location", sa.String(1023)),
        sa.Column("doi", sa.String(255)),
        sa.Column("single_file", sa.Boolean, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("start_date", TIME),
        sa.Column("end_date", TIME),
        sa.Column("date", TIME, nullable=False),
        sa.Column("file_count", sa.BigInteger, nullable=False),
        sa.Column("file_size", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("instrument_id", sa.Integer, sa.ForeignKey("icat_instrument.id", ondelete="SET NULL")),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.UniqueConstraint("investigation_id", "name"),
    )
    op.create_index("ix_icat_dataset_date", "icat_dataset", ["date", "id"])
    op.create_index("ix_icat_dataset_instrument_id", "icat_dataset", ["instrument_id"])
    op.create_index("ix_icat_dataset_investigation_date", "icat_dataset", ["investigation_id", "date", "id"])
    op.create_index("ix_icat_dataset_location", "icat_dataset", ["location"])
    op.create_index("ix_icat_dataset_sample_id", "icat_dataset", ["sample_id"])
    op.create_index("ix_icat_dataset_type_date", "icat_dataset", ["type_id", "date", "id"])
    op.create_table(
        "dataset_picture",
        *entity(),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("icat_dataset.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("caption", sa.String(255), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("path", sa.String(255), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.UniqueConstraint("dataset_id", "name"),
    )
    op.create_table(
        "icat_data_collection_dataset",
        *entity(),
        sa.Column(
            "data_collection_id",
            sa.Integer,
            sa.ForeignKey("icat_data_collection.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("icat_dataset.id", ondelete="CASCADE"), nullable=False),
        sa.Column("slot", sa.String(100), nullable=False),
        sa.UniqueConstraint("data_collection_id", "dataset_id"),
    )
    op.create_index("ix_icat_data_collection_dataset_dataset_id", "icat_data_collection_dataset", ["dataset_id"])
    op.create_table(
        "icat_datafile",
        *entity(),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("icat_dataset.id", ondelete="CASCADE"), nullable=False),
        sa.Column("format_id", sa.Integer, sa.ForeignKey("icat_datafile_format.id", ondelete="SET NULL")),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.Column("location", sa.String(1023)),
        sa.Column("file_size", sa.BigInteger),
        sa.Column("checksum", sa.String(255)),
        sa.Column("datafile_create_time", TIME),
        sa.Column("datafile_mod_time", TIME),
        sa.Column("mtime_ns", sa.BigInteger),
        sa.UniqueConstraint("dataset_id", "name"),
    )
    op.create_table(
        "icat_dataset_parameter",
        *entity(),
        sa.Column("dataset_id", sa.Integer, sa.ForeignKey("icat_dataset.id", ondelete="CASCADE"), nullable=False),
        sa.Column(
            "type_id", sa.Integer, sa.ForeignKey("icat_parameter_type.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("numeric_value", sa.Float(53)),
        sa.Column("string_value", sa.String(4000)),
        sa.Column("date_time_value", TIME),
        sa.Column("error", sa.Float(53)),
        sa.Column("range_bottom", sa.Float(53)),
        sa.Column("range_top", sa.Float(53)),
        sa.UniqueConstraint("dataset_id", "type_id"),
    )
    op.create_index(
        "ix_icat_dataset_parameter_type_numeric", "icat_dataset_parameter", ["type_id", "numeric_value"]
    )
    op.create_table(
        "icat_data_collection_datafile",
        *entity(),
        sa.Column(
            "data_collection_id",
            sa.Integer,
            sa.ForeignKey("icat_data_collection.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "datafile_id", sa.Integer, sa.ForeignKey("icat_datafile.id", ondelete="CASCADE"), nullable=False
        ),
        sa.UniqueConstraint("data_collection_id", "datafile_id"),
    )
    op.create_index(
        "ix_icat_data_collection_datafile_datafile_id", "icat_data_collection_datafile", ["datafile_id"]
    )


def downgrade() -> None:
    """Drop them, those that refer to others first."""
    for table in reversed(TABLES):
        op.drop_table(table)
