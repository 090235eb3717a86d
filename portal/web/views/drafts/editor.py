"""Everything that the editor's page shows of a draft."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from portal.drafts.caps import staged_names
from portal.drafts.models import Draft
from portal.drafts.publishing import stage_of
from portal.errors import InvalidError
from portal.form.html import typed_of_html
from portal.identity.actor import Actor
from portal.jobtype.model import JobType, Slot
from portal.jobtype.written import chips
from portal.jobtype.written.check import Checked, Step, check
from portal.jobtype.written.preview import Preview, preview
from portal.jobtype.written.together import left_alone
from portal.jobtype.written.tree import Tree, UnsoundError
from portal.web.context import actor, portal, session
from portal.web.views.drafts import beside, images_shown
from portal.web.views.drafts.audience import ForWhom, for_whom
from portal.web.views.drafts.example import Example, example_of
from portal.web.views.drafts.fields import label_at
from portal.web.views.drafts.here import MOST_SLOTS, Here, here, typed_in
from portal.web.views.drafts.known import known_names
from portal.web.views.drafts.offers import offers_of, told_of
from portal.web.views.drafts.refused import refused_of
from portal.web.views.drafts.scripts import scripts_shown
from portal.web.views.drafts.shown import WORDS, Group, groups_of, left_over
from portal.web.views.drafts.standing import Asked, Progress, asked_of, progress_of
from portal.web.views.drafts.tried.measured import RULE
from portal.web.views.staged.asked import made_here
from portal.web.views.terms.shown import ShownTerms, shown_terms

YAML: Final = "yaml"
MOST_CHIPS: Final = 200


@dataclass(frozen=True)
class StepLink:
    """A step in the editor's navigation."""

    value: str
    words: str
    url: str
    current: bool
    wrong: int
    asked: Asked | None = None
    """Of Publish: how that stands."""

    @property
    def told(self) -> str:
        """What its mark says, in words; empty where there is none."""
        if self.wrong:
            return f"{self.wrong} to fill in or mend"
        return self.asked.value if self.asked else ""


@dataclass(frozen=True)
class Chip:
    """A word of the command: what it is, and what it probably should be."""

    index: int
    words: str
    kind: str
    guess: str
    fixed: bool
    """The program's own name, which stays as it is."""
    alone: bool = False
    """Its value stands behind it and can be missing."""


@dataclass(frozen=True)
class Seen:
    """What of a draft is looked at: a step of it, with this text, which counts as that version."""

    draft: Draft
    step: str
    text: str
    version: int
    on: int | None
    """The dataset that was chosen for the form."""
    others: Mapping[str, int] = field(default_factory=dict)
    """Those that were chosen for the further slots, by the slot's name."""
    find: str = ""
    """Words by which another dataset is looked for."""


def editor_of(
    seen: Seen,
    *,
    opened: str = "",
    live: MultiDict[str, str] | None = None,
    script: tuple[str, str, str] | None = None,
) -> dict[str, Any]:
    """The page's context. `opened`: the item that stands open; `live`: what the form sent;
    `script`: one that is not saved, as `scripts_shown` takes it.
    """
    draft, step, text, on = seen.draft, seen.step, seen.text, seen.on
    who, reading = actor(), session()
    images = images_shown.choices(portal().images)
    checked = check(text, images=staged_names(portal().settings))
    tree = _tree(text) if checked.unsound is None else None
    prepared = preview(tree.data, checked.jobtype) if tree is not None else Preview(None)
    slot = prepared.jobtype.slot if prepared.jobtype is not None else None
    if on is not None and slot is not None and beside.other_type(reading, who, slot, on):
        on = None  # it was chosen before the types were changed
    fits = _fits((reading, who), prepared.jobtype, on, seen)
    typed = live_values(prepared.jobtype, live) if live and prepared.jobtype is not None else None
    form = _form((reading, who), prepared.jobtype, fits, on, typed or None)
    along = _along(form, fits, on, seen.others)
    groups: list[Group] = []
    if tree is not None and step != YAML:
        offers = offers_of(portal().settings) if step == Step.RESOURCES.value else {}
        groups = groups_of(tree, checked, Step(step), opened=opened, images=images, offers=offers)
    return {
        "draft": draft,
        "step": step,
        "text": text,
        "version": seen.version,
        "opened": opened,
        "links": step_links(draft, checked, step, along, asked_of(reading, checked.jobtype)),
        "checked": checked,
        "groups": groups,
        "left_over": left_over(groups, checked, Step(step)) if step != YAML else [],
        "chips": _chips(text) if tree is not None and step == Step.COMMAND.value else [],
        "scripts": scripts_shown(text, script) if tree is not None and step == Step.COMMAND.value else None,
        "module": _module(tree) if step == Step.COMMAND.value else "",
        "preview": prepared,
        "shown": form,
        "on": along["on"],
        "here": along,
        "find": seen.find,
        "typed_live": typed_in(live.items(multi=True)) if live else [],
        "fits": fits,
        "types": beside.type_names(reading) if step in (Step.DATA.value, Step.COMMAND.value) else (),
        "progress": _progress(draft, step),
        "refused": refused_of(checked, step),
        "key": uuid.uuid4().hex,
        "lacking": told_of(portal().settings, prepared.jobtype),
        "terms": terms_to_try(step, checked.jobtype),
        "mine": draft.author_id == who.person_id,
        "image": images_shown.chosen(portal().images, tree) if tree and step == Step.COMMAND.value else None,
        **_makers(step),
        "known": known_names(reading, who, [name for name, _words in images]) if step == YAML else "",
        "step_words": WORDS,
        "label_at": label_at,
        "rule": RULE,
        "example": _example(draft, checked, step),
        "whom": _whom(draft, checked, step),
    }


def terms_to_try(step: str, jobtype: JobType | None) -> ShownTerms | None:
    """The terms that whoever tries the draft is asked to accept, as everybody is."""
    if step != Step.TRY.value or jobtype is None:
        return None
    return shown_terms(session(), actor(), jobtype, accepts=None, use=None)


def _makers(step: str) -> dict[str, Any]:
    """Where an image can be made, and one's own that were."""
    if step != Step.COMMAND.value:
        return {"makers": (), "made_here": ()}
    makers = images_shown.makers(portal().jobtypes.by_name.values())
    return {"makers": makers, "made_here": made_here(session(), actor(), [one.name for one in makers])}


def _progress(draft: Draft, step: str) -> Progress | None:
    if step not in (Step.TRY.value, Step.PUBLISH.value):
        return None
    return progress_of(session(), actor(), draft.id, portal().settings.signs)


def _example(draft: Draft, checked: Checked, step: str) -> Example | None:
    if step != Step.PUBLISH.value or checked.jobtype is None:
        return None
    stage = stage_of(session(), checked.jobtype.name, checked.jobtype.revision)
    return example_of(session(), actor(), draft.id, checked.jobtype, stage)


def _whom(draft: Draft, checked: Checked, step: str) -> ForWhom | None:
    if step != Step.PUBLISH.value or checked.jobtype is None:
        return None
    return for_whom(session(), actor(), draft, checked.jobtype.name, request.args)


def live_values(jobtype: JobType, sent: MultiDict[str, str]) -> dict[str, str]:
    """What somebody typed into the live form, by option; what it showed by itself was typed by nobody."""
    return typed_of_html(jobtype, sent.to_dict(flat=False))


def _tree(text: str) -> Tree | None:
    try:
        return Tree(text)
    except UnsoundError:
        return None


def _form(
    reads: tuple[Session, Actor],
    jobtype: JobType | None,
    fits: Sequence[beside.Fits],
    on: int | None,
    raw: Mapping[str, str] | None,
) -> beside.Shown | None:
    if jobtype is None:
        return None
    if on is None and fits:
        on = fits[0].first
    others = {one.slot: one.chosen for one in fits[1:] if one.chosen is not None}
    try:
        return beside.shown(*reads, jobtype, on, raw, others=others)
    except InvalidError as error:
        return beside.Shown(None, on, why_not=error.message)


def _along(
    form: beside.Shown | None, fits: Sequence[beside.Fits], on: int | None, others: Mapping[str, int]
) -> Here:
    """What goes along to the other steps: what the form stands on, or was asked for where there is no form yet."""
    if form is None or not fits:
        return here(on, others.items())
    return here(form.on, ((one.slot, one.chosen) for one in fits[1:]))


def _fits(reads: tuple[Session, Actor], jobtype: JobType | None, on: int | None, seen: Seen) -> list[beside.Fits]:
    """Of the first slots; in each that a job needs a dataset is chosen, unless a person chose another."""
    found: list[beside.Fits] = []
    for slot in jobtype.inputs[:MOST_SLOTS] if jobtype else ():
        wanted = on if not found else seen.others.get(slot.name)
        one = _fit(reads, jobtype, slot, seen.find, wanted)
        if one.chosen is None and (not found or one.needed):
            # The newest that fits stands there by itself, whatever is looked for.
            newest = (_fit(reads, jobtype, slot, "", None) if seen.find else one).first
            one = _fit(reads, jobtype, slot, seen.find, newest) if newest is not None else one
        found.append(one)
    return found


def _fit(
    reads: tuple[Session, Actor], jobtype: JobType | None, slot: Slot, find: str, wanted: int | None
) -> beside.Fits:
    one = beside.fits(*reads, slot, wanted, find)
    return beside.with_needs(*reads, jobtype, one) if jobtype is not None and slot == jobtype.slot else one


def step_links(draft: Draft, checked: Checked, current: str, along: Here, asked: Asked | None) -> list[StepLink]:
    """The editor's navigation, with how many things each step lacks."""
    wrong = {step: sum(one.certain for one in checked.of(step)) for step in Step}
    if checked.unsound is not None:
        wrong = dict.fromkeys(Step, 0)
    return [
        StepLink(
            step.value,
            WORDS[step],
            url_for("drafts.edit", draft_id=draft.id, step=step.value, **_given(along)),
            step.value == current,
            wrong[step],
            asked if step is Step.PUBLISH else None,
        )
        for step in Step
    ]


def _given(along: Here) -> dict[str, Any]:
    """As `url_for` takes it, whose own arguments have other types."""
    return dict(along)


def _chips(text: str) -> list[Chip]:
    words, alone = chips.words_of(text), left_alone(text)
    return [
        Chip(index, _chip_words(word), _chip_kind(word), chips.guess(words, index), index == 0, index in alone)
        for index, word in enumerate(words[:MOST_CHIPS])
    ]


def _chip_kind(word: Any) -> str:
    if isinstance(word, str):
        return "constant"
    keys = word.keys() if isinstance(word, dict) else ()
    known = {
        "input": "input", "output": "output", "option": "option", "flag": "flag", "text": "option",
        "together": "together",
    }  # fmt: skip
    return next((kind for key, kind in known.items() if key in keys), "mark")


def _chip_words(word: Any) -> str:
    if not isinstance(word, dict):
        return str(word)
    if isinstance(word.get("text"), list):
        return "".join(_chip_words(part) for part in word["text"])
    for key, between in (("together", " "), ("one_of", ", or ")):
        if isinstance(word.get(key), list):
            return between.join(_chip_words(part) for part in word[key])
    for key in ("option", "input", "output", "written"):
        if key in word:
            return f"{word.get('prefix') or ''}{word[key]}"
    return str(word["flag"]) if "flag" in word else ", ".join(f"{key}: {value}" for key, value in word.items())


def _module(tree: Tree | None) -> str:
    return str(tree.get(("program", "module"))) if tree is not None and tree.has(("program", "module")) else ""
