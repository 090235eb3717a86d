"""The contract suite of the schedulers, on a host of the cluster, as a person, against the real Slurm.

On the controller's: the portal's has the operator's file, with which the agent does not hear what tests tell it.
"""

import importlib.util
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hosts.host import Host
from hosts.place import CHECKOUT, the_place

# What pytest needs; nothing of it is compiled, so that it runs under the hosts' Python too.
PURE = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments", "pytest_timeout")
ACCOUNT = "contract"
HERE = "gantry-contract"


@pytest.fixture
def two_at_a_time(ctl: Host) -> Iterator[str]:
    """An account under which maya may run two jobs at a time, for as long as the test lasts."""

    def without_it() -> None:
        ctl.run("sacctmgr", "-i", "delete", "user", "maya", f"account={ACCOUNT}")
        ctl.run("sacctmgr", "-i", "delete", "account", ACCOUNT)

    without_it()
    ctl.run("sacctmgr", "-i", "add", "account", ACCOUNT, "parent=gantry")
    added = ctl.run("sacctmgr", "-i", "add", "user", "maya", f"account={ACCOUNT}", "MaxJobs=2")
    assert added.returncode == 0, added.stdout + added.stderr
    yield ACCOUNT
    without_it()


@pytest.fixture
def copied(cluster) -> Iterator[Path]:
    """The suite, what it tests and what it needs, on the common file system: its path there."""
    folder = the_place().shared / HERE
    shutil.rmtree(folder, ignore_errors=True)
    ignore = shutil.ignore_patterns("node_modules", "__pycache__", "static", "recordings")
    for name in ("portal", "wrappers", "tests/contract"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignore)
    for name in PURE:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
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


@pytest.fixture
def suite(ctl: Host, copied: Path) -> Callable[..., str]:
    """`suite("maya", "account=x", "test_scheduler.py", "-k", "slurm")`: what pytest printed; all must pass."""

    def run(person: str, settings: str, file: str, *words: str) -> str:
        done = ctl.run(
            "env", "-C", "/", "runuser", "-u", person, "--", "env",
            f"GANTRY_TEST_SLURM=cluster=gantry {settings}",
            f"PYTHONPATH={copied}:{copied}/libraries", "PYTHONDONTWRITEBYTECODE=1",
            "python3", "-m", "pytest", "-p", "pytest_timeout", "-p", "no:cacheprovider",
            "--import-mode=importlib", "--rootdir", str(copied), "-c", f"{copied}/pytest.ini", "--timeout=400",
            "-ra", "-q", "--durations=5", f"--basetemp={copied}/work/{person}", f"{copied}/tests/contract/{file}",
            *words,
            timeout=1800,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"\d+ passed", done.stdout)
        assert "skipped" not in done.stdout
        return done.stdout

    return run


def test_slurm_keeps_the_contract(suite, two_at_a_time):
    print(suite("maya", f"account={two_at_a_time}", "test_scheduler.py", "-k", "slurm"))


def test_what_only_slurm_has(suite, two_at_a_time):
    print(suite("maya", f"account={two_at_a_time}", "test_slurm.py"))


def test_the_daemon_sees_everybodys_jobs_and_knows_it(suite, ctl):
    sbatch = ["sbatch", "--parsable", "--hold", "--account=microscopy", "--job-name=gantry-sight-1", "--time=1"]
    sbatch += ["--chdir=/", "--output=/dev/null", "--wrap", "true"]
    held = ctl.run("runuser", "-u", "maya", "--", *sbatch)
    assert held.returncode == 0, held.stderr
    try:
        print(suite("gantry-daemon", "", "test_slurm_sight.py"))
    finally:
        ctl.run("runuser", "-u", "maya", "--", "scancel", held.stdout.strip())
