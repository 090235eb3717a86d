"""A job type of IJP as YAML of ours, and what staff must fill in, what is not carried over and what differs."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from portal.jobtype.ijp.options import Told, free_name, line, options_of
from portal.jobtype.ijp.read import Element, Read
from portal.jobtype.load import Problem, parse_text
from portal.jobtype.written.dump import block

KEYS: Final = frozenset(
    {
        "name", "executable", "type", "family", "sessionId", "icatUrlRequired", "idsUrlRequired",
        "acceptsDatasets", "acceptsDatafiles", "createsProvenance", "multiple", "datasetTypes", "jobOptions",
    }
)  # fmt: skip
SLOT: Final = "data"
MOST_TOGETHER: Final = 1000
JOB_ONLY: Final = "none (job only)"
_PLACE: Final = re.compile(r"\$\{([^}]*)\}")
NOT_CARRIED: Final = {
    "sessionId": "a session of ICAT is a secret, and would stand on the command line for everybody to read. The "
    "program is given the dataset's files instead, read-only, and needs no session",
    "icatUrlRequired": "the program needs no catalogue: it is given files, and what it leaves is registered",
    "idsUrlRequired": "the program fetches nothing: the dataset's files are there when it starts",
    "createsProvenance": "of every result it is recorded where it is from, without --ijpJobId and --ijpUrl",
}  # fmt: skip
FAMILY: Final = "each job runs under the account of the person who starts it, and not under one of a family"


@dataclass(frozen=True)
class Converted:
    """The YAML with all remarks on top, the remarks by kind, and what the checks of job types find wrong in it."""

    text: str
    fill_in: tuple[str, ...]
    not_carried: tuple[str, ...]
    changed: tuple[str, ...]
    problems: tuple[Problem, ...]


def convert(read: Read, file: Path) -> Converted:
    """All that it says, in our words. Never raises: what cannot be carried over is told."""
    told, root = Told(), read.root
    for key in sorted({*root.attributes, *(one.name for one in root.within)} - KEYS):
        told.not_carried.append(f"{key[:100]}: no key of IJP's that is known here")
    slot = _slot(root, told)
    options, arguments = options_of(root, SLOT if slot else None, told)
    title = line(root.said("name"), "Imported from IJP")
    program = _program(root, told)
    inputs = [{"input": SLOT}] if slot else []
    document: dict[str, Any] = {
        "name": free_name(title, set()).replace("_", "-"),
        "version": "1.0",
        "title": title,
        "summary": title,
        **_description(read, told),
        "category": "Imported from IJP",
        "contact": "the facility's staff",
        **_kind(root, told),
        "program": {"command": [program, *arguments, *inputs]},
        **({"inputs": [slot]} if slot else {}),
        **({"options": options} if options else {}),
        "resources": {"default": "standard", "variants": [_resources()]},
        "result_title": f"{{input}}, {_plain(title)}" if slot else _plain(title),
        "outputs": [],
    }
    _tell_flags(root, told)
    told.fill_in += [
        "image: the container image in which the program is; its name goes under the key image",
        "resources: IJP says nothing of processors, memory and time. 1 CPU, 1 GiB and 10 minutes are a guess",
        "outputs: IJP says nothing of what comes out. With outputs: [] nothing is registered as a result",
        "summary, category, contact: what people read on its card",
    ]
    text = _with_remarks(document, told, title, file)
    _jobtype, problems = parse_text(text, file.with_suffix(".yaml"))
    return Converted(text, tuple(told.fill_in), tuple(told.not_carried), tuple(told.changed), tuple(problems))


def _plain(title: str) -> str:
    return title.replace("{", "(").replace("}", ")")[:150]


def _is_true(root: Element, key: str) -> bool:
    return root.said(key).lower() in ("true", "1")


def _tell_flags(root: Element, told: Told) -> None:
    for key, why in NOT_CARRIED.items():
        if _is_true(root, key):
            told.not_carried.append(f"{key}: {why}")
    if root.said("family"):
        told.not_carried.append(f"family {root.said('family')[:40]}: {FAMILY}")


def _kind(root: Element, told: Told) -> dict[str, str]:
    kind = root.said("type").lower() or "batch"
    if kind == "interactive":
        told.changed.append("type interactive: a desktop, which cannot be started here yet")
        return {"kind": "interactive"}
    if kind != "batch":
        told.changed.append(f"type {kind[:40]}: IJP knows batch and interactive; here it is batch")
    return {}


def _program(root: Element, told: Told) -> str:
    said = " ".join(root.said("executable").split())
    program = _PLACE.sub("", said)
    for place in dict.fromkeys(_PLACE.findall(said)):
        told.changed.append(
            f"executable: ${{{place[:40]}}} was filled in when IJP was installed, and is left out: the program "
            "stands on the image's PATH, or write its whole path within the image"
        )
    if not program:
        told.fill_in.append("program: IJP's file has no executable")
        return "program"
    if " " in program:
        told.fill_in.append(
            f"program: “{program[:100]}” is taken as the name of one program: make words of it if not"
        )
    elif program.startswith("/"):
        told.changed.append(f"executable {program[:100]}: this is a path within the image, and none of the host")
    return program


def _slot(root: Element, told: Told) -> dict[str, Any] | None:
    types = list(dict.fromkeys(line(one.text, "") for one in root.each("datasetTypes")))
    types = [one for one in types if one and one != JOB_ONLY]
    files, sets = _is_true(root, "acceptsDatafiles"), _is_true(root, "acceptsDatasets")
    if not types:
        for key, there in (("acceptsDatasets", sets), ("acceptsDatafiles", files)):
            if there:
                told.not_carried.append(f"{key}: it names no datasetTypes, and IJP gives such a job no data")
        _multiple(root, None, told)
        return None
    for place in dict.fromkeys(name for one in types for name in _PLACE.findall(one)):
        told.fill_in.append(
            f"inputs: dataset_types: ${{{place[:40]}}} was filled in when IJP was installed: write the type's name"
        )
    slot: dict[str, Any] = {"name": SLOT, "label": "Dataset", "dataset_types": types, "max": 1}
    if sets or not files:
        told.changed.append(
            "acceptsDatasets: the program got --datasetIds= and numbers; here it gets the paths of the files, at "
            "the end of its arguments"
        )
    if files:
        told.changed.append(
            "acceptsDatafiles: the program got --datafileIds= and numbers of single files; here people choose "
            "datasets, and the key files of the input says which of their files the program gets"
        )
    _multiple(root, slot, told)
    return slot


def _multiple(root: Element, slot: dict[str, Any] | None, told: Told) -> None:
    found = next(root.each("multiple"), None)
    several = root.said("multiple").lower() in ("true", "1")
    if slot is None:
        if several:
            told.not_carried.append("multiple: there is no data of which there could be several")
        return
    if several:
        slot["max"] = MOST_TOGETHER
        told.changed.append("multiple: people choose a job for each dataset, or one over all")
    if found is not None and found.attributes.get("forceSingleJob", "").lower() in ("true", "1"):
        slot["max"] = MOST_TOGETHER
        told.changed.append(
            "multiple forceSingleJob: with min: 1 people may also choose a job for each dataset; min: 2 makes it "
            "one job over all, but takes no single dataset"
        )
    for key in sorted(set(found.attributes if found is not None else ()) - {"forceSingleJob"}):
        told.not_carried.append(f"multiple {key[:40]}: no key of IJP's that is known here")


def _description(read: Read, told: Told) -> dict[str, str]:
    """Comments in words. What was commented out is no description."""
    words = [
        "\n".join(one.strip() for one in comment.strip().splitlines() if one.strip())
        for comment in read.comments
        if "</" not in comment and "/>" not in comment
    ]
    text = "".join(one if one.isprintable() or one == "\n" else " " for one in "\n".join(filter(None, words)))
    if len(words) < len(read.comments):
        told.not_carried.append("a comment in which elements are commented out")
    return {"description": text[:4000] + "\n"} if text.strip() else {}


def _resources() -> dict[str, Any]:
    return {"name": "standard", "label": "Standard", "cpus": 1, "memory_mb": 1024, "time_s": 600}


def _with_remarks(document: dict[str, Any], told: Told, title: str, file: Path) -> str:
    lines = [f"# From IJP's job type “{title}”, {file.name}."]
    for heading, said in (
        ("To fill in:", told.fill_in),
        ("Not carried over:", told.not_carried),
        ("Not quite the same:", told.changed),
    ):
        lines += ["#", f"# {heading}", *(f"# - {' '.join(one.split())}" for one in said)] if said else []
    safe = ("".join(sign if sign.isprintable() else "?" for sign in one) for one in lines)
    return "\n".join(safe) + f"\n\n{block(document)}\n"
