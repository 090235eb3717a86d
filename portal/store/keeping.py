"""Keeping an output: copied whole under a temporary name, sealed, renamed; a second time only answered."""

import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gantry_formats.patterns.paths import PathPattern
from portal import failpoints
from portal.errors import NotFoundError, PortalError, UnsafeFileError
from portal.files.confined import Root
from portal.files.durable import read_json, write_json
from portal.files.removal import remove_tree
from portal.rpc.exchange import Item, RefusedError, code_of
from portal.store import reading
from portal.store.backend import Backend
from portal.store.copying import FOLDER_MODE, MANIFEST, WORKING_MODE, chosen, copy_all, seal
from portal.store.telling import Telling
from portal.store.wire import KEEP

PASSAGE_MODE = 0o751
"""Of the folders above results: whoever may read a result gets to it, and nobody else sees what there is."""
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Wanted:
    """One checked item of `keep`. `uid` None: whoever owns the files."""

    job: int
    output: str
    attempt: str
    place: Path
    pattern: PathPattern
    also: list[PathPattern]
    words: str
    required: bool
    uid: int | None

    def wants(self, path: str) -> bool:
        """Whether a file beneath output/ belongs to it."""
        return any(one.takes(path) for one in (self.pattern, *self.also))


class Keeper:
    """Keeps outputs in one results tree. Names in it that begin with a dot are the store's own."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.incoming = backend.results / ".incoming"
        self.index = backend.results / ".index"
        for folder in (self.incoming, self.index):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, item: Item) -> Mapping[str, Any]:
        """Copy one output of a sealed attempt into the results tree: all of it or nothing."""
        wanted = self._wanted(item)
        with self.alone(wanted.job, wanted.output):
            known = self._kept(wanted)
            if known is not None:
                return known
            stop = self._stop_of(wanted.job, wanted.output)
            stop.unlink(missing_ok=True)  # it was meant for an earlier one
            try:
                return self._copy(wanted, Telling(wanted.job, stop))
            except PortalError as error:
                code = "output-unsafe" if isinstance(error, UnsafeFileError) else code_of(error)
                raise RefusedError(code, error.message, retry=error.retry, detail=error.detail) from error
            except OSError as error:
                if error.errno in FULL:
                    message = "The results' disk is full: nothing of this result was kept."
                    raise RefusedError("disk-full", message, retry=True, detail=str(error)) from error
                raise

    def _wanted(self, item: Item) -> Wanted:
        given = KEEP.read(item)
        pattern, also = reading.patterns_of(given)
        return Wanted(
            reading.job_of(given["job"]),
            reading.output_of(given["output"]),
            reading.attempt_of(given["attempt"]),
            self.backend.results / reading.destination_of(given["destination"]),
            pattern,
            also,
            given["pattern"],
            given["required"] is not False,
            given["uid"],
        )

    def stop(self, job: int, output: str) -> bool:
        """Have a keep that is at work on this output give up soon; False where none is."""
        fd = self._lock_file(job, output)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._stop_of(job, output).touch(mode=0o600)
            return True
        else:
            return False
        finally:
            os.close(fd)

    def _stop_of(self, job: int, output: str) -> Path:
        return self.incoming / f".{job}-{output}.stop"

    def _copy(self, wanted: Wanted, telling: Telling) -> Mapping[str, Any]:
        aside = self.incoming / f"{wanted.job}-{wanted.output}"
        self._clear(aside.name)  # what a store that was killed left behind
        aside.mkdir(mode=WORKING_MODE)
        try:
            with Root(self.backend.scratch) as scratch, _output_folder(scratch, wanted.attempt) as source:
                limits = self.backend
                entries = chosen(source, wanted.wants, uid=wanted.uid, max_files=limits.max_files, telling=telling)
                if wanted.required and not any(wanted.pattern.takes(entry.path) for entry in entries):
                    raise RefusedError("output-missing", f"The job wrote no file like {wanted.words}.")
                kept = copy_all(
                    source, entries, aside, uid=wanted.uid, max_bytes=limits.max_bytes, telling=telling
                )
            document = reading.new_manifest(wanted.job, wanted.output, wanted.attempt, kept)
            write_json(aside / MANIFEST, document, mode=0o440)
            seal(
                aside,
                reader=None if wanted.uid == os.geteuid() else wanted.uid,
                group=self.backend.server_group,
            )
            failpoints.reach("store-copied")
            self._publish(wanted, aside)
            failpoints.reach("store-sealed")
        finally:
            self._clear(aside.name)
            self._stop_of(wanted.job, wanted.output).unlink(missing_ok=True)
        return reading.answer_of(document, wanted.place, self.backend.results)

    def _clear(self, name: str) -> None:
        with Root(self.incoming) as incoming:
            remove_tree(incoming.fd, name)

    def _publish(self, wanted: Wanted, aside: Path) -> None:
        """Give the copy its final name; where it went is written down before, so that a second keep finds it."""
        place = wanted.place
        location = str(place.relative_to(self.backend.results))
        write_json(self.index_of(wanted.job, wanted.output), {"location": location}, mode=0o600)
        place.parent.mkdir(mode=PASSAGE_MODE, parents=True, exist_ok=True)
        with Root(self.backend.results) as results, results.open_folder(str(Path(location).parent)) as parent:
            try:
                os.rename(aside, place.name, dst_dir_fd=parent.fd)
            except OSError as error:
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    message = f"There is another result at {location}."
                    raise RefusedError("destination-taken", message) from error
                raise
            os.fsync(parent.fd)
        place.chmod(FOLDER_MODE)

    def _kept(self, wanted: Wanted) -> Mapping[str, Any] | None:
        """The answer that was given before, if this output was kept before, wherever that was."""
        place = wanted.place
        index = read_json(self.index_of(wanted.job, wanted.output))
        places = [self.backend.results / index["location"], place] if index is not None else [place]
        for folder in places:
            document = read_json(folder / MANIFEST, max_bytes=reading.MAX_MANIFEST_BYTES)
            if document is not None and (document.get("job"), document.get("output")) == (
                wanted.job,
                wanted.output,
            ):
                folder.chmod(FOLDER_MODE)  # the store may have been killed just before it did
                return reading.answer_of(document, folder, self.backend.results)
        if place.exists():
            raise RefusedError(
                "destination-taken",
                f"There is another result at {place.relative_to(self.backend.results)}.",
            )
        return None

    def index_of(self, job: int, output: str) -> Path:
        """The file that says where an output went."""
        return self.index / f"{job}-{output}.json"

    @contextmanager
    def alone(self, job: int, output: str) -> Iterator[None]:
        """One store at a time works on an output."""
        fd = self._lock_file(job, output)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _lock_file(self, job: int, output: str) -> int:
        return os.open(self.incoming / f".{job}-{output}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _output_folder(scratch: Root, attempt: str) -> Root:
    try:
        return scratch.open_folder(f"{attempt}/output")
    except NotFoundError as error:
        raise RefusedError("output-missing-whole", "The job left no output folder.") from error
