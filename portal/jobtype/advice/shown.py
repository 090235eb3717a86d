"""The command that a job would run, for whoever writes a job type: as launch fills it in, and nothing is run."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.jobtype.command.marks import (
    FileMark,
    FlagMark,
    GrantedFlagMark,
    InputFolderMark,
    InputListMark,
    InputMark,
    JobMark,
    Mark,
    OneOfMark,
    OptionMark,
    OutputMark,
    ResourceMark,
    TextMark,
    TogetherMark,
    WrittenMark,
)
from portal.jobtype.model import JobType

FOLDER = "JOB"
"""Stands for the attempt's folder, which is made when a job starts."""
TMP = "tmp"


def arguments(
    jobtype: JobType,
    options: Mapping[str, Any],
    files: Mapping[str, Sequence[str]],
    folders: Mapping[str, Sequence[str]],
    *,
    variant: str | None = None,
    chosen: Mapping[str, str] | None = None,
) -> list[str]:
    """The argument list, with the files and the folders of each slot; one of ours reads job.json.

    `chosen`: the paths of files that options chose.
    """
    if jobtype.program.command is None:
        return ["python", "-P", "-m", f"wrappers.{jobtype.program.module}"]
    granted = jobtype.variant(variant).request(jobtype.grace_s)
    job = _Job(options, files, folders, granted, chosen or {})
    return [word for item in jobtype.program.command for word in job.words(item) or ()]


def quoted(words: Sequence[str]) -> str:
    """The list as a shell would take it; no shell reads it in a job."""
    return shlex.join(words)


@dataclass(frozen=True)
class _Job:
    """What is filled in."""

    options: Mapping[str, Any]
    files: Mapping[str, Sequence[str]]
    folders: Mapping[str, Sequence[str]]
    granted: Mapping[str, int]
    chosen: Mapping[str, str]

    def words(self, item: str | Mark) -> list[str] | None:
        """What an item becomes; None where a value is missing."""
        words: list[str] | None = None
        match item:
            case str():
                words = [item]
            case OptionMark() | FlagMark():
                words = self._of_options(item)
            case GrantedFlagMark(flag=flag, granted=name):
                words = [flag] if self.granted.get(name) else None
            case ResourceMark(resource=name, prefix=prefix):
                words = [f"{prefix or ''}{self.granted[name]}"] if self.granted.get(name) else None
            case InputMark() | InputListMark() | InputFolderMark():
                words = self._of_inputs(item) or None
            case FileMark(file=name, prefix=prefix):
                words = [(prefix or "") + self.chosen[name]] if name in self.chosen else None
            case WrittenMark(written=name, prefix=prefix):
                words = [f"{prefix or ''}{FOLDER}/{TMP}/written/{name}"]
            case OutputMark(output=path):
                words = [f"{FOLDER}/output/{path}"]
            case JobMark():
                words = [f"{FOLDER}/job.json"]
            case TextMark() | TogetherMark() | OneOfMark():
                words = self._of_several(item)
        return words

    def _of_several(self, item: TextMark | TogetherMark | OneOfMark) -> list[str] | None:
        match item:
            case TextMark(text=parts):
                words = self._together(parts)
                return None if words is None else ["".join(words)]
            case TogetherMark(together=items):
                return self._together(items)
            case OneOfMark(one_of=items):
                return next((words for words in map(self.words, items) if words is not None), None)

    def _together(self, items: Sequence[str | Mark]) -> list[str] | None:
        found = [self.words(item) for item in items]
        return None if None in found else [word for words in found for word in words or ()]

    def _of_options(self, item: OptionMark | FlagMark) -> list[str] | None:
        if isinstance(item, FlagMark):
            return [item.flag] if self.options.get(item.when) is True else None
        value = self.options.get(item.option)
        if isinstance(value, dict) and item.end:
            value = value.get(item.end)
        if value is None or value == []:
            return None
        return [(item.prefix or "") + _text(one) for one in (_parts(value) if item.each else [value])]

    def _of_inputs(self, item: InputMark | InputListMark | InputFolderMark) -> list[str]:
        match item:
            case InputMark(input=slot):
                return list(self.files.get(slot, ()))
            case InputListMark(input_list=slot, prefix=prefix, relative=relative, lines=lines):
                name = f"input-{slot}.{'names' if relative else 'paths'}{'.txt' if lines else ''}"
                return [f"{prefix or ''}{FOLDER}/{TMP}/{name}"] if self.files.get(slot) else []
            case InputFolderMark(input_folder=slot, prefix=prefix):
                return [(prefix or "") + folder for folder in list(self.folders.get(slot, ()))[:1]]


def _parts(value: object) -> list[Any]:
    if isinstance(value, dict):
        return [value["low"], value["high"]]
    return value if isinstance(value, list) else [value]


def _text(value: object) -> str:
    """As programs read it: true and false, shortest exact decimals, commas between the values of a list."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_text, _parts(value))) if isinstance(value, list | dict) else str(value)
