"""Ansible from an environment of its own, and the inventory of the lab."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hosts.commands import attempt, succeed
from hosts.host import Host
from hosts.place import CHECKOUT, LabError, Place, digest, digest_of_files

ANSIBLE = CHECKOUT / "ansible"
LOCK = CHECKOUT / "requirements" / "cluster.txt"
LAB_VARIABLES = Path(__file__).resolve().parents[1] / "inventory"
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Recap:
    """The last lines of a run: numbers by host."""

    ok: Mapping[str, int]
    changed: Mapping[str, int]
    printed: str


def environment(place: Place) -> Path:
    """bin/ of a virtual environment with Ansible, made if it is not there (half a minute)."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = place.cache / f"ansible-{digest([version, LOCK.read_bytes()])}"
    complete = (
        folder / ".complete"
    )  # programs in it name their own place, so it cannot be made elsewhere and renamed
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        succeed(sys.executable, "-m", "venv", folder)
        succeed(
            folder / "bin/python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK, timeout=1200
        )
        complete.touch()
    return folder / "bin"


def roles_of_groups(place: Place) -> dict[str, list[str]]:
    """Group of hosts -> the roles that site.yml gives it, as Ansible's own YAML reader sees the file."""
    plays = _yaml(place, ANSIBLE / "site.yml")
    found: dict[str, list[str]] = {}
    for play in plays:
        for group in str(play["hosts"]).split(","):
            roles = [role if isinstance(role, str) else role["role"] for role in play.get("roles", [])]
            found.setdefault(group.strip(), []).extend(roles)
    return found


def tasks_of(place: Place, role: str, file: str) -> list[dict[str, Any]]:
    """The tasks in one file of a role."""
    return list(_yaml(place, ANSIBLE / "roles" / role / "tasks" / file))


def _yaml(place: Place, file: Path) -> Any:
    read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))"
    return json.loads(succeed(environment(place) / "python", "-c", read, stdin=file.read_text(encoding="utf-8")))


def key(place: Place, groups: Iterable[str], beside: Sequence[str]) -> str:
    """Changes when what Ansible makes of a host in these groups would: roles, variables, and `beside`."""
    by_group = roles_of_groups(place)
    roles = sorted({role for group in groups for role in by_group.get(group, [])})
    files: list[Path] = [ANSIBLE / "roles" / role for role in roles] + [LAB_VARIABLES]
    return digest([*beside, *sorted(groups), *roles, digest_of_files(files, CHECKOUT)])


def write_inventory(
    place: Place,
    hosts: Mapping[str, Host],
    groups: Mapping[str, Sequence[str]],
    variables: Mapping[str, object],
) -> Path:
    """The inventory file, with variables that are paths on this machine, beside a link to the lab's others."""
    folder = place.running / "inventory"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "group_vars"
    link.unlink(missing_ok=True)
    link.symlink_to(LAB_VARIABLES / "group_vars")
    entry = {
        name: {
            "ansible_host": host.address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(place.key),
        }
        for name, host in hosts.items()
    }
    document = {
        "all": {
            "hosts": entry,
            "vars": dict(variables),
            "children": {group: {"hosts": dict.fromkeys(names)} for group, names in groups.items()},
        }
    }
    file = folder / "hosts.json"
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return file


def run(place: Place, inventory: Path, *words: str) -> Recap:
    """Run site.yml over ssh; its recap. Raises LabError with the end of what it printed if any host failed."""
    log = place.running / "ansible.log"
    log.unlink(missing_ok=True)
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
        "ANSIBLE_LOG_PATH": str(log),
        "ANSIBLE_HOME": str(place.cache / "ansible-home"),
        "ANSIBLE_SSH_ARGS": f"-oControlMaster=auto -oControlPersist=60s -oUserKnownHostsFile={place.known_hosts}",
        "LC_ALL": "C.UTF-8",
    }
    command: list[str | Path] = [environment(place) / "ansible-playbook", "-i", inventory, ANSIBLE / "site.yml"]
    done = attempt(*command, *words, env=env, cwd=ANSIBLE, timeout=3000)
    if done.returncode:
        raise LabError(f"Ansible failed (whole log: {log}):\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}")
    rows = RECAP.findall(done.stdout)
    return Recap({row[0]: int(row[1]) for row in rows}, {row[0]: int(row[2]) for row in rows}, done.stdout)
