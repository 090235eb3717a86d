"""The one blueprint of drafts, for its modules."""

from flask import Blueprint

page = Blueprint("drafts", __name__, url_prefix="/analyses/drafts")
