"""Each command of `./run` as the first one in a fresh clone: `./run exercise first-command [NAME…]`.

The environment is new, too. A command that needs what another one makes fails here and nowhere else. Prints a line
a command; exits 1 if one failed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMANDS: dict[str, tuple[str, ...]] = {
    "help": ("./run", "help"),
    "frontend": ("./run", "frontend"),
    "lint": ("./run", "lint"),
    "shell": ("./run", "shell", "gantry", "--version"),
    "bench": ("./run", "bench"),
    "exercise": ("./run", "exercise"),
    "images": ("./run", "images", "--list"),
    "test": ("./run", "test", "tests/unit/form", "-q"),
    "quick": ("./run", "test", "--quick"),
    "changed": ("./run", "test", "--changed"),
    "demo": ("./run", "demo", "--check"),
    "lab": (
        "sh",
        "-c",
        """
        ./run lab up && ./run lab ssh portal "python3 -c '$ASK'"
        code=$?
        ./run lab down --wipe
        exit $code
        """,
    ),
}
LAB = "frst"
ASK = (
    "import ssl, urllib.request as ask; "
    'ask.urlopen("https://localhost/sign-in", context=ssl._create_unverified_context())'
)
"""Raises unless the sign-in page is shown."""


def try_first(name: str) -> bool:
    """Run one command in a clone of HEAD; True if it ended well."""
    folder = Path(tempfile.mkdtemp(prefix="gantry-first-"))
    try:
        clone = folder / "clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GANTRY_")}
        environment.pop("PYTHONPATH", None)
        environment |= {"GANTRY_VENV": str(folder / "venv"), "GANTRY_LAB": LAB, "ASK": ASK}
        began = time.monotonic()
        done = subprocess.run(
            COMMANDS[name], cwd=clone, env=environment, capture_output=True, text=True, check=False
        )
        took_s = time.monotonic() - began
        print(
            f"{'good' if done.returncode == 0 else 'BAD '} {took_s:6.0f} s  {' '.join(COMMANDS[name])}", flush=True
        )
        if done.returncode:
            print((done.stdout + done.stderr)[-3000:])
        return done.returncode == 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(words: list[str]) -> int:
    """Try them all, or those that are named; the lab only as root. 2 for a name that is none."""
    for word in words:
        if word not in COMMANDS:
            print(f"There is no command “{word}”: {', '.join(COMMANDS)}.", file=sys.stderr)
            return 2
    names = words or [name for name in COMMANDS if name != "lab" or os.geteuid() == 0]
    results = [try_first(name) for name in names]
    print(f"{sum(results)} of {len(results)} commands work as the first one")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
