"""Downloads through the real nginx: it sends files of sealed results itself, once the portal has said to whom.

And those who are slow, idle or unfinished over TLS, hundreds at a time, hold up nobody.
"""

import hashlib
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import pytest
import requests
from conftest import AsSomebody, SignedIn, Submit, WaitForJob
from hosts.host import Host
from lab_site import LabSite, lab_analysis

NAME = "Größe #2 100%; 测试.txt"
LARGE = "large.txt"
MIB = 24
"""Of the large file: more than nginx, the system and a reader that takes nothing hold between them."""
PATIENCE_S = 180
HALF = 600
"""Connections that never end their handshake: with those below more than nginx takes as Debian sets it up."""
SLOW = 60

MAKE = f"""
import hashlib, json, pathlib
out = pathlib.Path("output")
out.mkdir(exist_ok=True)
(out / {NAME!r}).write_text("kept " * 2000)
(out / "report.html").write_text("<script>document.title = 'ours'</script><h1>Report</h1>")
with open(out / {LARGE!r}, "wb") as large:
    for number in range({MIB}):
        large.write(hashlib.sha256(str(number).encode()).digest() * 32768)
"""
CONTENT = b"kept " * 2000


@dataclass
class Result:
    """A result of Maya's, by the names of its files."""

    site: LabSite
    dataset: int
    files: dict[str, int]
    folder: str

    def address(self, name: str) -> str:
        return f"{self.site.url}/datasets/{self.dataset}/files/{self.files[name]}"

    def place(self, name: str) -> str:
        """Where nginx has it."""
        return f"/-/results/{self.folder}/{quote(name)}"


@pytest.fixture(scope="module")
def result(site: LabSite) -> Result:
    outputs = [{"name": "made", "pattern": "*", "dataset_type": "counts"}]
    site.publish(lab_analysis("lab-odd-names", MAKE, outputs=outputs))
    maya = site.client("maya")
    (job,) = site.wait(maya, maya.submit("lab-odd-names", {"data": site.datasets["Zebrafish heart"][:1]}, {}))
    assert job["state"] == "succeeded", job["sentence"]
    dataset = maya.dataset(job["results"][0])
    files = {file["name"]: file["id"] for file in maya.files(dataset["id"])}
    return Result(site, dataset["id"], files, f"{dataset['experiment']['id']}/{job['number']}-made")


@pytest.fixture(scope="module")
def maya(site: LabSite) -> requests.Session:
    """Her browser."""
    return site.pages("maya")


def _sent_by_nginx(answer: requests.Response) -> bool:
    """Each answer of the portal says how long it took; of one that is replaced by a file nginx leaves that out."""
    assert "X-Request-Id" in answer.headers
    return "Server-Timing" not in answer.headers


def test_nginx_sends_a_results_file_and_the_portal_none_of_its_bytes(
    result: Result, maya: requests.Session
) -> None:
    answer = maya.get(result.address(NAME))
    assert answer.status_code == 200 and answer.content == CONTENT
    assert _sent_by_nginx(answer)
    headers = answer.headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert (
        "filename*=UTF-8''Gr%C3%B6%C3%9Fe%20#2%20100%25%3B%20%E6%B5%8B%E8%AF%95.txt"
        in headers["Content-Disposition"]
    )
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "private, no-cache"
    assert "X-Accel-Redirect" not in headers


def test_its_ranges_and_conditions_are_those_of_the_portal(result: Result, maya: requests.Session) -> None:
    address, whole = result.address(NAME), hashlib.sha256(CONTENT).hexdigest()
    etag = maya.get(address).headers["ETag"]
    assert whole in etag
    some = maya.get(address, headers={"Range": "bytes=5-14"})
    assert _sent_by_nginx(some)
    assert (some.status_code, some.content, some.headers["Content-Range"]) == (
        206,
        CONTENT[5:15],
        "bytes 5-14/10000",
    )
    assert some.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    went_on = maya.get(address, headers={"Range": "bytes=9990-", "If-Range": etag})
    assert (went_on.status_code, went_on.content) == (206, CONTENT[9990:])
    another = maya.get(address, headers={"Range": "bytes=9990-", "If-Range": '"sha256:another"'})
    assert (another.status_code, another.content) == (200, CONTENT)
    assert maya.get(address, headers={"If-None-Match": etag}).status_code == 304
    assert maya.get(address, headers={"Range": "bytes=99999-"}).status_code == 416
    assert maya.head(address).headers["Content-Length"] == "10000"


def test_the_command_line_gets_it_whole_by_the_api(result: Result, signed_in: SignedIn) -> None:
    client = signed_in("maya")
    address = f"{result.site.url}/api/v1/datasets/{result.dataset}/files/{result.files[LARGE]}/content"
    browser = result.site.browser()
    answer = browser.get(address, headers={"Authorization": f"Bearer {client.token}"})
    expected = b"".join(hashlib.sha256(str(number).encode()).digest() * 32768 for number in range(MIB))
    assert answer.status_code == 200 and answer.content == expected
    assert _sent_by_nginx(answer)


def test_somebody_else_gets_nothing_by_any_way(result: Result, maya: requests.Session) -> None:
    ravi, nobody = result.site.pages("ravi"), result.site.browser()
    assert ravi.get(result.address(NAME)).status_code == 404
    assert nobody.get(result.address(NAME)).status_code == 404
    place = result.place(NAME)
    inner = place.removeprefix("/-/results/")
    ways = [place, f"//{place}", f"/%2D/results/{inner}", f"/./{place}", f"/x/..{place}", f"{place}?x=1"]
    for who in (maya, ravi, nobody):
        for way in ways:
            asked = requests.Request("GET", result.site.url).prepare()
            asked.url = result.site.url + way
            asked.headers.update({"X-Accel-Redirect": place, "Host": result.site.portal.name})
            answer = who.send(asked, allow_redirects=True)
            assert b"kept kept" not in answer.content and answer.status_code in {200, 400, 404}, way
            assert answer.status_code != 200 or "/sign-in" in answer.url, way
        assert who.post(result.site.url + place).status_code in {400, 404, 405}


def test_a_report_is_shown_by_the_portal_behind_its_own_wall(result: Result, maya: requests.Session) -> None:
    shown = maya.get(result.address("report.html") + "/report")
    assert shown.headers["Content-Type"].startswith("text/html")
    policy = shown.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;") and "allow-scripts" not in policy and "script-src" not in policy
    assert not _sent_by_nginx(shown)
    kept = maya.get(result.address("report.html"))
    assert (
        kept.headers["Content-Type"] == "application/octet-stream"
        and "sandbox" in kept.headers["Content-Security-Policy"]
    )


def test_nginx_reads_results_and_nothing_else_that_jobs_keep(
    result: Result, portal: Host, as_somebody: AsSomebody, submit: Submit, wait_for_job: WaitForJob
) -> None:
    (job,) = wait_for_job(submit("maya"))
    groups = as_somebody("www-data", "id", "-nG").stdout.split()
    assert "gantry-results" in groups and "gantry-read" not in groups
    attempt = result.site.client("maya").job(job["id"])["attempt"]
    folder = f"/shared/scratch/{attempt}"
    assert portal.run("test", "-e", f"{folder}/job.json").returncode == 0
    for refused in (
        ("ls", "/shared/scratch"),
        ("ls", folder),
        ("cat", f"{folder}/job.json"),
        ("ls", "/shared/results"),
        ("ls", "/shared/results/.incoming"),
        ("ls", "/shared/results/.index"),
        ("ls", "/shared/home/maya"),
        ("ls", "/var/lib/gantry/pictures"),
        ("touch", f"/shared/results/{result.folder}/more"),
    ):
        assert as_somebody("www-data", *refused).returncode != 0, refused
    assert as_somebody("www-data", "cat", f"/shared/results/{result.folder}/{NAME}").stdout == CONTENT.decode()
    # Its workers are in the group, too, and in no other of ours.
    workers = portal.run("sh", "-c", "grep -h ^Groups /proc/$(pgrep -o -f 'nginx: worker')/status").stdout.split()
    assert "906" in workers and not {"901", "902", "903", "904"} & set(workers)


def test_a_result_without_the_list_is_sent_by_the_portal(
    result: Result, portal: Host, maya: requests.Session
) -> None:
    path = f"/shared/results/{result.folder}/report.html"
    before = maya.get(result.address("report.html"))
    assert _sent_by_nginx(before)
    take = "import os, sys; os.removexattr(sys.argv[1], 'system.posix_acl_access')"
    assert portal.run("python3", "-c", take, path).returncode == 0
    after = maya.get(result.address("report.html"))
    assert (after.status_code, after.content) == (200, before.content)
    assert not _sent_by_nginx(after)
    assert after.headers["ETag"] == before.headers["ETag"]


# ---- those who are slow -----------------------------------------------------------------------------------------


@dataclass
class Attacker:
    """Connections of somebody who holds a session of Maya's, none of which is ever done."""

    result: Result
    cookie: str
    tls: ssl.SSLContext

    def plain(self, *, small: bool = False) -> socket.socket:
        found = socket.socket()
        if small:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        found.settimeout(PATIENCE_S)
        found.connect((self.result.site.portal.address, 443))
        return found

    def secure(self, *, small: bool = False) -> ssl.SSLSocket:
        return self.tls.wrap_socket(self.plain(small=small), server_hostname=self.result.site.portal.name)

    def said(self, text: str, *, small: bool = False) -> ssl.SSLSocket:
        found = self.secure(small=small)
        found.sendall(text.replace("\n", "\r\n").replace("HOST", self.result.site.portal.name).encode())
        return found


def half_a_handshake(by: Attacker) -> socket.socket:
    """The first bytes of a hello."""
    found = by.plain()
    found.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40)
    return found


def silent(by: Attacker) -> socket.socket:
    """Secure, and not a word."""
    return by.secure()


def half_a_head(by: Attacker) -> socket.socket:
    """A head without its last line."""
    return by.said("GET /sign-in HTTP/1.1\nHost: HOST\nX-Slow: ")


def half_a_body(by: Attacker) -> socket.socket:
    """A form of which a tenth comes."""
    kind = "Content-Type: application/x-www-form-urlencoded\nContent-Length: 100\n"
    return by.said(f"POST /sign-in HTTP/1.1\nHost: HOST\n{kind}\nname=maya&")


def idle(by: Attacker) -> socket.socket:
    """One page, and then nothing more."""
    found = by.said("GET /healthz HTTP/1.1\nHost: HOST\n\n")
    assert found.recv(12).startswith(b"HTTP/1.1 200")
    return found


def slow_reader(by: Attacker) -> socket.socket:
    """The first bytes of a large file."""
    path = by.result.address(LARGE).removeprefix(by.result.site.url)
    found = by.said(f"GET {path} HTTP/1.1\nHost: HOST\nCookie: {by.cookie}\n\n", small=True)
    assert found.recv(12).startswith(b"HTTP/1.1 200")
    return found


@contextmanager
def _room(connections: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, connections)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def attacker(result: Result, maya: requests.Session, site: LabSite) -> Attacker:
    tls = ssl.create_default_context(cafile=str(site.cluster.place.running / "portal.pem"))
    cookie = "; ".join(f"{one.name}={one.value}" for one in maya.cookies)
    return Attacker(result, cookie, tls)


@pytest.fixture(params=["nginx", "portal"])
def sender(request: pytest.FixtureRequest, result: Result, portal: Host) -> Iterator[str]:
    """Who sends the large file: nginx by itself, or the portal through nginx, as with data in place."""
    path = f"/shared/results/{result.folder}/{LARGE}"
    take = "import os, sys; print(os.getxattr(sys.argv[1], 'system.posix_acl_access').hex())"
    known = portal.run("python3", "-c", take, path).stdout.strip()
    if request.param == "portal":
        portal.run("python3", "-c", "import os, sys; os.removexattr(sys.argv[1], 'system.posix_acl_access')", path)
    yield request.param
    put = "import os, sys; os.setxattr(sys.argv[1], 'system.posix_acl_access', bytes.fromhex(sys.argv[2]))"
    portal.run("python3", "-c", put, path, known)


def _others_are_served(site: LabSite) -> None:
    tom = site.pages("tom")  # a new connection, a form, a session
    for page in ("/", "/data", "/jobs"):
        assert tom.get(site.url + page, timeout=PATIENCE_S).status_code == 200


def test_many_slow_readers_hold_up_nobody(site: LabSite, attacker: Attacker, sender: str) -> None:
    with ExitStack() as held, _room(4096):
        for _ in range(SLOW):
            held.enter_context(slow_reader(attacker))
        _others_are_served(site)


@pytest.mark.parametrize(
    ("attack", "many"),
    [(half_a_handshake, HALF * 3), (silent, HALF), (half_a_head, HALF), (half_a_body, HALF), (idle, HALF)],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_connections_that_are_never_done_hold_up_nobody(
    site: LabSite, attacker: Attacker, attack: Callable[[Attacker], socket.socket], many: int
) -> None:
    with ExitStack() as held, _room(8192):
        for _ in range(many):
            held.enter_context(attack(attacker))
        _others_are_served(site)
