"""Notices: what has become of my jobs since I last looked?"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.notify.access.answer import open_questions
from portal.notify.read import count_unread, list_notices, mark_all_read, mark_read
from portal.web.context import actor, now, portal, session
from portal.web.part import part
from portal.web.views.drafts.waiting import unsigned_lines
from portal.web.views.notices import new_notices, notice_line
from portal.web.views.paging import page_links, page_number
from portal.web.views.staged.waiting import unsigned_image_lines

page = Blueprint("notices", __name__, url_prefix="/notices")


@page.get("")
def show() -> ResponseReturnValue:
    """Newest first, with links to what they tell of; live while it is open."""
    return render_template(
        "notices/show.html",
        questions=open_questions(session(), actor()),
        unsigned=[
            *unsigned_lines(session(), actor(), portal().settings),
            *unsigned_image_lines(session(), actor(), portal().settings),
        ],
        **_context(),
    )


@part(page, "/part/list", of="notices.show")
def listed() -> ResponseReturnValue:
    """The notices by themselves."""
    return render_template("notices/_list.html", **_context())


def _context() -> dict[str, object]:
    found = list_notices(session(), actor(), page=page_number(request.args))
    return {
        "lines": [notice_line(notice) for notice in found.items],
        "links": page_links(found, "notice"),
        "newest": found.items[0].id if found.items else 0,
        "new": count_unread(session(), actor()),
    }


@part(page, "/part/bell", of="notices.show")
def bell() -> ResponseReturnValue:
    """The bell in the header, as pages ask for it again and again."""
    return render_template("notices/_bell.html", new=new_notices())


@page.post("/<int:notice_id>/read")
def read(notice_id: int) -> ResponseReturnValue:
    """I have read this one."""
    with portal().database.write() as writing:
        mark_read(writing, actor(), notice_id, now=now())
    return redirect(url_for("notices.show", page=request.form.get("page") or None), 303)


@page.post("/read")
def read_all() -> ResponseReturnValue:
    """I have read all that the page showed; what came since stays new."""
    until = request.form.get("until", "")
    newest = int(until) if until.isascii() and until.isdigit() and len(until) < 10 else 0
    with portal().database.write() as writing:
        mark_all_read(writing, actor(), until=newest, now=now())
    flash("All notices are marked as read.")
    return redirect(url_for("notices.show"), 303)
