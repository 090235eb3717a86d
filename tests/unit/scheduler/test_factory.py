"""The one table of backends: what it takes, what it loads, and that nobody else tells backends apart."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.config import load_settings
from portal.daemon.parts import backend_of, make_scheduler
from portal.errors import ConfigError
from portal.scheduler.factory import KINDS, kind_of, make_owner

REPOSITORY = Path(__file__).parents[3]
SLURM = {"kind": "slurm", "slurm": {"cluster": "gantry"}}


@pytest.mark.parametrize("document", [{}, {"kind": "condor"}, {"kind": ["slurm"]}, {"kind": None}], ids=repr)
def test_what_is_no_backend_is_refused_in_words(document, tmp_path):
    with pytest.raises(ValueError, match="there is no backend"):
        make_owner(document, tmp_path)


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "local"},
        {"kind": "local", "spool": "spool"},
        {"kind": "slurm"},
        {"kind": "slurm", "slurm": {"x": 1}},
    ],
    ids=repr,
)
def test_a_backend_says_what_it_lacks(document, tmp_path):
    with pytest.raises(ValueError, match=r"spool|slurm"):
        make_owner(document, tmp_path)


def test_what_the_daemon_alone_heeds_may_stand_in_what_an_embedded_agent_is_told(tmp_path):
    slurm = {"cluster": "gantry", "everybody": True, "join_singles": False}
    told = backend_of(load_settings({}, var=tmp_path, scheduler="slurm", slurm=slurm))
    assert make_owner(told, tmp_path).cluster == "gantry"


@pytest.mark.parametrize(("kind", "other"), [("local", "slurm"), ("slurm", "local")])
def test_only_the_chosen_backend_is_loaded_and_nothing_but_the_standard_library(kind, other, tmp_path):
    document = {"kind": kind, "spool": str(tmp_path), "slurm": {"cluster": "gantry"}}
    code = f"""
import sys
from pathlib import Path
from portal.scheduler.factory import make_owner
make_owner({document!r}, Path({str(tmp_path)!r}))
loaded = [name for name in sys.modules if name.startswith("portal.scheduler.{other}")]
print(loaded, [name for name in ("pydantic", "sqlalchemy", "yaml") if name in sys.modules])
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert said.stdout == "[] []\n"


def test_jobs_of_people_with_accounts_of_their_own_are_not_started_as_the_daemons(tmp_path):
    command = ["sudo", "-u", "{account}", "agent"]
    settings = load_settings({}, var=tmp_path, agent={"command": command})
    with pytest.raises(ConfigError, match="starts all jobs as the daemon's account"):
        make_scheduler(settings)
    slurm = {"scheduler": "slurm", "slurm": {"cluster": "gantry"}}
    assert make_scheduler(load_settings({}, var=tmp_path, agent={"command": command}, **slurm)).cluster == "gantry"


def test_a_setting_that_slurm_cannot_have_is_refused_in_words(tmp_path):
    with pytest.raises(ConfigError, match="slurm: the cluster's name is missing"):
        make_scheduler(load_settings({}, var=tmp_path, scheduler="slurm"))


def test_whether_jobs_run_as_their_people_is_known_of_each():
    assert {name: kind_of({"kind": name}).own_accounts for name in KINDS} == {"local": False, "slurm": True}


def test_nobody_but_the_factory_tells_backends_apart():
    names = "|".join(KINDS)
    apart = re.compile(rf"isinstance\([^)]*(?:Scheduler|Owner)\)|cast\(\"?(?:Local|Slurm)|[!=]= \"(?:{names})\"")
    found = [
        f"{path.relative_to(REPOSITORY)}: {line.strip()}"
        for path in sorted((REPOSITORY / "portal").rglob("*.py"))
        if "node_modules" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if apart.search(line)
    ]
    assert found == []
