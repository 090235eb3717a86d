"""The contract suite of the schedulers on a host of the cluster: what it takes there, and how it is run."""

import importlib.util
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hosts.host import Host
from hosts.place import CHECKOUT, LabError, Place

# What pytest needs; nothing of it is compiled, so that it runs under the hosts' Python too.
PURE = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments", "pytest_timeout")
ACCOUNT = "contract"
HERE = "gantry-contract"
HEARD_SECONDS = 300


@contextmanager
def two_at_a_time(ctl: Host, *people: str) -> Iterator[str]:
    """An account under which each of these people may run two jobs at a time, for as long as this lasts."""

    def without_it() -> None:
        ctl.run("sacctmgr", "-i", "delete", "user", ",".join(people), f"account={ACCOUNT}")
        ctl.run("sacctmgr", "-i", "delete", "account", ACCOUNT)

    # The accounting daemon tells the controller once: one that is just starting does not hear it.
    deadline = time.monotonic() + HEARD_SECONDS
    while not _added(ctl, people, without_it):
        if time.monotonic() > deadline:
            raise LabError("The controller never heard of the account.")
    yield ACCOUNT
    without_it()


def _added(ctl: Host, people: Sequence[str], without_it: Callable[[], None]) -> bool:
    without_it()
    ctl.run("sacctmgr", "-i", "add", "account", ACCOUNT, "parent=gantry")
    added = ctl.run("sacctmgr", "-i", "add", "user", ",".join(people), f"account={ACCOUNT}", "MaxJobs=2")
    if added.returncode:
        raise LabError(added.stdout + added.stderr)
    for _ in range(20):
        known = ctl.run("scontrol", "show", "assoc_mgr", "flags=assoc").stdout
        if all(f"Account={ACCOUNT} UserName={person}" in known for person in people):
            return True
        time.sleep(0.2)
    return False


@contextmanager
def a_held_job(ctl: Host) -> Iterator[None]:
    """The job of maya's that test_slurm_visibility.py looks for, for as long as this lasts."""
    sbatch = ["sbatch", "--parsable", "--hold", "--account=microscopy", "--job-name=gantry-sight-1", "--time=1"]
    sbatch += ["--chdir=/", "--output=/dev/null", "--wrap", "true"]
    held = ctl.run("runuser", "-u", "maya", "--", *sbatch)
    if held.returncode:
        raise LabError(held.stderr)
    try:
        yield
    finally:
        ctl.run("runuser", "-u", "maya", "--", "scancel", held.stdout.strip())


@contextmanager
def copied(place: Place) -> Iterator[Path]:
    """The suite, what it tests and what it needs, on the common file system: its path there."""
    folder = place.shared / HERE
    shutil.rmtree(folder, ignore_errors=True)
    ignore = shutil.ignore_patterns("node_modules", "__pycache__", "static", "recordings")
    for name in ("portal", "wrappers", "gantry_formats", "tests/contract"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignore)
    for name in ("alone.py", "one_line.py", "remote_backend.py"):
        shutil.copy(CHECKOUT / "tests/support" / name, folder)
    for name in PURE:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise LabError(f"{name} is not installed here.")
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, folder / "libraries" / name, ignore=ignore)
        else:
            shutil.copy(origin, folder / "libraries")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = cluster: here\n")
    (folder / "work").mkdir(mode=0o1777)
    (folder / "work").chmod(0o1777)
    yield Path("/shared") / HERE
    shutil.rmtree(folder, ignore_errors=True)


def run_there(
    ctl: Host, folder: Path, person: str, settings: str, file: str, *words: str
) -> subprocess.CompletedProcess[str]:
    """One file of the suite as a person on the controller; `settings`: words for GANTRY_TEST_SLURM."""
    return ctl.run(
        "env", "-C", "/", "runuser", "-u", person, "--", "env",
        f"GANTRY_TEST_SLURM=cluster=gantry {settings}",
        f"PYTHONPATH={folder}:{folder}/libraries", "PYTHONDONTWRITEBYTECODE=1",
        "python3", "-m", "pytest", "-p", "pytest_timeout", "-p", "no:cacheprovider",
        "--import-mode=importlib", "--rootdir", str(folder), "-c", f"{folder}/pytest.ini", "--timeout=400",
        "-ra", "-q", "--durations=5", f"--basetemp={folder}/work/{person}", f"{folder}/tests/contract/{file}",
        *words,
        timeout=1800,
    )  # fmt: skip
