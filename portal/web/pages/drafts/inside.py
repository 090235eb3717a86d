"""Beside the step Data: a real file's tree, from which conditions and defaults are picked."""

from collections.abc import Mapping
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.drafts import service
from portal.errors import InvalidError
from portal.jobtype.model import JobType
from portal.jobtype.written.check import Step, check
from portal.jobtype.written.preview import preview
from portal.jobtype.written.tree import Tree, UnsoundError
from portal.web.context import actor, now, portal, session
from portal.web.pages.drafts.blueprint import page
from portal.web.pages.drafts.editor import AT, along, inside_context
from portal.web.part import part
from portal.web.views.drafts import beside
from portal.web.views.drafts.editor import Seen, editor_of
from portal.web.views.drafts.here import chosen_in, other_datasets, whole_of, words_in
from portal.web.views.drafts.inside.named import Named
from portal.web.views.drafts.inside.pick import condition_of, met_by, options_for, with_condition, with_default
from portal.web.views.drafts.inside.shown import Asked, asked_in, picked, picking_of

GONE = "What was pressed is not there any more, so nothing was changed."


@part(page, f"{AT}/part/inside", of="drafts.edit")
def inside(draft_id: int, step: str) -> ResponseReturnValue:
    """What can be named of the dataset, and the tree of one of its files."""
    context = _editor(draft_id)
    return render_template("drafts/_inside.html", step=step, **inside_context(context, {}) | _about(context))


@part(page, f"{AT}/part/pick", of="drafts.edit")
def pick(draft_id: int, step: str) -> ResponseReturnValue:
    """What can be made of one thing that was pressed. No file is opened for it."""
    context, asked = _editor(draft_id), asked_in(request.args)
    jobtype = context["preview"].jobtype
    found = picked(session(), actor(), jobtype, asked) if jobtype is not None else None
    picking = picking_of(jobtype, found[1], asked, None) if found else None
    return render_template(
        "drafts/_inside_pick.html", step=step, asked=asked, picking=picking, gone=GONE, **_about(context)
    )


@page.post("/<int:draft_id>/data/use")
def use(draft_id: int) -> ResponseReturnValue:
    """What was pressed becomes a condition on the datasets, or where an option's default comes from."""
    draft = service.draft_for(session(), actor(), draft_id)
    sent, asked = request.form, asked_in(request.form)
    opened = None
    try:
        jobtype = preview(Tree(draft.text).data, check(draft.text).jobtype).jobtype
        text, opened, told = _made(draft.text, jobtype, asked, sent)
        with portal().database.write() as writing:
            service.save(writing, actor(), draft_id, text, draft.version, now=now())
        flash(told)
    except service.SavedMeanwhileError as error:
        flash(f"{error.message} Nothing was changed: press it again.", "wrong")
    except InvalidError as error:
        flash(error.message, "wrong")
        return _again(draft_id, sent)
    except UnsoundError as error:
        flash(f"Nothing was changed: {error.message}.", "wrong")
    here: Mapping[str, Any] = {**along(), "opened": opened}
    anchor = opened.replace(".", "-") if opened else "draft-inside"
    step = Step.OPTIONS.value if opened and opened.startswith("options.") else Step.DATA.value
    if step == Step.DATA.value:
        here = {**here, "inside": asked.inside or None, "file": asked.file or None}
    return redirect(url_for("drafts.edit", draft_id=draft_id, step=step, **here, _anchor=anchor), 303)


def _made(
    text: str, jobtype: JobType | None, asked: Asked, sent: Mapping[str, str]
) -> tuple[str, str | None, str]:
    """The changed text, the item of it that stands open then, and what is said. Raises InvalidError."""
    found = picked(session(), actor(), jobtype, asked) if jobtype is not None else None
    named = _named(found[1], asked.pick) if found else None
    if jobtype is None or found is None or named is None:
        raise InvalidError(GONE)
    dataset, slot = found[0], jobtype.inputs[asked.slot].name
    if sent.get("do") == "default":
        of_slot = slot if asked.slot else ""
        number = int(sent["option"]) if sent.get("option", "").isdecimal() and len(sent["option"]) < 5 else -1
        changed, said = with_default(text, named, number, options_for(jobtype, named), of_slot)
        return changed, f"options.{number}", said
    slots = [one.name for one in jobtype.inputs]
    condition = condition_of(named, sent.get("operator", ""), sent.get("value", ""), slots)
    changed, number = with_condition(text, condition, sent.get("because", ""))
    met = met_by(jobtype, slot, condition, dataset)
    of_it = "meets it." if met else "does not meet it: it would not fit any more."
    return changed, f"needs.{number}", f"It fits only where {condition}. “{dataset.name}” {of_it}"


def _named(named: tuple[Named, ...], key: str) -> Named | None:
    return next((one for one in named if one.key == key and one.name), None)


def _editor(draft_id: int) -> dict[str, Any]:
    draft, sent = service.draft_for(session(), actor(), draft_id), request.values
    beside.check_seen(session(), actor(), chosen_in(sent))
    on, others = whole_of(sent.get("on", "")) or None, other_datasets(sent)
    return editor_of(Seen(draft, Step.DATA.value, draft.text, draft.version, on, others, words_in(sent)))


def _about(context: Mapping[str, Any]) -> dict[str, Any]:
    return {name: context[name] for name in ("draft", "here", "find")}


def _again(draft_id: int, sent: Mapping[str, str]) -> ResponseReturnValue:
    """The page with what was typed, and what is wrong with it on top."""
    context = _editor(draft_id)
    more = inside_context(context, sent)
    return make_response(render_template("drafts/edit.html", section="analyses", **more, **context), 422)
