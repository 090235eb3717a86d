"""Requests that no honest portal would make, sent to agent and store with the daemon's rights.

attack = Attack(cluster)
answer = attack.agent("maya", "fence", [{"attempt": "…"}])       # the daemon's own way: sudo, one request
answer.codes                                                    # ["ok", "unsafe", …], one an item
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hosts.cluster import Cluster
from hosts.host import Host
from hosts.place import LabError

AGENT = "/usr/libexec/gantry-agent"
STORE = "/usr/libexec/gantry-store"
PUBLISHED = "/var/lib/gantry/published"
SCRATCH = "/shared/scratch"
RESULTS = "/shared/results"
DATA = "/shared/data/misuse"
Document = dict[str, Any]

WORKS: Document = {
    "name": "misuse",
    "version": "1.0",
    "program": {"command": ["sh", "-c", "echo {options.label} >output/result.txt; echo ran >>runs"]},
    "image": None,
    "network": False,
    "inputs": [{"name": "data", "dataset_types": ["any"], "min": 0, "max": 100, "files": "*"}],
    "options": [
        {"name": "count", "type": "integer", "min": 1, "max": 100, "default": 20},
        {"name": "label", "type": "text", "max_length": 20, "default": "none"},
        {"name": "mode", "type": "choice", "choices": ["quick", "slow"], "default": "quick"},
    ],
    "resources": {"default": "small", "variants": [{"name": "small", "cpus": 1, "memory_mb": 64, "time_s": 60}]},
    "outputs": [{"name": "result", "pattern": "*", "dataset_type": "any", "required": True}],
    "success_codes": [0],
    "log_limit_bytes": 100000,
    "grace_s": 1,
}


@dataclass(frozen=True)
class Said:
    """What a program said to one request."""

    code: int
    out: str
    err: str

    @property
    def items(self) -> list[Document]:
        """The answers, one an item. Raises LabError if it did not answer."""
        try:
            return list(json.loads(self.out)["items"])
        except (ValueError, KeyError) as error:
            raise LabError(f"No answer: exit {self.code}: {self.out[-500:]}{self.err[-1500:]}") from error

    @property
    def codes(self) -> list[str]:
        """Each answer in a word: "ok", or the code of its refusal."""
        return ["ok" if item["ok"] else item["error"]["code"] for item in self.items]


class Attack:
    """A portal's host whose daemon has been taken over."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.portal: Host = cluster.hosts["portal"]
        self.revision = self.publish(WORKS)
        self._attempts: list[str] = []

    def root(self, script: str, *words: str) -> str:
        """What a shell script of root's printed on the portal. Raises LabError if it fails."""
        done = self.portal.run("sh", "-ec", script, "sh", *words)
        if done.returncode:
            raise LabError(f"{script}\nfailed: {done.stdout}{done.stderr}")
        return done.stdout

    def by(self, account: str, script: str, *words: str) -> Said:
        """A shell script as an account of the portal's host."""
        done = self.portal.run("runuser", "-u", account, "--", "sh", "-c", script, "sh", *words)
        return Said(done.returncode, done.stdout, done.stderr)

    def put(self, path: str, text: str) -> None:
        """A file of root's that all may read."""
        pid = self.portal.pid
        name = f"/run/{uuid.uuid4()}"
        Path(f"/proc/{pid}/root{name}").write_text(text, encoding="utf-8")
        self.root('mkdir -p "$(dirname "$2")"; chmod 644 "$1"; mv "$1" "$2"', name, path)

    def publish(self, document: Document) -> str:
        """Sign a job type off, as root; its revision."""
        raw = json.dumps(document, sort_keys=True)
        digest = hashlib.sha256(raw.encode()).hexdigest()
        self.put(f"{PUBLISHED}/{document['name']}/{digest}.json", raw)
        return f"sha256:{digest}"

    # ---- requests ---------------------------------------------------------------------------------------------

    def agent(
        self,
        person: str,
        verb: str,
        items: Sequence[object],
        *,
        account: str = "gantry-daemon",
        sudo: str = "sudo -n",
        before: str = "",
        **bend: object,
    ) -> Said:
        """The answer of a person's agent. `bend` changes keys of the request; the same shell runs `before`."""
        request = {"schema": 1, "verb": verb, "backend": {}, "items": list(items)} | bend
        return self.send(f'{before} exec {sudo} -u "$1" -- {AGENT}', json.dumps(request), person, account=account)

    def store(self, verb: str, items: Sequence[object], **bend: object) -> Said:
        """The store's answer to the daemon."""
        request = {"schema": 1, "verb": verb, "store": {}, "items": list(items)} | bend
        return self.send(f"exec {STORE}", json.dumps(request))

    def send(self, script: str, raw: str, *words: str, account: str = "gantry-daemon") -> Said:
        """What a program said to these bytes on its standard input (surrogates stand for single bytes)."""
        pid, name = self.portal.pid, f"/run/{uuid.uuid4()}"
        Path(f"/proc/{pid}/root{name}").write_bytes(raw.encode("utf-8", "surrogateescape"))
        command = ("runuser", "-u", account, "--", "sh", "-c", script, "sh", *words)
        done = self.portal.run("sh", "-c", 'file=$1; shift; exec "$@" <"$file"', "sh", name, *command)
        self.portal.run("rm", name)
        return Said(done.returncode, done.stdout, done.stderr)

    def item(self, **changes: object) -> Document:
        """A submission that is in order, with keys of its order changed."""
        attempt, submission = str(uuid.uuid4()), str(uuid.uuid4())
        self._attempts.append(attempt)
        name = f"gantry-{submission}-1"
        job = {
            "id": 1,
            "number": "J-1",
            "submission": submission,
            "index": 0,
            "attempt": attempt,
            "try": 1,
            "name": name,
            "title": "Misuse",
            "person": "maya",
        }
        order: Document = {
            "job": job,
            "jobtype": {"name": "misuse", "version": "1.0", "revision": self.revision},
            "inputs": {},
            "options": {},
            "resources": {"cpus": 1, "memory_mb": 64, "time_s": 60},
        }
        return {"attempt": attempt, "name": name, "order": order | changes}

    def forget(self) -> None:
        """Remove what is left of the submissions."""
        self.root(f'cd {SCRATCH}; rm -rf "$@"', *self._attempts)

    # ---- what came of it --------------------------------------------------------------------------------------

    def known_to_slurm(self, *items: Mapping[str, Any]) -> list[str]:
        """The Slurm jobs, by id, that have these items' names."""
        names = ",".join(str(item["name"]) for item in items)
        ctl = self.cluster.hosts["ctl"]
        asked = ("squeue", "--states=all", "--noheader", "--array", "-o", "%i", f"--name={names}")
        return sorted(ctl.run(*asked).stdout.split())

    def ended(self, *items: Mapping[str, Any], patience_s: int = 180) -> None:
        """Wait until no job of these items is left in Slurm's queue. Raises LabError."""
        names = ",".join(str(item["name"]) for item in items)
        busy = f'test -n "$(squeue -h --name={names})"'
        script = f"for _ in $(seq {patience_s * 4}); do {busy} || exit 0; sleep 0.25; done; exit 1"
        if self.cluster.hosts["ctl"].run("sh", "-c", script, timeout=4 * patience_s).returncode:
            raise LabError("The jobs do not end.")

    def folders(self) -> set[str]:
        """What lies in scratch."""
        return set(self.root(f"ls -A {SCRATCH}").split())


__all__ = ["AGENT", "DATA", "PUBLISHED", "RESULTS", "SCRATCH", "STORE", "WORKS", "Attack", "Document", "Said"]
