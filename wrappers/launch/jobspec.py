"""job.json, verified and read into frozen dataclasses."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wrappers.launch import SCHEMA
from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.marks import Argument, OptionMark, parse_argument
from wrappers.launch.reading import JobSpecError, Reader
from wrappers.launch.reports.spec import NO_REPORTS, Reports, read_reports
from wrappers.launch.servers.spec import Server, read_servers
from wrappers.launch.written import Written, read_written

MAX_JOB_SPEC_BYTES = 64 * 1024 * 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OURS = ("LD_", "PYTHONPATH", "GANTRY_", "APPTAINER", "SINGULARITY", "SLURM_", "PMIX_", "CUDA_VISIBLE")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of an input slot; `target` is its place in a container, `mtime_ns` as the catalogue knew it.

    `folder`: its dataset's, outside; `path` lies elsewhere in it where `name` is a symbolic link.
    `stamp`: by what a folder that is one input is known again; None for a file.
    """

    name: str
    path: str
    target: str
    size: int
    mtime_ns: int
    folder: str
    stamp: str | None = None
    aside: bool = False
    """An option chose it, and the slot's program does not get it among the slot's files."""

    @property
    def folder_inside(self) -> str:
        """Its dataset's folder in a container."""
        return self.target.removesuffix(f"/{self.name}")


@dataclass(frozen=True, slots=True)
class Resources:
    """What was granted: memory in MiB, times in seconds. With several ranks `cpus` is each one's."""

    cpus: int
    memory_mb: int
    time_s: float
    gpus: int
    grace_s: float
    ranks: int = 1


@dataclass(frozen=True, slots=True)
class Image:
    """A container image as it was when the job was submitted."""

    name: str
    digest: str
    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Program:
    """Either a program of this distribution (`module`) or an argument list with marked values."""

    module: str | None
    command: tuple[Argument, ...]
    environment: Mapping[str, Argument] = field(default_factory=dict)
    """Variables besides those that every program gets."""
    working_folder: str = ""
    """"output" or "scratch"; empty: the job's folder."""
    written: Mapping[str, Written] = field(default_factory=dict)
    """Files that are written for it before it starts."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What launch needs to know of job.json. The program itself may read more from the file."""

    attempt: str
    sha256: str
    program: Program
    inputs: dict[str, tuple[InputFile, ...]]
    options: dict[str, Any]
    resources: Resources
    image: Image | None
    network: bool
    log_limit_bytes: int
    reports: Reports = NO_REPORTS
    chosen: Mapping[str, InputFile] = field(default_factory=dict)
    """Files that options chose, by option."""
    servers: tuple[Server, ...] = ()
    """Licence servers that it reaches."""


def read_job_spec(folder_fd: int, sha256: str) -> JobSpec:
    """Return the job spec in `folder_fd`/job.json, whose bytes must have the SHA-256 `sha256` (hexadecimal).

    Raises Refusal (exit 90) if the file is missing, changed, of an unknown schema, or malformed.
    """
    raw = _read_bytes(folder_fd)
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256.lower():
        raise Refusal(Exit.ORDER, None, f"job.json is not the order that was submitted: its SHA-256 is {found}.")
    try:
        return parse_job_spec(json.loads(raw), found)
    except (JobSpecError, ValueError, RecursionError) as error:
        raise Refusal(Exit.ORDER, None, f"job.json cannot be used: {error}.") from error


def _read_bytes(folder_fd: int) -> bytes:
    try:
        fd = os.open("job.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd)
    except OSError as error:
        raise Refusal(Exit.ORDER, None, f"job.json cannot be opened: {error.strerror}.") from error
    with os.fdopen(fd, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_JOB_SPEC_BYTES:
            raise Refusal(Exit.ORDER, None, "job.json is not a regular file of a sensible size.")
        return stream.read(MAX_JOB_SPEC_BYTES + 1)


def parse_job_spec(document: object, sha256: str) -> JobSpec:
    """Return the checked form of a decoded job.json. Raises OrderError naming the first wrong key."""
    top = Reader(document, "")
    schema = top.whole("schema")
    if schema != SCHEMA:
        raise JobSpecError(f"its schema is {schema}, this version knows {SCHEMA}")
    slots = top.inner("inputs").keys()
    inputs = {slot: _files(top.inner("inputs"), slot) for slot in slots}
    return JobSpec(
        attempt=top.inner("job").text("attempt"),
        sha256=sha256,
        program=_program(top.inner("program")),
        inputs=inputs,
        options=top.mapping("options"),
        resources=_resources(top.inner("resources")),
        image=top.optional("image", _image),
        network=top.truth("network"),
        log_limit_bytes=top.whole("log_limit_bytes"),
        reports=read_reports(top),
        chosen=_chosen(top, inputs),
        servers=read_servers(top),
    )


def _chosen(top: Reader, inputs: Mapping[str, tuple[InputFile, ...]]) -> dict[str, InputFile]:
    """Each is one of the slot's files, which were opened as the person."""
    if not top.has("chosen_files"):
        return {}
    given = top.inner("chosen_files")
    found = {}
    for option in sorted(given.keys()):
        slot, name = given.inner(option).text("slot"), given.inner(option).text("name")
        files = [file for file in inputs.get(slot, ()) if file.name == name]
        if len(files) != 1:
            raise JobSpecError(f"chosen_files.{option} is no file of the slot {slot}")
        found[option] = files[0]
    return found


def _program(reader: Reader) -> Program:
    if reader.has("module") == reader.has("command"):
        raise JobSpecError("program must have either a module or a command")
    if reader.has("module"):
        name = reader.text("module")
        if not _MODULE.fullmatch(name):
            raise JobSpecError(f"program.module is not a module's name: {name!r}")
        return Program(module=name, command=())
    items = reader.array("command")
    command = tuple(parse_argument(item, f"program.command[{i}]") for i, item in enumerate(items))
    if not command or not isinstance(command[0], str):
        raise JobSpecError("program.command must begin with the name of a program")
    folder = reader.text("working_folder") if reader.has("working_folder") else ""
    if folder not in ("", "output", "scratch"):
        raise JobSpecError("program.working_folder must be output or scratch")
    return Program(None, command, _environment(reader), folder, read_written(reader))


def _environment(reader: Reader) -> dict[str, Argument]:
    """The variables; those that say how a program is found, loaded or run are launch's own."""
    if not reader.has("environment"):
        return {}
    found = {}
    for name, item in reader.mapping("environment").items():
        place = f"program.environment.{name}"
        if not _VARIABLE.fullmatch(name) or name.upper().startswith(_OURS) or name in ("PATH", "HOME"):
            raise JobSpecError(f"{place} is no variable that a job may set")
        value = parse_argument(item, place)
        if isinstance(value, OptionMark) and value.each:
            raise JobSpecError(f"{place} has one value")
        found[name] = value
    return found


def _files(inputs: Reader, slot: str) -> tuple[InputFile, ...]:
    """The files of all datasets in a slot, in order."""
    return tuple(
        InputFile(
            name=file.text("name"),
            path=file.absolute("path"),
            target=file.absolute("target"),
            size=file.whole("size"),
            mtime_ns=file.whole("mtime_ns"),
            folder=_folder(dataset, file),
            stamp=file.inner("folder").text("stamp") if file.has("folder") else None,
            aside=file.has("aside") and file.truth("aside"),
        )
        for dataset in inputs.objects(slot)
        for file in dataset.objects("files")
    )


def _folder(dataset: Reader, file: Reader) -> str:
    """The dataset's folder; where the job spec has none, what is left of the path without the name."""
    if dataset.has("root") and dataset.has("location"):
        location = dataset.text("location", blank=True)  # of a root itself it is empty
        return os.path.normpath(os.path.join(dataset.absolute("root"), location))  # noqa: PTH118
    return file.absolute("path").removesuffix("/" + file.text("name"))


def _resources(reader: Reader) -> Resources:
    return Resources(
        cpus=reader.whole("cpus", least=1),
        memory_mb=reader.whole("memory_mb", least=1),
        time_s=reader.number("time_s", above=0),
        gpus=reader.whole("gpus"),
        grace_s=reader.number("grace_s"),
        ranks=reader.whole("ranks", least=1),
    )


def _image(reader: Reader) -> Image:
    return Image(
        name=reader.text("name"),
        digest=reader.text("digest"),
        path=reader.absolute("path"),
        size=reader.whole("size"),
        mtime_ns=reader.whole("mtime_ns"),
    )
