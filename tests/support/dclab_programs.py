"""dclab's own programs as judges of .rtdc files: separate processes, never imported, since dclab is GPL."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from kept_ready import Ready


@cache
def _ready() -> Ready:
    return Ready(sys.executable, "import dclab.cli", os.environ)


def _command(name: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """What `dclab-NAME` does; the commands are functions of that name."""
    return _ready().run(f"import dclab.cli; raise SystemExit(dclab.cli.{name}())", arguments)


def verify(path: Path) -> tuple[int, int]:
    """How many violations and alerts `dclab-verify-dataset` finds in the file."""
    said = _command("verify_dataset", path).stdout
    found = re.search(r"(\d+) violations? and (\d+) alerts?", said)
    assert found, said
    return int(found[1]), int(found[2])


def condense(path: Path, condensed: Path) -> Path:
    """Let `dclab-condense` read the file and write its scalar features, those that dclab computes included."""
    done = _command("condense", path, condensed)
    assert done.returncode == 0, done.stderr
    return condensed


def metadata(path: Path, keys: list[str]) -> dict[str, object]:
    """What dclab reads of a file's metadata, by "section:key"."""
    program = (
        "import dclab, json, sys, warnings; warnings.simplefilter('error'); ds = dclab.new_dataset(sys.argv[1]); "
        "print(json.dumps({k: ds.config[k.split(':')[0]][k.split(':')[1]] for k in sys.argv[2:]}))"
    )
    done = _ready().run(program, [path, *keys])
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def defined() -> dict[str, str]:
    """The type that dclab has for the metadata that describe a measurement, by "section:key"."""
    program = (
        "import dclab.definitions as d, json; "
        "print(json.dumps({f'{s}:{k}': f.__name__ for s in ('experiment', 'imaging', 'setup') "
        "for k, f in d.config_funcs[s].items()}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))
