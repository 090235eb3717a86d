"""The contract suite of the schedulers, on the portal's host, as a person, against the real Slurm."""

import importlib.util
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosts.host import Host
from hosts.place import CHECKOUT, the_place

# What pytest needs; nothing of it is compiled, so that it runs under the hosts' Python too.
PURE = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments", "pytest_timeout")
QOS = "two-at-a-time"
HERE = "gantry-contract"


@pytest.fixture
def two_at_a_time(ctl: Host) -> Iterator[str]:
    """A QOS that lets a person run two jobs at a time, for as long as the test lasts."""
    for words in (["add", "qos", QOS], ["modify", "qos", QOS, "set", "MaxJobsPerUser=2"]):
        ctl.run("sacctmgr", "-i", *words)
    granted = ctl.run("sacctmgr", "-i", "modify", "account", "gantry", "set", f"qos+={QOS}")
    assert granted.returncode == 0, granted.stderr
    yield QOS
    ctl.run("sacctmgr", "-i", "modify", "account", "gantry", "set", f"qos-={QOS}")
    ctl.run("sacctmgr", "-i", "delete", "qos", QOS)


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


def test_slurm_keeps_the_contract(portal, copied, two_at_a_time):
    done = portal.run(
        "runuser", "-u", "maya", "--", "env",
        f"GANTRY_TEST_SLURM=cluster=gantry account=microscopy qos={two_at_a_time}",
        f"PYTHONPATH={copied}:{copied}/libraries", "PYTHONDONTWRITEBYTECODE=1",
        "python3", "-m", "pytest", "-p", "pytest_timeout", "-p", "no:cacheprovider", "--import-mode=importlib",
        "--rootdir", str(copied), "-c", f"{copied}/pytest.ini", "--timeout=400", "-ra", "-q", "--durations=5",
        "-k", "slurm", f"--basetemp={copied}/work/maya", f"{copied}/tests/contract/test_scheduler.py",
        timeout=1800,
    )  # fmt: skip
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert "skipped" not in done.stdout
