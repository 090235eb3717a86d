"""A form that met no sign-in any more is kept, and filled in again once the same person has signed in.

Every form carries a sign of who it was made for, signed by this portal (`form_of`). By it a form is kept for that
person and for nobody else: not for whoever signs in next in the same browser, and not for a page of another site,
which has no such sign. It stands in the database (`identity.kept`), so that neither a restart nor a second wrong
password loses it; in the address stands only where it is.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, current_app, flash, g, request, url_for
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from portal.identity.kept import drop_kept, find_kept, keep_form
from portal.identity.models import KeptForm, Person
from portal.web.context import actor, now, portal, session

OWNER: Final = "form_of"
NAME: Final = "kept"
NEVER_KEPT: Final = frozenset({"csrf_token", OWNER, NAME, "password", "current", "new", "again"})

Page = Callable[[Mapping[str, Any]], str]

SHOWN_AGAIN: Final[Mapping[str, Page]] = {
    "analyses.begin": lambda args: url_for("analyses.start", **args),
    "analyses.preset": lambda args: url_for("analyses.start", **args),
    "presets.ask": lambda args: url_for("analyses.start", **args),
    "presets.keep_it": lambda args: url_for("presets.new", **args),
    "trials.ask": lambda args: url_for("trials.form", **args),
    "trials.start": lambda args: url_for("trials.form", **args),
    "trials.switch": lambda args: url_for("trials.form", **args),
    "picked.without": lambda args: url_for("analyses.start", **args),
    "batches.rename": lambda args: url_for("batches.show", **args),
    "access_requests.ask": lambda _args: url_for("access_requests.show"),
    "jobs.rename": lambda args: url_for("jobs.job", **args),
    "images.ask": lambda args: url_for("jobs.job", **args),
    "drafts.create": lambda _args: url_for("drafts.show"),
    "drafts.save": lambda args: url_for("drafts.edit", **args),
    "drafts.ask_to_publish": lambda args: url_for("drafts.edit", step="publish", **args),
    "drafts.save_script": lambda args: url_for("drafts.edit", step="command", **args),
    "drafts.try_log": lambda args: url_for("drafts.edit", step="command", **args),
    "drafts.use": lambda args: url_for("drafts.edit", step="data", **args),
    "drafts.keep_as_preset": lambda args: url_for("drafts.edit", step="options", **args),
    "drafts.make_key": lambda _args: url_for("drafts.keys"),
    "drafts.refuse": lambda args: url_for("drafts.show_waiting", **args),
    "staging.refuse": lambda args: url_for("staging.show", **args),
    "drafts.share": lambda args: url_for("drafts.edit", step="publish", **args),
    "me.create": lambda _args: url_for("me.show"),
    "device.look": lambda _args: url_for("device.show"),
    "device.decision": lambda _args: url_for("device.show"),
}
"""Forms into which something is typed, with the page that shows it again. A test asks for a line of every such."""


def form_fields() -> Markup:
    """What every form carries besides its own fields: the CSRF token, whose it is, and which kept one it shows."""
    fields = {"csrf_token": generate_csrf()}
    if actor().person_id is not None:
        fields[OWNER] = _signer().dumps(actor().person_id)
    number = g.get("kept_id") or (request.form.get(NAME, "") if request.method == "POST" else "")
    if number:
        fields[NAME] = number
    inputs = (Markup('<input type="hidden" name="{}" value="{}">').format(*pair) for pair in fields.items())
    return Markup("").join(inputs)


def form_owner() -> int | None:
    """For whom the form that was sent was made; None where it does not say so, or not with our signature."""
    try:
        owner = _signer().loads(request.form.get(OWNER, "")[:200])
    except BadSignature:
        return None
    return owner if isinstance(owner, int) else None


def keep_sent() -> str | None:
    """The address where the form that was sent is shown again, filled in; None where nothing of it is kept."""
    shown = SHOWN_AGAIN.get(request.endpoint or "")
    owner = form_owner()
    if shown is None or owner is None:
        return None
    page = shown(request.view_args or {})
    fields = [pair for pair in request.form.items(multi=True) if pair[0] not in NEVER_KEPT]
    with portal().database.write() as writing:
        person = writing.get(Person, owner)
        if person is None or not person.active:
            return None
        kept = keep_form(writing, owner, request.path[:500], fields, now=now())
        number = kept.id if kept is not None else None
        drop_kept(writing, owner, request.form.get(NAME, ""))  # it had been kept before
    if number is None:
        flash("This form was too large to be kept. Go back: your browser may still show it.", "wrong")
        return page
    return f"{page}?{NAME}={number}"


def page_of_form() -> str | None:
    """The page of the form that was sent, without what was typed; None where nothing is typed into it."""
    shown = SHOWN_AGAIN.get(request.endpoint or "")
    return shown(request.view_args or {}) if shown is not None else None


def kept_fields(*endpoints: str, **args: Any) -> MultiDict[str, str]:
    """What was typed into the form that was sent to one of these endpoints, if this address says that it is kept.

    Empty for everybody but the person who typed it, who is told where nothing is kept any more.
    """
    number = request.args.get(NAME, "")
    if not number or request.method != "GET":
        return MultiDict()
    found = find_kept(session(), number, now=now())
    if found is not None and found.person_id == actor().person_id:
        if found.path not in {url_for(endpoint, **args) for endpoint in endpoints}:
            return MultiDict()
        g.kept_id = found.id
        return MultiDict([(name, text) for name, text in found.fields])
    if "kept_told" not in g:
        g.kept_told = True
        flash(_not_yours(found), "wrong")
    return MultiDict()


def kept_at(target: str) -> KeptForm | None:
    """The form that is kept for the page at this address of ours, whoever's it is."""
    (number,) = parse_qs(urlsplit(target).query).get(NAME, [""])[:1]
    return find_kept(session(), number, now=now())


def _not_yours(found: KeptForm | None) -> str:
    if found is None:
        return "What was typed here is no longer kept: it was sent, or its day is over."
    return (
        "Somebody else had filled in this form, and signed out before it was sent. "
        "It is kept for that person; nothing of it stands here."
    )


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(cast(str, current_app.secret_key), salt="form-of")


def _forget_sent(response: Response) -> Response:
    """A kept form that was sent after all has done its duty."""
    person = actor().person_id
    if request.method == "POST" and request.endpoint in SHOWN_AGAIN and response.status_code == 303:
        number = request.form.get(NAME, "")
        if number and person is not None:
            with portal().database.write() as writing:
                drop_kept(writing, person, number)
    return response


def install_kept(app: Flask) -> None:
    """The fields of every form, and what becomes of a kept one."""
    app.jinja_env.globals["form_fields"] = form_fields
    app.after_request(_forget_sent)
