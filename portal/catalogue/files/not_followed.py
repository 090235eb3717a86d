"""Symbolic links in the place of files that lead out of the registered folder, or nowhere: named, never followed.

Where people cannot write. All that is told is the link's own text, which lies in the folder itself.
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass

from gantry_formats import decoded
from portal.data.parsing.client import Remark
from portal.errors import ForbiddenError, NotFoundError, PortalError, UnsafeFileError
from portal.files.confined import Entry, Kind, Root, kind_of
from portal.words import count, one_line

MOST_NAMED = 50
MOST_CHARACTERS = 200
"""Of a link's text; one of 4,095 is possible."""
OUTSIDE = "which lies outside of the registered folder"


@dataclass(frozen=True)
class NotFollowed:
    """A link, by its path in the folder, with a clause that says where it leads and why that is not read."""

    path: str
    words: str


def followed(folder: Root, entry: Entry) -> Entry | NotFollowed:
    """What a name stands for; of a link what it leads to beneath `folder`, else why it is not followed."""
    if entry.kind is not Kind.LINK:
        return entry
    try:
        status = folder.stat(entry.path, links=True)
    except (NotFoundError, ForbiddenError, UnsafeFileError) as error:
        return _named(folder, entry, _why(error))
    kind = kind_of(status)
    if kind in (Kind.FILE, Kind.FOLDER):
        return Entry(entry.path, kind, status)
    # An old kernel follows none.
    on_old = kind is Kind.LINK
    return _named(
        folder, entry, "which this machine cannot follow safely" if on_old else "which is a device or pipe"
    )


def remarks_of(links: Sequence[NotFollowed]) -> list[Remark]:
    """What is said of them on the dataset: a line each, and how many more there are."""
    found = [Remark(one.path, "", one.words) for one in links[:MOST_NAMED]]
    more = len(links) - len(found)
    if more:
        is_are = "link is" if more == 1 else "links are"
        found.append(Remark("", "", f"{more} more symbolic {is_are} not followed"))
    return found


def why_nothing_is_left(links: Sequence[NotFollowed]) -> str:
    """A sentence for where there is nothing else."""
    first = links[0]
    rest = f" So are {count(len(links) - 1, 'more link')}." if len(links) > 1 else ""
    return f"{first.path}: {first.words}.{rest}"


def _why(error: PortalError) -> str:
    if isinstance(error, ForbiddenError):
        return "which may not be read by the portal"
    number = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
    if number == errno.ELOOP:
        return "in a circle"
    # Where a file was taken for a folder, what is said to lie in it does not.
    return "which is not there" if number in (errno.ENOENT, errno.ENOTDIR) else OUTSIDE


def _named(folder: Root, entry: Entry, why: str) -> NotFollowed:
    text = one_line(decoded(folder.link_text(entry.path)), MOST_CHARACTERS)
    return NotFollowed(entry.path, f"it is a symbolic link to {text}, {why}")
