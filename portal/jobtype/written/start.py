"""The texts with which drafts begin: empty, or as a copy of an analysis that is there. Pure."""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from portal.jobtype.load import SUFFIXES, load_file
from portal.jobtype.model import JobType
from portal.jobtype.written import dump
from portal.jobtype.written.edit import put
from portal.jobtype.written.tree import UnsoundError
from portal.words import one_line

STANDARD = {"name": "standard", "label": "Standard", "cpus": 1, "memory_mb": 1024, "time_s": 600}
"""What a new analysis asks for until its author says otherwise: small, so that nobody waits long for a trial."""
WITHOUT_INPUT = "{analysis}"
LONGEST_TITLE = 200
"""Characters that a title may have: it is a line."""


def slug(words: str, taken: Collection[str] = ()) -> str:
    """A job type's name made of words: "Shrink a picture" -> shrink-a-picture; another where it is taken."""
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:50].strip("-")
    plain = plain if plain[:1].isalpha() else f"analysis-{plain}".strip("-")
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    return name


def empty(title: str, contact: str, taken: Collection[str] = ()) -> str:
    """A draft of which only the title is known."""
    title = one_line(title, LONGEST_TITLE) or "New analysis"
    document = {
        "name": slug(title, taken),
        "version": "1",
        "title": title,
        "contact": one_line(contact, 200) or "?",
        "resources": {"default": "standard", "variants": [STANDARD]},
        "result_title": WITHOUT_INPUT,
        "outputs": [],
    }
    return f"# An analysis. The keys are described in docs/staff/job-types.md.\n{dump.block(document)}\n"


def copy_of(jobtype: JobType, folders: Iterable[Path], taken: Collection[str] = ()) -> str:
    """The text of an analysis under a name that is free: as its file has it, with comments, where one is found."""
    text = text_of(jobtype, folders)
    try:
        return put(text, ("name",), slug(jobtype.name, taken))
    except UnsoundError:  # which a file that was read soundly is not
        return text


def text_of(jobtype: JobType, folders: Iterable[Path]) -> str:
    """The text of an analysis: as its file has it, with comments, where one of this very revision is found."""
    return _file_of(jobtype, folders) or f"{dump.block(_plain(jobtype))}\n"


def _file_of(jobtype: JobType, folders: Iterable[Path]) -> str | None:
    for folder in folders:
        try:
            files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
        except OSError:
            continue
        for file in files:
            found, _problems = load_file(file)
            if found is not None and found.revision == jobtype.revision:
                text = file.read_text(encoding="utf-8").replace("\r\n", "\n").replace("\r", "\n")
                return "".join(
                    line for line in text.splitlines(keepends=True) if "yaml-language-server" not in line
                )
    return None


def _plain(jobtype: JobType) -> dict[str, object]:
    """The document with what its author wrote, without all the defaults."""
    document: dict[str, object] = _as_written(jobtype.model_dump(mode="json", exclude_defaults=True))
    return document


def _as_written(value: Any) -> Any:
    """Conditions as texts, as people write them: their trees are read anew."""
    if isinstance(value, dict):
        if set(value) == {"text", "tree"}:
            return value["text"]
        return {key: _as_written(one) for key, one in value.items()}
    return [_as_written(one) for one in value] if isinstance(value, list) else value
