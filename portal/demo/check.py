"""`./run demo --check`: from sign-in to a result that is judged by what the generator knows.

The walk goes over HTTP, through the pages and forms that people use. The judgement shares no code with any
analysis: the beads' known places (`generate.truth`), and the checksum that the store took while it copied.
"""

import io
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py

from portal.demo.generate.truth import Truth, check_beads
from portal.demo.prepare import prepare, settings_of
from portal.demo.processes import Portal, free_port
from portal.demo.visitor import LostError, Visitor
from portal.documents import digest
from portal.errors import PortalError

PERSON = "ravi"
DATASET = "Fluorescent beads, 200 nm"
ANALYSIS = "lightsheet-deconvolution"
RESULT_FILE = "deconvolved.h5"
JOB_S = 120.0


def check_walk(*, flip_byte: bool = False) -> int:
    """Do the walk on a throw-away folder, print one JSON object, and return 0 only if the result is right."""
    with tempfile.TemporaryDirectory(prefix="gantry-check-") as folder:
        report = _walk(Path(folder), flip_byte)
        _unseal(Path(folder))
    json.dump(report, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0 if report["passed"] else 1


def _walk(var: Path, flip_byte: bool) -> dict[str, Any]:
    begun = time.monotonic()
    settings, config = settings_of(var, port=free_port(0))
    prepare(settings, lambda _name, _fraction: None)
    portal = Portal(settings, config)
    report: dict[str, Any] = {"passed": False, "prepared_s": round(time.monotonic() - begun, 1)}
    try:
        portal.start()
        visitor = Visitor(portal.url)
        begun = time.monotonic()
        number = _submit(visitor)
        report["job"] = {"number": number, "states": _watch(visitor, number)}
        details = visitor.json(f"/api/v1/jobs/{number}")
        report["job"] |= {key: details[key] for key in ("title", "state", "sentence", "runner")}
        if details["state"] != "succeeded":
            report["reasons"] = [details["cause_words"] or details["sentence"]]
            return report
        if flip_byte:
            _flip(settings.results)
        report |= _judge(visitor, details["results"][0], Truth.read(settings.var / "truth.json"))
        report["walk_s"] = round(time.monotonic() - begun, 1)
    except PortalError as error:
        report["reasons"] = [error.message]
    finally:
        portal.stop()
    return report


def _submit(visitor: Visitor) -> str:
    """Sign in, find the dataset, choose the analysis, start it as the form proposes; the job's number."""
    home = visitor.open("/sign-in")
    visitor.send(home.form("/sign-in/persona", name=PERSON))
    found = visitor.open("/data", q=DATASET)
    dataset = visitor.open(found.link(text=DATASET, path="/datasets/"))
    form = visitor.open(dataset.link(path=f"/analyses/{ANALYSIS}/start"))
    started = visitor.send(form.form(f"/analyses/{ANALYSIS}/start"))
    number = started.url.rstrip("/").rsplit("/", 1)[-1]
    if not number.startswith("J-"):
        raise LostError(f"The form led to {started.url}, not to a job.")
    return number


def _watch(visitor: Visitor, number: str) -> list[dict[str, Any]]:
    """Ask until the job has ended; its history: state, when, seconds since it was asked for."""
    end = time.monotonic() + JOB_S
    while not (details := visitor.json(f"/api/v1/jobs/{number}"))["final"]:
        if time.monotonic() > end:
            raise LostError(f"{number} has not ended after {JOB_S:.0f} s: {details['sentence']}")
        time.sleep(0.1)
    first = _moment(details["created"])
    return [
        {
            "state": moment["state"],
            "at": moment["at"],
            "s": round((_moment(moment["at"]) - first).total_seconds(), 3),
        }
        for moment in details["timeline"]
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _judge(visitor: Visitor, dataset_id: int, truth: Truth) -> dict[str, Any]:
    """Read the result as the person would and hold it against the truth."""
    dataset = visitor.json(f"/api/v1/datasets/{dataset_id}")
    files = visitor.json(f"/api/v1/datasets/{dataset_id}/files")["items"]
    wanted = next((file for file in files if file["name"] == RESULT_FILE), None)
    if wanted is None:
        raise LostError(f"The result holds no {RESULT_FILE}.")
    content = visitor.download(wanted["url"])
    same = digest(content) == wanted["checksum"]
    reasons = [] if same else ["The file is not the one that was registered (checksum)."]
    beads = _check_beads(content, truth.of(DATASET))
    reasons += beads.pop("reasons")
    passed = beads.pop("passed") and not reasons
    return {
        "passed": passed,
        "result": {
            "dataset": dataset_id,
            "name": dataset["name"],
            "files": len(files),
            "checksum": digest(content),
        },
        "checked": beads,
        "reasons": reasons,
    }


def _check_beads(content: bytes, truth: dict[str, Any]) -> dict[str, Any]:
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            volume = file["data"][()]
    except (OSError, KeyError) as error:
        return {"passed": False, "reasons": [f"The result cannot be read: {error}"]}
    return check_beads(volume, truth["beads"], truth["blurred_fwhm_voxels"], truth["photons"])


def _flip(results: Path) -> None:
    """Change one byte in the middle of the stored result, as a failing disk would: size and time stay."""
    (path,) = results.rglob(RESULT_FILE)
    before = path.stat()
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, io.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0x10]))
    path.chmod(before.st_mode & 0o777)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _unseal(folder: Path) -> None:
    """Make registered results removable: the throw-away folder goes, sealed or not."""
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
