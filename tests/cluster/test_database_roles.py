"""The database's roles on the portal's host: what each may, table by table, and how each tries to be another."""

import pytest
from conftest import AsSomebody
from database_rights import PSQL, Grants, all_columns, as_postgres, of_columns, of_tables
from hosts.cluster import Cluster
from hosts.host import Host

ROLES = ("gantry-web", "gantry-daemon", "gantry-publisher", "gantry-stager")
# What the web tier may read, the rows it may make and forget, and of which it may change something.
WEB_SEES = {"person", "web_session", "api_token", "sign_in_attempt", "device_request"}
WEB_READS = {
    "kept_form",
    "saved_preset",
    "accepted_terms",
    "example_picture",
    "draft",
    "draft_reader",
    "draft_before",
    "draft_revision",
    "revision_wish",
    "revision_deed",
    "image_wish",
    "image_approval",
    "image_deed",
    "image_signoff",
    "image_signoff_answer",
    "signoff_key_offer",
    "signoff_key",
    "signoff",
    "signoff_answer",
    "access_request",
    "access_question",
    "notice",
    "alembic_version",
    "daemon_lease",
    "cluster_health",
    "cluster_snapshot",
    "submission",
    "batch",
    "job_type_revision",
    "job",
    "job_input",
    "job_event",
    "job_output",
    "attempt",
    "job_run",
    "dataset_parameter_correction",
    "dataset_picture",
    "dataset_array",
    "trial_picture",
}
WEB_INSERTS = {
    "kept_form",
    "saved_preset",
    "accepted_terms",
    "example_picture",
    "draft",
    "draft_reader",
    "draft_before",
    "draft_revision",
    "revision_wish",
    "image_wish",
    "image_signoff",
    "signoff_key_offer",
    "signoff",
    "access_request",
    "audit_record",
    "web_session",
    "api_token",
    "sign_in_attempt",
    "device_request",
    "submission",
    "batch",
    "job",
    "job_input",
    "job_event",
    "job_type_revision",
}
WEB_DELETES = {
    "web_session",
    "sign_in_attempt",
    "device_request",
    "kept_form",
    "example_picture",
    "draft",
    "draft_reader",
    "draft_before",
}
WEB_UPDATES = {
    "access_question": {"answer", "answered"},
    "notice": {"read"},
    "draft": {"name", "text", "version", "changed", "changed_by_id", "deleted"},
    "draft_before": {"undone"},
    "saved_preset": {"name", "folded", "note", "options", "revision", "changed", "deleted"},
    "person": {"password_hash"},
    "web_session": {"last_seen"},
    "api_token": {"last_used", "revoked"},
    "device_request": {"state", "person_id", "interval_s", "last_asked"},
    "submission": {"title", "discarded", "kept"},
}
# What of a job, a submission and a person is never the web tier's to change once it is there.
NEVER = {
    "job": {"id", "person_id", "submission_id", "number", "kind", "investigation_id"},
    "submission": {"id", "person_id", "revision_id", "draft", "use"},
    "accepted_terms": {"id", "person_id", "digest", "text", "accepted"},
    "draft": {"id", "author_id", "based_on", "created"},
    "saved_preset": {"id", "analysis", "person_id", "investigation_id", "facility", "created"},
}
SECRETS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name ~ 'hash|password|secret' AND column_name !~ 'sha256'
"""


@pytest.fixture(scope="module")
def grants(cluster: Cluster) -> Grants:
    """Role -> table -> what it may do with whole rows."""
    return of_tables(cluster.hosts["portal"])


def test_only_the_services_have_anything_and_neither_more_than_rows(grants: Grants) -> None:
    assert set(grants) == set(ROLES)
    for tables in grants.values():
        assert set().union(*tables.values()) <= {"SELECT", "INSERT", "UPDATE", "DELETE"}


def test_the_web_tier_makes_rows_of_these_tables_only(grants: Grants) -> None:
    web = grants["gantry-web"]
    assert {table for table, may in web.items() if "INSERT" in may} == WEB_INSERTS
    assert {table for table, may in web.items() if "DELETE" in may} == WEB_DELETES
    assert {table for table, may in web.items() if "UPDATE" in may} == set()  # columns, see below


def test_the_web_tier_reads_these_tables_only(portal: Host) -> None:
    """A table or column that a later version adds shows here: its right must be thought about."""
    reads, there = of_columns(portal, "gantry-web", "SELECT"), all_columns(portal)
    catalogue = {table for table in there if table.startswith("icat_")}
    assert set(reads) == WEB_READS | WEB_SEES | catalogue
    assert {table: there[table] - columns for table, columns in reads.items() if there[table] != columns} == {}


@pytest.mark.parametrize("role", ROLES)
def test_a_table_that_is_new_is_nobody_s_until_it_is_named(
    role: str, portal: Host, as_somebody: AsSomebody
) -> None:
    as_postgres(portal, "SET ROLE gantry; CREATE TABLE brand_new (id integer PRIMARY KEY, secret_hash text)")
    try:
        granted = portal.run("/usr/local/libexec/gantry-database")
        assert granted.returncode == 0, granted.stderr
        for asked in ("SELECT count(*) FROM brand_new", "INSERT INTO brand_new VALUES (1, '')"):
            answer = as_somebody(role, *PSQL, asked)
            assert answer.returncode != 0 and "permission denied" in answer.stderr, answer
    finally:
        as_postgres(portal, "DROP TABLE brand_new")


def test_the_web_tier_changes_no_owner_and_no_account(portal: Host) -> None:
    columns = of_columns(portal, "gantry-web", "UPDATE")
    assert {table: changes for table, changes in columns.items() if table != "job"} == WEB_UPDATES
    for table, never in NEVER.items():
        assert columns.get(table, set()) & never == set(), table


def test_the_daemon_reads_no_secret_of_a_sign_in(as_somebody: AsSomebody, portal: Host) -> None:
    places = [line.split("|") for line in as_postgres(portal, SECRETS).splitlines()]
    assert len(places) >= 4
    for table, column in places:
        asked = as_somebody("gantry-daemon", *PSQL, f'SELECT "{column}" FROM "{table}" LIMIT 1')
        assert "permission denied" in asked.stderr, (table, column)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE gantry",
        "SET ROLE postgres",
        'SET SESSION AUTHORIZATION "postgres"',
        "SET session_replication_role = replica",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "GRANT gantry TO CURRENT_USER",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "COPY person TO '/tmp/people'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "CREATE EXTENSION dblink",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER FUNCTION gantry_web_moves() OWNER TO CURRENT_USER",
        "DROP FUNCTION gantry_web_moves() CASCADE",
        "DROP TRIGGER gantry_web_moves ON job",
        "TRUNCATE job CASCADE",
        "CREATE RULE mine AS ON UPDATE TO job DO INSTEAD NOTHING",
        "SELECT setval('job_id_seq', 1)",
        "SELECT document FROM folder_manifest",
        "UPDATE folder_manifest SET document = ''",
        "DELETE FROM folder_manifest",
        "SELECT pg_reload_conf()",
    ],
)
def test_no_role_becomes_another_or_leaves_the_tables(role: str, statement: str, as_somebody: AsSomebody) -> None:
    answer = as_somebody(role, *PSQL, statement)
    assert answer.returncode != 0, answer.stdout
    assert any(words in answer.stderr for words in ("permission denied", "must be", "Must be", "not allowed"))


@pytest.mark.parametrize("account", [*ROLES, "gantry-data", "maya"])
@pytest.mark.parametrize("role", ["gantry", *ROLES, "postgres"])
def test_the_door_lets_each_account_in_as_itself_only(account: str, role: str, as_somebody: AsSomebody) -> None:
    for database in ("gantry", "postgres"):
        answer = as_somebody(account, "psql", "-AtX", "-U", role, "-d", database, "-c", "SELECT 1")
        assert (answer.returncode == 0) == (account == role and database == "gantry"), answer.stderr
    over_the_network = as_somebody(
        account, "psql", "-AtX", "-h", "127.0.0.1", "-U", role, "-d", "gantry", "-c", "SELECT 1"
    )
    assert over_the_network.returncode == 2


@pytest.mark.parametrize(
    "state", ["submitting", "pending", "running", "collecting", "succeeded", "failed", "cancelled"]
)
def test_the_web_tier_makes_a_job_that_waits_and_no_other(state: str, as_somebody: AsSomebody) -> None:
    columns = (
        "person_id, submission_id, state, index, title, options, resources, progress, waiting, created, changed"
    )
    values = f"1, 'none', '{state}', 0, 'x', '{{}}', '{{}}', '{{}}', '{{}}', now(), now()"
    answer = as_somebody("gantry-web", *PSQL, f"INSERT INTO job ({columns}) VALUES ({values})")
    assert answer.returncode != 0
    assert "The web tier may not make a job that is" in answer.stderr, answer.stderr
