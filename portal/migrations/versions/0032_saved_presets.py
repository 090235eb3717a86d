"""Presets that people keep.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _key(name: str, target: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(target, ondelete="CASCADE"), nullable=nullable)


def _alone(name: str, of: str, *columns: str) -> None:
    there = sa.text(f"deleted IS NULL AND {of}")
    whole = ["analysis", *columns, "folded"]
    op.create_index(name, "saved_preset", whole, unique=True, postgresql_where=there, sqlite_where=there)


def upgrade() -> None:
    """Make the table, which begins empty."""
    op.create_table(
        "saved_preset",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("analysis", sa.String(100), nullable=False),
        _key("person_id", "person.id"),
        _key("investigation_id", "icat_investigation.id", nullable=True),
        sa.Column("facility", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("folded", sa.String(180), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("options", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("revision", sa.String(71), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.Column("deleted", TIME),
    )
    _alone("ux_saved_preset_own", "investigation_id IS NULL AND NOT facility", "person_id")
    _alone("ux_saved_preset_team", "investigation_id IS NOT NULL", "investigation_id")
    _alone("ux_saved_preset_facility", "facility")
    op.create_index("ix_saved_preset_person", "saved_preset", ["person_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("saved_preset")
