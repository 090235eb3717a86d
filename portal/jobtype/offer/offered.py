"""What people are offered, of what stands in the files and what was published of it.

Where the daemon signs off by itself, a sound file is as good as published. Where an operator does, only what he
published is on offer. In neither case does a broken, edited or missing file take away what was published last.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from portal.jobtype.load import SUFFIXES, JobTypes, Problem, Unpublished, load_folders, state_of
from portal.jobtype.model import JobType
from portal.jobtype.offer.current import NOTE, Current, all_current
from portal.jobtype.offer.registered import RegisteredOffer, registered_offer

SHORT = len("sha256:") + 12


def offered(
    folders: Sequence[Path], published: Path, *, by_itself: bool, registered: Path | None = None
) -> JobTypes:
    """The job types on offer, with the problems of the files and what is not on offer.

    `by_itself`: sound files count as published, since the daemon publishes them. `registered`: where the publisher
    puts those that were made in the browser; a file of the same name counts in the place of such a one.
    """
    drafts = load_folders(folders)
    by_name: dict[str, JobType] = {}
    known: dict[str, Current] = {}
    unusable: dict[str, str] = {}
    for current in all_current(published):
        known[current.name] = current
        if by_itself and current.name in drafts.by_name:
            continue
        if current.revision is None:
            continue
        draft = drafts.by_name.get(current.name)
        if draft is not None and draft.revision == current.revision and current.path.is_file():
            by_name[current.name] = draft  # the same document, parsed already
            continue
        try:
            by_name[current.name] = current.load()
        except (OSError, ValueError) as error:
            unusable[current.name] = str(error)
    if by_itself:
        by_name.update(drafts.by_name)
    unpublished = tuple(_unpublished(drafts, known, by_name, unusable))
    taken = {*drafts.by_name, *known, *(_name_of(one) for one in drafts.problems if one.file.suffix in SUFFIXES)}
    made = registered_offer(registered, taken) if registered is not None else RegisteredOffer()
    by_name |= made.by_name
    ordered = {name: by_name[name] for name in sorted(by_name)}
    all_of_these = frozenset({*drafts.by_name, *known})
    return JobTypes(ordered, drafts.problems, unpublished + made.unpublished, made.audiences, all_of_these)


def _unpublished(
    drafts: JobTypes, known: Mapping[str, Current], on_offer: Mapping[str, JobType], unusable: Mapping[str, str]
) -> Iterator[Unpublished]:
    for name, draft in drafts.by_name.items():
        now = on_offer.get(name)
        if now is not None and now.revision == draft.revision:
            continue
        if name in unusable:
            yield Unpublished(name, f"{unusable[name]}; publish it anew")
        elif now is not None:
            yield Unpublished(
                name, f"its file was changed; revision {draft.revision[:SHORT]} is not published", now.revision
            )
        elif name in known:
            yield Unpublished(name, "it was withdrawn")
        else:
            yield Unpublished(name, "it was never published")
    broken = {_name_of(one): one for one in reversed(drafts.problems) if one.file.suffix in SUFFIXES}
    for name in sorted({*known, *broken} - set(drafts.by_name)):
        kept = on_offer[name].revision if name in on_offer else ""
        if name in broken:
            yield Unpublished(name, f"its file cannot be used: {broken[name]}", kept)
        elif name in unusable:
            yield Unpublished(name, unusable[name])
        elif known[name].revision is None:
            continue  # withdrawn, and no file has it any more: that is how a job type ends
        else:
            yield Unpublished(name, "no file has it any more", kept)


def _name_of(problem: Problem) -> str:
    """The name in a file that cannot be used: the line that says it, else the file's own."""
    try:
        with problem.file.open(encoding="utf-8", errors="replace") as stream:
            for line in stream.read(1 << 16).splitlines():
                if line.startswith("name:"):
                    return line.removeprefix("name:").split("#")[0].strip().strip("\"'")[:60]
    except OSError:
        pass
    return problem.file.stem


class Offer:
    """What is on offer, read again when a file has changed or something was published, without a restart."""

    def __init__(
        self, folders: Sequence[Path], published: Path, *, by_itself: bool, registered: Path | None = None
    ) -> None:
        self._folders, self._published, self._by_itself = tuple(folders), published, by_itself
        self._registered = registered
        self._lock = threading.Lock()
        self._seen: object = None
        self._found = JobTypes()

    def __call__(self) -> JobTypes:
        """The job types that are on offer now."""
        seen = (state_of(self._folders), self._notes())
        with self._lock:
            if seen != self._seen:
                self._found = offered(
                    self._folders, self._published, by_itself=self._by_itself, registered=self._registered
                )
                self._seen = seen
            return self._found

    def _notes(self) -> tuple[tuple[str, int], ...]:
        """The folders in which revisions and the note of the current one are put into place."""
        places: list[Path] = []
        for folder in (self._published, self._registered):
            try:
                places += sorted(folder.iterdir()) if folder is not None else []
            except OSError:
                continue
        found = []
        for place in places:
            for path in (place, place / NOTE):
                try:
                    found.append((str(path), path.stat().st_mtime_ns))
                except OSError:
                    continue
        return tuple(found)
