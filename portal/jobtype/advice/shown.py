"""The command that a job would run, for whoever writes a job type: as launch fills it in, and nothing is run."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from portal.jobtype.model import JobType
from portal.jobtype.program import (
    FlagMark,
    InputFolderMark,
    InputListMark,
    InputMark,
    JobMark,
    OptionMark,
    OutputMark,
)

FOLDER = "JOB"
"""Stands for the attempt's folder, which is made when a job starts."""
TMP = "tmp"


def arguments(
    jobtype: JobType,
    options: Mapping[str, Any],
    files: Mapping[str, Sequence[str]],
    folders: Mapping[str, Sequence[str]],
) -> list[str]:
    """The argument list, with the files and the folders of each slot; one of ours reads job.json."""
    if jobtype.program.command is None:
        return ["python", "-P", "-m", f"wrappers.{jobtype.program.module}"]
    words: list[str] = []
    for item in jobtype.program.command:
        match item:
            case str():
                words.append(item)
            case OptionMark(option=name, prefix=prefix):
                words += [] if options.get(name) is None else [(prefix or "") + _text(options[name])]
            case FlagMark(flag=flag, when=name):
                words += [flag] if options.get(name) is True else []
            case InputMark(input=slot):
                words += files.get(slot, ())
            case InputListMark(input_list=slot, prefix=prefix, relative=relative):
                name = f"input-{slot}.{'names' if relative else 'paths'}"
                words += [f"{prefix or ''}{FOLDER}/{TMP}/{name}"] if files.get(slot) else []
            case InputFolderMark(input_folder=slot, prefix=prefix):
                words += [(prefix or "") + folder for folder in list(folders.get(slot, ()))[:1]]
            case OutputMark(output=path):
                words.append(f"{FOLDER}/output/{path}")
            case JobMark():
                words.append(f"{FOLDER}/job.json")
    return words


def quoted(words: Sequence[str]) -> str:
    """The list as a shell would take it; no shell reads it in a job."""
    return shlex.join(words)


def _text(value: object) -> str:
    """As programs read it: true and false, shortest exact decimals."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
