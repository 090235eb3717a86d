"""A batch script of Slurm -> the resources it asks for, the command it runs, and what is said of the rest."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from portal.jobtype.pasted.shell import Command, PastedWrongError, Place, Read, read_commands

_LINE: Final = re.compile(r"^#SBATCH[ \t]+(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Said:
    """What is to be told of a line: `line` counts from 1."""

    line: int
    what: str
    instead: str


@dataclass
class Asked:
    """What a script asks Slurm for; None where it does not say. Memory in MiB, time in seconds."""

    cpus: int | None = None
    memory_mb: int | None = None
    memory_per_cpu_mb: int | None = None
    time_s: int | None = None
    gpus: int | None = None
    gpu_kind: str | None = None
    tasks: int | None = None
    nodes: int | None = None
    tasks_per_node: int | None = None
    constraint: str | None = None
    licenses: str | None = None
    name: str | None = None

    @property
    def ranks(self) -> int:
        """Processes that run side by side, which Slurm calls tasks."""
        return self.tasks or (self.tasks_per_node or 1) * (self.nodes or 1)

    @property
    def memory_of_all_mb(self) -> int | None:
        """Memory of the job on one node."""
        if self.memory_mb is not None or self.memory_per_cpu_mb is None:
            return self.memory_mb
        return self.memory_per_cpu_mb * (self.cpus or 1)


@dataclass
class Script:
    """What was read of a script."""

    asked: Asked = field(default_factory=Asked)
    command: Command | None = None
    """The command that does the work, without srun; None where none was found."""
    variables: dict[str, str] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)


def is_script(text: str) -> bool:
    """If this looks like a batch script and no single command."""
    return text.lstrip().startswith("#!") or bool(_LINE.search(text))


def read_script(text: str) -> Script:
    """What a batch script asks for and runs. Raises PastedWrongError as `read_commands`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = Script()
    for match in _LINE.finditer(text):
        _take_line(found, match[1], text.count("\n", 0, match.start()) + 1)
    read = read_commands(text)
    for command in read.commands:
        _take_command(found, command, text)
    _tell_places(found, read, text)
    found.said.sort(key=lambda said: said.line)
    return found


def _take_line(found: Script, rest: str, line: int) -> None:
    try:
        words = [word.text for command in read_commands(rest).commands for word in command.words]
        # NAME=VALUE of a long option that stands first is read as no variable, since it begins with a hyphen.
    except PastedWrongError as error:
        found.said.append(Said(line, f"#SBATCH {rest}", str(error)))
        return
    for name, value in _pairs(words):
        _take_option(found, name, value, line)


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """(option, value) of `--mem=4G`, `--mem 4G`, `-c 8`, `-c8`."""
    at = 0
    while at < len(words):
        word, value = words[at], ""
        at += 1
        if word.startswith("--"):
            name, sign, value = word.partition("=")
        elif word.startswith("-") and len(word) > 1:
            name, value = word[:2], word[2:]
            sign = value
        else:
            continue
        name = _LONG.get(name, name)
        if not sign and name not in _WITHOUT_VALUE and at < len(words) and not words[at].startswith("-"):
            value = words[at]
            at += 1
        yield name, value


_LONG: Final[Mapping[str, str]] = {
    "-c": "--cpus-per-task",
    "-t": "--time",
    "-n": "--ntasks",
    "-N": "--nodes",
    "-C": "--constraint",
    "-L": "--licenses",
    "-J": "--job-name",
    "-p": "--partition",
    "-A": "--account",
    "-q": "--qos",
    "-a": "--array",
    "-o": "--output",
    "-e": "--error",
    "-D": "--chdir",
    "-d": "--dependency",
    "-w": "--nodelist",
    "-x": "--exclude",
    "-G": "--gpus",
}
_WITHOUT_VALUE: Final = frozenset({"--exclusive", "--requeue", "--no-requeue", "--hold", "-H", "-O", "-s"})
_SITE: Final = "The site decides: leave it out."
_PORTAL: Final = "The portal does this."
_NOT_HERE: Final[Mapping[str, str]] = {
    "--partition": _SITE,
    "--account": "The portal runs jobs under the account of whoever starts them.",
    "--qos": _SITE,
    "--reservation": _SITE,
    "--nodelist": _SITE,
    "--exclude": _SITE,
    "--exclusive": _SITE,
    "--array": "Leave it out: who picks several datasets gets a job for each, or tries several values.",
    "--output": f"{_PORTAL} What the program prints is the job's log.",
    "--error": f"{_PORTAL} What the program prints is the job's log.",
    "--mail-type": f"{_PORTAL} Notices tell when a job ends.",
    "--mail-user": f"{_PORTAL} Notices tell when a job ends.",
    "--chdir": f"{_PORTAL} A job has a folder of its own.",
    "--dependency": "One analysis is one job: ship a script that runs both.",
    "--export": "Name the variables under Command.",
    "--requeue": f"{_PORTAL} What is lost is run again.",
    "--no-requeue": f"{_PORTAL} What is lost is run again.",
}


def _take_option(found: Script, name: str, value: str, line: int) -> None:
    if name in _NOT_HERE:
        found.said.append(Said(line, f"{name} {value}".strip(), _NOT_HERE[name]))
        return
    if name not in _READERS:
        found.said.append(Said(line, f"{name} {value}".strip(), "This is not carried over."))
        return
    try:
        _READERS[name](found.asked, value)
    except ValueError:
        found.said.append(Said(line, f"{name} {value}".strip(), "This value is not understood."))


def minutes_and_more(text: str) -> int:
    """Seconds of a time as Slurm writes it: M, M:S, H:M:S, D-H, D-H:M, D-H:M:S. Raises ValueError."""
    days, dash, rest = text.partition("-")
    if not dash:
        days, rest = "0", text
    parts = [_whole(part) for part in rest.split(":")]
    if len(parts) > 3:
        raise ValueError(text)
    if dash:
        hours, minutes, seconds = (*parts, 0, 0)[:3]
    elif len(parts) == 3:
        hours, minutes, seconds = parts
    else:
        hours, (minutes, seconds) = 0, (*parts, 0)[:2]
    return _whole(days) * 86_400 + hours * 3600 + minutes * 60 + seconds


def megabytes(text: str) -> int:
    """MiB of a size as Slurm writes it: megabytes unless K, M, G or T stands behind it. Raises ValueError."""
    match = re.fullmatch(r"([0-9]{1,12})([KMGT]?)B?", text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(text)
    size = int(match[1])
    factor = {"": 1, "K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}[match[2].upper()]
    return max(1, round(size * factor))


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()):
        raise ValueError(text)
    return int(text)


def _gpus(asked: Asked, value: str) -> None:
    """`2`, `a100:2`, `gpu`, `gpu:2`, `gpu:a100:2`."""
    parts = value.removeprefix("gpu").lstrip(":").split(":") if value.startswith("gpu") else value.split(":")
    parts = [part for part in parts if part]
    asked.gpus = _whole(parts[-1]) if parts and parts[-1].isdecimal() else 1
    kinds = [part for part in parts if not part.isdecimal()]
    asked.gpu_kind = kinds[0] if kinds else asked.gpu_kind


def _gres(asked: Asked, value: str) -> None:
    for one in value.split(","):
        if not one.startswith("gpu"):
            raise ValueError(value)
        _gpus(asked, one)


def _setting(name: str, read: Callable[[str], object]) -> Callable[[Asked, str], None]:
    return lambda asked, value: setattr(asked, name, read(value))


def _text(value: str) -> str:
    if not value:
        raise ValueError(value)
    return value


_READERS: Final[Mapping[str, Callable[[Asked, str], None]]] = {
    "--cpus-per-task": _setting("cpus", _whole),
    "--mem": _setting("memory_mb", megabytes),
    "--mem-per-cpu": _setting("memory_per_cpu_mb", megabytes),
    "--time": _setting("time_s", minutes_and_more),
    "--ntasks": _setting("tasks", _whole),
    "--nodes": _setting("nodes", lambda value: _whole(value.partition("-")[0])),
    "--ntasks-per-node": _setting("tasks_per_node", _whole),
    "--gpus": _gpus,
    "--gpus-per-node": _gpus,
    "--gres": _gres,
    "--constraint": _setting("constraint", _text),
    "--licenses": _setting("licenses", _text),
    "--job-name": _setting("name", _text),
}

_SHELL_WORDS: Final = frozenset(
    (
        "for",
        "do",
        "done",
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "while",
        "until",
        "case",
        "esac",
        "function",
        "{",
        "}",
    )
)
_SILENT: Final = frozenset(("echo", "date", "hostname", "set", "ulimit", "pwd", "ls", "wait", "exit", "true", ":"))
_TOLD: Final[Mapping[str, tuple[str, str]]] = {
    "module": (
        "software that the cluster's nodes have",
        "In a job the software is in an image: pick one, or have it made.",
    ),
    "ml": (
        "software that the cluster's nodes have",
        "In a job the software is in an image: pick one, or have it made.",
    ),
    "conda": ("an environment of conda", "Have an image made from its environment.yml."),
    "mamba": ("an environment of conda", "Have an image made from its environment.yml."),
    "source": ("a file that a shell reads", "Have an image made from the requirements of that environment."),
    ".": ("a file that a shell reads", "Have an image made from the requirements of that environment."),
    "cd": ("another folder", "A job has a folder of its own; name the working folder under Command."),
    "mkdir": ("a new folder", "The output folder is there already."),
    "cp": ("copies of files", "Mark files as inputs and outputs: they need not be copied."),
    "mv": ("files that are moved", "Mark outputs: what lies in the output folder is kept."),
    "rm": ("files that are removed", "Temporary files of a job are removed by themselves."),
    "rsync": ("copies of files", "Mark files as inputs and outputs: they need not be copied."),
    "sbatch": ("another job", "One analysis is one job: ship a script that runs both."),
    "sleep": ("a pause", "Leave it out."),
}
_STARTERS: Final = frozenset(("srun", "mpirun", "mpiexec", "time", "exec", "nice", "env"))
_RANKS: Final = frozenset(("-n", "-np", "--ntasks"))
_STARTERS_WITH_VALUE: Final = frozenset(("-n", "-np", "-c", "-N", "--mpi", "--ntasks", "--cpus-per-task", "-m"))


def _take_command(found: Script, command: Command, text: str) -> None:
    if not command.words:
        found.variables.update(command.variables)
        return
    line = text.count("\n", 0, command.words[0].start) + 1
    first = command.words[0].text
    written = " ".join(command.texts)[:80]
    if first == "export":
        _take_exports(found, command)
    elif first in _SHELL_WORDS:
        found.said.append(Said(line, written, "Only a shell understands this: ship the script with the analysis."))
    elif first in _TOLD:
        what, instead = _TOLD[first]
        found.said.append(Said(line, f"{written} ({what})", instead))
    elif first not in _SILENT:
        found.variables.update(command.variables)
        if found.command is None:
            found.command = _without_starter(command, found.asked)
        else:
            found.said.append(
                Said(line, written, "One analysis runs one program: ship a script that runs them in turn.")
            )


def _take_exports(found: Script, command: Command) -> None:
    for word in command.words[1:]:
        name, sign, value = word.text.partition("=")
        if sign:
            found.variables[name] = value


def _without_starter(command: Command, asked: Asked) -> Command:
    """The command itself, without srun, mpirun and their options; how many ranks they start is asked for."""
    words = list(command.words)
    while words and words[0].text in _STARTERS:
        words.pop(0)
        while words and words[0].text.startswith("-"):
            option = words.pop(0).text
            if option in _STARTERS_WITH_VALUE and words:
                value = words.pop(0).text
                if option in _RANKS and value.isdecimal() and asked.tasks is None:
                    asked.tasks = _whole(value)
    return Command(tuple(words), command.variables, command.joined_by) if words else command


def _tell_places(found: Script, read: Read, text: str) -> None:
    if found.command is None:
        return
    start, end = found.command.words[0].start, found.command.words[-1].end
    for place in read.places:
        if start <= place.start <= end + 2:
            line = text.count("\n", 0, place.start) + 1
            found.said.append(Said(line, f"{_part(text, place)} ({place.what})", place.instead))


def _part(text: str, place: Place) -> str:
    return text[place.start : place.end][:80]
