"""Real hosts: their own systemd, address and disk; a common file system; plugs and cables to pull."""

import hashlib

from hosts import wheels
from hosts.cluster import HOSTS, Cluster
from hosts.commands import attempt
from hosts.host import Host

REACH = "import socket, sys; socket.create_connection((sys.argv[1], 22), float(sys.argv[2]))"


def reaches(host: Host, name: str, within_s: float = 30) -> bool:
    """Whether the host gets through to another's sshd."""
    return host.run("python3", "-c", REACH, name, str(within_s)).returncode == 0


def test_every_host_runs_all_its_units(cluster: Cluster) -> None:
    for host in cluster.hosts.values():
        failed = host.run("systemctl", "--failed", "--no-legend", "--plain").stdout
        assert failed == "", f"{host.name}: {failed}"


def test_nodes_start_this_checkouts_launch(cluster: Cluster) -> None:
    """A node's layer may be older than the portal's, on which the same code is noted."""
    digests = []
    for package in ("gantry_wrappers", "gantry_formats"):
        (wheel,) = wheels.wheels(cluster.place).glob(f"{package}-*.whl")
        digests.append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    version = hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
    for name in ("node1", "node2"):
        assert version in cluster.hosts[name].run("cat", "/usr/libexec/gantry-launch").stdout, name


def test_hosts_know_each_other_by_name(cluster: Cluster) -> None:
    assert all(reaches(cluster.hosts["portal"], name) for name in HOSTS)


def test_ansible_comes_in_by_ssh_with_a_checked_host_key(cluster: Cluster) -> None:
    place, host = cluster.place, cluster.hosts["node1"]
    options = ("-oBatchMode=yes", "-oStrictHostKeyChecking=yes", f"-oUserKnownHostsFile={place.known_hosts}")
    answer = attempt("ssh", "-i", place.key, *options, f"root@{host.address}", "hostname")
    assert (answer.returncode, answer.stdout) == (0, "node1\n"), answer.stderr


def test_what_one_host_writes_on_the_common_file_system_another_reads(cluster: Cluster) -> None:
    cluster.hosts["node1"].run(
        "sh", "-c", "echo seen >/shared/home/maya/letter; chown maya: /shared/home/maya/letter"
    )
    answer = cluster.hosts["node2"].run("runuser", "-u", "maya", "--", "cat", "/shared/home/maya/letter")
    assert answer.stdout == "seen\n"


def test_a_cut_between_two_hosts_loses_their_packets_and_no_others(cluster: Cluster) -> None:
    portal, ctl = cluster.hosts["portal"], cluster.hosts["ctl"]
    portal.cut(ctl)
    try:
        assert not reaches(portal, "ctl", 1)
        assert reaches(portal, "node1")
    finally:
        portal.mend(ctl)
    assert reaches(portal, "ctl")


def test_a_host_without_its_cable_is_alone(cluster: Cluster) -> None:
    node, ctl = cluster.hosts["node2"], cluster.hosts["ctl"]
    node.unplug()
    try:
        assert not reaches(ctl, "node2", 1)
    finally:
        node.plug_in()
    assert reaches(ctl, "node2")


def test_a_host_that_lost_power_comes_back_with_its_disk(cluster: Cluster) -> None:
    node = cluster.hosts["node2"]
    node.run("sh", "-c", "echo kept >/var/tmp/before; sync")
    node.kill()
    assert node.pid is None
    cluster.power_on("node2")
    assert node.run("cat", "/var/tmp/before").stdout == "kept\n"
    assert node.run("systemctl", "is-active", "slurmd").stdout == "active\n"
