"""The stager on a real host: what staff had made is staged as it was signed off, and nobody makes it up."""

import json
import re
import shlex
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import AsSomebody
from database_rights import PSQL
from lab_site import LabSite, lab_analysis
from misuse import Attack, Document

ROOT = Path(__file__).parents[2]
BUILDER = ROOT / "jobtypes" / "on-request" / "image-from-packages.yaml"
FOLDER = "/shared/made-images"
RESULTS = "/shared/results"
GANTRY = "/usr/local/sbin/gantry"
CONFIG = "/etc/gantry/config.toml"
UID = "908"
# As root of a node: an image whose one program is set-uid.
SET_UID = """
tree=$(mktemp -d); mkdir -p $tree/usr/bin $tree/tmp $tree/proc $tree/sys $tree/dev $tree/etc
cp /usr/bin/true $tree/usr/bin/su; chmod 4755 $tree/usr/bin/su
apptainer --quiet build --force /shared/set-uid.sif $tree
"""
# What the store wrote beside the files, made anew by root for other bytes.
STORE_SAYS = """
import hashlib, json, sys
folder = sys.argv[1]
raw = open(f"{folder}/image.sif", "rb").read()
document = json.load(open(f"{folder}/.gantry-manifest.json"))
for one in document["files"]:
    if one["name"] == "image.sif":
        one["sha256"] = hashlib.sha256(raw).hexdigest()
json.dump(document, open(f"{folder}/.gantry-manifest.json", "w"))
print("sha256:" + hashlib.sha256(raw).hexdigest())
"""


@dataclass
class Made:
    """The job of Sam's that made an image, and where its result lies on the hosts."""

    job: int
    number: str
    digest: str
    folder: str


class Stager:
    """What is asked of it, and what it did."""

    def __init__(self, attack: Attack) -> None:
        self.attack = attack

    def sql(self, account: str, statement: str) -> str:
        """What the database said to an account; its refusal where it refused."""
        said = self.attack.by(account, 'exec psql -AtX -q -v ON_ERROR_STOP=1 -d gantry -c "$1"', statement)
        return said.err.strip() if said.code else said.out.strip()

    def wish(self, made: Made, name: str, *, job: int | None = None, digest: str = "") -> str:
        """A wish as the web tier's account can write it, of Sam's; its number."""
        columns = "(person_id, job_id, name, digest, at)"
        values = f"id, {job or made.job}, '{name}', '{digest or made.digest}', now()"
        statement = f"INSERT INTO image_wish {columns} SELECT {values} FROM person WHERE name = 'sam' RETURNING id"
        number = self.sql("gantry-web", statement)
        assert number.isdecimal(), number
        return number

    def approve(self, number: str, digest: str) -> str:
        """An operator signs it off; what the command said."""
        done = self.attack.portal.run(GANTRY, "admin", "images", "approve", number, digest)
        return done.stdout + done.stderr

    def deed(self, number: str, patience_s: int = 90) -> str:
        """What came of a wish, once something did: `t|` or `f|why`."""
        asked = f"SELECT done, words FROM image_deed WHERE wish_id = {int(number)}"
        for _ in range(patience_s * 2):
            said = self.sql("gantry-web", asked)
            if said:
                return said
            time.sleep(0.5)
        return ""

    def staged(self, name: str) -> list[str]:
        """The files that lie there under a name."""
        return self.attack.root(f"ls {FOLDER} | grep '^{name}[.-]' || true").split()


@pytest.fixture(scope="module")
def stager(site: LabSite) -> Iterator[Stager]:
    """The stager of a whole site; afterwards nothing that it staged is left."""
    attack = Attack(site.cluster)
    yield Stager(attack)
    attack.root(f"rm -f {FOLDER}/lab-* /shared/set-uid.sif")
    attack.forget()


@pytest.fixture(scope="module")
def made(site: LabSite, images: dict[str, Document]) -> Iterator[Made]:
    """Sam has an image made, with an account at the cluster for that."""
    ctl = site.cluster.hosts["ctl"]
    added = ctl.run("sacctmgr", "-i", "add", "user", "sam", "account=microscopy")
    assert added.returncode == 0, added.stdout + added.stderr
    document: Document = yaml.safe_load(BUILDER.read_text(encoding="utf-8"))
    site.publish(document | {"resources": {
        "default": "small",
        "variants": [{"name": "small", "label": "Small", "cpus": 1, "memory_mb": 500, "time_s": 600}],
    }})  # fmt: skip
    sam = site.client("sam")
    experiment = next(iter(sam.experiments()))["id"]
    options = {"called": "Cows", "requirements": "cowsay==6.1", "test": "python3 -c 'import cowsay'"}
    (job,) = site.wait(sam, sam.submit(document["name"], {}, options, experiment=experiment), 300)
    assert job["state"] == "succeeded", (job["sentence"], sam.log(job["id"], stream="stderr")["text"])
    shared = site.cluster.place.shared
    (place,) = [
        path.parent for path in (shared / "results").rglob("recipe.json")
        if json.loads(path.read_text())["job"] == job["number"]
    ]  # fmt: skip
    folder = f"/shared/{place.relative_to(shared)}"
    digest = "sha256:" + Attack(site.cluster).root(f"sha256sum {folder}/image.sif").split()[0]
    yield Made(job["id"], job["number"], digest, folder)
    ctl.run("sacctmgr", "-i", "delete", "user", "sam", "account=microscopy")


def test_what_sam_made_is_asked_for_signed_off_staged_and_used(site: LabSite, stager: Stager, made: Made) -> None:
    pages, address = site.pages("sam"), f"{site.url}/jobs/{made.number}"
    page = pages.get(address).text
    assert 'name="image_name"' in page
    sent = {"csrf_token": site.csrf(page), "image_name": "lab-cows"}
    assert "It waits to be signed off" in pages.post(f"{address}/stage", data=sent).text
    number = stager.sql("gantry-web", "SELECT max(id) FROM image_wish")
    assert stager.deed(number, patience_s=5) == ""
    assert stager.staged("lab-cows") == []
    assert "Nothing was signed off" in stager.approve(number, "0" * 12)
    assert "Signed off lab-cows" in stager.approve(number, made.digest)
    assert stager.deed(number) == "t|"
    (file,) = [one for one in stager.staged("lab-cows") if one.endswith(".sif")]
    assert stager.attack.root(f"stat -c '%u %a' {FOLDER}/{file}").split() == [UID, "644"]
    assert stager.attack.root(f"sha256sum {FOLDER}/{file}").split()[0] == made.digest[7:]
    assert "It is staged as <strong>lab-cows</strong>" in pages.get(address).text

    code = "import cowsay; print(cowsay.__version__)"
    site.publish(lab_analysis("lab-cow-made", code, image="lab-cows", outputs=[]))
    maya = site.client("maya")
    (used,) = site.wait(maya, maya.submit("lab-cow-made", {"data": site.datasets["Zebrafish heart"][:1]}, {}))
    assert used["state"] == "succeeded", used["sentence"]
    assert maya.job(used["id"])["runner"] == "It ran in a container."
    assert "6.1" in maya.log(used["id"], stream="stdout")["text"]
    stager.attack.root("systemctl start gantry-made-images.service")
    assert f"{file}: as it was staged" in stager.attack.root("journalctl -u gantry-made-images -o cat")

    # A file that another account put in its place is not used.
    stager.attack.root(f"chown maya {FOLDER}/{file}")
    (refused,) = site.wait(maya, maya.submit("lab-cow-made", {"data": site.datasets["Zebrafish heart"][:1]}, {}))
    assert refused["state"] == "failed"
    assert "may not stage images" in refused["sentence"], refused["sentence"]
    stager.attack.root(f"chown gantry-stager {FOLDER}/{file}")


@pytest.mark.parametrize(
    "account", ["gantry-web", "gantry-daemon", "gantry-data", "gantry-publisher", "maya", "sam"]
)
def test_nobody_else_writes_there_or_becomes_it(stager: Stager, account: str) -> None:
    attack = stager.attack
    assert attack.by(account, f"touch {FOLDER}/mine").code != 0
    assert attack.by(account, f"mv {FOLDER} {FOLDER}-away").code != 0
    for way in ("runuser -u gantry-stager -- id", "sudo -n -u gantry-stager id"):
        assert attack.by(account, way).code != 0


def test_the_stager_itself_reaches_results_and_nothing_else(stager: Stager) -> None:
    attack = stager.attack
    assert attack.root("systemctl is-active gantry-stager.service").strip() == "active"
    pid = attack.root("systemctl show -P MainPID gantry-stager.service").strip()
    assert int(pid) > 0
    for path in ("/shared/scratch", "/shared/data", "/shared/home", "/var/lib/gantry/registered"):
        inside = attack.portal.run("ls", f"/proc/{pid}/root{path}")
        assert inside.returncode != 0 or inside.stdout == "", path
    for place in (
        "/shared/images",
        "/var/lib/gantry/published",
        "/var/lib/gantry/registered",
        RESULTS,
        "/etc/gantry",
    ):
        assert attack.by("gantry-stager", f"touch {place}/mine").code != 0, place
    groups = attack.root(f"grep ^Groups /proc/{pid}/status").split()[1:]
    names = attack.root("getent group " + " ".join(groups)).split()
    assert {one.partition(":")[0] for one in names} == {"gantry-stager", "gantry-results"}


@pytest.mark.parametrize("account", ["gantry-web", "gantry-daemon", "gantry-stager"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO image_approval (wish_id, by, at) SELECT max(id), 'root', now() FROM image_wish",
        "UPDATE image_wish SET digest = 'another'",
        "UPDATE image_deed SET done = true",
        "DELETE FROM image_wish",
    ],
)
def test_what_was_signed_off_is_the_publishers_to_say(
    stager: Stager, made: Made, as_somebody: AsSomebody, account: str, statement: str
) -> None:
    answer = as_somebody(account, *PSQL, statement)
    assert answer.returncode != 0
    assert "permission denied" in answer.stderr


def test_the_daemon_wishes_nothing(stager: Stager, as_somebody: AsSomebody) -> None:
    wish = "INSERT INTO image_wish (person_id, job_id, name, digest, at) VALUES (1, 1, 'x', 'x', now())"
    deed = "INSERT INTO image_deed (wish_id, done, words, by, at) VALUES (1, true, '', '', now())"
    for asked in (wish, "SELECT id FROM image_wish", deed):
        assert "permission denied" in as_somebody("gantry-daemon", *PSQL, asked).stderr


def test_a_wish_for_somebody_elses_job_is_refused_whoever_signed_it_off(
    site: LabSite, stager: Stager, made: Made
) -> None:
    maya = site.client("maya")
    (mayas,) = site.wait(
        maya, maya.submit("lab-count", {"data": site.datasets["Zebrafish heart"][:1]}, {"wait": 0})
    )
    number = stager.wish(made, "lab-hers", job=mayas["id"])
    stager.approve(number, made.digest)
    assert stager.deed(number) == "f|It is somebody else's job."
    assert stager.staged("lab-hers") == []


def test_another_digest_than_the_files_is_refused(stager: Stager, made: Made) -> None:
    other = "sha256:" + "0" * 64
    number = stager.wish(made, "lab-other", digest=other)
    stager.approve(number, other)
    assert stager.deed(number) == "f|The image is not the one that was meant: its digest is another."
    assert stager.staged("lab-other") == []


@pytest.fixture
def replaced(stager: Stager, made: Made) -> Iterator[None]:
    """Sam's image as it was, afterwards."""
    attack, file = stager.attack, f"{made.folder}/image.sif"
    attack.root(f"chmod u+w {made.folder}; cp -p --preserve=all {file} /shared/kept.sif")
    attack.root(f"cp -p --preserve=all {made.folder}/.gantry-manifest.json /shared/kept.json")
    yield
    attack.root(f"cp -p --preserve=all /shared/kept.sif {file}; rm /shared/kept.sif")
    attack.root(
        f"cp -p --preserve=all /shared/kept.json {made.folder}/.gantry-manifest.json; rm /shared/kept.json"
    )
    attack.root(f"chmod u-w {made.folder}")


@pytest.mark.usefixtures("replaced")
def test_a_file_that_was_replaced_between_wish_and_taking_is_refused(stager: Stager, made: Made) -> None:
    number = stager.wish(made, "lab-replaced")
    stager.attack.root(f"printf x >>{made.folder}/image.sif")
    stager.approve(number, made.digest)
    assert "not the one that was meant: its digest is sha256:" in stager.deed(number)
    assert stager.staged("lab-replaced") == []


@pytest.mark.usefixtures("replaced")
def test_what_gives_rights_is_found_in_what_was_copied(stager: Stager, made: Made) -> None:
    done = stager.attack.cluster.hosts["node1"].run("sh", "-ec", SET_UID, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    stager.attack.root(f"cat /shared/set-uid.sif >{made.folder}/image.sif")
    said = stager.attack.root(f"python3 -c {shlex.quote(STORE_SAYS)} {made.folder}")
    digest = said.strip()
    number = stager.wish(made, "lab-rights", digest=digest)
    stager.approve(number, digest)
    assert re.match(r"f\|The image has a file that is set-uid or set-gid: /usr/bin/su\. ", stager.deed(number))
    assert stager.staged("lab-rights") == []


def test_an_image_above_the_operators_bound_is_refused(stager: Stager, made: Made) -> None:
    attack = stager.attack
    attack.root(f"cp -p {CONFIG} {CONFIG}.kept; sed -i '/^\\[publisher\\]/a image_mb = 1' {CONFIG}")
    attack.root("systemctl restart gantry-stager.service")
    try:
        number = stager.wish(made, "lab-large")
        stager.approve(number, made.digest)
        assert "larger than 1048576 bytes" in stager.deed(number)
    finally:
        attack.root(f"mv {CONFIG}.kept {CONFIG}; systemctl restart gantry-stager.service")
    assert stager.staged("lab-large") == []


def test_two_that_stage_at_once_stage_once(stager: Stager, made: Made) -> None:
    attack = stager.attack
    number, over = stager.wish(made, "lab-race"), "/run/lab-race-is-over"
    attack.root("systemctl stop gantry-stager.service")
    stager.approve(number, made.digest)
    # Each ends some turns after the work was done, however long a busy machine takes for it.
    script = (
        f"export GANTRY_CONFIG={CONFIG}; /opt/gantry/venv/bin/python -I -m portal.stager & "
        f"until [ -e {over} ]; do sleep 0.2; done; sleep 5; kill $!; wait"
    )
    command = ("runuser", "-u", "gantry-stager", "-G", "gantry-results", "--", "sh", "-c", script)
    with ThreadPoolExecutor(4) as several:
        running = [several.submit(attack.portal.run, *command) for _ in range(4)]
        try:
            stager.deed(number, 180)
        finally:
            attack.root(f"touch {over}")
        said = [one.result().stderr for one in running]
    attack.root(f"rm {over}; systemctl start gantry-stager.service")
    assert "".join(said).count('"event": "image"') == 1, said
    assert "fault" not in "".join(said), said
    assert stager.deed(number) == "t|"
    assert len([one for one in stager.staged("lab-race") if one.endswith(".sif")]) == 1
