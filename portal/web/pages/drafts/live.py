"""What is done with the live form's values."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from portal.drafts import service
from portal.errors import InvalidError
from portal.jobtype.written.check import check
from portal.jobtype.written.preview import preview
from portal.jobtype.written.tree import Tree, UnsoundError
from portal.web.context import actor, now, portal, session
from portal.web.pages.drafts.blueprint import page
from portal.web.pages.drafts.editor import along
from portal.web.views.drafts import beside
from portal.web.views.drafts.editor import live_values
from portal.web.views.drafts.here import chosen_in, other_datasets, whole_of
from portal.web.views.drafts.live.preset import with_preset
from portal.web.views.start import inputs_of


@page.post("/<int:draft_id>/keep-as-preset")
def keep_as_preset(draft_id: int) -> ResponseReturnValue:
    """The values that stand in the live form become a preset of the draft."""
    draft = service.draft_for(session(), actor(), draft_id)
    on = whole_of(request.form.get("on", "")) or None
    beside.check_seen(session(), actor(), chosen_in(request.form))
    name = request.form.get("preset_name", "")
    opened = None
    try:
        jobtype = preview(Tree(draft.text).data, check(draft.text).jobtype).jobtype
        if jobtype is None:
            raise InvalidError("The form cannot be shown yet, so no values were kept.")
        datasets = beside.chosen(session(), actor(), jobtype, on, other_datasets(request.form))
        inputs = inputs_of(datasets, arrays=jobtype.looks_at_arrays)
        text, number = with_preset(draft.text, jobtype, live_values(jobtype, request.form), inputs, name)
        with portal().database.write() as writing:
            service.save(writing, actor(), draft_id, text, draft.version, now=now())
        opened = f"presets.{number}"
        flash(f"Kept as the preset “{name.strip()}”. Say below when it is the right one.")
    except service.SavedMeanwhileError as error:
        flash(f"{error.message} Nothing was changed: press it again.", "wrong")
    except InvalidError as error:
        told = "; ".join(error.fields.values()) or error.message
        flash(f"No preset was made: {told}", "wrong")
    except UnsoundError as error:
        flash(f"No preset was made: {error.message}.", "wrong")
    anchor = opened.replace(".", "-") if opened else None
    return redirect(
        url_for("drafts.edit", draft_id=draft_id, step="options", opened=opened, _anchor=anchor, **along()), 303
    )
