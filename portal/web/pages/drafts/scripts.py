"""Scripts of a draft: uploaded, written, changed, taken away and downloaded. They stand in its text."""

from collections.abc import Iterator
from urllib.parse import quote

from flask import flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from gantry_formats.commands.written import LONGEST_CONTENT, MOST
from portal.drafts import service
from portal.errors import InvalidError, NotFoundError
from portal.jobtype.written.chips import Made
from portal.jobtype.written.inlined import scripts_of
from portal.jobtype.written.scripts import with_script, without_script
from portal.jobtype.written.tree import UnsoundError
from portal.web.context import actor, now, portal, session
from portal.web.pages.drafts.blueprint import page
from portal.web.pages.drafts.editor import along, show_typed_script
from portal.web.views.drafts.scripts import digest_of


@page.post("/<int:draft_id>/scripts/add")
def add_scripts(draft_id: int) -> ResponseReturnValue:
    """Put the files that were chosen beside the draft's text: all of them, or none where one is no script."""
    draft = service.draft_for(session(), actor(), draft_id)
    text, said, wrong = draft.text, list[str](), list[str]()
    chosen = [one for one in request.files.getlist("scripts")[: MOST + 1] if one.filename]
    if not chosen:
        wrong.append("Choose a file first")
    for name, raw in _files(chosen):
        try:
            made = with_script(text, name, raw)
        except ValueError as error:
            wrong.append(f"{name[:60]}: {error}")
        except UnsoundError as error:
            wrong.append(error.message)
        else:
            text, said = made.text, [*said, made.said]
    if wrong:
        flash(f"Nothing was added. {'; '.join(wrong[:5])}.", "wrong")
        return _back(draft_id)
    return _saved(draft_id, draft.version, Made(text, " ".join(said)))


@page.post("/<int:draft_id>/scripts/save")
def save_script(draft_id: int) -> ResponseReturnValue:
    """Save one as it was typed. What somebody else saved in it meanwhile is not written over."""
    draft = service.draft_for(session(), actor(), draft_id)
    name, typed, was = (request.form.get(key, "") for key in ("name", "text", "was"))
    now_there = scripts_of(draft.text).get(name)
    if now_there is not None and digest_of(now_there) != was and now_there != _lines(typed):
        whose = draft.changed_by.full_name or draft.changed_by.name
        told = (
            f"{name[:60]} is another than when you began: {whose} saved last." if was else f"{name[:60]} is there."
        )
        flash(f"{told} Nothing was saved over it. What you typed stands below; save it by another name.", "wrong")
        return make_response(show_typed_script(draft, ("", typed, "")), 409)
    try:
        made = with_script(draft.text, name, _lines(typed).encode("utf-8", "surrogatepass"))
    except (ValueError, UnsoundError) as error:
        flash(f"Nothing was saved: {error}.", "wrong")
        return make_response(show_typed_script(draft, (name, typed, was)), 422)
    return _saved(draft_id, draft.version, made)


@page.post("/<int:draft_id>/scripts/remove")
def remove_script(draft_id: int) -> ResponseReturnValue:
    """Take one away; the command has its name as a word again."""
    draft = service.draft_for(session(), actor(), draft_id)
    try:
        made = without_script(draft.text, request.form.get("name", ""))
    except UnsoundError as error:
        flash(f"Nothing was changed: {error.message}.", "wrong")
        return _back(draft_id)
    return _saved(draft_id, draft.version, made)


@page.get("/<int:draft_id>/scripts/file")
def script(draft_id: int) -> ResponseReturnValue:
    """One script as a file. Raises NotFoundError."""
    draft = service.draft_for(session(), actor(), draft_id)
    name = request.args.get("name", "")
    content = scripts_of(draft.text).get(name)
    if content is None:
        raise NotFoundError("This draft has no script of that name.")
    response = make_response(content)
    response.mimetype = "text/plain"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _files(chosen: list[FileStorage]) -> Iterator[tuple[str, bytes]]:
    for one in chosen:
        name = (one.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
        yield name, one.stream.read(LONGEST_CONTENT + 1)


def _lines(typed: str) -> str:
    return typed.replace("\r\n", "\n").replace("\r", "\n")


def _saved(draft_id: int, version: int, made: Made) -> ResponseReturnValue:
    try:
        with portal().database.write() as writing:
            service.save(writing, actor(), draft_id, made.text, version, now=now())
    except service.SavedMeanwhileError as error:
        flash(f"{error.message} Do it once more.", "wrong")
    except InvalidError as error:
        flash(error.message, "wrong")
    else:
        flash(made.said)
    return _back(draft_id)


def _back(draft_id: int) -> ResponseReturnValue:
    return redirect(url_for("drafts.edit", draft_id=draft_id, step="command", _anchor="scripts", **along()), 303)
