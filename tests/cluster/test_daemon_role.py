"""The daemon's role in the database: what it may, and what it is refused once it has been taken over."""

import pytest
from conftest import AsSomebody
from database_rights import PSQL, all_columns, as_postgres, numbers, of_columns, of_tables
from hosts.host import Host
from lab_site import HOME, LabSite

DAEMON = "gantry-daemon"
# What the daemon may do, by purpose. What is in none of these, it can neither read nor write.
WATCHES = {"daemon_lease", "cluster_health", "cluster_snapshot"}
JOBS = {"submission", "job_type_revision", "job", "job_input", "job_event", "attempt", "job_run"}
PEOPLE = {
    "icat_user",
    "icat_investigation",
    "icat_investigation_user",
    "icat_investigation_group",
    "icat_user_group",
    "icat_investigation_instrument",
    "icat_instrument_scientist",
}
FILES = {
    "icat_dataset",
    "icat_dataset_type",
    "icat_datafile",
    "icat_dataset_parameter",
    "icat_parameter_type",
    "dataset_picture",
    "icat_application",
    "icat_job",
    "icat_data_collection",
    "icat_data_collection_dataset",
    "job_output",
}
TELLS = {"notice", "notice_mark", "access_request", "access_question"}
READS = {"alembic_version", "dataset_parameter_correction"} | WATCHES | JOBS | PEOPLE | FILES | TELLS
INSERTS = (
    WATCHES
    | {"attempt", "job_event", "job_run", "audit_record", "notice", "access_question", "dataset_array"}
    | {"trial_picture"}
    | FILES
)
DELETES = {"notice", "cluster_health", "web_session", "device_request", "sign_in_attempt", "kept_form"}
# The columns that it never changes, of the tables of which it changes anything.
NEVER = {
    "notice_mark": {"name"},
    "access_request": {"id", "person_id", "number", "note", "at"},
    "daemon_lease": {"name"},
    "cluster_health": {"cluster"},
    "cluster_snapshot": {"cluster"},
    "job": {
        "id",
        "submission_id",
        "kind",
        "person_id",
        "index",
        "title",
        "options",
        "investigation_id",
        "created",
        "cancel_requested",
        "cancel_requested_by",
        "cancel_requested_by_id",
    },
    "attempt": {"id", "job_id", "number", "name", "cluster", "resources", "created"},
}


def test_the_daemon_reads_and_makes_rows_of_these_tables_only(portal: Host) -> None:
    daemon = of_tables(portal)[DAEMON]
    assert {table for table, may in daemon.items() if "SELECT" in may} == READS
    assert {table for table, may in daemon.items() if "INSERT" in may} == INSERTS
    assert {table for table, may in daemon.items() if "DELETE" in may} == DELETES
    assert {table for table, may in daemon.items() if "UPDATE" in may} == set()  # columns, see below
    assert numbers(portal, DAEMON) == {f"{table}_id_seq" for table in INSERTS - WATCHES - {"attempt", "job_run"}}


def test_the_daemon_changes_what_became_of_a_job_and_nothing_that_was_asked(portal: Host) -> None:
    """A column that a later version adds shows here: its right must be thought about."""
    changes, there = of_columns(portal, DAEMON, "UPDATE"), all_columns(portal)
    # What a draft made and its person keeps is no trial's any more; a trigger lets nothing else through.
    assert changes.pop("icat_dataset") == {"trial", "mod_time"}
    assert {table: there[table] - changed for table, changed in changes.items()} == NEVER


def test_the_daemon_sees_of_people_and_sign_ins_a_few_columns(portal: Host) -> None:
    sees = of_columns(portal, DAEMON, "SELECT")
    assert {table: columns for table, columns in sees.items() if table not in READS} == {
        "person": {"id", "name", "full_name", "email", "roles", "active", "blurb", "created"},
        "web_session": {"id", "expires"},
        "device_request": {"id", "expires"},
        "sign_in_attempt": {"id", "at"},
        "kept_form": {"id", "expires"},
    }


@pytest.mark.parametrize(
    "statement",
    [
        # Giving a right.
        "INSERT INTO icat_user_group SELECT * FROM icat_user_group",
        "INSERT INTO icat_investigation_user SELECT * FROM icat_investigation_user",
        "UPDATE icat_investigation_user SET user_id = 1",
        "INSERT INTO icat_investigation_group SELECT * FROM icat_investigation_group",
        "INSERT INTO icat_instrument_scientist SELECT * FROM icat_instrument_scientist",
        "INSERT INTO icat_investigation_instrument SELECT * FROM icat_investigation_instrument",
        "INSERT INTO icat_grouping (name) VALUES ('mine')",
        "UPDATE icat_user SET name = 'sam' WHERE name = 'maya'",
        "INSERT INTO icat_user (name) VALUES ('mine')",
        "UPDATE icat_investigation SET release_date = now()",
        "INSERT INTO icat_investigation SELECT * FROM icat_investigation",
        "DELETE FROM icat_investigation",
        "UPDATE icat_facility SET name = 'mine'",
        "UPDATE icat_instrument SET name = 'mine'",
        "UPDATE person SET roles = '[\"staff\"]'",
        "INSERT INTO person (name) VALUES ('mine')",
        "INSERT INTO api_token (person_id) VALUES (1)",
        "INSERT INTO web_session (person_id) VALUES (1)",
        "UPDATE web_session SET expires = now()",
        "INSERT INTO identity (person_id) VALUES (1)",
        # Inventing a wish, or altering one.
        "INSERT INTO submission SELECT * FROM submission",
        "UPDATE submission SET options = '{}'",
        "UPDATE submission SET person_id = 1",
        "UPDATE submission SET revision_id = 1",
        "INSERT INTO job SELECT * FROM job",
        "UPDATE job SET person_id = 1",
        "UPDATE job SET submission_id = 'mine'",
        "UPDATE job SET kind = 'interactive'",
        "UPDATE job SET options = '{}'",
        "UPDATE job SET investigation_id = 1",
        "UPDATE job SET cancel_requested = now()",
        "UPDATE job SET state = 'queued', person_id = 1",
        "DELETE FROM job",
        "INSERT INTO job_input SELECT * FROM job_input",
        "UPDATE job_input SET dataset_id = 1",
        "DELETE FROM job_input",
        "UPDATE job_type_revision SET document = '{}'",
        "INSERT INTO job_type_revision SELECT * FROM job_type_revision",
        # Another past.
        "UPDATE job_event SET by = 'maya'",
        "UPDATE job_event SET words = 'mine'",
        "DELETE FROM job_event",
        "UPDATE attempt SET job_id = 1",
        "UPDATE attempt SET resources = '{}'",
        "DELETE FROM attempt",
        "UPDATE job_output SET dataset_id = 1",
        "DELETE FROM job_output",
        # Another's data.
        "UPDATE icat_dataset SET investigation_id = 1",
        "UPDATE icat_dataset SET location = 'results:1/mine'",
        "UPDATE icat_dataset SET name = 'mine'",
        "DELETE FROM icat_dataset",
        "UPDATE icat_datafile SET checksum = 'mine'",
        "UPDATE icat_datafile SET location = 'mine'",
        "DELETE FROM icat_datafile",
        "UPDATE icat_dataset_parameter SET numeric_value = 0",
        "DELETE FROM icat_dataset_parameter",
        "INSERT INTO dataset_parameter_correction SELECT * FROM dataset_parameter_correction",
        "UPDATE dataset_parameter_correction SET numeric_value = 0",
        "UPDATE dataset_parameter_correction SET withdrawn = now()",
        "DELETE FROM dataset_parameter_correction",
        "UPDATE dataset_picture SET path = 'mine'",
        "DELETE FROM dataset_picture",
        "SELECT * FROM dataset_array",
        "UPDATE dataset_array SET name = 'mine'",
        "DELETE FROM dataset_array",
        "SELECT * FROM folder_manifest",
        "INSERT INTO folder_manifest (datafile_id, document) SELECT max(id), '' FROM icat_datafile",
        "UPDATE folder_manifest SET document = ''",
        "DELETE FROM folder_manifest",
        "UPDATE icat_dataset_type SET mapping = '{}'",
        "UPDATE icat_parameter_type SET units = 'mine'",
        "UPDATE icat_application SET version = 'mine'",
        "UPDATE icat_job SET arguments = 'mine'",
        "DELETE FROM icat_job",
        "UPDATE icat_data_collection_dataset SET dataset_id = 1",
        "DELETE FROM icat_data_collection",
        "INSERT INTO icat_sample (name) VALUES ('mine')",
        # The rest.
        "UPDATE daemon_lease SET name = 'mine'",
        "DELETE FROM daemon_lease",
        "UPDATE cluster_health SET cluster = 'mine'",
        "UPDATE alembic_version SET version_num = 'mine'",
        "SELECT * FROM icat_grouping",
        "SELECT nextval('job_id_seq')",
        "SELECT * FROM submission FOR UPDATE",
        "BEGIN; LOCK TABLE submission",
    ],
)
def test_a_daemon_that_was_taken_over_is_refused(statement: str, as_somebody: AsSomebody) -> None:
    answer = as_somebody(DAEMON, *PSQL, statement)
    assert answer.returncode != 0, answer.stdout
    assert "permission denied for" in answer.stderr, answer.stderr


@pytest.fixture(scope="module")
def result(site: LabSite) -> None:
    """A job of Maya's has ended well, and its result is filed, beside data that was measured."""
    maya = site.client("maya")
    made = maya.submit("lab-count", {"data": site.datasets[HOME["maya"]][:1]}, {})
    (job,) = site.wait(maya, made)
    assert job["state"] == "succeeded"


DATASET = """
    INSERT INTO icat_dataset (create_id, create_time, mod_id, mod_time, investigation_id, type_id, name, location,
        single_file, complete, date, file_count, file_size, search_text)
    SELECT '', now(), '', now(), investigation_id, type_id, 'mine', {location},
        false, true, now(), 0, 0, 'mine' FROM icat_dataset WHERE location LIKE 'results:%' ORDER BY id LIMIT 1
"""
FILE = """
    INSERT INTO icat_datafile (create_id, create_time, mod_id, mod_time, dataset_id, name, location)
    SELECT '', now(), '', now(), id, 'mine', 'mine' FROM icat_dataset WHERE {which} ORDER BY id DESC LIMIT 1
"""
PARAMETER = """
    INSERT INTO icat_dataset_parameter (create_id, create_time, mod_id, mod_time, dataset_id, type_id,
        string_value)
    SELECT '', now(), '', now(), d.id, t.id, 'mine' FROM icat_dataset AS d
    CROSS JOIN (SELECT max(id) AS id FROM icat_parameter_type) AS t WHERE {which} ORDER BY d.id DESC LIMIT 1
"""
PICTURE = """
    INSERT INTO dataset_picture (create_id, create_time, mod_id, mod_time, dataset_id, name, role, caption,
        position, path, width, height)
    SELECT '', now(), '', now(), id, 'mine', 'preview', '', 0, 'mine', 1, 1
    FROM icat_dataset WHERE {which} ORDER BY id DESC LIMIT 1
"""
ARRAY = """
    INSERT INTO dataset_array (create_id, create_time, mod_id, mod_time, dataset_id, position, file, name, shape,
        dtype, axes, labels, sizes, pictures, left_out)
    SELECT '', now(), '', now(), id, 999, '', 'mine', '[]', '', '', '{{}}', '{{}}', '[]', ''
    FROM icat_dataset WHERE {which} ORDER BY id DESC LIMIT 1
"""
TYPE = """
    INSERT INTO icat_parameter_type (create_id, create_time, mod_id, mod_time, facility_id, name, units,
        value_type)
    SELECT '', now(), '', now(), min(facility_id), 'mine', '', 'STRING' FROM icat_dataset_type
"""
MEASURED, FILED, NEW = "location LIKE 'data:%'", "location LIKE 'results:%' AND name <> 'mine'", "name = 'mine'"
ENDED = "The daemon may not change what has ended"
ELSEWHERE = "The daemon may only file results of the same experiment"
CLOSED = "The daemon may only add to a result that is being filed"


@pytest.mark.usefixtures("result")
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE job SET state = 'queued' WHERE state = 'succeeded'", ENDED),
        ("UPDATE job SET cause_words = 'mine' WHERE state = 'succeeded'", ENDED),
        ("UPDATE attempt SET outcome = 'mine' WHERE outcome = 'succeeded'", ENDED),
        ("UPDATE attempt SET testimony = '{}' WHERE outcome = 'succeeded'", ENDED),
        ("UPDATE attempt SET ended = NULL, purged = now() WHERE outcome = 'succeeded'", ENDED),
        (DATASET.format(location="'data:zebrafish-heart/00000'"), ELSEWHERE),
        (DATASET.format(location="'results:0/J-1-mine'"), ELSEWHERE),
        (DATASET.format(location="'results:' || investigation_id || '/../0/J-1-mine'"), ELSEWHERE),
        (DATASET.format(location="NULL"), ELSEWHERE),
        *((TYPE + ";" + entry.format(which=MEASURED), CLOSED) for entry in (FILE, PARAMETER, PICTURE, ARRAY)),
        *((TYPE + ";" + entry.format(which=FILED), CLOSED) for entry in (FILE, PARAMETER, PICTURE, ARRAY)),
    ],
)
def test_a_daemon_that_was_taken_over_alters_no_past(statement: str, words: str, as_somebody: AsSomebody) -> None:
    answer = as_somebody(DAEMON, *PSQL, f"BEGIN; {statement}; ROLLBACK")
    assert answer.returncode != 0, answer.stdout
    assert words in answer.stderr, answer.stderr


@pytest.mark.usefixtures("result")
def test_the_daemon_files_a_result_and_notes_that_a_folder_is_gone(as_somebody: AsSomebody) -> None:
    """What the triggers must let pass, or the refusals above say nothing."""
    entries = [entry.format(which=NEW) for entry in (FILE, PARAMETER, PICTURE, ARRAY)]
    statements = [
        "BEGIN",
        DATASET.format(location="'results:' || investigation_id || '/J-1-mine'"),
        TYPE,
        *entries,
        "UPDATE attempt SET purged = now() WHERE outcome = 'succeeded'",
        "ROLLBACK",
    ]
    answer = as_somebody(DAEMON, *PSQL, ";".join(statements))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split()[:10] == ["BEGIN", *["INSERT", "0", "1"] * 3]


def test_an_upgrade_says_rights_anew_and_a_new_table_has_none(portal: Host, as_somebody: AsSomebody) -> None:
    """A later version's table is the daemon's only when somebody lists it; what was granted by hand is gone."""

    def upgrade() -> list[str]:
        done = portal.run("/usr/local/libexec/gantry-database")
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert "changed" not in upgrade()
    as_postgres(portal, "CREATE TABLE of_a_later_version (id serial)")
    try:
        as_postgres(portal, 'GRANT ALL ON of_a_later_version, job_event, icat_user_group TO "gantry-daemon"')
        assert "changed" in upgrade()
        for statement in (
            "SELECT FROM of_a_later_version",
            "INSERT INTO of_a_later_version DEFAULT VALUES",
            "SELECT nextval('of_a_later_version_id_seq')",
            "DELETE FROM job_event",
            "INSERT INTO icat_user_group SELECT * FROM icat_user_group",
        ):
            answer = as_somebody(DAEMON, *PSQL, statement)
            assert "permission denied for" in answer.stderr, statement
    finally:
        as_postgres(portal, "DROP TABLE of_a_later_version")
    assert "changed" not in upgrade()
