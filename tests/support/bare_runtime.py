"""A stand-in for the container runtime: the same arguments, real bind mounts in a namespace of its own, no image.

It reads what launch writes as Apptainer does: `exec`, options, `--mount` in CSV, `--env`, `--pwd`, the image, the
program. The root is empty but for the system's programs and what is bound. A missing place for a mount is made.
"""

import csv
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/dev")
WITH_VALUE = ("--mount", "--env", "--network", "--pwd")


def install(folder: Path) -> Path:
    """Put the stand-in as `apptainer` into a folder for PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "apptainer"
    program.write_text(f'#!/bin/sh\nexec unshare -Urm {sys.executable} "{Path(__file__).resolve()}" "$@"\n')
    program.chmod(0o755)
    return folder


def possible() -> bool:
    """Whether this machine lets people have namespaces of their own."""
    return subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode == 0


def _read(words: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    given: dict[str, list[str]] = {name: [] for name in WITH_VALUE}
    rest = iter(words)
    for word in rest:
        if word in WITH_VALUE:
            given[word].append(next(rest))
        elif not word.startswith("--") and word != "exec":
            return given, list(rest)  # `word` is the image
    raise SystemExit("no program")


def _bind(source: str, target: Path) -> None:
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    subprocess.run(["mount", "--rbind", source, str(target)], check=True)


def main(words: list[str]) -> None:
    """Become the program, in its own root."""
    given, program = _read(words)
    root = Path(tempfile.mkdtemp(prefix="root-", dir=os.environ["TMPDIR"]))
    subprocess.run(["mount", "-t", "tmpfs", "none", str(root)], check=True)
    for place in SYSTEM:
        if Path(place).is_symlink():
            (root / place[1:]).symlink_to(Path(place).readlink())
        elif Path(place).exists():
            _bind(place, root / place[1:])
    for text in given["--mount"]:
        fields = next(csv.reader(io.StringIO(text, newline=""), strict=True))
        named = dict(field.split("=", 1) for field in fields if "=" in field)
        _bind(named["source"], root / named["destination"][1:])
    environment = dict(next(csv.reader([text]))[0].split("=", 1) for text in given["--env"])
    os.chroot(root)
    os.chdir(given["--pwd"][0])
    os.execvpe(program[0], program, {"PATH": "/usr/bin:/bin", **environment})


if __name__ == "__main__":
    main(sys.argv[1:])
