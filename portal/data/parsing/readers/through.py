"""Through the links of an HDF5 file: every file that it leads to is looked at, and what cannot be is named."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from gantry_formats import decoded
from gantry_formats.linked import Kind, Link, LinkError, Tree, Why, place_of
from gantry_formats.linked.links import is_pattern, numbered
from portal.data.parsing.asked import Asked
from portal.data.parsing.errors import FileError
from portal.data.parsing.readers.structure import Seen, look_at

MOST_FILES = 20_000
MOST_LINKS = 500_000
MOST_NAMED = 50
LED = {
    Kind.LINK: "it leads to {}",
    Kind.VIRTUAL: "its values come from {}",
    Kind.STORAGE: "its values lie in {}",
    Kind.OTHER: "it leads to something{}",
}


@dataclass
class Refused:
    """Links of one file to one place that are not followed: the first of them, and how many there are."""

    first: str
    places: int = 1


class Through:
    """Looks at a file and, one after the other, at those that it leads to."""

    def __init__(self, tree: Tree, asked: Asked, budget: list[int]) -> None:
        self._tree, self._asked, self._budget = tree, asked, budget
        self.refused: dict[tuple[str, Kind, str, str], Refused] = {}
        """By the file that they stand in, kind and target of the link, and why, in words."""
        self.more = 0
        """Refused links that are not listed."""
        self._known: dict[tuple[str, Kind], LinkError | None] = {}
        self._links = 0

    def look(self) -> Seen:
        """What the file itself holds. Its own faults are FileErrors; those of others are among `refused`."""
        own: list[Link] = []
        seen = look_at(self._tree.open_file(self._tree.name), own.append, self._budget)
        waiting: deque[tuple[str, list[Link]]] = deque([(self._tree.name, own)])
        while waiting:
            holder, links = waiting.popleft()
            for link in links:
                for name in self._targets(holder, link):
                    waiting.append((name, self._links_of(holder, link, name)))
        return seen

    def _targets(self, holder: str, link: Link) -> Iterator[str]:
        """HDF5 files that a link leads to and that were not looked at yet; raw ones are only opened."""
        self._links += 1
        try:
            if link.kind is Kind.OTHER:
                raise LinkError(Why.UNKNOWN, "its kind is not known here")
            if self._links > MOST_LINKS:
                raise LinkError(Why.MANY, f"there are more than {MOST_LINKS} links")
            for name in self._names(holder, link):
                key = (name, Kind.STORAGE if link.kind is Kind.STORAGE else Kind.LINK)
                if key in self._known:
                    if (error := self._known[key]) is not None:
                        self._refuse(holder, link, error)
                    continue
                if len(self._known) >= MOST_FILES:
                    raise LinkError(Why.MANY, f"more than {MOST_FILES} files are linked to")
                self._known[key] = None
                if link.kind is Kind.STORAGE:
                    try:
                        self._asked.ask(name).close()
                    except LinkError as error:
                        self._known[key] = error
                        self._refuse(holder, link, error)
                elif name != self._tree.name:
                    yield name
        except LinkError as error:
            self._refuse(holder, link, error)

    def _names(self, holder: str, link: Link) -> Iterator[str]:
        """The name that a link means; of a pattern those from 0 on that are there."""
        folders = self._asked.folders
        if link.kind is not Kind.VIRTUAL or not is_pattern(link.file):
            yield place_of(holder, link.file, folders)
            return
        for block in range(MOST_FILES + 1):
            name = place_of(holder, numbered(link.file, block), folders)
            try:
                self._asked.ask(name).close()
            except LinkError as error:
                if block == 0 or error.why is not Why.MISSING:
                    raise
                return
            yield name

    def _links_of(self, holder: str, link: Link, name: str) -> list[Link]:
        """The links of a file that is led to. Where it cannot be looked at, the link to it is refused."""
        found: list[Link] = []
        try:
            with self._asked.once(name) as opened:
                look_at(opened, found.append, self._budget)
        except LinkError as error:
            self._known[(name, Kind.LINK)] = error
            self._refuse(holder, link, error)
        except FileError as error:
            words = f"{name}: {error.message[0].lower()}{error.message[1:].rstrip('.')}"
            self._known[(name, Kind.LINK)] = LinkError(Why.DAMAGED, words)
            self._refuse(holder, link, LinkError(Why.DAMAGED, words))
        return found

    def _refuse(self, holder: str, link: Link, error: LinkError) -> None:
        key = (holder, link.kind, link.file, error.message)
        if key in self.refused:
            self.refused[key].places += 1
        elif len(self.refused) < MOST_NAMED:
            self.refused[key] = Refused(link.path)
        else:
            self.more += 1

    def remarks(self) -> list[dict[str, str]]:
        """The links that are not followed: file, place, and why, in words; those that are alike together."""
        found = []
        for (file, kind, target, why), one in self.refused.items():
            name = decoded(target)
            short = why.removeprefix(f"{name} ")
            words = LED[kind].format(name) + (
                f", which {short}" if short != why else f", which is not read: {why}"
            )
            if one.places > 1:
                words += f" ({one.places} places do so)"
            found.append({"file": file, "place": f"/{one.first}", "words": words})
        if self.more:
            found.append({"place": "", "words": f"{self.more} more links lead to what is not read"})
        return found
