"""Who may do what in the database, as the Ansible role grants it. On the lab the same is asked of a real site."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from database_roles import DAEMON, PUBLISHER, STAGER, WEB, as_role, execute, grant, lists
from made_images import keep_image
from small_facility import NOW, fill_small_facility
from sqlalchemy import select

import portal.audit.models
import portal.catalogue.models
import portal.drafts.pictures
import portal.drafts.revisions
import portal.drafts.signoff.models
import portal.identity.models
import portal.jobs.clusters.rows
import portal.jobs.models
import portal.notify.models
import portal.staging.models  # noqa: F401  (they fill Base.metadata)
from portal.catalogue.models import Dataset
from portal.config import load_settings
from portal.daemon.keeping import keep_trials
from portal.db import Base, Database
from portal.drafts.revisions import DraftRevision, RevisionWish, Wished
from portal.jobs.models import JobTypeRevision, Submission
from portal.jobtype.load import parse_text, shipped_folder
from portal.jobtype.offer.audience import Audience, To
from portal.publisher.images import approve as approve_image
from portal.publisher.images import look as hear
from portal.publisher.work import look
from portal.stager.work import look as stage
from portal.staging.models import ImageDeed, ImageSignoff, ImageSignoffAnswer, ImageWish

pytestmark = pytest.mark.postgres

# The tables that the web tier has no business with, or writes to without reading.
NOT_THE_WEB_TIERS = {"identity", "audit_record", "notice_mark", "folder_manifest"}
SECRETS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name ~ 'hash|password|secret|digest' AND column_name !~ 'sha256'
"""
# Digests of what is no secret: a job type, a request that was sent twice.
NO_SECRETS = {
    ("example_picture", "digest"),
    ("job_type_revision", "digest"),
    ("submission", "request_digest"),
    ("draft_revision", "digest"),
    ("image_wish", "digest"),
    ("accepted_terms", "digest"),
}
WEB_COMPARES = {
    ("person", "password_hash"),
    ("web_session", "token_hash"),
    ("api_token", "token_hash"),
    ("device_request", "device_hash"),
    ("device_request", "user_hash"),
}


@pytest.fixture
def site(postgres_url: str) -> str:
    grant(postgres_url)
    return postgres_url


def refused(url: str, role: str, statement: str) -> bool:
    try:
        execute(as_role(url, role), statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


@pytest.mark.parametrize("role", [WEB, DAEMON, PUBLISHER, STAGER])
def test_a_table_that_is_new_is_nobody_s_until_it_is_named(site: str, role: str) -> None:
    execute(site, "CREATE TABLE brand_new (id integer PRIMARY KEY, secret_hash text)")
    grant(site)
    for statement in (
        "SELECT count(*) FROM brand_new",
        "SELECT secret_hash FROM brand_new",
        "INSERT INTO brand_new VALUES (1, '')",
        "DELETE FROM brand_new",
    ):
        assert refused(site, role, statement), statement
    execute(site, f'GRANT SELECT ON brand_new TO "{role}"')
    assert not refused(site, role, "SELECT count(*) FROM brand_new")


@pytest.mark.parametrize("role", [WEB, DAEMON, PUBLISHER, STAGER])
def test_what_was_granted_otherwise_is_gone_when_it_is_said_again(site: str, role: str) -> None:
    execute(site, f'GRANT ALL ON icat_user TO "{role}"; GRANT SELECT (subject) ON identity TO "{role}"')
    grant(site)
    assert refused(site, role, "UPDATE icat_user SET name = 'mine'")
    assert refused(site, role, "SELECT subject FROM identity")


def test_the_web_tier_reads_of_each_table_all_that_it_needs_and_of_some_nothing(site: str) -> None:
    """A table or column that a later version adds shows here: its right must be thought about."""
    unreadable = {
        table.name: columns
        for table in Base.metadata.tables.values()
        if (
            columns := {
                column.name
                for column in table.columns
                if refused(site, WEB, f'SELECT "{column.name}" FROM {table.name} LIMIT 0')
            }
        )
    }
    assert unreadable.keys() == NOT_THE_WEB_TIERS


def test_hashes_are_read_where_a_sign_in_is_compared_with_them_and_nowhere_else(site: str) -> None:
    hashes = {(table, column) for table, column in execute(site, SECRETS)} - NO_SECRETS
    for role, may in ((WEB, WEB_COMPARES), (DAEMON, set()), (PUBLISHER, set()), (STAGER, set())):
        reads = {
            (table, column)
            for table, column in hashes
            if not refused(site, role, f'SELECT "{column}" FROM {table} LIMIT 0')
        }
        assert reads == may, role


@pytest.mark.parametrize(
    "name", ["portal_web_may", "portal_daemon_may", "portal_publisher_may", "portal_stager_may"]
)
def test_tables_that_hold_a_hash_are_listed_by_column(name: str) -> None:
    with_hashes = {table for table, _column in WEB_COMPARES}
    assert not with_hashes & {table for one in lists()[name] for table in one.get("reads", ())}


TAKEN_OVER = (
    "INSERT INTO person (name, full_name, roles, active, created) VALUES ('x', 'x', '[\"staff\"]', true, now())",
    "UPDATE person SET roles = '[\"staff\"]'",
    "UPDATE person SET name = 'x'",
    "UPDATE person SET active = true",
    "INSERT INTO icat_user (name) VALUES ('x')",
    "UPDATE icat_user SET name = 'x'",
    "UPDATE web_session SET person_id = 1",
    "UPDATE web_session SET expires = now()",
    "UPDATE api_token SET scopes = '[]'",
    "UPDATE api_token SET expires = now()",
    "DELETE FROM api_token",
    "UPDATE device_request SET scopes = '[]'",
    "INSERT INTO identity (person_id, issuer, subject) VALUES (1, 'x', 'x')",
    "INSERT INTO dataset_parameter_correction (dataset_id, name, numeric_value) VALUES (1, 'x', 1)",
    "UPDATE dataset_parameter_correction SET numeric_value = 0",
    "UPDATE dataset_parameter_correction SET withdrawn = now()",
    "DELETE FROM dataset_parameter_correction",
    "UPDATE icat_dataset_parameter SET source_kind = 'file'",
    "UPDATE dataset_array SET name = 'x'",
    "INSERT INTO dataset_array (dataset_id, name) VALUES (1, 'x')",
    "DELETE FROM dataset_array",
    "SELECT document FROM folder_manifest",
    "INSERT INTO folder_manifest (datafile_id, document) VALUES (1, '')",
    "UPDATE folder_manifest SET document = ''",
    "DELETE FROM folder_manifest",
    "UPDATE job_event SET by = 'x'",
    "DELETE FROM job_event",
    "UPDATE attempt SET outcome = 'x'",
    "UPDATE daemon_lease SET epoch = 0",
)


def test_the_web_tier_that_was_taken_over_makes_nobody_and_rewrites_nothing(site: str) -> None:
    assert [statement for statement in TAKEN_OVER if not refused(site, WEB, statement)] == []


@pytest.mark.parametrize("role", [WEB, DAEMON, PUBLISHER, STAGER])
def test_what_was_pinned_of_a_folder_is_the_owner_s_alone(site: str, role: str) -> None:
    """Services compare a folder with the stamp on its entry."""
    for statement in (
        "SELECT document FROM folder_manifest",
        "INSERT INTO folder_manifest (datafile_id, document) VALUES (1, '')",
        "UPDATE folder_manifest SET document = ''",
        "DELETE FROM folder_manifest",
    ):
        assert refused(site, role, statement), statement


@pytest.mark.parametrize("role", [WEB, DAEMON])
def test_corrections_are_read_by_both_and_made_by_neither(site: str, role: str) -> None:
    assert not refused(site, role, "SELECT * FROM dataset_parameter_correction")
    for statement in (
        "INSERT INTO dataset_parameter_correction (dataset_id, name, numeric_value) VALUES (1, 'x', 1)",
        "UPDATE dataset_parameter_correction SET numeric_value = 1, withdrawn = NULL",
        "DELETE FROM dataset_parameter_correction",
        "SELECT nextval('dataset_parameter_correction_id_seq')",
        "UPDATE icat_dataset_parameter SET source_kind = 'person'",
    ):
        assert refused(site, role, statement), statement


FORGED = (
    "INSERT INTO revision_deed (wish_id, done, words, by, at) VALUES (1, true, '', 'root', now())",
    "UPDATE revision_deed SET done = true, words = ''",
    "DELETE FROM revision_deed",
    "UPDATE draft_revision SET text = 'another'",
    "UPDATE draft_revision SET digest = 'another'",
    "UPDATE draft_revision SET author_id = 1",
    "DELETE FROM draft_revision",
    "UPDATE revision_wish SET audience = '{}'",
    "UPDATE revision_wish SET person_id = 1",
    "UPDATE revision_wish SET wished = 'publish'",
    "DELETE FROM revision_wish",
    "SELECT nextval('revision_deed_id_seq')",
)
# Keys that sign off and what is found of what they signed: the publisher adds to it, counts and withdraws.
KEYS = (
    (
        "INSERT INTO signoff_key (person_id, label, code, credential, public_key, counter, enrolled, enrolled_by,"
        " withdrawn_by) VALUES (1, 'x', 'x', 'x', 'x', 0, now(), 'root', '')"
    ),
    "INSERT INTO signoff_answer (signoff_id, counts, words, at) VALUES (1, true, '', now())",
    "UPDATE signoff_key SET counter = 0",
    "UPDATE signoff_key SET withdrawn = NULL",
)
NOBODYS = (
    "UPDATE signoff_key SET public_key = 'mine'",
    "UPDATE signoff_key SET person_id = 1",
    "DELETE FROM signoff_key",
    "UPDATE signoff_key_offer SET attestation = 'mine'",
    "DELETE FROM signoff_key_offer",
    "UPDATE signoff SET approves = true",
    "DELETE FROM signoff",
    "UPDATE signoff_answer SET counts = true",
    "DELETE FROM signoff_answer",
    "UPDATE revision_wish SET nonce = ''",
)
WISHES = (
    "INSERT INTO draft_revision (author_id, name, digest, text, created) VALUES (1, 'x', 'x', 'x', now())",
    "INSERT INTO revision_wish (revision_id, person_id, wished, audience, at) VALUES (1, 1, 'x', '{}', now())",
    "INSERT INTO signoff_key_offer (person_id, label, client_data, attestation, at) VALUES (1, '', '', '', now())",
    (
        "INSERT INTO signoff (wish_id, person_id, approves, words, credential, client_data, authenticator_data,"
        " signature, at) VALUES (1, 1, true, '', '', '', '', '', now())"
    ),
)


def test_of_what_is_filed_the_daemon_keeps_what_a_draft_made_and_its_person_keeps(site: str) -> None:
    """Everything else of the catalogue's datasets stays as it is, whoever has taken it over."""
    for statement in (
        "UPDATE icat_dataset SET name = 'x'",
        "UPDATE icat_dataset SET location = 'results:1/x'",
        "UPDATE submission SET kept = now()",
        "UPDATE submission SET draft = true",
    ):
        assert refused(site, DAEMON, statement), statement
    database = Database(site)
    facility = fill_small_facility(database)
    # By the experiment of its one dataset: whether that is of a trial of a draft, and whether it is kept.
    trials = {"private": (True, True), "other": (True, False), "public": (False, True)}
    with database.write() as session:
        revision = JobTypeRevision(name="x", version="1", digest="x", document={}, created=NOW)
        for name, (draft, kept) in trials.items():
            submission = Submission(
                person_id=facility.actors["sam"].person_id,
                revision=revision,
                title=name,
                options={},
                variant="x",
                resources={},
                mode="each",
                created=NOW,
                draft=draft,
                kept=NOW if kept else None,
            )
            session.add(submission)
            session.flush()
            session.get_one(Dataset, facility.datasets[name]).trial = submission.id
    database.dispose()
    change = "UPDATE icat_dataset SET trial = {} WHERE id = {}"
    for name in ("other", "public", "embargoed"):
        assert refused(site, DAEMON, change.format("NULL", facility.datasets[name])), name
    assert refused(site, DAEMON, change.format("'another'", facility.datasets["private"]))
    daemon = Database(as_role(site, DAEMON))
    try:
        assert keep_trials(daemon) == 1
        assert keep_trials(daemon) == 0
    finally:
        daemon.dispose()
    assert execute(site, f"SELECT trial FROM icat_dataset WHERE id = {facility.datasets['private']}") == [(None,)]


def test_neither_web_nor_daemon_writes_what_was_signed_off_or_changes_what_was_asked(site: str) -> None:
    forged = (*FORGED, *KEYS, *NOBODYS)
    assert [one for one in forged if not refused(site, WEB, one)] == []
    assert [one for one in (*forged, *WISHES) if not refused(site, DAEMON, one)] == []


def test_the_publisher_wishes_nothing_and_changes_nothing_that_was_asked_or_done(site: str) -> None:
    changes = [one for one in (*FORGED[1:-1], *NOBODYS) if not refused(site, PUBLISHER, one)]
    assert changes + [one for one in WISHES if not refused(site, PUBLISHER, one)] == []
    assert not refused(site, PUBLISHER, FORGED[-1])
    for statement in (
        "SELECT email FROM person",
        "SELECT password_hash FROM person",
        "SELECT text FROM draft",
        "SELECT id FROM job",
        "SELECT id FROM submission",
        "SELECT token_hash FROM web_session",
        "SELECT id FROM icat_dataset",
        "UPDATE job SET state = 'queued'",
    ):
        assert refused(site, PUBLISHER, statement), statement


def test_the_publisher_does_what_it_is_for_by_its_own_role(postgres_url: str, site: str, tmp_path: Path) -> None:
    columns = "name, full_name, roles, active, created"
    execute(site, f"INSERT INTO person ({columns}) VALUES ('sam', 'Sam', '[\"staff\"]', true, now())")
    text = (shipped_folder() / "qc.yaml").read_text().replace("name: qc", "name: my-own", 1)
    jobtype, problems = parse_text(text, Path("draft"))
    assert jobtype is not None, problems
    everyone = Audience(To.EVERYONE, "sam").document()
    web = Database(as_role(site, WEB))
    now = datetime(2026, 11, 20, tzinfo=UTC)
    with web.write() as session:
        revision = DraftRevision(author_id=1, name=jobtype.name, digest=jobtype.revision, text=text, created=now)
        session.add(revision)
        session.flush()
        for wished in Wished:
            session.add(
                RevisionWish(
                    revision_id=revision.id, person_id=1, wished=wished, audience=everyone, changed="All.", at=now
                )
            )
    web.dispose()
    settings = load_settings({}, var=tmp_path, jobtypes=[tmp_path])
    settings.registered.mkdir(parents=True)
    publisher = Database(as_role(site, PUBLISHER))
    try:
        done = look(publisher, settings, now=now)
    finally:
        publisher.dispose()
    assert [(one.wished, one.words) for one in done] == [(wished, "") for wished in Wished]
    assert len(list((settings.registered / "published" / "my-own").glob("*.json"))) == 1


IMAGES_FORGED = (
    "INSERT INTO image_approval (wish_id, by, at) VALUES (1, 'root', now())",
    "INSERT INTO image_deed (wish_id, done, words, by, at) VALUES (1, true, '', 'root', now())",
    "UPDATE image_deed SET done = true",
    "DELETE FROM image_deed",
    "UPDATE image_approval SET wish_id = 1",
    "DELETE FROM image_approval",
    "UPDATE image_wish SET digest = 'another'",
    "UPDATE image_wish SET name = 'another'",
    "DELETE FROM image_wish",
    "UPDATE image_signoff SET approves = true",
    "UPDATE image_signoff SET person_id = 1",
    "DELETE FROM image_signoff",
    "UPDATE image_signoff_answer SET counts = true",
    "DELETE FROM image_signoff_answer",
    "SELECT nextval('image_approval_id_seq')",
    "SELECT nextval('image_deed_id_seq')",
)
IMAGE_WISHED = (
    "INSERT INTO image_wish (person_id, job_id, name, digest, at) VALUES (1, 1, 'x', 'x', now())",
    "SELECT nextval('image_wish_id_seq')",
    (
        "INSERT INTO image_signoff (wish_id, person_id, approves, words, credential, client_data,"
        " authenticator_data, signature, at) VALUES (1, 1, true, '', '', '', '', '', now())"
    ),
)
IMAGE_HEARD = (
    "INSERT INTO image_signoff_answer (signoff_id, counts, words, at) VALUES (1, true, '', now())",
    "SELECT nextval('image_signoff_answer_id_seq')",
)


def test_who_signs_an_image_off_and_what_came_of_it_neither_web_nor_daemon_writes(site: str) -> None:
    assert [one for one in (*IMAGES_FORGED, *IMAGE_HEARD) if not refused(site, WEB, one)] == []
    forged = (*IMAGES_FORGED, *IMAGE_HEARD, *IMAGE_WISHED)
    assert [one for one in forged if not refused(site, DAEMON, one)] == []
    assert refused(site, DAEMON, "SELECT id FROM image_wish")
    changes = [one for one in (*IMAGES_FORGED[2:-2], *IMAGE_WISHED) if not refused(site, PUBLISHER, one)]
    assert changes == []


def test_the_stager_signs_nothing_off_and_sees_no_more_than_it_needs(site: str) -> None:
    forged = (
        IMAGES_FORGED[0],
        *IMAGES_FORGED[2:-1],
        *IMAGE_HEARD,
        *IMAGE_WISHED,
        *FORGED,
        *KEYS,
        *NOBODYS,
        *WISHES,
    )
    assert [one for one in forged if not refused(site, STAGER, one)] == []
    for statement in (
        "SELECT email FROM person",
        "SELECT password_hash FROM person",
        "SELECT options FROM job",
        "SELECT title FROM submission",
        "SELECT name FROM icat_dataset",
        "SELECT id FROM icat_datafile",
        "SELECT id FROM icat_investigation",
        "SELECT id FROM draft_revision",
        "SELECT id FROM signoff_key",
        "SELECT token_hash FROM web_session",
        "UPDATE job SET state = 'queued'",
        "UPDATE icat_dataset SET location = 'results:1/x'",
    ):
        assert refused(site, STAGER, statement), statement


def test_publisher_and_stager_do_what_they_are_for_by_their_own_roles(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.images.made.taking.look_through", lambda _image: None)
    settings = load_settings({}, var=tmp_path, publish=False)
    for folder in settings.folders():
        folder.mkdir(parents=True, exist_ok=True)
    owner = Database(site)
    facility = fill_small_facility(owner)
    sam, place = facility.actors["sam"], facility.investigations["private"]
    kept = keep_image(owner, settings.results, sam, place, facility.types["stack"], NOW)
    owner.dispose()
    web, publisher, stager = (Database(as_role(site, role)) for role in (WEB, PUBLISHER, STAGER))
    try:
        with web.write() as session:
            wish = ImageWish(person_id=sam.person_id, job_id=kept.job, name="cows", digest=kept.digest, at=NOW)
            session.add(wish)
            session.flush()
            number = wish.id
        assert stage(stager, settings, now=NOW) == []
        with web.write() as session:
            said = ImageSignoff(wish_id=number, person_id=sam.person_id, approves=True, at=NOW)
            session.add(said)
        assert hear(publisher, settings, now=NOW) == []
        with web.read() as session:
            answer = session.scalars(select(ImageSignoffAnswer)).one()
            assert (answer.counts, answer.words) == (False, "An operator signs off here.")
        approve_image(publisher, number, by="root", now=NOW)
        assert [(one.name, one.words) for one in stage(stager, settings, now=NOW)] == [("cows", "")]
        with web.read() as session:
            assert session.scalars(select(ImageDeed)).one().by == "root"
    finally:
        for one in (web, publisher, stager):
            one.dispose()
