"""ansible/site.yml: complete, idempotent, clean."""

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hosts import playbook
from hosts.cluster import Cluster
from hosts.commands import attempt


@pytest.mark.usefixtures("images")
def test_a_second_run_changes_nothing(cluster: Cluster) -> None:
    """With the images staged: where they had to be built, the first run could not stage them."""
    recap = cluster.apply()
    assert set(recap.changed) == set(cluster.hosts)
    assert sum(recap.changed.values()) == 0, recap.printed
    assert min(recap.ok.values()) > 0


def test_the_roles_are_clean_for_production(cluster: Cluster) -> None:
    bin_folder = playbook.environment(cluster.place)
    env = {
        **os.environ,
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "ANSIBLE_HOME": str(cluster.place.cache / "lint"),
    }
    command = (bin_folder / "ansible-lint", "--offline", "--nocolor", "--profile", "production", "-q", ".")
    done = attempt(*command, env=env, cwd=playbook.ANSIBLE)
    assert done.returncode == 0, done.stdout + done.stderr


MAXWELL = {"backend": "slurm", "slurm": {"everybody": True}}
ISLAND = {"backend": "slurm", "jobtypes": ["weigh"], "slurm": {"conf": "/etc/slurm/island.conf"}}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"web": {"workers": 3}}, {"scheduler": "slurm", "slurm": {"cluster": "gantry"}}),
        (
            {"clusters": {"maxwell": MAXWELL, "island": ISLAND}},
            {"clusters": {"maxwell": MAXWELL, "island": ISLAND}},
        ),
    ],
    ids=["one cluster", "several"],
)
def test_the_settings_name_one_cluster_or_several(
    cluster: Cluster, tmp_path: Path, given: dict[str, Any], named: dict[str, Any]
) -> None:
    """Never both, which the portal refuses; the first stays the first."""
    own = {"scheduler": "slurm", "slurm": {"cluster": "gantry"}}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {
            "ansible_python_interpreter": sys.executable,
            "portal_settings_of_this_role": own,
            "portal_settings": given,
        },
        "tasks": [
            {
                "ansible.builtin.template": {
                    "src": str(playbook.ANSIBLE / "roles/portal/templates/config.toml.j2"),
                    "dest": str(tmp_path / "config.toml"),
                    "mode": "0600",
                }
            }
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    program = playbook.environment(cluster.place) / "ansible-playbook"
    env = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "home")}
    done = attempt(program, "-i", "localhost,", tmp_path / "play.yml", env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    written = tomllib.loads((tmp_path / "config.toml").read_text(encoding="utf-8"))
    assert {key: written[key] for key in written if key in {"scheduler", "slurm", "clusters"}} == named
    assert list(written.get("clusters", {})) == list(given.get("clusters", {}))


def test_no_role_uses_a_module_that_ansible_core_lacks() -> None:
    collections = {"community.", "ansible.posix.", "containers."}
    for file in playbook.ANSIBLE.rglob("*.yml"):
        text = file.read_text(encoding="utf-8")
        assert not any(f"    {name}" in text or f"  {name}" in text for name in collections), file


def test_sudo_accepts_what_the_role_wrote(cluster: Cluster) -> None:
    answer = cluster.hosts["portal"].run("visudo", "-c")
    assert answer.returncode == 0, answer.stdout
    assert "/etc/sudoers.d/gantry: parsed OK" in answer.stdout
