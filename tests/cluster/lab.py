"""`./run lab`: the cluster of the tests, for a person.

up                bring it up (minutes the first time, then seconds)
down [--wipe]     switch it off; --wipe forgets disks and the common file system, caches stay
ssh HOST [CMD…]   into a host, or one command in it
status            which hosts are on, and what runs on them
inventory         the path of Ansible's inventory, for ansible-playbook -i
apply [WORDS…]    run ansible/site.yml once more; WORDS go to ansible-playbook
"""

import os
import shlex
import sys

from hosts.cluster import GROUPS, HOSTS, Cluster
from hosts.network import the_network
from hosts.place import LabError, UsageError, need_root, the_place


def up(cluster: Cluster) -> None:
    """Bring the cluster up and say how to get in."""
    cluster.up()
    for stage in cluster.stages:
        print(f"{stage.seconds:7.1f} s  {stage.name}")
    print("Up. Try: ./run lab ssh ctl sinfo")


def down(cluster: Cluster, *words: str) -> None:
    """Switch off."""
    if set(words) - {"--wipe"}:
        raise UsageError("./run lab down knows only --wipe.")
    cluster.down(wipe="--wipe" in words)


def ssh(cluster: Cluster, *words: str) -> None:
    """Become ssh."""
    if not words or words[0] not in HOSTS:
        raise UsageError(f"ssh into which host? There are {', '.join(HOSTS)}.")
    host, command = cluster.hosts[words[0]], words[1:]
    if command[:1] == ("--",):
        command = command[1:]
    if host.pid is None:
        raise LabError(f"{host.name} is off. ./run lab up")
    place = cluster.place
    login = ["ssh", "-i", str(place.key), "-o", f"UserKnownHostsFile={place.known_hosts}", f"root@{host.address}"]
    sys.stdout.flush()
    # One word is a line for the host's shell, as with ssh; several are a command and its arguments, kept apart.
    line = command[0] if len(command) == 1 else shlex.join(command)
    os.execvp("ssh", [*login, *([line] if command else [])])


def status(cluster: Cluster) -> None:
    """One line a host."""
    for name, host in cluster.hosts.items():
        groups = ", ".join(group for group, names in GROUPS.items() if name in names)
        state = "off" if host.pid is None else host.run("systemctl", "is-system-running").stdout.strip()
        print(f"{name:8} {host.address:15} {state:10} {groups}")


def inventory(cluster: Cluster) -> None:
    """Where the inventory is."""
    print(cluster.inventory())


def apply(cluster: Cluster, *words: str) -> None:
    """Ansible once more, with its own words."""
    print(cluster.apply(*words).printed)


COMMANDS = {"up": up, "down": down, "ssh": ssh, "status": status, "inventory": inventory, "apply": apply}
WITHOUT_WORDS = {"up", "status", "inventory"}


def main(words: list[str]) -> int:
    """Carry out one command; 2 for one that is mistyped, 1 for one that failed, 130 for Ctrl-C."""
    if words and words[0] in {"-h", "--help", "help"}:
        print(__doc__)
        return 0
    if not words or words[0] not in COMMANDS:
        if words:
            print(f"There is no command “{words[0]}”.\n", file=sys.stderr)
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if words[0] in WITHOUT_WORDS and words[1:]:
            raise UsageError(f"./run lab {words[0]} takes no “{words[1]}”.")
        need_root()
        COMMANDS[words[0]](
            Cluster(the_place(), the_network(), lambda text: print(text, file=sys.stderr)), *words[1:]
        )
    except LabError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print(
            "\nStopped half-way. ./run lab up goes on from there; ./run lab down --wipe clears it.",
            file=sys.stderr,
        )
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
