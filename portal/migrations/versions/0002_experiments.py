"""The catalogue's experiments: facility, instruments, investigations, teams and groups.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


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
    "icat_facility",
    "icat_grouping",
    "icat_user",
    "icat_instrument",
    "icat_investigation_type",
    "icat_user_group",
    "icat_instrument_scientist",
    "icat_investigation",
    "icat_investigation_group",
    "icat_investigation_instrument",
    "icat_investigation_user",
)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "icat_facility",
        *entity(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("full_name", sa.String(1023)),
        sa.Column("description", sa.String(1023)),
        sa.Column("url", sa.String(1023)),
        sa.Column("days_until_release", sa.Integer),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "icat_grouping",
        *entity(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "icat_user",
        *entity(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("full_name", sa.String(255)),
        sa.Column("given_name", sa.String(255)),
        sa.Column("family_name", sa.String(255)),
        sa.Column("affiliation", sa.String(255)),
        sa.Column("email", sa.String(255)),
        sa.Column("orcid_id", sa.String(255)),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "icat_instrument",
        *entity(),
        sa.Column(
            "facility_id", sa.Integer, sa.ForeignKey("icat_facility.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("full_name", sa.String(255)),
        sa.Column("description", sa.String(4000)),
        sa.Column("type", sa.String(255)),
        sa.Column("pid", sa.String(255)),
        sa.Column("url", sa.String(255)),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.UniqueConstraint("facility_id", "name"),
    )
    op.create_table(
        "icat_investigation_type",
        *entity(),
        sa.Column(
            "facility_id", sa.Integer, sa.ForeignKey("icat_facility.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.UniqueConstraint("facility_id", "name"),
    )
    op.create_table(
        "icat_user_group",
        *entity(),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("icat_user.id", ondelete="CASCADE"), nullable=False),
        sa.Column(
            "grouping_id", sa.Integer, sa.ForeignKey("icat_grouping.id", ondelete="CASCADE"), nullable=False
        ),
        sa.UniqueConstraint("user_id", "grouping_id"),
    )
    op.create_index("ix_icat_user_group_grouping_id", "icat_user_group", ["grouping_id"])
    op.create_table(
        "icat_instrument_scientist",
        *entity(),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("icat_user.id", ondelete="CASCADE"), nullable=False),
        sa.Column(
            "instrument_id", sa.Integer, sa.ForeignKey("icat_instrument.id", ondelete="CASCADE"), nullable=False
        ),
        sa.UniqueConstraint("user_id", "instrument_id"),
    )
    op.create_index("ix_icat_instrument_scientist_instrument_id", "icat_instrument_scientist", ["instrument_id"])
    op.create_table(
        "icat_investigation",
        *entity(),
        sa.Column(
            "facility_id", sa.Integer, sa.ForeignKey("icat_facility.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column(
            "type_id", sa.Integer, sa.ForeignKey("icat_investigation_type.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("visit_id", sa.String(255), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("summary", sa.Text),
        sa.Column("doi", sa.String(255)),
        sa.Column("start_date", TIME),
        sa.Column("end_date", TIME),
        sa.Column("release_date", TIME),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.UniqueConstraint("facility_id", "name", "visit_id"),
    )
    op.create_index("ix_icat_investigation_release_date", "icat_investigation", ["release_date"])
    op.create_index("ix_icat_investigation_start_date", "icat_investigation", ["start_date"])
    op.create_table(
        "icat_investigation_group",
        *entity(),
        sa.Column(
            "investigation_id",
            sa.Integer,
            sa.ForeignKey("icat_investigation.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "grouping_id", sa.Integer, sa.ForeignKey("icat_grouping.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("role", sa.String(255), nullable=False),
        sa.UniqueConstraint("grouping_id", "investigation_id", "role"),
    )
    op.create_index(
        "ix_icat_investigation_group_investigation_id", "icat_investigation_group", ["investigation_id"]
    )
    op.create_table(
        "icat_investigation_instrument",
        *entity(),
        sa.Column(
            "investigation_id",
            sa.Integer,
            sa.ForeignKey("icat_investigation.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "instrument_id", sa.Integer, sa.ForeignKey("icat_instrument.id", ondelete="CASCADE"), nullable=False
        ),
        sa.UniqueConstraint("investigation_id", "instrument_id"),
    )
    op.create_index(
        "ix_icat_investigation_instrument_instrument_id", "icat_investigation_instrument", ["instrument_id"]
    )
    op.create_table(
        "icat_investigation_user",
        *entity(),
        sa.Column(
            "investigation_id",
            sa.Integer,
            sa.ForeignKey("icat_investigation.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("icat_user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("role", sa.String(255), nullable=False),
        sa.UniqueConstraint("user_id", "investigation_id", "role"),
    )
    op.create_index("ix_icat_investigation_user_investigation_id", "icat_investigation_user", ["investigation_id"])


def downgrade() -> None:
    """Drop them, those that refer to others first."""
    for table in reversed(TABLES):
        op.drop_table(table)
