"""Is the portal well? For load balancers and operators."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.web.context import portal

page = Blueprint("health", __name__)


@page.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 if the database answers a query that needs our tables, else 503."""
    try:
        with portal().database.read() as session:
            session.execute(text("SELECT count(*) FROM daemon_lease")).scalar_one()
    except SQLAlchemyError:
        return jsonify({"database": "does not answer"}), 503
    return jsonify({"database": "ok"})
