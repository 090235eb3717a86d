"""ansible/site.yml: complete, idempotent, clean."""

import os

from hosts import playbook
from hosts.cluster import Cluster
from hosts.commands import attempt


def test_a_second_run_changes_nothing(cluster: Cluster) -> None:
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


def test_no_role_uses_a_module_that_ansible_core_lacks() -> None:
    collections = {"community.", "ansible.posix.", "containers."}
    for file in playbook.ANSIBLE.rglob("*.yml"):
        text = file.read_text(encoding="utf-8")
        assert not any(f"    {name}" in text or f"  {name}" in text for name in collections), file


def test_sudo_accepts_what_the_role_wrote(cluster: Cluster) -> None:
    answer = cluster.hosts["portal"].run("visudo", "-c")
    assert answer.returncode == 0, answer.stdout
    assert "/etc/sudoers.d/gantry: parsed OK" in answer.stdout
