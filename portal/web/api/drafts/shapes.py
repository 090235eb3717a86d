"""Drafts as JSON: the text, how far it is, what is wrong with it, and what was asked of the publisher."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.config.publisher import Signs
from portal.drafts.models import Draft
from portal.drafts.past import audience_of, to_whom
from portal.drafts.publishing import Stage
from portal.drafts.revisions import RevisionWish, Wished
from portal.identity.actor import Actor
from portal.identity.models import Person
from portal.jobtype.finding import Finding
from portal.jobtype.written.check import Checked, check
from portal.jobtype.written.said import name_said
from portal.jobtype.written.verdict import Verdict, verdict_of, verdicts
from portal.web.views.drafts.refused import hindrances_of
from portal.web.views.drafts.standing import WORDS, progress_of, stages

MOST_WISHES = 20
INCOMPLETE = "Not complete: something is to be filled in or mended."
NOT_LOOKED_AT = "Not looked at yet: the drafts before it are long. Ask again, or ask for this one alone."


class PersonOut(BaseModel):
    """Somebody of the staff."""

    id: int
    name: str = Field(description="Sign-in name.")
    full_name: str


class FoundOut(BaseModel):
    """One thing that a text says wrong, or probably did not mean."""

    line: int = Field(description="From 1.")
    column: int = Field(description="From 1.")
    path: str = Field(description="Keys and places from 0: options.2.min; empty: the text as a whole.")
    message: str
    step: str = Field(description="The editor's step in which it is mended.")
    certain: bool = Field(description="False for a warning, which keeps nobody from anything.")
    missing: bool = Field(description="What is wrong is that nothing stands at `path`: it is to be filled in.")


class RefusedOut(BaseModel):
    """What the publisher would refuse as things are now."""

    path: str = Field(description="Keys and places from 0.")
    message: str


class CheckedTextOut(BaseModel):
    """What there is to say of a text."""

    sound: bool = Field(description="It can be tried; there may be warnings.")
    analysis: str | None = Field(description="The name in it; null where it is not sound.")
    revision: str | None = Field(description="`sha256:…` of its meaning; null where it is not sound.")
    problems: list[FoundOut] = Field(description="100 at most, what is certain first.")
    refused: list[RefusedOut] = Field(description="Why the publisher would refuse to have it tried or published.")


class DraftOut(BaseModel):
    """A draft in the list."""

    id: int
    name: str = Field(description="Its title, as far as that can be read.")
    analysis: str | None = Field(description="The name in its text; null where that cannot be read.")
    version: int = Field(description="How often it was saved. Who saves says which version she read.")
    sound: bool | None = Field(
        description="It can be tried; null in a list of many long drafts: not looked at yet, ask again."
    )
    stage: str = Field(description="draft, tried, published or retired: of the very text that it has now.")
    stage_words: str
    author: PersonOut
    mine: bool
    created: datetime
    changed: datetime
    changed_by: PersonOut
    based_on: str | None = Field(description="The revision of which it began as a copy.")


class DraftList(BaseModel):
    """The drafts that one may see, what was changed last first: 100 of one's own at most, and those shared."""

    items: list[DraftOut]


class WishOut(BaseModel):
    """What was asked of the publisher, and what became of it."""

    number: int = Field(description="By which it is signed off.")
    wish: str = Field(description="try, publish or retire.")
    analysis: str
    revision: str
    person: PersonOut
    to: str = Field(description="To whom it is to be published, in words; empty for others.")
    changed: str
    at: datetime
    state: str = Field(description="waiting, done or refused.")
    why: str = Field(description="Why it was refused.")
    by: str | None = Field(description="Who signed it off or refused it.")
    answered: datetime | None
    next: str = Field(description="Where it waits: by whom and how it is signed off.")


class TrialOut(BaseModel):
    """A run of this very text."""

    number: str
    title: str
    state_words: str


class DraftDetails(DraftOut):
    """A draft with its text and all that is known of it."""

    text: str
    may_try: bool = Field(description="The publisher lets you run this very text.")
    problems: list[FoundOut]
    refused: list[RefusedOut] = Field(description="Why the publisher would refuse to have it tried or published.")
    wishes: list[WishOut] = Field(description="Of this very text, newest first, 20 at most.")
    trials: list[TrialOut] = Field(description="The newest that you may see, 5 at most.")
    readers: list[PersonOut] = Field(description="Whom its author named: they see it, change it and try it.")
    told: list[str] = Field(description="What there is to say of a command that was pasted.")


def person_out(person: Person) -> PersonOut:
    """Somebody by her names."""
    return PersonOut(id=person.id, name=person.name, full_name=person.full_name or person.name)


def problems_out(checked: Checked) -> list[FoundOut]:
    """All findings with their places."""
    return [
        FoundOut(
            line=one.line,
            column=one.column,
            path=".".join(map(str, one.path)),
            message=one.message,
            step=one.step.value,
            certain=one.certain,
            missing=one.missing,
        )
        for one in checked.found
    ]


def checked_out(checked: Checked, refused: Iterable[Finding]) -> CheckedTextOut:
    """As JSON. `refused`: what the publisher would say of it."""
    jobtype = checked.jobtype
    return CheckedTextOut(
        sound=jobtype is not None,
        analysis=jobtype.name if jobtype else None,
        revision=jobtype.revision if jobtype else None,
        problems=problems_out(checked),
        refused=refused_out(refused),
    )


def refused_out(refused: Iterable[Finding]) -> list[RefusedOut]:
    """As JSON."""
    return [RefusedOut(path=".".join(map(str, path)), message=words) for path, words in refused]


def drafts_out(session: Session, actor: Actor, drafts: Sequence[Draft]) -> DraftList:
    """Many drafts, in a fixed number of statements."""
    found = list(zip(drafts, verdicts(draft.text for draft in drafts), strict=True))
    known = [(one.name, one.revision) for _, one in found if one is not None and one.name is not None]
    stage = stages(session, known) if known else {}
    return DraftList(
        items=[
            _draft_out(draft, verdict, actor, stage.get(verdict.revision if verdict else "", Stage.DRAFT))
            for draft, verdict in found
        ]
    )


def draft_details(
    session: Session, actor: Actor, draft: Draft, settings: Settings, *, told: Sequence[str] = ()
) -> DraftDetails:
    """One draft with everything. Raises NotFoundError."""
    checked = check(draft.text)
    progress = progress_of(session, actor, draft.id, settings.signs)
    short = _draft_out(draft, verdict_of(checked), actor, progress.standing.stage)
    return DraftDetails(
        **short.model_dump(),
        text=draft.text,
        may_try=progress.standing.may_try,
        problems=problems_out(checked),
        refused=refused_out(hindrances_of(checked.jobtype)),
        wishes=[wish_out(session, one, settings) for one in progress.standing.wishes[:MOST_WISHES]],
        trials=[TrialOut(number=one.number, title=one.title, state_words=one.state) for one in progress.trials],
        readers=[person_out(one.person) for one in draft.readers],
        told=list(told),
    )


def _draft_out(draft: Draft, verdict: Verdict | None, actor: Actor, stage: Stage) -> DraftOut:
    return DraftOut(
        id=draft.id,
        name=draft.name,
        analysis=(verdict and verdict.name) or name_said(draft.text),
        version=draft.version,
        sound=verdict.name is not None if verdict else None,
        stage=stage.value,
        stage_words=NOT_LOOKED_AT if verdict is None else WORDS[stage] if verdict.name else INCOMPLETE,
        author=person_out(draft.author),
        mine=draft.author_id == actor.person_id,
        created=draft.created,
        changed=draft.changed,
        changed_by=person_out(draft.changed_by),
        based_on=draft.based_on,
    )


def wish_out(session: Session, wish: RevisionWish, settings: Settings) -> WishOut:
    """One wish, and where it waits how it is signed off."""
    deed = wish.deed
    return WishOut(
        number=wish.id,
        wish=wish.wished.value,
        analysis=wish.revision.name,
        revision=wish.revision.digest,
        person=person_out(wish.person),
        to=to_whom(session, wish) if wish.wished is Wished.PUBLISH and audience_of(wish) else "",
        changed=wish.changed,
        at=wish.at,
        state="waiting" if deed is None else "done" if deed.done else "refused",
        why=deed.words if deed is not None and not deed.done else "",
        by=deed.by if deed is not None else None,
        answered=deed.at if deed is not None else None,
        next=signed_off_by(wish, settings) if deed is None else "",
    )


def signed_off_by(wish: RevisionWish, settings: Settings) -> str:
    """Who signs off what waits, and how. Trials and retiring are looked at by the publisher alone."""
    if wish.wished is not Wished.PUBLISH or (settings.signs is Signs.ONESELF and settings.signs_itself):
        return "The portal looks at it by itself, within seconds."
    revision = wish.revision.digest.removeprefix("sha256:")[:12]
    operator = f"an operator signs it off: gantry admin jobtypes approve {wish.id} {revision}"
    if settings.signs is Signs.OPERATOR:
        return f"{operator[:1].upper()}{operator[1:]}"
    who = "A second member of staff" if settings.signs is Signs.STAFF else wish.person.name
    where = f"{settings.signoff_origin}/analyses/drafts/waiting/{wish.id}"
    return f"{who} signs it off with a security key, in the browser at {where}; or {operator}"
