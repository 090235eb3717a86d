"""Reading values out of a request to the store, and its manifests."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gantry_formats.patterns.paths import PathPattern
from portal.documents import canonical_json
from portal.files.confined import components
from portal.rpc.exchange import SCHEMA, RefusedError
from portal.store.copying import StoredFile
from portal.store.patterns import compiled

MAX_MANIFEST_BYTES = 64 << 20
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OUTPUT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def new_manifest(job: int, output: str, attempt: str, kept: list[StoredFile]) -> dict[str, Any]:
    """What is written beside the files: which job's which output, and every file."""
    files = [file.document() for file in kept]
    digest = hashlib.sha256(canonical_json(files)).hexdigest()
    return {"schema": SCHEMA, "job": job, "output": output, "attempt": attempt, "files": files, "sha256": digest}


def answer_of(document: Mapping[str, Any], place: Path, results: Path) -> dict[str, Any]:
    """The answer about a result, from its manifest."""
    return {
        "location": str(place.relative_to(results)),
        "attempt": document["attempt"],
        "files": document["files"],
        "bytes": sum(file["size"] for file in document["files"]),
        "sha256": document["sha256"],
    }


def job_of(value: Any) -> int:
    """A job's number."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise RefusedError("request", "job must be a whole number.")
    return value


def output_of(value: Any) -> str:
    """An output's name, which is also part of file names."""
    if not isinstance(value, str) or not OUTPUT_NAME.fullmatch(value):
        raise RefusedError("request", "output must be the name of an output.")
    return value


def attempt_of(value: Any) -> str:
    """An attempt's UUID, which is also the name of its folder."""
    if not isinstance(value, str) or not UUID.fullmatch(value):
        raise RefusedError("request", "The attempt must be a UUID in lower case.")
    return value


def destination_of(value: Any) -> str:
    """A folder beneath the results, none of whose names begins with a dot."""
    if not isinstance(value, str):
        raise RefusedError("request", "A place in the results must be text.")
    parts = components(value)
    if not parts or any(part.startswith(".") for part in parts):
        raise RefusedError("request", f"{value!r} is no place in the results.")
    return "/".join(parts)


def patterns_of(given: Mapping[str, Any]) -> tuple[PathPattern, list[PathPattern]]:
    """The pattern of the dataset's files, and those of files that go with them."""
    also = given["also"] if given["also"] is not None else []
    if not isinstance(also, list) or not all(isinstance(one, str) for one in [given["pattern"], *also]):
        raise RefusedError("request", "pattern must be text, and also a list of texts.")
    uid = given["uid"]
    if uid is not None and (isinstance(uid, bool) or not isinstance(uid, int)):
        raise RefusedError("request", "uid must be a whole number.")
    return compiled(given["pattern"]), [compiled(one) for one in also]
