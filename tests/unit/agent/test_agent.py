"""The agent as a process: what it does, and what it refuses."""

import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from portal.agent.backend import choose, parse, refuse_system_account
from portal.agent.client import AgentClient, Fenced, Refusal, Sealed, Submitted, Taken, local_command
from portal.errors import PortalError
from portal.rpc.exchange import AnswerLostError, CallRefusedError, NotStartedError, UnusableError
from portal.scheduler.base import Ending, JobHandle, Phase

SCHEMAS = Path(__file__).parents[3] / "jobtypes" / "schema"


def ask(document, *, raw=None, env=None):
    data = raw if raw is not None else json.dumps(document).encode()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])} | (env or {})
    return subprocess.run(
        [sys.executable, "-m", "portal.agent"], input=data, capture_output=True, env=environment, timeout=60
    )


def submit(facility, item):
    return facility.client.submit([item])[0]


def ended(facility, name, submitted):
    handle = JobHandle("local", submitted.job_id, None, name, submitted.submitted)
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        report = facility.scheduler.observe([("job", handle)]).reports["job"]
        if report.phase is Phase.ENDED:
            return report
        time.sleep(0.02)
    raise AssertionError("the job did not end")


def test_a_submitted_job_runs_with_its_order_and_its_digest(facility):
    item = facility.item()
    answer = submit(facility, item)
    assert isinstance(answer, Submitted)
    assert ended(facility, item["name"], answer).ending is Ending.COMPLETED
    raw = (answer.folder / "job.json").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == answer.job_sha256
    assert (answer.folder / "runs").read_text().split() == [answer.job_sha256]


def test_the_order_is_as_its_schema_says_and_comes_from_the_job_type(facility):
    item = facility.item()
    submit(facility, item)
    order = json.loads((facility.folder(item) / "job.json").read_text())
    jsonschema.validate(order, json.loads((SCHEMAS / "job.schema.json").read_text()))
    assert order["program"] == {"module": "lightsheet_deconvolution"}
    assert order["options"] == {"iterations": 20, "psf": "gaussian", "verbose": False}
    assert order["resources"]["grace_s"] == 10
    [dataset] = order["inputs"]["stack"]
    assert [file["name"] for file in dataset["files"]] == ["stack.h5"]
    assert dataset["files"][0]["path"] == str(facility.root / "heart" / "stack.h5")
    assert dataset["files"][0]["target"] == "/inputs/stack/0/stack.h5"
    assert dataset["files"][0]["size"] == 6


def test_submitting_twice_gives_one_job_and_the_same_answer(facility):
    item = facility.item()
    assert submit(facility, item) == submit(facility, item)
    assert len(facility.scheduler.spool.records()) == 1


def test_the_same_attempt_with_another_order_is_refused(facility):
    item = facility.item()
    submit(facility, item)
    item["order"]["options"] = {"iterations": 30}
    assert submit(facility, item).code == "attempt-differs"


def test_many_items_are_answered_in_order_and_one_refusal_harms_no_other(facility):
    good, bad, also = facility.item(), facility.item(options={"nothing": 1}), facility.item()
    first, second, third = facility.client.submit([good, bad, also])
    assert isinstance(first, Submitted)
    assert second == Refusal("option", "lightsheet-deconvolution has no option 'nothing'.")
    assert isinstance(third, Submitted)
    assert int(third.job_id) == int(first.job_id) + 1


def test_find_tells_what_was_taken(facility):
    item = facility.item()
    answer = submit(facility, item)
    other = (str(uuid.uuid4()), item["name"])
    found, nothing = facility.client.find([(item["attempt"], item["name"]), other])
    assert found == Taken(answer.job_id, None, answer.submitted, answer.job_sha256)
    assert nothing is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"iterations": 0}, "iterations must be at least 1"),
        ({"iterations": 101}, "iterations must be at most 100"),
        ({"iterations": True}, "iterations must be a whole number"),
        ({"iterations": 2.0}, "iterations must be a whole number"),
        ({"sigma": "1"}, "sigma must be a number"),
        ({"sigma": 9}, "sigma must be at most 5.0"),
        ({"psf": "other"}, "psf must be one of its choices"),
        ({"verbose": 1}, "verbose must be true or false"),
        ({"label": "abc; rm"}, "label must be text of at most 5"),
        ({"label": "A"}, "label does not match its pattern"),
        ({"code": "a\nb"}, "code must not hold control characters"),
    ],
)
def test_an_option_that_the_job_type_does_not_allow_is_refused(facility, options, words):
    answer = submit(facility, facility.item(options=options))
    assert answer.code == "option"
    assert words in answer.message
    assert not list(facility.scratch.iterdir())


def test_a_required_option_without_a_value_is_refused(facility):
    bare = json.loads(next((facility.published / "lightsheet-deconvolution").iterdir()).read_text())
    del bare["options"][0]["default"]
    facility.revision = facility.publish(bare)
    answer = submit(facility, facility.item())
    assert (answer.code, answer.message) == ("option", "The option iterations needs a value.")


def test_a_required_option_that_belongs_to_another_choice_needs_no_value(facility):
    """An agent that did not know it refused each job without the value."""
    bare = json.loads(next((facility.published / "lightsheet-deconvolution").iterdir()).read_text())
    psf = next(option for option in bare["options"] if option["name"] == "psf")
    one, other = [item["value"] if isinstance(item, dict) else item for item in psf["choices"]][:2]
    bare["options"].append(
        {"name": "na", "type": "float", "label": "NA", "required": True, "only_with": {"psf": [other]}}
    )
    facility.revision = facility.publish(bare)
    assert not isinstance(submit(facility, facility.item(options={"psf": one})), Refusal)
    answer = submit(facility, facility.item(options={"psf": other}))
    assert (answer.code, answer.message) == ("option", "The option na needs a value.")


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"cpus": 3, "memory_mb": 64, "time_s": 60}, "cpus up to 2"),
        ({"cpus": 1, "memory_mb": 513, "time_s": 60}, "memory_mb up to 512"),
        ({"cpus": 1, "memory_mb": 64, "time_s": 601}, "time_s up to 600"),
        ({"cpus": 1, "memory_mb": 64, "time_s": 60, "gpus": 1}, "gpus up to 0"),
        ({"cpus": 0, "memory_mb": 64, "time_s": 60}, "cpus must be a whole number"),
        ({"cpus": 1, "memory_mb": 64, "time_s": 60, "nodes": 2}, "unknown key: 'nodes'"),
        ({"cpus": 1, "memory_mb": 64}, "lacks the key 'time_s'"),
    ],
)
def test_resources_above_the_largest_variant_are_refused(facility, resources, words):
    assert words in submit(facility, facility.item(resources=resources)).message


def test_a_kind_of_node_is_one_that_a_variant_names(facility):
    asked = {"cpus": 1, "memory_mb": 64, "time_s": 60}
    for wrong in ("a100", "", 3, ["a100"]):
        told = submit(facility, facility.item(resources={**asked, "constraint": wrong})).message
        assert "has no size for that kind of node" in told
    resources = facility.jobtype["resources"]
    variants = [{**one, "constraint": "a100"} for one in resources["variants"]]
    facility.revision = facility.publish(facility.jobtype | {"resources": {**resources, "variants": variants}})
    assert (
        "needs a node of the kind a100"
        in submit(facility, facility.item(resources={**asked, "constraint": "a100"})).message
    )
    assert submit(facility, facility.item(resources={**asked, "constraint": "h100"})).code == "resources"


def test_licences_are_those_of_the_signed_off_job_type_and_of_no_request(facility):
    facility.revision = facility.publish(facility.jobtype | {"licences": [{"name": "matlab", "count": 2}]})
    assert "needs licences of programs" in submit(facility, facility.item()).message
    asked = facility.item()
    asked["order"]["licences"] = []
    assert "unknown key" in submit(facility, asked).message


@pytest.mark.parametrize("licences", [[{"name": "matlab"}], ["matlab"], [{"name": "matlab", "count": "x"}], 3])
def test_licences_that_cannot_be_read_are_refused(facility, licences):
    facility.revision = facility.publish(facility.jobtype | {"licences": licences})
    assert submit(facility, facility.item()).code == "jobtype-unsafe"


def test_another_revision_or_a_changed_file_is_no_signed_off_job_type(facility):
    item = facility.item()
    item["order"]["jobtype"]["revision"] = "sha256:" + "0" * 64
    assert submit(facility, item).code == "jobtype-unknown"
    item = facility.item()
    [path] = (facility.published / "lightsheet-deconvolution").iterdir()
    path.write_bytes(path.read_bytes().replace(b"lightsheet_deconvolution", b"another_one"))
    assert submit(facility, item).code == "jobtype-unsafe"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "../x"),
        ("name", "-o"),
        ("revision", "sha256:../../x"),
    ],
)
def test_a_job_type_is_no_path(facility, key, value):
    item = facility.item()
    item["order"]["jobtype"][key] = value
    assert submit(facility, item).code == "request"


@pytest.mark.parametrize("name", ["--export=ALL", "gantry-x-1", "gantry-1; reboot", "", None, "gantry-\n"])
def test_a_name_can_inject_no_option(facility, name):
    item = facility.item()
    item["name"] = item["order"]["job"]["name"] = name
    assert submit(facility, item).code == "request"


@pytest.mark.parametrize("attempt", ["..", "../../x", "A" * 36, "{b}", 7, None])
def test_an_attempt_is_a_uuid_and_no_path(facility, attempt):
    item = facility.item() | {"attempt": attempt}
    assert submit(facility, item).code == "request"
    for refused in (facility.client.purge([attempt]), facility.client.fence([attempt])):
        assert refused[0].code == "request"


def test_the_order_must_be_one_of_the_attempt(facility):
    item = facility.item()
    item["order"]["job"]["attempt"] = str(uuid.uuid4())
    assert "not one of this attempt" in submit(facility, item).message


@pytest.mark.parametrize(
    ("where", "key"),
    [((), "surprise"), (("order",), "argv"), (("order", "job"), "uid"), (("order", "jobtype"), "image")],
)
def test_unknown_keys_are_errors(facility, where, key):
    item = facility.item()
    place = item
    for step in where:
        place = place[step]
    place[key] = "x"
    assert f"unknown key: '{key}'" in submit(facility, item).message


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"location": "../outside"}, "input-unsafe"),
        ({"location": "/etc"}, "input-unsafe"),
        ({"location": "way"}, "input-unsafe"),
        ({"location": "gone"}, "input-missing"),
        ({"files": [{"name": "../../outside/secret.h5"}]}, "input-unsafe"),
        ({"files": [{"name": "link.h5"}]}, "input-unsafe"),
        ({"files": [{"name": "pipe.h5"}]}, "input-unsafe"),
        ({"files": [{"name": "gone.h5"}]}, "input-missing"),
        ({"files": [{"name": "stack.h5", "size": 7}]}, "input-changed"),
        ({"files": [{"name": "stack.h5", "mtime_ns": 1}]}, "input-changed"),
        ({"files": [{"name": "notes.txt"}]}, "inputs"),
        ({"root": "other"}, "request"),
    ],
)
def test_an_input_that_is_not_what_it_claims_is_named_and_nothing_is_made(facility, changes, code):
    outside = facility.path / "outside"
    outside.mkdir()
    (outside / "secret.h5").write_bytes(b"x")
    (facility.root / "way").symlink_to(outside)
    (facility.root / "heart" / "link.h5").symlink_to(outside / "secret.h5")
    os.mkfifo(facility.root / "heart" / "pipe.h5")
    answer = submit(facility, facility.item(inputs=facility.inputs(**changes)))
    assert answer.code == code
    if "files" in changes and code.startswith("input-"):
        assert changes["files"][0]["name"] in answer.message
    assert not list(facility.scratch.iterdir())


def test_slots_take_as_many_datasets_as_the_job_type_says(facility):
    assert submit(facility, facility.item(inputs={})).message == "The slot stack takes 1 to 2 datasets, not 0."
    other = facility.inputs()["stack"]
    assert "no slot 'other'" in submit(facility, facility.item(inputs={"stack": other, "other": other})).message


def test_an_attempt_that_was_never_submitted_is_fenced_for_ever(facility):
    item = facility.item()
    assert facility.client.fence([item["attempt"]]) == [Fenced(True)]
    assert facility.client.fence([item["attempt"]]) == [Fenced(True)]
    assert submit(facility, item).code == "fenced"
    claim = json.loads((facility.folder(item) / "claim").read_text())
    jsonschema.validate(claim, json.loads((SCHEMAS / "claim.schema.json").read_text()))
    assert facility.scheduler.spool.records() == []


def test_a_fence_that_comes_after_the_claim_loses_and_says_whose_it_is(facility):
    item = facility.item()
    answer = submit(facility, item)
    claim = {"schema": 1, "by": "launch", "cluster": "local", "job_id": "1", "array_index": None, "restart": 0}
    (facility.folder(item) / "claim").write_text(json.dumps(claim))
    assert facility.client.fence([item["attempt"]]) == [Fenced(False, claim, answer.job_sha256)]
    assert sorted(path.name for path in facility.folder(item).glob(".claim*")) == []


def test_cancel_ends_a_running_job_and_says_so_only_once(facility):
    item = facility.item(options={"code": "time.sleep(120)"})
    answer = submit(facility, item)
    asked = (item["attempt"], answer.job_id, item["name"])
    assert facility.client.cancel([asked], by="maya") == [True]
    report = ended(facility, item["name"], answer)
    assert (report.ending, report.ended_by) == (Ending.CANCELLED, "maya")
    assert facility.client.cancel([asked]) == [False]
    assert facility.client.cancel([(item["attempt"], "999", item["name"])]) == [False]


def test_seal_opens_files_to_the_group_but_follows_nothing(facility):
    item = facility.item()
    ended(facility, item["name"], submit(facility, item))
    folder = facility.folder(item)
    private = facility.path / "private"
    private.write_text("private")
    private.chmod(0o600)
    (folder / "output").mkdir(mode=0o700)
    (folder / "output" / "result.h5").write_bytes(b"result")
    (folder / "output" / "result.h5").chmod(0o600)
    (folder / "output" / "link").symlink_to(private)
    os.link(private, folder / "output" / "second")
    [sealed] = facility.client.seal([item["attempt"]])
    assert isinstance(sealed, Sealed)
    assert (folder / "output" / "result.h5").stat().st_mode & 0o777 == 0o640
    assert (folder / "output").stat().st_mode & 0o777 == 0o750
    assert private.stat().st_mode & 0o777 == 0o600
    assert sealed.files == 3


def test_purge_removes_the_folder_and_nothing_behind_its_links(facility):
    item = facility.item()
    ended(facility, item["name"], submit(facility, item))
    outside = facility.path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "kept").write_text("kept")
    folder = facility.folder(item)
    (folder / "away").symlink_to(outside)
    nested = folder / "locked" / Path(*["d"] * 300)
    nested.mkdir(parents=True)
    (nested / "file").write_text("x")
    (folder / "locked").chmod(0o500)
    assert facility.client.purge([item["attempt"]]) == [True]
    assert not folder.exists()
    assert (outside / "deep" / "kept").read_text() == "kept"
    assert facility.client.purge([item["attempt"]]) == [False]


def test_estimate_says_now_while_a_slot_is_free(facility):
    [estimate] = facility.client.estimate([{"cpus": 1, "memory_mb": 64, "time_s": 60}])
    assert estimate.basis == "A slot is free."
    assert abs((estimate.start - datetime.now(UTC)).total_seconds()) < 60
    [refused] = facility.client.estimate([{"cpus": 64, "memory_mb": 64, "time_s": 60}])
    assert refused == Refusal("scheduler", "It asks for 64 CPUs; this computer gives jobs 2 at most.")


@pytest.mark.parametrize(
    "bend",
    [
        lambda request: request | {"schema": 2},
        lambda request: request | {"verb": "shell"},
        lambda request: request | {"extra": 1},
        lambda request: request | {"items": {}},
        lambda request: request | {"items": [{}] * 10_001},
        lambda request: request | {"backend": request["backend"] | {"kind": "slurm"}},
        lambda request: request | {"backend": request["backend"] | {"sudo": True}},
        lambda request: request | {"backend": request["backend"] | {"scratch": "relative"}},
        lambda request: {key: value for key, value in request.items() if key != "items"},
    ],
)
def test_an_unusable_request_does_nothing_and_exits_2(facility, bend):
    request = {"schema": 1, "verb": "submit", "backend": facility.backend, "items": [facility.item()]}
    done = ask(bend(request))
    assert done.returncode == 2
    assert json.loads(done.stdout) == {"schema": 1, "unusable": done.stderr.decode().strip()}
    assert not list(facility.scratch.iterdir())


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"schema": NaN}', b'{"a": 1, "a": 2}', b" " * (17 << 20)]
)
def test_what_is_no_request_exits_2(raw):
    assert ask(None, raw=raw).returncode == 2


def test_through_sudo_the_request_does_not_say_what_is_run(facility):
    request = {"schema": 1, "verb": "fence", "backend": facility.backend, "items": []}
    done = ask(request, env={"SUDO_UID": "999"})
    assert done.returncode == 2
    assert b"needs its own file" in done.stderr


@pytest.mark.parametrize("uid", [0, 33, 999, 65534])
def test_root_and_system_accounts_have_no_jobs(uid):
    with pytest.raises(UnusableError, match="people only"):
        refuse_system_account(uid)


def test_the_operators_file_counts_and_not_the_request(facility, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of root's")
    path = tmp_path / "agent.json"
    path.write_text(json.dumps(facility.backend | {"scratch": "/operators"}))
    path.chmod(0o644)
    assert choose({"kind": "anything"}, operators_file=path).scratch == Path("/operators")
    path.chmod(0o666)
    with pytest.raises(UnusableError, match="writable by nobody else"):
        choose(facility.backend, operators_file=path)


def several(facility) -> dict:
    """The operator's document of two clusters."""
    common = {key: value for key, value in facility.backend.items() if key not in ("kind", "spool")}
    names = ("blue", "red")
    return common | {"clusters": {name: {"kind": "slurm", "slurm": {"cluster": name}} for name in names}}


@pytest.mark.parametrize(("wanted", "cluster"), [(None, "blue"), ("blue", "blue"), ("red", "red")])
def test_of_several_clusters_the_one_that_is_asked_for_is_meant_and_else_the_first(facility, wanted, cluster):
    assert parse(several(facility), wanted).scheduler().cluster == cluster


@pytest.mark.parametrize("wanted", ["green", "", 7, ["red"]], ids=repr)
def test_a_cluster_that_the_operator_did_not_name_is_refused(facility, wanted):
    with pytest.raises(UnusableError, match=r"no cluster|must be text"):
        parse(several(facility), wanted).scheduler()
    with pytest.raises(UnusableError, match=r"no cluster|must be text"):
        parse(facility.backend, wanted).scheduler()


def test_the_only_cluster_may_be_asked_for_by_its_name(facility):
    assert parse(facility.backend, "local").scheduler().cluster == "local"


@pytest.mark.parametrize("clusters", [{}, [], "blue", {"blue": None}, {"blue": {"kind": "condor"}}], ids=repr)
def test_clusters_that_are_none_are_refused(facility, clusters):
    with pytest.raises(UnusableError):
        parse(several(facility) | {"clusters": clusters})
    with pytest.raises(UnusableError, match="in the place of kind"):
        parse(several(facility) | {"kind": "slurm"})


def test_beside_the_operators_file_a_request_says_which_cluster_and_nothing_else(facility, tmp_path, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of root's")
    for refuse in ("refuse_system_account", "refuse_foreign_groups"):
        monkeypatch.setattr(f"portal.agent.backend.{refuse}", lambda _who: None)
    path = tmp_path / "agent.json"
    path.write_text(json.dumps(several(facility)))
    path.chmod(0o644)
    asked = {"cluster": "red", "scratch": "/elsewhere", "clusters": {"red": {"kind": "local", "spool": "/x"}}}
    backend = choose(asked, operators_file=path)
    assert (backend.scheduler().cluster, backend.scratch) == ("red", facility.scratch)
    assert choose({}, operators_file=path).scheduler().cluster == "blue"


def test_a_backend_that_starts_jobs_as_the_daemon_is_refused_where_people_have_accounts(
    facility, tmp_path, monkeypatch
):
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of root's")
    path = tmp_path / "agent.json"
    path.write_text(json.dumps(facility.backend))
    path.chmod(0o644)
    assert choose({}, operators_file=path).scheduler()
    spool = Path(facility.backend["spool"])
    spool.mkdir(exist_ok=True)
    os.chown(spool, 990, 990)  # however the agent came to run as somebody else
    with pytest.raises(UnusableError, match="starts jobs as the daemon's account"):
        choose({}, operators_file=path)
    os.chown(spool, 0, 0)
    monkeypatch.setenv("SUDO_UID", "990")
    with pytest.raises(UnusableError, match="starts jobs as the daemon's account"):
        choose({}, operators_file=path)


def test_an_answer_that_does_not_come_in_time_is_lost_not_no(facility):
    slow = AgentClient((sys.executable, "-c", "import time; time.sleep(60)"), facility.backend, timeout_s=0.2)
    with pytest.raises(AnswerLostError, match="Whether it was done is not known") as caught:
        slow.submit([facility.item()])
    assert caught.value.retry


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "{",
        "{}",
        "[]",
        "[" * 100_000,
        '{"verb": "find", "items": [3]}',
        '{"verb": "find", "items": [{"ok": true}]}',
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_half_an_answer_is_lost(facility, answer, code):
    program = f"print({answer!r}); raise SystemExit({code})"
    with pytest.raises(AnswerLostError):
        AgentClient((sys.executable, "-c", program), facility.backend).find([("a", "b")])


def test_a_program_that_never_spoke_did_nothing(facility):
    with pytest.raises(NotStartedError):
        AgentClient((sys.executable, "-c", "raise SystemExit(1)"), facility.backend).find([("a", "b")])


def test_a_refusal_that_comes_through_a_socket_without_its_exit_code_is_one(facility):
    program = """print('\\n{"schema": 0, "unusable": "older"}')"""
    with pytest.raises(CallRefusedError) as caught:
        AgentClient((sys.executable, "-c", program), facility.backend).find([("a", "b")])
    assert caught.value.detail == "older"


def test_an_agent_that_cannot_be_started_has_done_nothing(facility):
    with pytest.raises(CallRefusedError, match="cannot be started") as caught:
        AgentClient(("/nowhere/agent",), facility.backend).find([("a", "b")])
    assert isinstance(caught.value, PortalError)
    assert not caught.value.retry


@pytest.mark.parametrize("name", ["agent-folder-made", "agent-submitted"])
def test_an_agent_killed_between_its_steps_loses_and_doubles_nothing(facility, monkeypatch, tmp_path, name):
    monkeypatch.setenv("GANTRY_FAILPOINT", name)
    monkeypatch.setenv("GANTRY_FAILPOINT_ONCE", str(tmp_path / "once"))
    item = facility.item()
    with pytest.raises(AnswerLostError):
        submit(facility, item)
    [found] = facility.client.find([(item["attempt"], item["name"])])
    assert (found is None) == (name == "agent-folder-made")
    answer = submit(facility, item)
    assert found is None or answer.job_id == found.job_id
    assert ended(facility, item["name"], answer).ending is Ending.COMPLETED
    assert (answer.folder / "runs").read_text().count("\n") == 1


def test_a_scratch_that_is_gone_is_said_so_and_may_be_tried_again(facility):
    facility.scratch.rmdir()
    answer = submit(facility, facility.item())
    assert (answer.code, answer.retry) == ("scratch", True)
    assert answer.message.startswith("The job's folder cannot be made: ")
    assert facility.scheduler.spool.records() == []


def with_image(facility, **changes):
    """Publish the analysis as one in the image `science`, and stage that; returns its manifest."""
    images = facility.path / "images"
    images.mkdir(exist_ok=True)
    (images / "science-1.sif").write_bytes(b"image")
    status = (images / "science-1.sif").stat()
    manifest = {"schema": 1, "name": "science", "file": "science-1.sif", "digest": "sha256:" + "a" * 64}
    manifest |= {"size": 5, "mtime_ns": status.st_mtime_ns, "built": None} | changes
    (images / "science.json").write_text(json.dumps(manifest))
    named = json.loads(next((facility.published / "lightsheet-deconvolution").iterdir()).read_text())
    facility.revision = facility.publish(named | {"image": "science"})
    return manifest


def test_a_staged_image_is_compared_with_its_manifest(facility):
    manifest = with_image(facility)
    item = facility.item()
    assert isinstance(submit(facility, item), Submitted)
    image = json.loads((facility.folder(item) / "job.json").read_text())["image"]
    file = facility.path / "images" / "science-1.sif"
    assert image == {"name": "science", "path": str(file)} | {
        key: manifest[key] for key in ("digest", "size", "mtime_ns")
    }
    file.write_bytes(b"other")
    refused = submit(facility, facility.item())
    assert (refused.code, refused.retry) == ("image", False)
    assert refused.message == "The software image science has changed since it was staged."


def test_an_image_that_was_withdrawn_is_given_to_nobody(facility):
    with_image(facility, withdrawn="on 2026-11-21 its file was damaged")
    refused = submit(facility, facility.item())
    assert refused.code == "image"
    assert "withdrawn: on 2026-11-21 its file was damaged" in refused.message


def test_an_image_outside_the_folder_is_none(facility):
    with_image(facility, file="../data/heart/stack.h5")
    assert submit(facility, facility.item()).code == "image"


def tell_of_made_images(facility, **uid):
    told = facility.backend | {"made_images": {"folder": str(facility.path / "made"), **uid}}
    facility.client = AgentClient(local_command(), told, timeout_s=60)


def test_an_image_that_people_made_is_taken_from_its_writers_folder_and_roots_goes_first(facility):
    manifest = with_image(facility)
    (facility.path / "images").rename(facility.path / "made")
    (facility.path / "made").chmod(0o755)
    item = facility.item()
    assert isinstance(submit(facility, item), Submitted)
    assert json.loads((facility.folder(item) / "job.json").read_text())["image"] is None
    tell_of_made_images(facility)
    item = facility.item()
    assert isinstance(submit(facility, item), Submitted)
    image = json.loads((facility.folder(item) / "job.json").read_text())["image"]
    assert image["path"] == str(facility.path / "made" / "science-1.sif")
    assert image["digest"] == manifest["digest"]
    with_image(facility)
    item = facility.item()
    assert isinstance(submit(facility, item), Submitted)
    image = json.loads((facility.folder(item) / "job.json").read_text())["image"]
    assert image["path"] == str(facility.path / "images" / "science-1.sif")


def test_of_the_made_images_the_settings_say_whose_files_count(facility):
    with_image(facility)
    (facility.path / "images").rename(facility.path / "made")
    (facility.path / "made").chmod(0o755)
    tell_of_made_images(facility, uid=os.geteuid() or 4711)
    if os.geteuid() == 0:  # root's files count besides
        for path in (facility.path / "made", *(facility.path / "made").iterdir()):
            os.chown(path, 2001, 2001)
        refused = submit(facility, facility.item())
        assert (refused.code, "by others" in refused.message) == ("image", True)
        for path in (facility.path / "made", *(facility.path / "made").iterdir()):
            os.chown(path, 4711, 4711)
    assert isinstance(submit(facility, facility.item()), Submitted)


@pytest.mark.parametrize("uid", [0, -1, True, "907", 65534, 1.5])
def test_the_stagers_uid_is_a_number_that_is_not_roots(facility, uid):
    told = facility.backend | {"made_images": {"folder": "/x", "uid": uid}}
    with pytest.raises(UnusableError, match=r"made_images\.uid"):
        parse(told)


def test_where_a_container_is_a_must_an_analysis_without_one_is_refused(facility):
    facility.backend["launch"].append("--require-container")
    refused = submit(facility, facility.item())
    assert (refused.code, "names no software image" in refused.message) == ("image", True)
    with_image(facility)
    (facility.path / "images" / "science.json").unlink()
    refused = submit(facility, facility.item())
    assert (refused.code, "not installed" in refused.message) == ("image", True)


@pytest.mark.parametrize(
    "module", ["portal.agent.__main__", "portal.store.__main__", "portal.scheduler.local.supervisor"]
)
def test_what_acts_for_people_imports_the_standard_library_only(module):
    code = (
        f"import sys, {module}\n"
        "ours = {name.partition('.')[0] for name in sys.modules if not name.startswith('_')}\n"
        "print(sorted(ours - set(sys.stdlib_module_names) - {'portal', 'gantry_formats'}))"
    )
    command = [
        sys.executable,
        "-S",
        "-E",
        "-c",
        f"import sys; sys.path.insert(0, {str(SCHEMAS.parents[1])!r})\n{code}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_job_type_without_slots_and_outputs_makes_a_valid_order(facility):
    (published,) = facility.published.glob("*/*.json")
    document = json.loads(published.read_bytes()) | {"name": "notify", "inputs": [], "outputs": []}
    jobtype = {"name": "notify", "version": "1.0", "revision": facility.publish(document)}
    item = facility.item(jobtype=jobtype, inputs={})
    answer = submit(facility, item)
    assert isinstance(answer, Submitted)
    order = json.loads((answer.folder / "job.json").read_text())
    jsonschema.validate(order, json.loads((SCHEMAS / "job.schema.json").read_text()))
    assert (order["inputs"], order["outputs"]) == ({}, [])
    refused = submit(facility, facility.item(jobtype=jobtype))
    assert (refused.code, refused.message) == ("inputs", "notify has no slot 'stack'.")
