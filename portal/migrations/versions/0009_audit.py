"""What was done is written down, and stays.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REFUSED = "What was written down of the past stays as it is"


def upgrade() -> None:
    """Make the table, and let nobody change or delete its rows, its owner included."""
    op.create_table(
        "audit_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("person_id", sa.Integer),
        sa.Column("person_name", sa.String(255), nullable=False),
        sa.Column("via", sa.String(16), nullable=False),
        sa.Column("token_id", sa.Integer),
        sa.Column("token_name", sa.String(100)),
        sa.Column("address", sa.String(64)),
        sa.Column("object_kind", sa.String(20), nullable=False),
        sa.Column("object_id", sa.String(64)),
        sa.Column("object_words", sa.String(255), nullable=False),
        sa.Column("details", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    )
    op.create_index("ix_audit_record_person", "audit_record", ["person_id", "at"])
    op.create_index("ix_audit_record_object", "audit_record", ["object_kind", "object_id"])
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_record_stays_{deed.lower()} BEFORE {deed} ON audit_record "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION gantry_audit_stays() RETURNS trigger "
        "LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp "
        f"AS $$ BEGIN RAISE insufficient_privilege USING MESSAGE = '{REFUSED}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_record_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record "
        "FOR EACH STATEMENT EXECUTE FUNCTION gantry_audit_stays()"
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("audit_record")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION gantry_audit_stays()")
