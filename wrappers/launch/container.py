"""The container's command line. Pure: what goes in decides what comes out."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

RUNTIMES = ("apptainer", "singularity")
FOLDER = "/job"
TMP = "/tmp"  # noqa: S108 - the place inside the container, a folder of the attempt's own outside


def attempt_tmp(folder: str) -> str:
    """Return the path of the attempt's own folder for temporary files, outside."""
    return str(Path(folder, "tmp"))


def find_runtime(search_path: str) -> str | None:
    """Return the path of the container runtime on a PATH, or None."""
    for runtime in RUNTIMES:
        for directory in search_path.split(os.pathsep):
            candidate = Path(directory, runtime)
            if directory.startswith("/") and candidate.is_file() and os.access(candidate, os.X_OK):
                return str(candidate)
    return None


def container_argv(
    runtime: str,
    image: str,
    folder: str,
    *,
    inputs: Sequence[tuple[str, str]],
    environment: Mapping[str, str],
    program: Sequence[str],
    gpus: int,
    network: bool,
    together: Sequence[tuple[str, str]] | None = None,
    start_in: str = FOLDER,
    hosts: str | None = None,
) -> list[str]:
    """Return the argument list that runs `program` in `image`.

    `folder` is the attempt's folder outside, seen as /job inside; `inputs` are pairs (path outside, path inside),
    bound read-only. Nothing else of the host is visible. `together` is of a rank of several: it shares network,
    process numbers and shared memory with its neighbours, and sees these folders of the node (outside, inside).
    `hosts` is its /etc/hosts where it is started in a network that was made for it: it stays in that one.
    """
    contained = ["--containall"] if together is None else ["--contain"]
    # Quiet: standard error is the program's, and people read it.
    argv = [runtime, "--quiet", "exec", *contained, "--no-home", "--cleanenv"]
    if gpus > 0:
        argv.append("--nv")
    if hosts is not None:
        # In the person's own namespace no program has root's rights: the runtime does without.
        argv += ["--userns"]
    elif not network and together is None:
        argv += ["--net", "--network", "none"]
    for name, value in sorted(environment.items()):
        argv += ["--env", _csv(f"{name}={value}")]
    argv += _mount(folder, FOLDER, read_only=False)
    argv += _mount(f"{folder}/job.json", f"{FOLDER}/job.json", read_only=True)
    argv += _mount(attempt_tmp(folder), TMP, read_only=False)
    if hosts is not None:
        argv += _mount(hosts, "/etc/hosts", read_only=True)
    for source, target in together or ():
        argv += _mount(source, target, read_only=False)
    for source, target in inputs:
        argv += _mount(source, target, read_only=True)
    return [*argv, "--pwd", start_in, image, *program]


def _mount(source: str, target: str, *, read_only: bool) -> list[str]:
    # --mount, not --bind: colons and commas in people's file names have no meaning here.
    fields = ["type=bind", f"source={source}", f"destination={target}"]
    if read_only:
        fields.append("ro")
    return ["--mount", ",".join(_csv(field) for field in fields)]


def _csv(field: str) -> str:
    """Quote a field as the runtime's CSV reader wants it (RFC 4180: the whole field, quotes doubled)."""
    if any(character in field for character in ',"\r\n') or field != field.strip():
        doubled = field.replace('"', '""')
        return f'"{doubled}"'
    return field
