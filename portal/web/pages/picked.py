"""The datasets that an analysis's form is about: one is taken off, and everything that was typed stays."""

from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from portal.catalogue.inputs import datasets_by_slot
from portal.web.bounds import LONGEST_LINK
from portal.web.context import actor, portal, session
from portal.web.forms.revised import REVISION
from portal.web.pages.analyses import form_page
from portal.web.part import NO_QUERY
from portal.web.views.paging import whole, whole_numbers
from portal.web.views.picks.id_lists import texts_of
from portal.web.views.start import typed_form

page = Blueprint("picked", __name__, url_prefix="/analyses")

NOT_KEPT = frozenset({*NO_QUERY, "idempotency_key", REVISION, "without", "dataset"})


@page.post("/<name>/without")
def without(name: str) -> ResponseReturnValue:
    """The form again without one of its datasets; what was typed stands in its address, so that Back keeps it."""
    jobtype = portal().jobtypes.named(name)
    picked = whole_numbers(request.form.getlist("dataset"))
    datasets_by_slot(session(), actor(), {"": picked})  # hides what this person does not see
    off = whole(request.form.get("without", ""))
    unchanged = request.form.get("title") == request.form.get("proposed")
    kept = [("dataset", text) for text in texts_of([number for number in picked if number != off])]
    kept += [
        (key, value)
        for key, value in request.form.items(multi=True)
        if key not in NOT_KEPT and not (key == "title" and unchanged)
    ]
    query = urlencode(kept)
    if len(query) > LONGEST_LINK:
        return make_response(form_page(jobtype, typed_form(jobtype, MultiDict(kept))))
    slot = f"#f-inputs-{jobtype.slot.name}" if jobtype.slot else ""
    return redirect(f"{url_for('analyses.start', name=name)}?{query}{slot}", 303)
