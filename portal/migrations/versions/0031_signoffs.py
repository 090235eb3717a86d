"""Keys of those who sign off, what they signed, and a word of its own for each wish.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, which begin empty, and the column."""
    op.add_column("revision_wish", sa.Column("nonce", sa.String(32), nullable=False, server_default=""))
    op.create_table(
        "signoff_key_offer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("client_data", sa.Text, nullable=False),
        sa.Column("attestation", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("ix_signoff_key_offer_person", "signoff_key_offer", ["person_id"])
    op.create_table(
        "signoff_key",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("code", sa.String(19), nullable=False),
        sa.Column("credential", sa.String(1400), nullable=False, unique=True),
        sa.Column("public_key", sa.Text, nullable=False),
        sa.Column("counter", sa.BigInteger, nullable=False),
        sa.Column("enrolled", TIME, nullable=False),
        sa.Column("enrolled_by", sa.String(255), nullable=False),
        sa.Column("withdrawn", TIME),
        sa.Column("withdrawn_by", sa.String(255), nullable=False),
    )
    op.create_index("ix_signoff_key_person", "signoff_key", ["person_id"])
    op.create_table(
        "signoff",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("wish_id", sa.Integer, sa.ForeignKey("revision_wish.id"), nullable=False),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("approves", sa.Boolean, nullable=False),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("credential", sa.Text, nullable=False),
        sa.Column("client_data", sa.Text, nullable=False),
        sa.Column("authenticator_data", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index("ix_signoff_wish", "signoff", ["wish_id"])
    op.create_table(
        "signoff_answer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("signoff_id", sa.Integer, sa.ForeignKey("signoff.id"), nullable=False, unique=True),
        sa.Column("counts", sa.Boolean, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("signoff_answer")
    op.drop_table("signoff")
    op.drop_table("signoff_key")
    op.drop_table("signoff_key_offer")
    op.drop_column("revision_wish", "nonce")
