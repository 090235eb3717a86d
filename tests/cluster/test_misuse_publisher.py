"""The publisher on a real host: nobody else writes where the agent reads, and only what was signed off runs."""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import AsSomebody
from database_rights import PSQL
from lab_site import LabSite
from misuse import Attack, Document
from soft_key import SoftKey

from portal.drafts.signoff.webauthn import Assertion, packed

FOLDER = "/var/lib/gantry/registered"
PROGRAM = "/usr/libexec/gantry-publisher"
GANTRY = "/usr/local/sbin/gantry"
IMAGES = "/shared/images"
UID = "907"
TEXT = """\
name: {name}
version: "1.0"
title: Made in the browser
summary: Says hello.
category: Lab
contact: nobody
image: publisher-test
program: {{command: [sh, -c, "echo hello >output/result.txt"]}}
resources: {{default: small, variants: [{{name: small, label: Small, memory_mb: {memory}, time_s: 60}}]}}
result_title: Hello
outputs: [{{name: result, pattern: "*", dataset_type: any}}]
"""
# Run as the portal's own code on its host: the digest of a text, and rows as the web tier's account writes them.
WISH = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import select
from portal.config import load_settings
from portal.db import Database
from portal.drafts.revisions import DraftRevision, RevisionWish, Wished
from portal.jobtype.load import parse_text
from portal.jobtype.offer.audience import Audience, To
from sqlalchemy import text as sql
wished, text = sys.argv[1], sys.stdin.read()
jobtype, problems = parse_text(text, Path("draft"))
assert jobtype is not None, problems
now = datetime.now(UTC)
with Database(load_settings().database).write() as session:
    person = session.scalar(sql("SELECT id FROM person WHERE name = 'sam'"))
    found = session.scalars(select(DraftRevision).where(DraftRevision.digest == jobtype.revision)).first()
    revision = found or DraftRevision(
        author_id=person, name=jobtype.name, digest=jobtype.revision, text=text, created=now
    )
    session.add(revision)
    session.flush()
    audience = Audience(To.EVERYONE, "sam").document()
    wish = RevisionWish(
        revision_id=revision.id, person_id=person, wished=Wished(wished), audience=audience, changed="All.", at=now
    )
    session.add(wish)
    session.flush()
    print(wish.id, jobtype.revision)
"""

# What somebody signs, made from the rows by the portal's own code on its host.
STATEMENT = """
import sys
from portal.config import load_settings
from portal.db import Database
from portal.drafts.revisions import RevisionWish
from portal.drafts.signoff.meant import meant
with Database(load_settings().database).read() as session:
    wish = session.get_one(RevisionWish, int(sys.argv[1]))
    print(meant(wish, sys.argv[2]).challenge.hex())
"""
# The same of an image that is to be staged.
IMAGE_STATEMENT = """
import sys
from portal.config import load_settings
from portal.db import Database
from portal.staging.models import ImageWish
from portal.staging.second import challenge
with Database(load_settings().database).read() as session:
    print(challenge(session.get_one(ImageWish, int(sys.argv[1])), sys.argv[2]).hex())
"""
CONFIG = "/etc/gantry/config.toml"
ASK = 'exec psql -AtX -d gantry -c "$1"'


class Publisher:
    """What is asked of it, and what it wrote."""

    def __init__(self, attack: Attack) -> None:
        self.attack = attack

    def wish(self, wished: str, name: str, memory: int = 64) -> tuple[str, str]:
        """A wish as the web tier writes it: its number, and the revision."""
        script = 'export GANTRY_CONFIG=/etc/gantry/config.toml; exec /opt/gantry/venv/bin/python -I -c "$1" "$2"'
        text = TEXT.format(name=name, memory=memory)
        said = self.attack.send(script, text, WISH, wished, account="gantry-web")
        assert said.code == 0, said
        number, revision = said.out.split()
        return number, revision

    def deed(self, number: str, patience_s: int = 60) -> str:
        """What it did about a wish, once it did: `t|` or `f|why`."""
        asked = f"SELECT done, words FROM revision_deed WHERE wish_id = {int(number)}"
        for _ in range(patience_s * 4):
            said = self.attack.by("gantry-web", ASK, asked).out.strip()
            if said:
                return said
            time.sleep(0.25)
        return ""

    def files(self, kind: str) -> list[str]:
        """What lies there."""
        return self.attack.root(f"find {FOLDER}/{kind} -name '*.json'").split()

    def order(self, name: str, revision: str, **more: object) -> Document:
        """A submission of it that is in order otherwise."""
        return self.attack.item(jobtype={"name": name, "version": "1.0", "revision": revision, **more})


@pytest.fixture(scope="module")
def publisher(site: LabSite) -> Iterator[Publisher]:
    """The publisher of a whole site, and an image that is staged."""
    attack = Attack(site.cluster)
    attack.root(f"echo image >{IMAGES}/publisher-test.sif")
    size, seconds = attack.root(f"stat -c '%s %Y' {IMAGES}/publisher-test.sif").split()
    attack.root(f"touch -d @{seconds} {IMAGES}/publisher-test.sif")
    manifest = {
        "schema": 1,
        "name": "publisher-test",
        "file": "publisher-test.sif",
        "digest": f"sha256:{hashlib.sha256(b'image').hexdigest()}",
        "size": int(size),
        "mtime_ns": int(seconds) * 10**9,
        "built": None,
        "withdrawn": None,
    }
    attack.put(f"{IMAGES}/publisher-test.json", json.dumps(manifest))
    yield Publisher(attack)
    attack.root(f"rm -rf {FOLDER}/published/hello* {FOLDER}/drafts/hello* {IMAGES}/publisher-test.*")
    attack.forget()


def test_its_folder_is_roots_and_what_lies_in_it_its_own(publisher: Publisher) -> None:
    attack = publisher.attack
    assert attack.root("systemctl is-active gantry-publisher.service").strip() == "active"
    said = attack.root(f"stat -c '%U %a' {FOLDER} {FOLDER}/published {FOLDER}/drafts").splitlines()
    assert said == ["root 755", "gantry-publisher 755", "gantry-publisher 711"]
    agents = json.loads(attack.root("cat /etc/gantry/agent.json"))
    assert agents["registered"] == {"folder": FOLDER, "uid": int(UID)}


@pytest.mark.parametrize("account", ["gantry-web", "gantry-daemon", "gantry-data", "maya"])
def test_nobody_else_writes_there_or_becomes_it(publisher: Publisher, account: str) -> None:
    attack = publisher.attack
    for place in ("", "/published", "/drafts"):
        assert attack.by(account, f"touch {FOLDER}{place}/mine").code != 0
    assert attack.by(account, f"ls {FOLDER}/drafts").code != 0
    for way in ("runuser -u gantry-publisher -- id", "sudo -n -u gantry-publisher id"):
        assert attack.by(account, way).code != 0
    number, revision = publisher.wish("publish", "hello-forged")
    request = {"schema": 1, "verb": "approve", "publisher": {}, "items": [{"wish": int(number), "by": "root"}]}
    said = attack.send(f"exec {PROGRAM}", json.dumps(request), account=account)
    # The program runs for whoever starts it, and is then nobody but that account.
    assert '"ok": true' not in said.out, said
    assert not [path for path in publisher.files("published") if revision[7:] in path]


def test_the_publisher_itself_reaches_nothing_of_the_cluster(publisher: Publisher) -> None:
    attack = publisher.attack
    pid = attack.root("systemctl show -P MainPID gantry-publisher.service").strip()
    assert int(pid) > 0
    for path in ("/shared/results", "/shared/scratch", "/shared/data", "/shared/home"):
        inside = attack.portal.run("ls", f"/proc/{pid}/root{path}")
        assert inside.returncode != 0 or inside.stdout == "", path
    for place in ("/var/lib/gantry/published", "/etc/gantry", FOLDER):
        assert attack.by("gantry-publisher", f"touch {place}/mine").code != 0


def test_what_nobody_signed_off_does_not_run_and_what_root_signed_off_does(publisher: Publisher) -> None:
    attack = publisher.attack
    number, revision = publisher.wish("publish", "hello")
    later, _ = publisher.wish("publish", "hello-too-large", memory=10**6)
    assert publisher.deed(later).startswith("f|")  # it has looked at both by now
    assert publisher.deed(number, patience_s=1) == ""
    assert publisher.files("published") == []
    assert attack.agent("maya", "submit", [publisher.order("hello", revision)]).codes == ["jobtype-unknown"]
    wrong = attack.portal.run(GANTRY, "admin", "jobtypes", "approve", number, "0" * 12)
    assert wrong.returncode != 0 and "Nothing was published" in wrong.stderr
    done = attack.portal.run(GANTRY, "admin", "jobtypes", "approve", number, revision)
    assert done.returncode == 0, done.stderr
    [path] = publisher.files("published")
    assert attack.root(f"stat -c '%u %a' {path}").split() == [UID, "444"]
    item = publisher.order("hello", revision)
    assert attack.agent("maya", "submit", [item]).codes == ["ok"]
    attack.ended(item)


@pytest.mark.parametrize("account", ["gantry-web", "gantry-daemon"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO revision_deed (wish_id, done, words, by, at) VALUES ({}, true, '', 'root', now())",
        "UPDATE draft_revision SET text = 'another'",
        "UPDATE revision_wish SET wished = 'try'",
        "DELETE FROM revision_wish",
    ],
)
def test_what_was_signed_off_is_the_publishers_to_say(
    publisher: Publisher, as_somebody: AsSomebody, account: str, statement: str
) -> None:
    number, _ = publisher.wish("publish", "hello-forged")
    answer = as_somebody(account, *PSQL, statement.format(number))
    assert answer.returncode != 0
    assert "permission denied" in answer.stderr


def test_a_trial_of_one_whom_no_operator_named_is_refused(publisher: Publisher) -> None:
    number, revision = publisher.wish("try", "hello-tried")
    assert "not among those" in publisher.deed(number)
    assert publisher.files("drafts") == []
    order = publisher.order("hello-tried", revision, draft=True)
    assert publisher.attack.agent("sam", "submit", [order]).codes == ["jobtype-unknown"]


def _draft(publisher: Publisher, uids: list[int]) -> str:
    """A draft as the publisher writes it; its revision."""
    attack = publisher.attack
    document = json.dumps(
        {
            "name": "hello-draft",
            "version": "1.0",
            "program": {"command": ["sh", "-c", "echo hello >output/result.txt"]},
            "image": None,
            "resources": {
                "default": "small",
                "variants": [{"name": "small", "cpus": 1, "memory_mb": 64, "time_s": 60}],
            },
            "outputs": [{"name": "result", "pattern": "*", "dataset_type": "any", "required": True}],
        }
    )
    digest = hashlib.sha256(document.encode()).hexdigest()
    path = f"{FOLDER}/drafts/hello-draft/{digest}.json"
    attack.put(path, json.dumps({"schema": 1, "uids": uids, "document": document}))
    attack.root(f"chown -R gantry-publisher:gantry-publisher {FOLDER}/drafts/hello-draft; chmod 444 {path}")
    attack.root(f"chmod 711 {FOLDER}/drafts/hello-draft")
    return f"sha256:{digest}"


def test_a_draft_runs_as_those_whom_its_file_names(publisher: Publisher) -> None:
    attack = publisher.attack
    revision = _draft(publisher, [int(attack.root("id -u maya"))])
    item = publisher.order("hello-draft", revision, draft=True)
    assert attack.agent("maya", "submit", [item]).codes == ["ok"]
    toms = publisher.order("hello-draft", revision, draft=True)
    assert attack.agent("tom", "submit", [toms]).codes == ["jobtype-unknown"]
    as_published = publisher.order("hello-draft", revision)
    assert attack.agent("maya", "submit", [as_published]).codes == ["jobtype-unknown"]
    attack.ended(item)


def test_a_replaced_file_and_a_file_of_anothers_are_refused(publisher: Publisher) -> None:
    attack = publisher.attack
    revision = _draft(publisher, [int(attack.root("id -u maya"))])
    path = f"{FOLDER}/drafts/hello-draft/{revision[7:]}.json"
    order = publisher.order("hello-draft", revision, draft=True)
    attack.root(f"chown maya {path}")
    assert attack.agent("maya", "submit", [order]).codes == ["jobtype-unsafe"]
    attack.root(f"chown gantry-publisher {path}; sed -i s/hello/hallo/ {path}; chown gantry-publisher {path}")
    assert attack.agent("maya", "submit", [order]).codes == ["jobtype-unsafe"]


def test_two_that_sign_off_at_once_publish_once(publisher: Publisher) -> None:
    attack = publisher.attack
    number, revision = publisher.wish("publish", "hello-race")

    def sign_off(_one: int) -> int:
        return attack.portal.run(GANTRY, "admin", "jobtypes", "approve", number, revision).returncode

    with ThreadPoolExecutor(4) as several:
        codes = list(several.map(sign_off, range(4)))
    assert codes.count(0) == 1, codes
    assert publisher.deed(number) == "t|"
    assert len([path for path in publisher.files("published") if "hello-race" in path]) == 1


class Staffed:
    """The site with `signs = "staff"`: Ada of the staff, and her key, which the tests hold."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher, self.attack = publisher, publisher.attack
        found = re.search(r'^base_url = "([^"]+)"', self.attack.root(f"cat {CONFIG}"), re.MULTILINE)
        assert found, "the site has an address"
        self.key = SoftKey(found[1])

    def web(self, statement: str, account: str = "gantry-web") -> str:
        """Empty where the database took a statement of this account's; else what it said."""
        said = self.attack.by(account, 'exec psql -AtX -v ON_ERROR_STOP=1 -d gantry -c "$1"', statement)
        return said.err if said.code else ""

    def offer(self) -> None:
        """The web tier writes down the key that Ada made."""
        client_data, attestation = self.key.made()
        columns = "(person_id, label, client_data, attestation, at)"
        values = f"SELECT id, 'Blue', '{client_data}', '{attestation}', now() FROM person WHERE name = 'ada'"
        assert not self.web(f"INSERT INTO signoff_key_offer {columns} {values}")

    def challenge(self, number: str, statement: str = STATEMENT) -> bytes:
        """What the page would have Ada sign."""
        script = f'export GANTRY_CONFIG={CONFIG}; exec /opt/gantry/venv/bin/python -I -c "$1" "$2" ada'
        said = self.attack.by("gantry-web", script, statement, number)
        assert said.code == 0, said
        return bytes.fromhex(said.out.strip())

    def say(self, number: str, given: Assertion, account: str = "gantry-web", table: str = "signoff") -> str:
        """A sign-off in Ada's name; empty where the database took it."""
        columns = (
            "(wish_id, person_id, approves, words, credential, client_data, authenticator_data, signature, at"
        )
        parts = (given.credential, given.client_data, given.authenticator_data, given.signature)
        values = ", ".join(f"'{packed(part)}'" for part in parts)
        person = f"SELECT {int(number)}, id, true, '', {values}, now() FROM person WHERE name = 'ada'"
        return self.web(f"INSERT INTO {table} {columns}) {person}", account)

    def answer(self, number: str, words: str, table: str = "signoff") -> bool:
        """Whether the publisher says this of the last sign-off of a wish, once it looked at it."""
        asked = f"""SELECT counts, found.words FROM {table}_answer AS found JOIN {table} ON {table}.id = signoff_id
            WHERE wish_id = {int(number)} ORDER BY found.id DESC LIMIT 1"""
        for _ in range(240):
            said = self.attack.by("gantry-web", ASK, asked).out.strip()
            if words in said:
                return said.startswith("f|")
            time.sleep(0.25)
        return False


@pytest.fixture
def staffed(publisher: Publisher) -> Iterator[Staffed]:
    """An operator has a second member of staff sign off; afterwards it is as it was."""
    attack = publisher.attack
    attack.root(f"cp -p {CONFIG} {CONFIG}.kept; sed -i '/^\\[publisher\\]/a signs = \"staff\"' {CONFIG}")
    attack.root("systemctl restart gantry-publisher.service")
    added = f"{GANTRY} admin people add ada --full-name Ada --role staff"
    attack.root(f"printf 'correct horse battery\\n' | {added} || true")  # she may be there from before
    yield Staffed(publisher)
    attack.root(f"mv {CONFIG}.kept {CONFIG}; systemctl restart gantry-publisher.service")


def test_a_second_member_of_staff_signs_off_and_nobody_makes_it_up(staffed: Staffed) -> None:
    publisher, attack = staffed.publisher, staffed.attack
    number, revision = publisher.wish("publish", "hello-signed")
    staffed.offer()
    given = staffed.key.signs(staffed.challenge(number))
    assert "permission denied" in staffed.say(number, given, "gantry-daemon")
    assert not staffed.say(number, given)  # right, but of a key that no operator enrolled
    assert staffed.answer(number, "No operator enrolled")
    for account in ("gantry-web", "gantry-daemon"):
        for statement in (
            "INSERT INTO signoff_key SELECT * FROM signoff_key",
            "UPDATE signoff_key SET counter = 0",
            "INSERT INTO signoff_answer (signoff_id, counts, words, at) VALUES (1, true, '', now())",
            "UPDATE signoff SET approves = true",
        ):
            assert "permission denied" in staffed.web(statement, account), (account, statement)
    other = attack.portal.run(GANTRY, "admin", "jobtypes", "keys", "enrol", "ada", "AAAA-AAAA-AAAA-AAAA")
    assert other.returncode != 0
    code = staffed.key.code("ada")
    done = attack.portal.run(GANTRY, "admin", "jobtypes", "keys", "enrol", "ada", code)
    assert done.returncode == 0, done.stderr
    forged = SoftKey(staffed.key.origin, credential=staffed.key.credential, counter=99)
    assert not staffed.say(number, forged.signs(staffed.challenge(number)))
    assert staffed.answer(number, "not that of this key")
    assert not [path for path in publisher.files("published") if revision[7:] in path]
    assert not staffed.say(number, staffed.key.signs(staffed.challenge(number)))
    assert publisher.deed(number) == "t|"
    [path] = [path for path in publisher.files("published") if revision[7:] in path]
    assert attack.root(f"stat -c '%u %a' {path}").split() == [UID, "444"]


def test_an_image_is_signed_off_with_her_key_and_nobody_makes_that_up(site: LabSite, staffed: Staffed) -> None:
    attack, table = staffed.attack, "image_signoff"
    maya = site.client("maya")
    (job,) = site.wait(maya, maya.submit("lab-count", {"data": site.datasets["Zebrafish heart"][:1]}, {"wait": 0}))
    columns = "(person_id, job_id, name, digest, at)"
    values = (
        f"SELECT id, {int(job['id'])}, 'lab-signed', 'sha256:{'0' * 64}', now() FROM person WHERE name = 'sam'"
    )
    assert not staffed.web(f"INSERT INTO image_wish {columns} {values}")
    number = attack.by(
        "gantry-web", 'exec psql -AtX -d gantry -c "$1"', "SELECT max(id) FROM image_wish"
    ).out.strip()
    key = SoftKey(staffed.key.origin)
    staffed.key = key
    staffed.offer()
    assert not staffed.say(number, key.signs(staffed.challenge(number, IMAGE_STATEMENT)), table=table)
    assert staffed.answer(number, "No operator enrolled", table)
    for account in ("gantry-web", "gantry-daemon"):
        for statement in (
            "INSERT INTO image_signoff_answer (signoff_id, counts, words, at) VALUES (1, true, '', now())",
            f"INSERT INTO image_approval (wish_id, by, at) VALUES ({int(number)}, 'ada', now())",
            "UPDATE image_signoff SET approves = true",
        ):
            assert "permission denied" in staffed.web(statement, account), (account, statement)
    done = attack.portal.run(GANTRY, "admin", "jobtypes", "keys", "enrol", "ada", key.code("ada"))
    assert done.returncode == 0, done.stderr
    forged = SoftKey(key.origin, credential=key.credential, counter=99)
    assert not staffed.say(number, forged.signs(staffed.challenge(number, IMAGE_STATEMENT)), table=table)
    assert staffed.answer(number, "not that of this key", table)
    assert not staffed.say(number, key.signs(staffed.challenge(number, IMAGE_STATEMENT)), table=table)
    # The publisher took it down; the stager, which looks at everything anew, refuses an image that was never made.
    asked = f"SELECT deed.by, deed.words FROM image_deed AS deed WHERE wish_id = {int(number)}"
    for _ in range(240):
        said = attack.by("gantry-web", ASK, asked).out.strip()
        if said:
            break
        time.sleep(0.25)
    assert said == "|It is somebody else's job."
    signed = f"SELECT by FROM image_approval WHERE wish_id = {int(number)}"
    assert attack.by("gantry-web", ASK, signed).out.strip() == "ada"
