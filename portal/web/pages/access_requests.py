"""Ask for access to an experiment by its number, and answer those who ask for one that I lead."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.errors import InvalidError, LimitError
from portal.level import level
from portal.notify.access.answer import answer
from portal.notify.access.ask import ask_for_access, own_requests
from portal.notify.access.models import YES
from portal.web.context import actor, now, portal, session
from portal.web.forms.kept import kept_fields

page = Blueprint("access_requests", __name__, url_prefix="/access")


@page.get("")
def show() -> ResponseReturnValue:
    """The form, and what I have asked for."""
    kept = kept_fields("access_requests.ask")
    return _page(kept.get("number", ""), kept.get("note", ""))


@page.post("")
def ask() -> ResponseReturnValue:
    """Write it down. What is said is the same whether there is such an experiment or not: nobody looks."""
    number, note = request.form.get("number", ""), request.form.get("note", "")
    try:
        with portal().database.write() as writing:
            fresh = ask_for_access(writing, actor(), number, note, now=now())
    except InvalidError as error:
        return make_response(_page(number, note, error.fields), 422)
    except LimitError as error:
        return make_response(_page(number, note, {"number": error.message}), 429)
    there = f"If there is {level().a} with this number, whoever leads it"
    if fresh:
        flash(f"Asked. {there} gets a notice. If nobody answers, ask them yourself.")
    else:
        flash(f"You asked for it less than seven days ago. {there} has had a notice, and is not asked again yet.")
    return redirect(url_for("access_requests.show"), 303)


@page.post("/questions/<int:question_id>")
def decide(question_id: int) -> ResponseReturnValue:
    """I say yes or no."""
    with portal().database.write() as writing:
        question = answer(writing, actor(), question_id, request.form.get("answer", ""), now=now())
        name = question.request.person.full_name
        login, number = question.request.person.name, question.investigation.name
        agreed = question.answer == YES
    if agreed:
        contact = portal().settings.contact
        flash(
            f"You agreed that {name} sees {number}. Teams are kept by the facility: ask {contact} to add {name} "
            f"(sign-in name {login}) to {number}. Your answer is written down for them."
        )
    else:
        flash(f"You said no to {name}, who is not told.")
    return redirect(url_for("notices.show"), 303)


def _page(number: str = "", note: str = "", wrong: dict[str, str] | None = None) -> str:
    return render_template(
        "access/show.html",
        section="experiments",
        number=number,
        note=note,
        wrong=wrong or {},
        asked=own_requests(session(), actor()),
    )
