"""Analyses: what is possible, and the form that starts one."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from portal.catalogue.access import may
from portal.catalogue.files.named import with_file_names
from portal.catalogue.inputs import datasets_by_slot
from portal.catalogue.models import Dataset, Investigation
from portal.catalogue.service import OFFERED, experiments_to_file_in, who_sees
from portal.drafts.pictures import example_of
from portal.errors import ConflictError, InvalidError, LimitError, NotFoundError
from portal.form import Form, build_form
from portal.form.conditions.page import for_page
from portal.form.fitting import asks_for_arrays
from portal.jobs.read import cluster_status
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.lacking import not_offered
from portal.jobs.submit.naming import as_named
from portal.jobs.submit.presets import offer_for
from portal.jobs.submit.submit import submit
from portal.jobtype.model import JobType
from portal.level import level
from portal.presets.offered import Offer
from portal.web.bounds import LONGEST_LINK
from portal.web.context import actor, now, portal, session
from portal.web.files.sending import send_picture
from portal.web.forms.again import StartedBefore, address_of, keyed, started_before
from portal.web.forms.kept import kept_fields
from portal.web.forms.revised import told_if_revised
from portal.web.part import part
from portal.web.views.analyses import all_cards, analysis_card, example_inputs, fitting_cards
from portal.web.views.drafts.example import examples, not_there
from portal.web.views.finding.analyses import Asked, filter_groups, find
from portal.web.views.paging import whole_numbers
from portal.web.views.pictures import thumbnails
from portal.web.views.presets import chosen as presets
from portal.web.views.seen_by import SeenBy, seen_by
from portal.web.views.since import since
from portal.web.views.start import (
    Origin,
    Typed,
    as_known,
    beside,
    fields_of,
    further_slots,
    inputs_of,
    limits_of,
    problems_of,
    typed_form,
    without_made_name,
    without_unseen,
)
from portal.web.views.terms.shown import shown_terms
from portal.web.views.usage import recent_usage
from portal.words import count

page = Blueprint("analyses", __name__, url_prefix="/analyses")


@page.get("")
def show() -> ResponseReturnValue:
    """What is possible, or what of it is wanted; with `dataset`: what fits these, and why the rest does not."""
    jobtypes = portal().jobtypes
    ids = whole_numbers(request.args.getlist("dataset"))
    if not ids:
        return render_template("analyses/list.html", section="analyses", **_offered())
    datasets = datasets_by_slot(session(), actor(), {"": ids}, arrays=asks_for_arrays(jobtypes))[""]
    fits, others = fitting_cards(jobtypes, datasets)
    return render_template(
        "analyses/fitting.html",
        section="analyses",
        datasets=datasets,
        pictures=thumbnails(session(), actor(), ids),
        fits=fits,
        others=others,
    )


@part(page, "/part/list", of="analyses.show")
def found() -> ResponseReturnValue:
    """What is looked for, as it is typed."""
    return render_template("analyses/_list_part.html", **_offered())


def _offered() -> dict[str, object]:
    jobtypes, asked = portal().jobtypes, Asked.of(request.args)
    on_offer = list(jobtypes.by_name.values())
    measured = example_inputs(session(), actor())
    looked = find(on_offer, asked, measured)
    return {
        "asked": asked,
        "read_as": looked.read_as,
        "cards": all_cards(
            session(),
            actor(),
            looked.jobtypes,
            measured,
            recent_usage(),
            chosen=examples(session(), looked.jobtypes),
        ),
        "total": len(on_offer),
        "groups": filter_groups(on_offer, asked, measured),
        "unpublished": jobtypes.unpublished if actor().staff else (),
    }


@page.get("/<name>/example.png")
def example(name: str) -> ResponseReturnValue:
    """The picture that its author chose, of the revision that is on offer."""
    found = example_of(session(), portal().jobtypes.named(name).revision, whole=True)
    if found is None:
        raise not_there(actor())
    return send_picture(found.png, found.sha256)


@page.get("/<name>/start")
def start(name: str) -> ResponseReturnValue:
    """The form, also with values in the address, or with those of a form that was kept."""
    jobtype = portal().jobtypes.named(name)
    kept = kept_fields("analyses.begin", "analyses.preset", "presets.ask", "picked.without", name=name)
    values = kept or MultiDict(request.args)
    typed = typed_form(jobtype, values)
    if not kept:
        typed = replace(typed, accepts=None)  # no address accepts anything for whoever opens it
    if typed.raw:
        typed = told_what_is_gone(typed)
    return form_page(jobtype, typed, values=values)


@page.post("/<name>/start")
def begin(name: str) -> ResponseReturnValue:
    """Start what the form says."""
    jobtype = portal().jobtypes.named(name)
    typed = typed_form(jobtype, request.form)
    to_look_at = _to_look_at(jobtype, typed)
    if to_look_at is not None:
        return to_look_at
    asked = keyed(
        SubmitRequest(
            jobtype=name,
            inputs=typed.ids,
            options=typed.raw or {},
            variant=typed.variant,
            title=typed.title,
            mode=typed.mode or "each",
            preset=typed.preset,
            idempotency_key=typed.key,
            experiment=typed.experiment,
            accepts=typed.accepts,
            use=typed.use,
        )
    )
    try:
        with portal().database.write() as writing:
            made = submit(
                writing, actor(), asked, jobtypes=portal().jobtypes, settings=portal().settings, now=now()
            )
    except InvalidError as error:
        return make_response(form_page(jobtype, typed, error), 422)
    except NotFoundError:
        left = told_what_is_gone(typed)
        if left.ids == typed.ids:
            raise
        return make_response(form_page(jobtype, left), 404)
    except (LimitError, ConflictError) as error:
        flash(error.message, "wrong")
        return make_response(form_page(jobtype, typed), 429 if isinstance(error, LimitError) else 409)
    before = started_before(session(), made)
    if before is not None:
        return make_response(form_page(jobtype, replace(typed, key=None), before=before), 409)
    return redirect(address_of(made), 303)


def _to_look_at(jobtype: JobType, typed: Typed) -> ResponseReturnValue | None:
    """The form again, where its page showed another one than it is by now."""
    revised = told_if_revised(jobtype, typed)
    if revised is not None:
        return make_response(form_page(jobtype, revised), 409)
    late = _asked_for_after_all(offer_for(session(), actor(), jobtype).jobtype, typed)
    return None if late is None else make_response(form_page(jobtype, *late), 422)


def _asked_for_after_all(jobtype: JobType, typed: Typed) -> tuple[Typed, InvalidError] | None:
    """The form whose page had hidden what is asked for now, since something else changed: nobody has seen it."""
    if not typed.aside:
        return None
    arrays = jobtype.looks_at_arrays
    inputs = inputs_of(datasets_by_slot(session(), actor(), typed.ids, arrays=arrays), arrays=arrays)
    form = build_form(jobtype, inputs, values=typed.raw or {}, preset=typed.preset, mode=typed.mode, judged=False)
    late = [field.name for field in form.fields if field.name in typed.aside and not field.why_not]
    if not late:
        return None
    raw = {**(typed.raw or {}), **{name: typed.aside[name] for name in late}}
    aside = {name: text for name, text in typed.aside.items() if name not in late}
    words = "This is asked for, with what is chosen now. Look whether the value is right."
    return replace(typed, raw=raw, aside=aside), InvalidError(words, fields=dict.fromkeys(late, words))


@page.post("/<name>/preset")
def preset(name: str) -> ResponseReturnValue:
    """The form with a preset's values, or without them again; nothing else that was typed changes."""
    original = portal().jobtypes.named(name)
    jobtype = offer_for(session(), actor(), original).jobtype
    typed = typed_form(jobtype, request.form)
    extra: list[tuple[str, str]] = []
    if request.form.get("undo"):
        made = presets.taken_back(typed, request.form)
        extra = presets.hidden_of({}, "")
    else:
        arrays = jobtype.looks_at_arrays
        inputs = inputs_of(datasets_by_slot(session(), actor(), typed.ids, arrays=arrays), arrays=arrays)
        try:
            before = presets.before_last(request.form)
            made, was = presets.with_chosen(jobtype, inputs, typed, request.form.get("apply", ""), before)
        except KeyError:
            flash("There is no such preset any more. Nothing was changed.", "wrong")
            made, was = typed, {}
        else:
            extra = presets.hidden_of(was, request.form.get(presets.WAS_PRESET) if before else typed.preset)
    values = MultiDict([*fields_of(jobtype, made), *extra])
    query = urlencode(list(values.items(multi=True)))
    if len(query) > LONGEST_LINK:
        return form_page(original, made, values=values)
    return redirect(f"{url_for('analyses.start', name=name)}?{query}", 303)


@part(page, "/<name>/part/beside", of="analyses.start", method="POST")
def estimate(name: str) -> ResponseReturnValue:
    """What stands beside the form, for what is in it now."""
    jobtype = portal().jobtypes.named(name)
    typed = typed_form(jobtype, request.form)
    offer = offer_for(session(), actor(), jobtype)
    return render_template("analyses/_beside.html", anew=True, **_context(offer, typed))


def form_page(
    jobtype: JobType,
    typed: Typed,
    error: InvalidError | None = None,
    *,
    values: MultiDict[str, str] | None = None,
    tried: Origin | None = None,
    before: StartedBefore | None = None,
) -> str:
    """The page with the form of an analysis, filled in.

    `values`: as they came, with what a preset changed; `tried`: from which trial a value is; `before`: what the
    same form started a while ago.
    """
    # Whoever chooses a preset has not sent the form yet, and is not reproached for what is still to be filled in.
    judged = values is None or presets.WAS_PRESET not in values
    offer = offer_for(session(), actor(), jobtype)
    context = _context(offer, as_known(offer.jobtype, typed), error, judged=judged)
    chosen = presets.chosen_of(offer, context["form"], typed, values) if values is not None else None
    return render_template(
        "analyses/start.html",
        section="analyses",
        key=typed.key or uuid.uuid4().hex,
        tried=tried,
        before=before,
        chosen=chosen,
        **context,
    )


def told_what_is_gone(typed: Typed) -> Typed:
    """The form without the datasets that can no longer be seen, which is said."""
    left, gone = without_unseen(session(), actor(), typed)
    if gone:
        flash(
            f"{count(gone, 'dataset')} of those that were chosen cannot be seen any more, and "
            f"{'is' if gone == 1 else 'are'} left out. All else is as you typed it.",
            "wrong",
        )
    return left


def _context(
    offer: Offer, typed: Typed, error: InvalidError | None = None, *, judged: bool = True
) -> dict[str, Any]:
    jobtype = offer.original
    arrays = jobtype.looks_at_arrays
    datasets = datasets_by_slot(session(), actor(), typed.ids, arrays=arrays)
    given = with_file_names(session().connection(), jobtype, inputs_of(datasets, arrays=arrays))
    inputs = as_named(session(), actor(), jobtype, given, typed.mode, now=now())
    values = (typed.raw or {}) if error is not None or typed.raw else None
    offered = [] if jobtype.inputs else experiments_to_file_in(session(), actor(), chosen=typed.experiment)
    form = build_form(
        offer.jobtype,
        inputs,
        preset=typed.preset,
        values=values,
        mode=typed.mode,
        experiment=typed.experiment,
        judged=judged,
        aside=typed.aside,
    )
    form = replace(form, jobtype=jobtype)
    main = datasets.get(jobtype.slot.name, []) if jobtype.slot else []
    status = cluster_status(session())
    mode = typed.mode if typed.mode in form.modes else form.modes[0]
    further = further_slots(session(), actor(), jobtype, datasets, form)
    return {
        "jobtype": jobtype,
        "analysis": analysis_card(jobtype),
        "form": form,
        "kept": offer.kept,
        "since": since(session(), actor(), form, typed, inputs),
        "typed": without_made_name(typed, form, inputs),
        "errors": problems_of(form, error) if judged and values is not None else [],
        "conditions": for_page(form, typed.raw or {}, inputs),
        "main": main,
        "pictures": thumbnails(session(), actor(), [dataset.id for dataset in main[:12]]),
        "needed": [one for one in further if one.needed],
        "further": [one for one in further if not one.needed],
        "beside": beside(session(), actor(), form, inputs, typed, status=status, now=now()),
        "offered": offered,
        "most_offered": OFFERED,
        "seen_by": _seen_by(jobtype, datasets, offered, typed, mode),
        "refused": _refused(main) or _nowhere_to_file(form, offered),
        "terms": shown_terms(session(), actor(), jobtype, accepts=typed.accepts, use=typed.use, error=error),
        "lacking": not_offered(portal().settings, jobtype),
        "variant": typed.variant or jobtype.resources.default,
        "mode": mode,
        "limits": limits_of(form),
        "can_try": any(jobtype.can_be_tried(option) for option in jobtype.options),
        "cluster_banner": status.banner,
    }


def _seen_by(
    jobtype: JobType,
    datasets: Mapping[str, list[Dataset]],
    offered: Sequence[Investigation],
    typed: Typed,
    mode: str,
) -> SeenBy:
    """Who will see the result, as far as it is known yet."""
    if jobtype.inputs:
        return seen_by(session(), actor(), jobtype, datasets, mode, now=now())
    chosen = next((one for one in offered if one.id == typed.experiment), None)
    return SeenBy(who_sees(session(), chosen) if chosen else "")


def _nowhere_to_file(form: Form, offered: Sequence[Investigation]) -> str:
    if form.target is None or not form.target.required or offered:
        return ""
    return f"The result needs {level().a}, and there is none in whose team you are."


def _refused(datasets: list[Dataset]) -> str:
    """Why this person cannot start anything on these datasets; empty if she can."""
    for dataset in {item.investigation_id: item for item in datasets}.values():
        if not may(session(), actor(), "submit", dataset.investigation):
            return (
                f"You can see “{dataset.name}”, but only the team of “{dataset.investigation.title}” "
                "runs analyses there."
            )
    return ""
