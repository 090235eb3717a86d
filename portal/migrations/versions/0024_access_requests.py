"""Who asks for access to an experiment, and who is asked about it.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _key(name: str, target: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    """Make the two tables, which begin empty."""
    op.create_table(
        "access_request",
        sa.Column("id", sa.Integer, primary_key=True),
        _key("person_id", "person.id"),
        sa.Column("number", sa.String(100), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("passed_on", TIME),
    )
    op.create_index("ix_access_request_person_at", "access_request", ["person_id", "at"])
    waiting = sa.text("passed_on IS NULL")
    op.create_index(
        "ix_access_request_new", "access_request", ["id"], postgresql_where=waiting, sqlite_where=waiting
    )
    op.create_table(
        "access_question",
        sa.Column("id", sa.Integer, primary_key=True),
        _key("request_id", "access_request.id"),
        _key("investigation_id", "icat_investigation.id"),
        _key("person_id", "person.id"),
        sa.Column("at", TIME, nullable=False),
        sa.Column("answer", sa.String(3)),
        sa.Column("answered", TIME),
        sa.UniqueConstraint("request_id", "investigation_id", "person_id"),
    )
    unanswered = sa.text("answered IS NULL")
    op.create_index(
        "ix_access_question_open",
        "access_question",
        ["person_id"],
        postgresql_where=unanswered,
        sqlite_where=unanswered,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("access_question")
    op.drop_table("access_request")
