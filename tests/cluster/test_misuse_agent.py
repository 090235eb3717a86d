"""Every verb of the agent against requests, files and neighbours that mean harm, on the real hosts."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hosts.cluster import Cluster
from misuse import AGENT, DATA, PUBLISHED, SCRATCH, WORKS, Attack, Document, Said

from portal.agent.client import AgentClient
from portal.rpc.exchange import MAX_REQUEST_BYTES, AnswerLostError, CallRefusedError

HOME = "/shared/home"
# Maya may read her own folder and that of her team. Tom is in the team too, and puts there what he likes.
PLACES = f"""
    rm -rf {DATA}
    mkdir -p {DATA}/own {DATA}/team {DATA}/toms {DATA}/own/deep
    for name in own/a.h5 own/deep/b.h5 team/c.h5 toms/d.h5; do echo data >{DATA}/$name; done
    chown -R maya:maya {DATA}/own; chown -R tom:exp-blood {DATA}/team; chown -R tom:tom {DATA}/toms
    chmod 700 {DATA}/own {DATA}/toms; chmod 2770 {DATA}/team; chmod 644 {DATA}/team/c.h5
    install -o maya -g maya -m 600 /dev/null {HOME}/maya/secret; echo secret >{HOME}/maya/secret
    install -o tom -g tom -m 600 /dev/null {HOME}/tom/secret
    ln -s {HOME}/maya/secret {DATA}/team/link.h5
    ln -s {HOME}/maya {DATA}/team/way
    mkfifo {DATA}/team/pipe.h5
    touch {DATA}/team/line'
'break
"""


@pytest.fixture(scope="module")
def attack(cluster: Cluster) -> Iterator[Attack]:
    """The daemon's rights on the portal's host, and folders of data."""
    made = Attack(cluster)
    made.root(PLACES)
    yield made
    made.root(f"rm -rf {DATA} {PUBLISHED}/misuse* {HOME}/*/secret")
    made.forget()


def dataset(location: str, *names: str, root: str = "data", **more: object) -> Document:
    """A dataset as a request names it."""
    return {"dataset": 1, "root": root, "location": location, "files": [{"name": name} for name in names]} | more


# ---- inputs ----------------------------------------------------------------------------------------------------

INPUTS = {
    "hers": (dataset("misuse/own", "a.h5", "deep/b.h5"), "ok"),
    "her team's": (dataset("misuse/team", "c.h5"), "ok"),
    "another person's": (dataset("misuse/toms", "d.h5"), "input-unreadable"),
    "a link in the last place": (dataset("misuse/team", "link.h5"), "input-unsafe"),
    "a link on the way": (dataset("misuse/team", "way/secret"), "input-unsafe"),
    "a location that is a link": (dataset("misuse/team/way", "secret"), "input-unsafe"),
    "a pipe": (dataset("misuse/team", "pipe.h5"), "input-unsafe"),
    "a folder": (dataset("misuse/own", "deep"), "input-unsafe"),
    "upwards": (dataset("misuse/own", "../../../home/maya/secret"), "input-unsafe"),
    "upwards and back": (dataset("misuse/own", "../own/a.h5"), "input-unsafe"),
    "an upward location": (dataset("../home/maya", "secret"), "input-unsafe"),
    "an absolute name": (dataset("misuse/own", f"{HOME}/maya/secret"), "input-unsafe"),
    "an absolute location": (dataset(f"{HOME}/maya", "secret"), "input-unsafe"),
    "the system's": (dataset("../../proc/self", "environ"), "input-unsafe"),
    "NUL": (dataset("misuse/own", "a.h5\0.txt"), "request"),
    "a line break": (dataset("misuse/team", "line\nbreak"), "ok"),
    "half a character": (dataset("misuse/own", "\ud800"), "request"),
    "an endless name": (dataset("misuse/own", "a/" * 3000), "request"),
    "a root of its own": (dataset("maya", "secret", root=HOME), "request"),
    "scratch as a root": (dataset("", "job.json", root="scratch"), "request"),
    "a mount option": (dataset("misuse/own,options=rw", "a.h5"), "input-missing"),
    "gone": (dataset("misuse/own", "z.h5"), "input-missing"),
    "of another size": (dataset("misuse/own") | {"files": [{"name": "a.h5", "size": 9}]}, "input-changed"),
    "a size that is none": (dataset("misuse/own") | {"files": [{"name": "a.h5", "size": True}]}, "request"),
    "an unknown key": (dataset("misuse/own", "a.h5", mode="rw"), "request"),
}


def test_an_input_is_a_regular_file_beneath_a_root_that_the_person_may_read(attack: Attack) -> None:
    before = attack.folders()
    wanted = {what: code for what, (_one, code) in INPUTS.items()}
    items = [attack.item(inputs={"data": [INPUTS[what][0]]}) for what in wanted]
    assert dict(zip(wanted, attack.agent("maya", "submit", items).codes, strict=True)) == wanted
    taken = [item for item, code in zip(items, wanted.values(), strict=True) if code == "ok"]
    assert attack.folders() - before == {item["attempt"] for item in taken}
    attack.ended(*taken)


def test_a_slot_is_no_way_out_of_the_containers_inputs(attack: Attack) -> None:
    slots = ["../data", "data/../..", "/etc", "", "Data", "data,dst=/etc", "d\n", "-v"]
    items = [attack.item(inputs={slot: [dataset("misuse/own", "a.h5")]}) for slot in slots]
    assert attack.agent("maya", "submit", items).codes == ["request"] * len(slots)


# ---- what is run -----------------------------------------------------------------------------------------------

Bend = Callable[[Document], object]
SUBMISSIONS: dict[str, tuple[Bend, str]] = {
    "an option of sbatch for a name": (lambda it: it.update(name="--uid=root"), "request"),
    "a name with a second line": (lambda it: it.update(name=it["name"] + "\n#SBATCH --uid=0"), "request"),
    "a name with a word more": (lambda it: it.update(name=it["name"] + " --wrap=id"), "request"),
    "the name of another attempt": (lambda it: it.update(name=f"gantry-{uuid.uuid4()}-1"), "request"),
    "an attempt that leads out": (lambda it: it.update(attempt="../../home/maya"), "request"),
    "an attempt in capitals": (lambda it: it.update(attempt=it["attempt"].upper()), "request"),
    "an attempt with a pattern": (lambda it: it.update(attempt="%j" + it["attempt"][2:]), "request"),
    "a program": (lambda it: it["order"].update(program={"command": ["id"]}), "request"),
    "an image": (lambda it: it["order"].update(image="/tmp/mine.sif"), "request"),
    "options of sbatch": (lambda it: it["order"].update(sbatch=["--uid=root"]), "request"),
    "an account": (lambda it: it["order"]["resources"].update(account="root"), "request"),
    "a command of launch": (lambda it: it.update(launch=["/bin/sh"]), "request"),
    "a title of two lines": (lambda it: it["order"]["job"].update(title="a\nb"), "request"),
    "a person with NUL": (lambda it: it["order"]["job"].update(person="maya\0"), "request"),
    "a huge title": (lambda it: it["order"]["job"].update(title="x" * 100_000), "request"),
    "more memory than signed off": (lambda it: it["order"]["resources"].update(memory_mb=65), "resources"),
    "GPUs that were not signed off": (lambda it: it["order"]["resources"].update(gpus=1), "resources"),
    "no CPU": (lambda it: it["order"]["resources"].update(cpus=0), "request"),
    "less than no time": (lambda it: it["order"]["resources"].update(time_s=-1), "request"),
    "CPUs in words": (lambda it: it["order"]["resources"].update(cpus="1 --uid=0"), "request"),
    "memory without end": (lambda it: it["order"]["resources"].update(memory_mb=10**400), "request"),
    "a share without end": (lambda it: it.update(share=10**400), "request"),
    "no share": (lambda it: it.update(share=0), "request"),
    "an option that there is not": (lambda it: it["order"]["options"].update({"--help": 1}), "option"),
    "an option too large": (lambda it: it["order"]["options"].update(count=101), "option"),
    "an option of another type": (lambda it: it["order"]["options"].update(count="1"), "option"),
    "a choice that there is not": (lambda it: it["order"]["options"].update(mode="fast"), "option"),
    "a text with a second line": (lambda it: it["order"]["options"].update(label="a\n;id"), "option"),
    "a text with NUL": (lambda it: it["order"]["options"].update(label="a\0"), "option"),
    "a long text": (lambda it: it["order"]["options"].update(label="a" * 21), "option"),
    "an input too many": (lambda it: it["order"]["inputs"].update(more=[dataset("misuse/own", "a.h5")]), "inputs"),
    "a job type that there is not": (lambda it: it["order"]["jobtype"].update(name="nothing"), "jobtype-unknown"),
    "a path for a job type": (lambda it: it["order"]["jobtype"].update(name="../../../tmp"), "request"),
    "a path for a revision": (lambda it: it["order"]["jobtype"].update(revision="sha256:../../x"), "request"),
    "a job type in the request": (lambda it: it["order"]["jobtype"].update(document=WORKS), "request"),
    "another version": (lambda it: it["order"]["jobtype"].update(version="2.0"), "jobtype-unknown"),
    "not an object": (lambda it: it.update(order=[]), "request"),
}


def test_a_request_cannot_say_what_is_run_nor_slip_a_word_to_sbatch(attack: Attack) -> None:
    before, items = attack.folders(), []
    for bend, _code in SUBMISSIONS.values():
        items.append(attack.item())
        bend(items[-1])
    codes = attack.agent("maya", "submit", [*items, 3, None, [], "x"]).codes
    wanted = {what: code for what, (_bend, code) in SUBMISSIONS.items()}
    assert dict(zip(wanted, codes, strict=False)) == wanted
    assert codes[len(items) :] == ["request"] * 4
    assert attack.folders() == before


def test_words_of_an_option_stay_words(attack: Attack) -> None:
    item = attack.item(options={"label": "$(id); `id` 'a\" %j"})
    assert attack.agent("maya", "submit", [item]).codes == ["ok"]
    attack.ended(item)
    written = attack.root(f"cat {SCRATCH}/{item['attempt']}/output/result.txt 2>&1 || true")
    # The job type itself hands this text to a shell, which its author must not do; nothing before it did.
    order = json.loads(attack.root(f"cat {SCRATCH}/{item['attempt']}/job.json"))
    assert order["options"]["label"] == "$(id); `id` 'a\" %j"
    assert "uid=" not in attack.root(f"cat {SCRATCH}/{item['attempt']}/slurm.log") + written


def test_the_requests_own_backend_is_not_heard(attack: Attack) -> None:
    backend = {
        "kind": "local",
        "spool": "/tmp",
        "scratch": f"{HOME}/maya",
        "launch": ["/bin/sh", "-c", f"id >{HOME}/maya/ran"],
        "jobtypes": "/tmp",
        "roots": {"data": "/"},
    }
    item = attack.item(inputs={"data": [dataset("misuse/own", "a.h5")]})
    assert attack.agent("maya", "submit", [item], backend=backend).codes == ["ok"]
    attack.ended(item)
    job = json.loads(attack.root(f"cat {SCRATCH}/{item['attempt']}/slurm.json"))["job_id"]
    script = attack.root('scontrol write batch_script "$1" -', job)
    assert f"exec /usr/libexec/gantry-launch --folder {SCRATCH}/{item['attempt']} --job-sha256 " in script
    assert "ran" not in attack.root(f"ls {HOME}/maya").split()


def published(attack: Attack, spoil: str, **changes: object) -> Document:
    """A submission of a job type whose published file has been spoilt by a script of root's."""
    name = f"misuse-{uuid.uuid4().hex[:8]}"
    revision = attack.publish(WORKS | {"name": name} | changes)
    attack.root(spoil, f"{PUBLISHED}/{name}/{revision.removeprefix('sha256:')}.json")
    return attack.item(jobtype={"name": name, "version": "1.0", "revision": revision})


def test_a_job_type_that_is_not_what_was_signed_off_does_not_run(attack: Attack) -> None:
    spoilt = {
        "changed": ('echo " " >>"$1"', "jobtype-unsafe"),
        "of another account": ('chown tom "$1"', "jobtype-unsafe"),
        "a link": ('mv "$1" /tmp/misuse.json; ln -s /tmp/misuse.json "$1"', "jobtype-unknown"),
        "withdrawn": ('rm "$1"', "jobtype-unknown"),
        "with a second name": ('ln "$1" "$1.too"', "jobtype-unknown"),
        "a pipe": ('rm "$1"; mkfifo "$1"', "jobtype-unknown"),
    }
    items = [published(attack, script) for script, _code in spoilt.values()]
    codes = attack.agent("maya", "submit", items).codes
    assert dict(zip(spoilt, codes, strict=True)) == {what: code for what, (_script, code) in spoilt.items()}


def test_an_image_that_is_not_what_was_staged_does_not_run(attack: Attack) -> None:
    spoilt = {
        "changed": 'echo more >>"$1"',
        "touched": 'touch -d "2001-01-01" "$1"',
        "of another account": 'chown tom "$1"',
        "a link": 'mv "$1" "$1.moved"; ln -s "$1.moved" "$1"',
        "gone": 'rm "$1"',
    }
    items = []
    for script in spoilt.values():
        name = f"misuse-{uuid.uuid4().hex[:8]}"
        path = f"/shared/images/{name}.sif"
        attack.root('echo image >"$1"', path)
        size, seconds, fraction = attack.root('stat -c "%s %.9Y" "$1" | tr . " "', path).split()
        manifest = {
            "schema": 1,
            "name": name,
            "file": f"{name}.sif",
            "digest": f"sha256:{'0' * 64}",
            "size": int(size),
            "mtime_ns": int(seconds + fraction),
        }
        attack.put(f"/shared/images/{name}.json", json.dumps(manifest))
        attack.root(script, path)
        items.append(published(attack, "true", image=name))
    try:
        assert dict(zip(spoilt, attack.agent("maya", "submit", items).codes, strict=True)) == dict.fromkeys(
            spoilt, "image"
        )
    finally:
        attack.root("rm /shared/images/misuse-*")


# ---- requests that are none ------------------------------------------------------------------------------------


def request(**bend: object) -> str:
    """The bytes of a request."""
    whole: Document = {"schema": 1, "verb": "fence", "backend": {}, "items": [{"attempt": str(uuid.uuid4())}]}
    return json.dumps(whole | bend)


UNUSABLE = {
    "nothing": "",
    "NUL": "\0" * 1000,
    "bytes that are no text": "\udcff" * 1000,
    "half a request": request()[:-2],
    "two requests": request() * 2,
    "a list": f"[{request()}]",
    "deep": "[" * 200_000,
    "twice a key": request()[:-1] + ', "verb": "purge"}',
    "not a number": request().replace("1", "NaN", 1),
    "huge": request(items=["x" * (MAX_REQUEST_BYTES + 1)]),
    "too many items": request(items=[0] * 10_001),
    "an older schema": request(schema=0),
    "a newer schema": request(schema=2),
    "a schema in words": request(schema="1"),
    "an unknown verb": request(verb="run"),
    "a verb that is a part of the program": request(verb="__init__"),
    "a verb that is none": request(verb=["fence"]),
    "a key of tomorrow": request(priority=1),
    "no items": request(items=None),
    "a backend that is none": request(backend=[]),
}


@pytest.mark.parametrize("raw", UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_request_is_refused_whole(attack: Attack, raw: str) -> None:
    before = attack.folders()
    said = attack.send(f"exec sudo -n -u maya -- {AGENT}", raw)
    assert said.code == 2, said.err
    assert set(json.loads(said.out)) == {"schema", "unusable"}
    assert attack.folders() == before


def test_every_verb_refuses_what_is_no_item_of_its_own(attack: Attack) -> None:
    fine = {"attempt": str(uuid.uuid4()), "name": f"gantry-{uuid.uuid4()}-1", "job_id": "1"}
    keys = {
        "submit": ("attempt", "name"),
        "find": ("attempt", "name"),
        "fence": ("attempt",),
        "cancel": ("attempt", "name", "job_id"),
        "seal": ("attempt",),
        "purge": ("attempt",),
    }
    before = attack.folders()
    for verb, names in keys.items():
        good = {name: fine[name] for name in names}
        bent: list[object] = [{**good, "more": 1}, {}, [], None, "x", {**good, "attempt": None}]
        for attempt in ("", ".", "..", "../x", ".index", "*", "a\0", "a\n", SCRATCH, "x" * 5000, 7):
            bent.append({**good, "attempt": attempt})
        if "name" in good:
            bent += [{**good, "name": name} for name in ("--me", "*", "", "gantry-x", good["name"] + ",root", 7)]
        assert attack.agent("maya", verb, bent).codes == ["request"] * len(bent), verb
    assert attack.folders() == before


def test_an_estimate_takes_numbers_and_nothing_else(attack: Attack) -> None:
    good = {"cpus": 1, "memory_mb": 64, "time_s": 60}
    bent = [
        good | {"cpus": "1 --wrap=id"},
        good | {"time_s": 10**30},
        good | {"account": "root"},
        {"cpus": 1},
        "x",
    ]
    items: list[Document] = [{"resources": one} for one in bent]
    items += [{"resources": good, "person": "maya\0"}, {"resources": good, "partition": "main"}]
    assert attack.agent("maya", "estimate", items).codes == ["request"] * len(items)
    assert attack.agent("maya", "estimate", [{"resources": good, "person": "--uid=root"}]).codes == ["ok"]


def test_an_agent_of_another_version_is_told_from_a_lost_answer(attack: Attack) -> None:
    """The daemon's own client, with what agents of other versions say in the agent's place."""
    older = attack.send(f"exec sudo -n -u maya -- {AGENT}", request(schema=2))
    for said, error in (
        (older.out, CallRefusedError),
        ('{"schema": 1, "items": [{"ok": true}]}', AnswerLostError),
    ):
        client = AgentClient(("/bin/sh", "-c", 'cat >/dev/null; printf %s "$1"', "sh", said), {})
        with pytest.raises(error):
            client.find([(str(uuid.uuid4()), "x")])


# ---- replays ---------------------------------------------------------------------------------------------------


def test_a_submission_that_comes_again_and_again_runs_once(attack: Attack) -> None:
    item = attack.item()
    answers = [attack.agent("maya", "submit", [item]).items[0] for _ in range(3)]
    assert [answer["ok"] for answer in answers] == [True] * 3
    assert len({answer["job_id"] for answer in answers}) == 1
    attack.ended(item)
    assert attack.agent("maya", "submit", [item]).items[0]["job_id"] == answers[0]["job_id"]
    assert attack.known_to_slurm(item) == [answers[0]["job_id"]]
    assert attack.root(f"cat {SCRATCH}/{item['attempt']}/runs") == "ran\n"
    other = item | {"order": item["order"] | {"options": {"count": 2}}}
    assert attack.agent("maya", "submit", [other]).codes == ["attempt-differs"]


def test_one_submission_at_the_same_moment_twice_runs_once(attack: Attack) -> None:
    item = attack.item()
    raw = json.dumps({"schema": 1, "verb": "submit", "backend": {}, "items": [item]})
    script = f'request=$(cat); for _ in 1 2 3; do printf %s "$request" | sudo -n -u maya -- {AGENT} & done; wait'
    attack.send(script, raw)
    attack.ended(item)
    assert attack.known_to_slurm(item)
    assert attack.root(f"cat {SCRATCH}/{item['attempt']}/runs") == "ran\n"


def test_an_attempt_that_was_fenced_never_runs(attack: Attack) -> None:
    item = attack.item()
    fenced = [attack.agent("maya", "fence", [{"attempt": item["attempt"]}]).items[0]["won"] for _ in range(2)]
    assert fenced == [True, True]
    assert attack.agent("maya", "submit", [item]).codes == ["fenced"]
    assert attack.known_to_slurm(item) == []


def test_what_is_done_is_done_and_asked_again_harms_nothing(attack: Attack) -> None:
    item = attack.item()
    (taken,) = attack.agent("maya", "submit", [item]).items
    attack.ended(item)
    ask = {"attempt": item["attempt"]}
    cancel = ask | {"name": item["name"], "job_id": taken["job_id"]}
    assert attack.agent("maya", "cancel", [cancel, cancel, cancel | {"job_id": "1,2"}]).codes == ["ok"] * 3
    assert attack.agent("maya", "seal", [ask, ask]).codes == ["ok", "ok"]
    purged = [answer["removed"] for answer in attack.agent("maya", "purge", [ask, ask]).items]
    assert purged == [True, False]
    assert attack.agent("maya", "seal", [ask]).codes == ["missing"]


# ---- neighbours ------------------------------------------------------------------------------------------------


def of_somebody_else(attack: Attack, attempt: str, taken: Document, name: str) -> Any:
    """What Maya's agent answers about an attempt that is not hers: a code, or what it found, by verb."""
    ask = {"attempt": attempt}
    answers: Document = {}
    for verb, item in {
        "find": ask | {"name": name},
        "cancel": ask | {"name": name, "job_id": taken["job_id"]},
        "fence": ask,
        "seal": ask,
        "purge": ask,
    }.items():
        said = attack.agent("maya", verb, [item])
        answers[verb] = said.codes[0] if said.codes != ["ok"] else said.items[0]
    return answers


def test_another_persons_attempt_is_out_of_reach(attack: Attack) -> None:
    item = attack.item()
    revision = attack.publish(WORKS | {"name": "misuse-long", "program": {"command": ["sleep", "50"]}})
    item["order"]["jobtype"] = {"name": "misuse-long", "revision": revision}
    item["order"]["job"]["person"] = "tom"
    (taken,) = attack.agent("tom", "submit", [item]).items
    looks = f"ls -lnR --time-style=full-iso {SCRATCH}/{item['attempt']}"
    before = attack.root(looks)
    # Scratch does not even tell whether there is such an attempt.
    assert of_somebody_else(attack, item["attempt"], taken, item["name"]) == {
        "find": "scheduler",
        "cancel": "scheduler",
        "fence": "unreadable",
        "seal": "unreadable",
        "purge": "unreadable",
    }
    assert attack.agent("maya", "submit", [item]).codes[0] in {"unsafe", "unreadable", "scratch"}
    assert attack.root(looks).count("\n") >= before.count("\n")
    assert attack.known_to_slurm(item) == [taken["job_id"]]
    ended = attack.agent(
        "tom", "cancel", [{"attempt": item["attempt"], "name": item["name"], "job_id": taken["job_id"]}]
    )
    assert ended.items == [{"ok": True, "signalled": True}]


@pytest.mark.parametrize(
    "prepare",
    [
        'mkdir "$1"; chmod 777 "$1"',
        'ln -s /shared/home/maya "$1"',
        'ln -s /etc "$1"',
        'touch "$1"',
        'mkfifo "$1"',
    ],
    ids=["a folder", "a link to her home", "a link to the system's", "a file", "a pipe"],
)
def test_a_neighbour_who_takes_the_attempts_place_first_gains_nothing(attack: Attack, prepare: str) -> None:
    item = attack.item()
    place = f"{SCRATCH}/{item['attempt']}"
    assert attack.by("tom", prepare, place).code == 0
    ask = {"attempt": item["attempt"]}
    codes = attack.agent("maya", "submit", [item]).codes
    for verb in ("fence", "seal", "purge"):
        codes += attack.agent("maya", verb, [ask]).codes
    assert set(codes) <= {"unsafe", "scratch", "system"}
    assert attack.known_to_slurm(item) == []
    assert (
        attack.root(f'ls -A {HOME}/maya; test ! -d "$1" || ls -A "$1/"', place).splitlines().count("secret") <= 2
    )
    assert "job.json" not in attack.root(f'ls -A {HOME}/maya "$1"', place)
    assert attack.root(f"cat {HOME}/maya/secret") == "secret\n"


def test_links_in_a_persons_own_folder_lead_seal_and_purge_nowhere(attack: Attack) -> None:
    item = attack.item()
    attack.agent("maya", "submit", [item])
    attack.ended(item)
    place = f"{SCRATCH}/{item['attempt']}/output"
    links = (
        f'cd "$1"; ln -s {HOME}/maya home; ln {HOME}/maya/secret hard; ln -s {HOME}/maya/secret soft; mkfifo pipe'
    )
    assert attack.by("maya", links, place).code == 0
    ask = [{"attempt": item["attempt"]}]
    assert attack.agent("maya", "seal", ask).codes == ["ok"]
    assert attack.root(f"stat -c %a {HOME}/maya {HOME}/maya/secret") == "700\n600\n"
    assert attack.by("gantry-daemon", 'cat "$1/result.txt"', place).code == 0
    assert attack.by("gantry-daemon", 'cat "$1/hard" || cat "$1/soft" || ls "$1/home/"', place).code != 0
    assert attack.agent("maya", "purge", ask).items == [{"ok": True, "removed": True}]
    assert attack.root(f"cat {HOME}/maya/secret") == "secret\n"


def test_a_note_that_a_person_forged_ends_no_other_persons_job(attack: Attack) -> None:
    revision = attack.publish(WORKS | {"name": "misuse-long", "program": {"command": ["sleep", "50"]}})
    toms, hers = attack.item(), attack.item()
    toms["order"]["jobtype"] = {"name": "misuse-long", "revision": revision}
    (taken,) = attack.agent("tom", "submit", [toms]).items
    attack.agent("maya", "submit", [hers])
    attack.ended(hers)
    forge = 'sed -i "s/\\"job_id\\": \\"[0-9]*\\"/\\"job_id\\": \\"$2\\"/" "$1/slurm.json"; cat "$1/slurm.json"'
    for forged in (taken["job_id"], "1 --user=tom", "../1"):
        attack.by("maya", forge, f"{SCRATCH}/{hers['attempt']}", forged)
        ask = {"attempt": hers["attempt"], "name": hers["name"], "job_id": forged}
        (answer,) = attack.agent("maya", "cancel", [ask]).items
        assert answer.get("signalled") is not True
    assert attack.known_to_slurm(toms) == [taken["job_id"]]
    attack.agent("tom", "cancel", [{"attempt": toms["attempt"], "name": toms["name"], "job_id": taken["job_id"]}])


# ---- who starts it, and how ------------------------------------------------------------------------------------

HOSTILE = """
    mkdir -p /tmp/misuse/portal; echo 'raise SystemExit(7)' >/tmp/misuse/portal/__init__.py
    echo 'raise SystemExit(7)' >/tmp/misuse/json.py; cd /tmp/misuse
    export PYTHONPATH=/tmp/misuse PYTHONSTARTUP=/tmp/misuse/json.py PYTHONHOME=/tmp/misuse
    export SLURM_CONF=/tmp/misuse/json.py LD_PRELOAD=/tmp/misuse/json.py
    export SBATCH_WRAP=id ENV=/tmp/misuse/json.py BASH_ENV=/tmp/misuse/json.py
    umask 0; trap '' ALRM XFSZ PIPE;
"""


def test_where_and_with_what_environment_it_is_started_changes_nothing(attack: Attack) -> None:
    item = attack.item()
    said = attack.agent("maya", "submit", [item], before=HOSTILE)
    assert said.codes == ["ok"], said.err
    attack.ended(item)
    assert attack.root(f"stat -c '%U %a' {SCRATCH}/{item['attempt']}/job.json") == "maya 440\n"
    attack.root("rm -r /tmp/misuse")


@pytest.mark.parametrize(
    ("sudo", "code"),
    [
        ("sudo -n -P", 2),
        ("sudo -n -g gantry-read", 1),
        ("sudo -n -D /tmp", 1),
        ("sudo -n -R /tmp", 1),
        ("sudo -n -i", 1),
    ],
)
def test_sudo_lends_the_agent_no_group_folder_or_shell(attack: Attack, sudo: str, code: int) -> None:
    said: Said = attack.agent("maya", "fence", [{"attempt": str(uuid.uuid4())}], sudo=sudo)
    assert said.code == code, said
    if code == 2:
        assert "groups that are not this person's" in said.err


@pytest.mark.parametrize(
    "person", ["root", "gantry-data", "gantry-web", "gantry-daemon", "slurm", "#0", "#-1", "#4294967295", "nobody"]
)
def test_it_acts_for_people_only(attack: Attack, person: str) -> None:
    said = attack.agent(person, "fence", [{"attempt": str(uuid.uuid4())}])
    assert (said.code, said.out) == (1, "")


@pytest.mark.parametrize("account", ["gantry-web", "gantry-data", "tom"])
def test_nobody_but_the_daemon_may_ask_it(attack: Attack, account: str) -> None:
    said = attack.agent("maya", "fence", [{"attempt": str(uuid.uuid4())}], account=account)
    assert (said.code, said.out) == (1, "")
