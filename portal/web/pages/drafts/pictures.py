"""The example picture of a draft: one that a trial of this very text made, or an earlier revision's."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from portal.drafts import pictures, service
from portal.errors import ConflictError, LimitError
from portal.jobtype.written.check import check
from portal.web.context import actor, now, portal, session
from portal.web.files.sending import send_picture
from portal.web.pages.drafts.blueprint import page
from portal.web.views.drafts.example import not_there
from portal.web.views.drafts.here import whole_of


@page.post("/<int:draft_id>/example")
def choose_example(draft_id: int) -> ResponseReturnValue:
    """Keep a trial's picture as the example, or an earlier revision's, or have none."""
    service.draft_for(session(), actor(), draft_id)
    chosen = request.form.get("picture", "")
    try:
        with portal().database.write() as writing:
            if chosen == "none":
                pictures.leave_out(writing, actor(), draft_id)
                flash("It has no example picture any more.")
            elif chosen == "earlier":
                pictures.take_earlier(writing, actor(), draft_id)
                flash("The picture of the earlier revision stands on its card, as before.")
            else:
                number, settings = whole_of(chosen), portal().settings
                pictures.choose(writing, actor(), draft_id, number, settings=settings, now=now())
                flash("This picture stands on its card, for whoever can start it.")
    except (ConflictError, LimitError) as error:
        flash(f"{error.message} Nothing was changed.", "wrong")
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="publish", _anchor="example"), 303)


@page.get("/<int:draft_id>/example.png")
def example(draft_id: int) -> ResponseReturnValue:
    """The picture that was chosen for the text as it is now."""
    draft = service.draft_for(session(), actor(), draft_id)
    jobtype = check(draft.text).jobtype
    found = pictures.example_of(session(), jobtype.revision, whole=True) if jobtype is not None else None
    if found is None:
        raise not_there(actor())
    return send_picture(found.png, found.sha256)


@page.get("/<int:draft_id>/earlier.png")
def earlier_example(draft_id: int) -> ResponseReturnValue:
    """The picture that an earlier revision was published with, which this one could have too."""
    draft = service.draft_for(session(), actor(), draft_id)
    jobtype = check(draft.text).jobtype
    found = pictures.earlier(session(), actor(), jobtype, whole=True) if jobtype is not None else None
    if found is None:
        raise not_there(actor())
    return send_picture(found.png, found.sha256)
