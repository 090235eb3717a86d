"""Alembic's environment: runs revisions on the connection that portal.migrations hands over.

Called by the `alembic` command (a developer making a revision) it opens the database of the settings instead.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

import portal.audit.models
import portal.catalogue.models
import portal.drafts.models
import portal.drafts.pictures
import portal.drafts.revisions
import portal.drafts.signoff.models
import portal.identity.models
import portal.jobs.clusters.rows
import portal.jobs.models
import portal.jobs.timing.models
import portal.notify.access.models
import portal.notify.models
import portal.presets.models
import portal.staging.models
import portal.terms.models  # noqa: F401  (they fill Base.metadata)
from portal.config import load_settings
from portal.db import Base, UTCDateTime, make_engine


def render_item(kind: str, item: Any, _autogen: AutogenContext) -> str | Literal[False]:
    """A revision must keep its meaning when our classes change, so it names SQLAlchemy's types only."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    """Run the revisions that the caller asked for on `connection`."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = make_engine(load_settings().database)
    with engine.connect().execution_options(gantry_write=True) as opened, opened.begin():
        run(opened)
