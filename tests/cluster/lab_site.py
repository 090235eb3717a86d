"""A facility in the lab, used as people use it: over TLS through nginx, by the API and by the pages.

    site = LabSite(cluster); site.open()
    maya = site.client("maya")                      # portal.client.client.Client, with a token of hers
    made = maya.submit("lab-count", {"data": site.datasets["Zebrafish heart"][:20]}, {"wait": 5})
    jobs = site.wait(maya, made)                    # until all have ended

`lab-count` adds up the sizes of its input's files; its options are `wait` (seconds), `gate` (a file of the common
file system: it does not end before that is there), `size` (MiB of output beside the sum), `code` (its exit code)
and `ledger` (a file of the common file system to which it appends its attempt and its Slurm job when it starts).
`site.publish` signs further job types off.
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from hosts.cluster import Cluster
from hosts.host import Host
from hosts.place import LabError
from hosts.web import session_for

from portal.client import Client
from portal.client.http import Document
from portal.errors import UnavailableError

PASSWORD = "correct horse battery"
"""Of everybody in the lab, which nobody outside this machine can reach."""
HOME = {"maya": "Zebrafish heart", "tom": "Blood cells", "ines": "Beetle", "ravi": "Seeds"}
"""The experiment, by its title, whose data a person uses who names none."""
DATASETS = 24
PATIENCE_S = 180.0
PYTHON = "/opt/gantry/venv/bin/python"
CERTIFICATE = "/etc/ssl/certs/gantry.pem"

COUNT = """
import json, os, pathlib, sys, time
job = json.load(open(os.environ["GANTRY_JOB"]))
options = job["options"]
with open(options["ledger"], "a") as ledger:
    words = [job["job"]["attempt"], os.environ.get("SLURM_JOB_ID", "-"), os.uname().nodename]
    ledger.write(" ".join(words) + "\\n")
with open("events.jsonl", "a") as events:
    events.write(json.dumps({"stage": "counting", "step": 1, "steps": 1, "fraction": 0.5}) + "\\n")
time.sleep(options["wait"])
while options["gate"] and not os.path.exists(options["gate"]):
    time.sleep(0.05)
files = [file["path"] for slot in job["inputs"].values() for dataset in slot for file in dataset["files"]]
total = sum(os.path.getsize(path) for path in files)
out = pathlib.Path("output")
out.mkdir(exist_ok=True)
(out / "count.txt").write_text(str(total))
with open(out / "ballast.txt", "wb") as ballast:
    for _ in range(options["size"]):
        ballast.write(os.urandom(1 << 20))
(out / "metadata.json").write_text(json.dumps({"schema": 1, "summary": "Counted bytes",
    "parameters": [{"name": "bytes", "value": total, "units": "B"}], "previews": []}))
sys.exit(options["code"])
"""


def lab_analysis(name: str, code: str, **changes: Any) -> Document:
    """A job type whose program is Python `code`, run by the node's own Python, with the options of `lab-count`."""
    document: Document = {
        "name": name,
        "version": "1.0",
        "title": name.capitalize().replace("-", " "),
        "summary": "An analysis of the lab's.",
        "category": "Lab",
        "contact": "nobody",
        "program": {"command": ["python3", "-c", code]},
        "inputs": [{"name": "data", "label": "Data", "dataset_types": ["light-sheet stack"]}],
        "options": [
            {"name": "wait", "label": "Wait", "type": "float", "default": 0.0, "min": 0, "max": 3600},
            {"name": "gate", "label": "Gate", "type": "text", "default": "", "max_length": 1000},
            {"name": "size", "label": "Size", "type": "integer", "default": 0, "min": 0, "max": 1000},
            {"name": "code", "label": "Exit code", "type": "integer", "default": 0, "min": 0, "max": 89},
            {"name": "ledger", "label": "Ledger", "type": "text", "default": "/dev/null", "max_length": 1000},
        ],
        "resources": {
            "default": "small",
            "variants": [{"name": "small", "label": "Small", "cpus": 1, "memory_mb": 64, "time_s": 300}],
        },
        "result_title": "{input}, " + name,
        "outputs": [{"name": "counts", "pattern": "*.txt", "dataset_type": "counts"}],
        "grace_s": 1,
    }
    return document | changes


@dataclass(frozen=True)
class Gate:
    """What a program waits for that was given `path` as its option `gate`."""

    path: str
    _file: Path

    def open(self) -> None:
        """Let it go on."""
        self._file.touch()


class LabSite:
    """The facility on the lab's hosts."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.datasets: dict[str, list[int]] = {}
        """Ids by the experiment's title; HOME tells whose they are. Blood cells is maya's too."""
        self._clients: dict[str, Client] = {}

    @property
    def portal(self) -> Host:
        """The portal's host."""
        return self.cluster.hosts["portal"]

    @property
    def url(self) -> str:
        """The portal's address, as its settings name it."""
        return f"https://{self.portal.name}"

    def open(self, datasets: int = DATASETS) -> None:
        """People, experiments with so many datasets each, and `lab-count`. What is there already stays."""
        self.fill(datasets)
        self.publish(lab_analysis("lab-count", COUNT))

    def fill(self, datasets: int) -> None:
        """At least so many datasets in each experiment."""
        source = Path(__file__).with_name("fill_facility.py").read_text(encoding="utf-8")
        url = "postgresql+psycopg://gantry@/gantry?host=/run/postgresql"
        words = ("env", "GANTRY_CONFIG=/etc/gantry/config.toml", f"GANTRY_DATABASE_URL={url}", PYTHON, "-I", "-c")
        self.datasets = json.loads(self._root(*words, source, PASSWORD, str(datasets), timeout=600))

    def publish(self, *analyses: Mapping[str, Any]) -> bool:
        """Sign job types off, as an operator does, and have the portal read them; whether any was new."""
        fresh = False
        for document in analyses:
            path, text = f"/opt/gantry/jobtypes/{document['name']}.yaml", json.dumps(document, indent=1)
            if self.portal.run("cat", path).stdout != text:
                self._root("sh", "-c", 'printf %s "$2" >"$1"', "sh", path, text)
                fresh = True
        if fresh:
            self._root("/usr/local/sbin/gantry", "admin", "jobtypes", "publish")
            self._root("systemctl", "restart", "gantry-web", "gantry-daemon")
        return fresh

    def _root(self, *command: str, timeout: float = 120) -> str:
        done = self.portal.run(*command, timeout=timeout)
        if done.returncode:
            raise LabError(f"{command[:3]} failed on the portal: {done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def gate(self) -> Iterator[Gate]:
        """A gate for the time of a test: closed at first, and open at the end in any case."""
        name = str(uuid.uuid4())
        folder = self.cluster.place.shared / "gates"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        made = Gate(f"/shared/gates/{name}", folder / name)
        try:
            yield made
        finally:
            made.open()

    def result_of(self, job: Mapping[str, Any]) -> Path:
        """Where launch writes how a job's last attempt ended, as this machine sees it."""
        return self.cluster.place.shared / "scratch" / str(job["attempt"]) / "result.json"

    # ---- as a person ------------------------------------------------------------------------------------------

    def browser(self) -> requests.Session:
        """An HTTP session that trusts the lab's own certificate and expects the portal's name on it."""
        certificate = self.cluster.place.running / "portal.pem"
        certificate.write_text(self._root("cat", CERTIFICATE), encoding="ascii")
        return session_for(self.portal, certificate)

    def pages(self, person: str) -> requests.Session:
        """A browser in which this person has signed in with her password."""
        browser = self.browser()
        browser.headers["Referer"] = f"{self.url}/sign-in"
        words = {
            "csrf_token": self.csrf(browser.get(f"{self.url}/sign-in").text),
            "name": person,
            "password": PASSWORD,
        }
        answer = browser.post(f"{self.url}/sign-in", data=words)
        if answer.status_code != 200 or answer.url.endswith("/sign-in"):
            raise LabError(f"{person} cannot sign in: {answer.status_code} {answer.text[:500]}")
        return browser

    @staticmethod
    def csrf(page: str) -> str:
        """The token that the forms of a page carry."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        if token is None:
            raise LabError(f"The page has no form: {page[:500]}")
        return token[1]

    def client(self, person: str) -> Client:
        """The API with a token that this person made with her password; one a person."""
        if person not in self._clients:
            client = Client(self.url, None)
            client._http = self.browser()
            token = self._when_it_answers(
                lambda: client.make_token(person, PASSWORD, name="lab", scopes=["read", "submit"], days=1)
            )
            client.token = token["secret"]
            self._clients[person] = client
        return self._clients[person]

    def wait(self, client: Client, made: Document, patience_s: float = PATIENCE_S) -> list[Document]:
        """The jobs of a submission when all have ended. Raises LabError with what they say if they do not."""

        def ended() -> bool:
            return bool(client.submission(made["id"])["final"])

        self.until(ended, lambda: self.tell(client, made), patience_s)
        return list(client.jobs(submission=made["id"]))

    def until(
        self, done: Callable[[], bool], tell: Callable[[], str] = lambda: "", patience_s: float = PATIENCE_S
    ) -> None:
        """Wait until it is done, over outages too. Raises LabError with `tell` if it never is."""
        end = time.monotonic() + patience_s
        while True:
            try:
                if done():
                    return
            except UnavailableError:
                pass  # the web tier may be restarting: whoever waits for a job waits for that too
            if time.monotonic() >= end:
                raise LabError(f"It did not happen within {patience_s:.0f} s. {tell()}")
            time.sleep(0.3)

    def tell(self, client: Client, made: Document) -> str:
        """What a submission's jobs say, and the daemon's last lines: for a failing test."""
        lines = [
            f"{job['number']} {job['state']}: {job['sentence']}" for job in client.submission(made["id"])["jobs"]
        ]
        return "\n".join([*lines[:20], self.daemon_log()])

    def daemon_log(self, lines: int = 20) -> str:
        """The last lines of the daemon's log."""
        return self.portal.run("journalctl", "-u", "gantry-daemon", "-n", str(lines), "-o", "cat").stdout

    def _when_it_answers(self, ask: Callable[[], Document]) -> Document:
        for _ in range(30):
            try:
                return ask()
            except UnavailableError:
                time.sleep(1)
        return ask()

    # ---- as Slurm sees it --------------------------------------------------------------------------------------

    def sacct(self, job: str, *columns: str) -> list[Sequence[str]]:
        """Rows of the accounting of a Slurm job, without its steps."""
        words = ("sacct", "-X", "-D", "-n", "-P", "-j", job, "-o", ",".join(columns))
        return [line.split("|") for line in self.cluster.hosts["ctl"].run(*words).stdout.splitlines()]
