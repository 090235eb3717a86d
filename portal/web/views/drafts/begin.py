"""What a new draft begins with: a title, a pasted command, or an analysis on offer."""

from dataclasses import dataclass

from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.jobtype.load import shipped_folder
from portal.jobtype.written import start
from portal.web.context import Portal
from portal.web.views.drafts.pasted import with_pasted


@dataclass(frozen=True)
class Begun:
    """The text, of which revision it is a copy, and what there is to say of what was pasted."""

    text: str
    based_on: str | None = None
    told: tuple[str, ...] = ()


def copied(portal: Portal, name: str) -> Begun:
    """As a copy of an analysis on offer, under a name of its own. Raises NotFoundError."""
    jobtype = portal.jobtypes.named(name)
    folders = portal.settings.jobtypes or (shipped_folder(),)
    return Begun(start.copy_of(jobtype, folders, _taken(portal)), jobtype.revision)


def titled(portal: Portal, actor: Actor, title: str, pasted: str = "") -> Begun:
    """With a title and perhaps a command or a batch script. Raises InvalidError."""
    _check_title(title)
    text = start.empty(title, actor.full_name or actor.name, _taken(portal))
    if not pasted.strip():
        return Begun(text)
    text, told = with_pasted(text, pasted)
    return Begun(text, None, tuple(told))


def _taken(portal: Portal) -> set[str]:
    jobtypes = portal.jobtypes
    return {*jobtypes.by_name, *(one.name for one in jobtypes.unpublished)}


def _check_title(title: str) -> None:
    if not title.strip():
        told = "Give it a title: what people shall read on its card."
        raise InvalidError(told, fields={"title": told})
    if len(title) > start.LONGEST_TITLE:
        told = f"A title has {start.LONGEST_TITLE} characters at most; this has {len(title):,}."
        raise InvalidError(told, fields={"title": told})
