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


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        ("echo '0 new, 8 were there already, in /srv.'", 0, False),
        ("echo 'Published qc 0123'; echo 'bad.yaml:3: unknown key titel' >&2; exit 6", 0, True),
        ("echo 'Error: /srv/jobtypes: the folder cannot be read' >&2; exit 12", 2, False),
    ],
    ids=["all sound", "one with mistakes", "a wrong setting"],
)
def test_a_job_type_with_mistakes_is_told_and_stops_no_upgrade(
    cluster: Cluster, tmp_path: Path, answer: str, code: int, told: bool
) -> None:
    """The role's own tasks, with a program in the place of `gantry`, whose exit codes the command's tests hold."""
    program = tmp_path / "gantry"
    program.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    program.chmod(0o755)
    tasks = [
        task
        for file in ("database.yml", "services.yml")
        for task in playbook.tasks_of(cluster.place, "portal", file)
        if "portal_published" in json.dumps(task)
    ]
    assert [task["name"].split(",")[0] for task in tasks] == ["Job types", "Job types with mistakes"]
    tasks[0]["ansible.builtin.command"]["cmd"] = str(program)
    between = {"name": "The portal runs", "ansible.builtin.debug": {"msg": "services"}}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": [tasks[0], between, tasks[1]],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    env = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "home")}
    run = playbook.environment(cluster.place) / "ansible-playbook"
    done = attempt(run, "-i", "localhost,", tmp_path / "play.yml", env=env, cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("services" in done.stdout) == (code == 0)
    assert ("bad.yaml:3: unknown key titel" in done.stdout) == told


def test_no_role_uses_a_module_that_ansible_core_lacks() -> None:
    collections = {"community.", "ansible.posix.", "containers."}
    for file in playbook.ANSIBLE.rglob("*.yml"):
        text = file.read_text(encoding="utf-8")
        assert not any(f"    {name}" in text or f"  {name}" in text for name in collections), file


def test_sudo_accepts_what_the_role_wrote(cluster: Cluster) -> None:
    answer = cluster.hosts["portal"].run("visudo", "-c")
    assert answer.returncode == 0, answer.stdout
    assert "/etc/sudoers.d/gantry: parsed OK" in answer.stdout
