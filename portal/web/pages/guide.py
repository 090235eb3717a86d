"""A short help page, for everybody."""

from flask import Blueprint, render_template

page = Blueprint("help", __name__)


@page.get("/help")
def show() -> str:
    """How to find data, run an analysis, and what the words mean."""
    return render_template("help/show.html")
