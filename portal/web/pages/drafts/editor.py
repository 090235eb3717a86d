"""The editor of one draft: seven steps and the YAML, which are the same document."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from portal.drafts import before, service
from portal.drafts.models import Draft
from portal.errors import ConflictError, InvalidError, NotFoundError
from portal.jobtype.written import chips
from portal.jobtype.written.check import Step
from portal.jobtype.written.tree import Tree, UnsoundError
from portal.web.context import actor, close_session, now, portal, session
from portal.web.forms.kept import kept_fields
from portal.web.pages.drafts.as_yaml import as_yaml
from portal.web.pages.drafts.blueprint import page
from portal.web.part import part
from portal.web.views.drafts import beside
from portal.web.views.drafts.apply import moved_to, value_at
from portal.web.views.drafts.editor import YAML, Seen, editor_of
from portal.web.views.drafts.fields import PREFIX, path_of
from portal.web.views.drafts.here import chosen_in, here_of, other_datasets, whole_of, words_in
from portal.web.views.drafts.inside.shown import asked_in, inside_of
from portal.web.views.drafts.merge import merged, with_step
from portal.web.views.drafts.pasted import with_pasted
from portal.web.views.drafts.tried.log import MOST_CHARACTERS, tried

STEPS = (*(step.value for step in Step), YAML)
AT = f"/<int:draft_id>/<any({', '.join(STEPS)}):step>"
"""Of a step and of nothing else: the address of a button, such as `/undo`, is no step that there is not."""
_MOVES = re.compile(r"(.+)\.([0-9]{1,4})\.(?:(up|down)|to\.([0-9]{1,4}))")
CHIPS = {
    "output": chips.to_output,
    "option": chips.to_option,
    "flag": chips.to_flag,
    "constant": chips.to_constant,
    "together": chips.to_one,
}


@page.get(AT)
def edit(draft_id: int, step: str) -> ResponseReturnValue:
    """A step, or the YAML. What was kept of a form that met no sign-in stands in it, and is not saved yet."""
    draft = _draft(draft_id)
    beside.check_seen(session(), actor(), chosen_in(request.args))
    kept = kept_fields("drafts.save", draft_id=draft_id, step=step)
    if not kept:
        return _with_kept(draft, step)
    text = draft.text
    with suppress(UnsoundError):
        text = kept.get("text", text) if step == YAML else with_step(text, Step(step), kept, "")
    flash("What you had typed before the sign-in stands here again. It is not saved yet: press Save.")
    return _page(draft, step, text, whole_of(kept.get("version", "")) or draft.version)


@page.post(AT)
def save(draft_id: int, step: str, again: bool = False) -> ResponseReturnValue:
    """Save what was typed, and do what the button says; once more where something was saved at the same moment."""
    draft = _draft(draft_id)
    button = request.form.get("do", "")
    version = whole_of(request.form.get("version", ""))
    told: list[str] = []
    try:
        text = _theirs_and_mine(draft, step, version, button)
        if text is None:
            return _conflict(draft, step, version, button)
        if button == "paste":
            text, told = with_pasted(text, request.form.get("pasted", ""))
        elif button.startswith("chip."):
            text, words = _chip(text, button)
            told = [words]
        with portal().database.write() as writing:
            draft = service.save(writing, actor(), draft_id, text, draft.version, now=now())
    except service.SavedMeanwhileError:
        close_session()  # what was saved in this very moment is to be seen
        return _conflict(_draft(draft_id), step, version, button) if again else save(draft_id, step, again=True)
    except UnsoundError as error:
        flash(f"Nothing was changed: {error.message}.", "wrong")
    except InvalidError as error:
        flash(error.message, "wrong")
        return make_response(_page(draft, step, _typed_text(draft, step), draft.version), 422)
    for words in told:
        flash(words)
    return redirect(_onward(draft, step, button), 303)


@part(page, f"{AT}/part/saved", of="drafts.edit", method="POST")
def saved(draft_id: int, step: str) -> ResponseReturnValue:
    """Save what was typed so far; the answer is what stands beside it then. Nothing goes over another's save."""
    draft = _draft(draft_id)
    version = whole_of(request.form.get("version", ""))
    trouble = ""
    try:
        text = _theirs_and_mine(draft, step, version, "")
        if text is None:
            trouble = "meanwhile"
        else:
            with portal().database.write() as writing:
                draft = service.save(writing, actor(), draft_id, text, draft.version, now=now())
    except service.SavedMeanwhileError:
        draft, trouble = _draft(draft_id), "meanwhile"
    except (UnsoundError, InvalidError) as error:
        trouble = error.message
    kept = draft.version if not trouble else version
    context = editor_of(_seen(draft, step, draft.text, kept, _sent_if_seen()), live=request.form)
    return render_template("drafts/_saved.html", trouble=trouble, **context)


@part(page, f"{AT}/part/form", of="drafts.edit", method="POST")
def form(draft_id: int, step: str) -> ResponseReturnValue:
    """The live form with what was chosen in it, and the command of it. Nothing is saved or started."""
    draft = _draft(draft_id)
    beside.check_seen(session(), actor(), chosen_in(request.form))
    context = editor_of(_seen(draft, step, draft.text, draft.version, request.form), live=request.form)
    return render_template("drafts/_live.html", **context)


@page.post("/<int:draft_id>/command/try-log")
def try_log(draft_id: int) -> ResponseReturnValue:
    """The step Command with what its saved patterns find in a log that was pasted. Nothing is kept of the log."""
    draft = _draft(draft_id)
    context = editor_of(_seen(draft, Step.COMMAND.value, draft.text, draft.version, request.form))
    held = {field.name: field.value for group in context["groups"] for field in (*group.fields, *group.rare)}
    log = request.form.get("log", "")
    found = tried(log, held.get(f"{PREFIX}progress.pattern", ""), held.get(f"{PREFIX}cause", ""))
    return render_template(
        "drafts/edit.html", section="analyses", log=log[:MOST_CHARACTERS], log_tried=found, **context
    )


@part(page, f"{AT}/part/log", of="drafts.edit", method="POST")
def log_tried(draft_id: int, step: str) -> ResponseReturnValue:
    """What the patterns as they stand in the fields find in the log."""
    _draft(draft_id)
    sent = request.form
    found = tried(sent.get("log", ""), sent.get(f"{PREFIX}progress.pattern", ""), sent.get(f"{PREFIX}cause", ""))
    return render_template("drafts/_log_tried.html", log_tried=found, step=step)


@page.post("/<int:draft_id>/undo")
def undo(draft_id: int) -> ResponseReturnValue:
    """Back to how it was before the last change."""
    step = request.form.get("step", "")
    step = step if step in STEPS else Step.PURPOSE.value
    try:
        with portal().database.write() as writing:
            service.undo(writing, actor(), draft_id, whole_of(request.form.get("version", "")), now=now())
        flash("The last change is undone. Undo once more goes further back.")
    except ConflictError as error:
        flash(error.message, "wrong")
    return redirect(url_for("drafts.edit", draft_id=draft_id, step=step, **along()), 303)


@page.get("/<int:draft_id>/file")
def as_file(draft_id: int) -> ResponseReturnValue:
    """The YAML as a file, for editors, and for `gantry analyses check` and `draft`."""
    draft = service.draft_for(session(), actor(), draft_id)
    return as_yaml(draft.text, f"draft-{draft.id}.yaml")


def _draft(draft_id: int) -> Draft:
    return service.draft_for(session(), actor(), draft_id)


def _typed() -> dict[str, str]:
    """The last value of each name: a ticked box overrules the hidden one before it."""
    return {name: texts[-1] for name, texts in request.form.to_dict(flat=False).items() if texts}


def _theirs_and_mine(draft: Draft, step: str, version: int, button: str) -> str | None:
    """The draft's text with what was typed; None where somebody saved other things at the same places."""
    if step == YAML:
        mine = request.form.get("text", draft.text)
        same = version == draft.version or mine.replace("\r\n", "\n") == draft.text
        return mine if same else None
    if version == draft.version:
        return with_step(draft.text, Step(step), _typed(), button)
    base = before.text_of(session(), draft.id, version)
    return None if base is None else merged(base, draft.text, Step(step), _typed(), button)


def _typed_text(draft: Draft, step: str) -> str:
    return request.form.get("text", draft.text) if step == YAML else draft.text


def _conflict(draft: Draft, step: str, version: int, button: str) -> ResponseReturnValue:
    """Both texts: what was saved meanwhile, and what it would be with what was typed. Nothing was saved."""
    base = before.text_of(session(), draft.id, version)
    mine = _typed_text(draft, step)
    if step != YAML:
        try:
            mine = with_step(base if base is not None else draft.text, Step(step), _typed(), button)
        except UnsoundError:
            mine = base or ""
    context: dict[str, Any] = {"draft": draft, "step": step, "mine": mine, "by": draft.changed_by}
    return make_response(render_template("drafts/conflict.html", section="analyses", **context), 409)


def _chip(text: str, button: str) -> tuple[str, str]:
    """What a click on a word of the command does."""
    _, _, rest = button.partition(".")
    number, _, what = rest.partition(".")
    index = int(number) if number.isdecimal() and len(number) < 5 else 0
    try:
        if what == "input":
            types = beside.types_with(session(), actor(), chips.pattern_of(text, index))
            made = chips.to_input(text, index, types)
        elif what in CHIPS:
            made = CHIPS[what](text, index)
        else:
            return text, "Nothing was changed."
    except (IndexError, KeyError):
        return text, "This word is not there any more, so nothing was changed."
    return made.text, made.said


def _onward(draft: Draft, step: str, button: str) -> str:
    """Where it goes on; the focus stays on the button that moved an item, wherever that stands now."""
    here: Mapping[str, Any] = {"draft_id": draft.id, **along()}
    if button == "next" and step in STEPS:
        return url_for("drafts.edit", step=STEPS[min(STEPS.index(step) + 1, len(Step) - 1)], **here)
    place = _moved(button)
    opened = (place if ".to." not in button else "") or (request.form.get("opened") or None)
    anchor = "command" if button.startswith("chip.") or button == "paste" else _focused(draft.text, place, button)
    return url_for("drafts.edit", step=step, opened=opened, _anchor=anchor, **here)


def _moved(button: str) -> str:
    """The place of an item after the button that moved it: `options.1` of `options.2.up` and `options.0.to.1`."""
    found = _MOVES.fullmatch(button)
    if found is None:
        return ""
    head, number, what, to = found.groups()
    return f"{head}.{to if to is not None else max(0, moved_to(int(number), what))}"


def _focused(text: str, place: str, button: str) -> str | None:
    """The id of what has the focus then: the button that was pressed, or the other one where it is gone."""
    anchor, what = place.replace(".", "-"), button.rpartition(".")[2]
    if not anchor or what not in {"up", "down"}:
        return anchor or None
    of_list, _, number = place.rpartition(".")
    with suppress(UnsoundError):
        items = value_at(Tree(text), path_of(of_list))
        last = len(items) - 1 if isinstance(items, list) else 0
        what = "down" if int(number) <= 0 else "up" if int(number) >= last else what
    return f"{anchor}-{what}"


def along() -> dict[str, Any]:
    """The datasets that a form was sent with, for the address to which it leads."""
    return dict(here_of(request.form))


def _seen(draft: Draft, step: str, text: str, version: int, chosen: Mapping[str, str]) -> Seen:
    """A step of the draft on the datasets that were chosen."""
    on = whole_of(chosen.get("on", "")) or None
    return Seen(draft, step, text, version, on, other_datasets(chosen), words_in(request.values))


def _sent_if_seen() -> Mapping[str, str]:
    """What was sent, or nothing where a dataset is seen no more: what is typed is saved all the same."""
    try:
        beside.check_seen(session(), actor(), chosen_in(request.form))
    except NotFoundError:
        return {}
    return request.form


def _with_kept(draft: Draft, step: str) -> str:
    """The page, with what was kept of its smaller forms, a log or values for a preset, that met no sign-in."""
    log = kept_fields("drafts.try_log", draft_id=draft.id).get("log", "")
    preset = kept_fields("drafts.keep_as_preset", draft_id=draft.id)
    script = kept_fields("drafts.save_script", draft_id=draft.id)
    if script:
        flash("The script that you had typed before the sign-in stands below again. It is not saved yet.")
        return show_typed_script(draft, (script.get("name", ""), script.get("text", ""), script.get("was", "")))
    more = {"log": log, "preset_name": preset.get("preset_name", "")}
    return _page(draft, step, draft.text, draft.version, live=preset, **more)


def show_typed_script(draft: Draft, typed: tuple[str, str, str]) -> str:
    """The step Command with a script that is not saved: its name, its text, and what it was before."""
    seen = _seen(draft, Step.COMMAND.value, draft.text, draft.version, request.values)
    return render_template("drafts/edit.html", section="analyses", **editor_of(seen, script=typed))


def _page(
    draft: Draft, step: str, text: str, version: int, live: MultiDict[str, str] | None = None, **more: Any
) -> str:
    live = live or request.args  # without scripts the live form's values come in the address
    seen = _seen(draft, step, text, version, live if "on" in live else request.values)
    context = editor_of(seen, opened=request.args.get("opened", ""), live=live)
    if step == Step.DATA.value:
        more = {**more, **inside_context(context, kept_fields("drafts.use", draft_id=draft.id))}
    return render_template("drafts/edit.html", section="analyses", **more, **context)


def inside_context(context: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """The panel with a file's tree, as the address asks for it, or what was typed into it and not done."""
    reads = (session(), actor(), portal().settings)
    asked = asked_in(typed or request.args)
    return {"inside": inside_of(reads, context["preview"].jobtype, context["fits"], asked, typed)}
