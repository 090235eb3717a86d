"""A bridge, an address a host, and a way out to the package registries; and the cutting of all of it."""

import ipaddress
import json
import os
from dataclasses import dataclass
from pathlib import Path

from hosts.commands import attempt, succeed, succeeds
from hosts.place import LabError, lab_name

USUAL_THIRD = 77


@dataclass(frozen=True)
class Network:
    """A /24 of the lab's own; the machine itself is .1 in it. `lab` is the lab's name, empty for the usual one."""

    subnet: ipaddress.IPv4Network
    lab: str = ""

    @property
    def bridge(self) -> str:
        """The bridge's name; control groups of the hosts begin with it too."""
        return f"gantry-lab-{self.lab}" if self.lab else "gantry-lab"

    @property
    def table(self) -> str:
        """The table of the address translation."""
        return self.bridge.replace("-", "_")

    def link(self, last: int) -> str:
        """The cable of the host with this last number, at the bridge's end."""
        return f"glab{self.lab}-{last}"

    @property
    def gateway(self) -> str:
        """The machine's address on the bridge."""
        return str(self.subnet[1])

    def address(self, last: int) -> str:
        """The address of the host with this last number."""
        return str(self.subnet[last])

    def up(self) -> None:
        """Make bridge, forwarding and address translation. Raises LabError if the subnet is taken."""
        self._refuse_if_taken()
        if not succeeds("ip", "link", "show", self.bridge):
            succeed("ip", "link", "add", self.bridge, "type", "bridge")
        succeed("ip", "addr", "replace", f"{self.gateway}/24", "dev", self.bridge)
        succeed("ip", "link", "set", self.bridge, "up")
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n", encoding="ascii")
        if not succeeds("nft", "list", "table", "ip", self.table):
            rule = f'ip saddr {self.subnet} oifname != "{self.bridge}" masquerade'
            chain = f"chain out {{ type nat hook postrouting priority 100; {rule}; }}"
            succeed("nft", "-f", "-", stdin=f"table ip {self.table} {{\n{chain}\n}}\n")

    def down(self) -> None:
        """Take bridge and rules away; forwarding is left as it is, others may have come to need it."""
        attempt("nft", "delete", "table", "ip", self.table)
        attempt("ip", "link", "del", self.bridge)

    def _refuse_if_taken(self) -> None:
        for link in json.loads(succeed("ip", "-j", "-4", "addr")):
            for address in link["addr_info"]:
                other = ipaddress.ip_interface(f"{address['local']}/{address['prefixlen']}").network
                if link["ifname"] != self.bridge and other.overlaps(self.subnet):
                    raise LabError(
                        f"{self.subnet} is in use by {link['ifname']}; choose another: GANTRY_LAB_NET=a.b.c.0/24"
                    )

    def plug(self, link: str, pid: int, last: int) -> None:
        """Give the network namespace of `pid` its eth0, joined to the bridge as `link`."""
        attempt("ip", "link", "del", link)
        succeed("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        succeed("ip", "link", "set", link, "master", self.bridge, "up")
        inside = ("nsenter", "-t", str(pid), "-n", "ip")
        succeed(*inside, "link", "set", "lo", "up")
        succeed(*inside, "addr", "replace", f"{self.address(last)}/24", "dev", "eth0")
        succeed(*inside, "link", "set", "eth0", "up")
        succeed(*inside, "route", "replace", "default", "via", self.gateway)


def the_network() -> Network:
    """The subnet of GANTRY_LAB_NET, else one from the private range that few sites use, by the lab's name."""
    lab = lab_name()
    third = USUAL_THIRD + (1 + sum(lab.encode()) % 150 if lab else 0)
    wanted = os.environ.get("GANTRY_LAB_NET") or f"10.177.{third}.0/24"
    try:
        subnet = ipaddress.IPv4Network(wanted)
    except ValueError as error:
        raise LabError(f"GANTRY_LAB_NET={wanted} is no network: {error}") from error
    if subnet.prefixlen != 24:
        raise LabError(f"GANTRY_LAB_NET={wanted} must be a /24.")
    return Network(subnet, lab)


def drop_between(pid: int, other: str) -> None:
    """In the namespace of `pid`, lose every packet from and to the address `other` without a word."""
    rules = (
        f"table ip cut_{other.replace('.', '_')} {{\n"
        f"chain in {{ type filter hook input priority 0; ip saddr {other} drop; }}\n"
        f"chain out {{ type filter hook output priority 0; ip daddr {other} drop; }}\n}}\n"
    )
    succeed("nsenter", "-t", str(pid), "-n", "nft", "-f", "-", stdin=rules)


def mend_between(pid: int, other: str) -> None:
    """Undo drop_between."""
    succeed("nsenter", "-t", str(pid), "-n", "nft", "delete", "table", "ip", f"cut_{other.replace('.', '_')}")
