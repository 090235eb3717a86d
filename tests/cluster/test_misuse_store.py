"""Every verb of the store against outputs, requests and people that mean harm, on the real hosts."""

import json
import uuid
from collections.abc import Iterator

import pytest
from hosts.cluster import Cluster
from misuse import RESULTS, SCRATCH, STORE, Attack, Document

JOB = 900_000_000
"""Far above any job of the portal's own."""
HOME = "/shared/home"


@pytest.fixture(scope="module")
def attack(cluster: Cluster) -> Iterator[Attack]:
    """The daemon's rights on the portal's host."""
    made = Attack(cluster)
    made.root(f"install -o maya -g maya -m 600 /dev/null {HOME}/maya/secret; echo secret >{HOME}/maya/secret")
    yield made
    made.root(f"rm -rf {RESULTS}/misuse {RESULTS}/.index/{JOB}* {HOME}/maya/secret")
    made.forget()


@pytest.fixture
def wish(attack: Attack) -> Document:
    """An attempt of Maya's with an output, and the request to keep it."""
    attempt = str(attack.item()["attempt"])
    write = """
        umask 027; mkdir -m 2750 "$1"; mkdir "$1/output"
        echo measured >"$1/output/result.txt"; echo {} >"$1/output/metadata.json"
    """
    assert attack.by("maya", write, f"{SCRATCH}/{attempt}").code == 0
    attack.root('chgrp -R gantry-read "$1"; chmod -R g+rX "$1"', f"{SCRATCH}/{attempt}")
    return {
        "job": JOB,
        "output": uuid.uuid4().hex,
        "attempt": attempt,
        "pattern": "*.txt",
        "destination": f"misuse/{attempt}",
        "also": ["metadata.json"],
        "required": True,
        "uid": int(attack.root("id -u maya")),
    }


def location_of(attack: Attack, wish: Document) -> str:
    """Keep it; the folder of the result."""
    (answer,) = attack.store("keep", [wish]).items
    assert answer["ok"], answer
    return f"{RESULTS}/{answer['location']}"


# ---- what people put into an output ----------------------------------------------------------------------------

OUTPUTS = {
    "a link": f'ln -s {HOME}/maya/secret "$1/x.txt"',
    "a link to the store's own": f'ln -s {RESULTS} "$1/x.txt"',
    "a link to the system's": 'ln -s /proc/self/environ "$1/x.txt"',
    "a second name of a file": f'ln {HOME}/maya/secret "$1/x.txt"',
    "a pipe": 'mkfifo "$1/x.txt"',
    "a line break": 'touch "$1/$(printf "a\\nb").txt"',
    "bytes that are no text": 'touch "$1/$(printf "a\\377b").txt"',
    "the name of the store's own list": 'mkdir "$1/x.txt"; touch "$1/x.txt/.gantry-manifest.json"',
    "an endless folder": 'd="$1/x.txt"; for _ in $(seq 70); do mkdir "$d"; d="$d/d"; done; touch "$d.txt"',
    "nothing": 'rm "$1/result.txt"',
    "a link instead of the folder": f'mv "$1" "$1.away"; ln -s {HOME}/maya "$1"',
    "a file instead of the folder": 'mv "$1" "$1.away"; touch "$1"',
}


@pytest.mark.parametrize("spoil", OUTPUTS.values(), ids=OUTPUTS)
def test_an_output_that_is_not_what_it_seems_is_no_result(attack: Attack, wish: Document, spoil: str) -> None:
    assert attack.by("maya", spoil, f"{SCRATCH}/{wish['attempt']}/output").code == 0
    (code,) = attack.store("keep", [wish]).codes
    assert code in {"output-unsafe", "output-missing", "output-missing-whole", "limit"}
    assert attack.root(f'test ! -e "{RESULTS}/$1" && ls -A {RESULTS}/.incoming', wish["destination"]).count(
        ".lock"
    )
    assert attack.root(f"ls {RESULTS}/.incoming") == ""


def test_what_another_person_put_there_is_no_result(attack: Attack, wish: Document) -> None:
    place = f"{SCRATCH}/{wish['attempt']}/output"
    attack.by("maya", 'chmod 777 "$1" "$1/.."', place)
    assert attack.by("tom", 'echo forged >"$1/better.txt"', place).code == 0
    attack.root('chgrp gantry-read "$1/better.txt"; chmod 640 "$1/better.txt"', place)
    assert attack.store("keep", [wish]).codes == ["output-unsafe"]
    toms = wish | {"uid": int(attack.root("id -u tom"))}
    assert attack.store("keep", [toms]).codes == ["output-unsafe"]


def test_an_attempts_place_that_a_neighbour_took_gives_no_result(attack: Attack, wish: Document) -> None:
    attempt = str(attack.item()["attempt"])
    attack.by(
        "tom", 'mkdir -p "$1/output"; echo forged >"$1/output/x.txt"; chmod -R 777 "$1"', f"{SCRATCH}/{attempt}"
    )
    assert attack.store("keep", [wish | {"attempt": attempt}]).codes == ["output-unsafe"]
    link = str(attack.item()["attempt"])
    attack.by("tom", 'ln -s "$1" "$2"', f"{SCRATCH}/{wish['attempt']}", f"{SCRATCH}/{link}")
    assert attack.store("keep", [wish | {"attempt": link}]).codes == ["output-unsafe"]


# ---- requests --------------------------------------------------------------------------------------------------


def test_a_request_reaches_no_place_but_results_and_no_source_but_attempts(attack: Attack, wish: Document) -> None:
    places = [
        "../x",
        "/etc/x",
        "misuse/../../x",
        "",
        ".",
        ".index/x",
        ".incoming/x",
        "misuse/.x",
        "a\0b",
        "v" * 5000,
    ]
    bent = [wish | {"destination": place} for place in places]
    bent += [
        wish | {"attempt": one} for one in ("..", "../home/maya", "", ".", "*", "x\0", wish["attempt"].upper())
    ]
    bent += [wish | {"output": one} for one in ("../x", ".x", "", "x/y", "x\0", "x" * 200, 7)]
    bent += [wish | {"pattern": one} for one in ("../*", "/etc/*", "", "**/" * 9 + "x", "*" * 600, None)]
    bent += [wish | {"also": one} for one in (["../*"], "metadata.json", [7])]
    bent += [wish | {"job": one} for one in (-1, True, "1", 2**63, 10**400)]
    bent += [wish | {"uid": one} for one in ("0", True)]
    bent += [wish | {"more": 1}, {}]
    codes = attack.store("keep", [*bent, 7, None]).codes
    assert set(codes) <= {"request", "unsafe"}, codes
    assert (
        attack.root(f'test ! -e "{RESULTS}/$1"; ls -d /shared/x /etc/x {RESULTS}/x 2>/dev/null || true', "x") == ""
    )


def test_the_requests_own_folders_are_not_heard(attack: Attack, wish: Document) -> None:
    elsewhere = {"results": f"{HOME}/maya", "scratch": "/", "max_bytes": 10**12}
    said = attack.send(
        f"exec {STORE}", json.dumps({"schema": 1, "verb": "keep", "store": elsewhere, "items": [wish]})
    )
    assert said.codes == ["ok"]
    assert attack.root(f'cat "{RESULTS}/$1/result.txt"', wish["destination"]) == "measured\n"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "\0" * 1000,
        "\udcff",
        "[]",
        "[" * 200_000,
        '{"schema": 2, "verb": "keep", "store": {}, "items": []}',
        "x" * (17 << 20),
    ],
    ids=["nothing", "NUL", "no text", "a list", "deep", "a newer schema", "huge"],
)
def test_what_is_no_request_is_refused_whole_and_said_so(attack: Attack, raw: str) -> None:
    said = attack.send(f"exec {STORE}", raw)
    assert set(json.loads(said.out)) == {"schema", "unusable"}


def test_ten_thousand_items_are_answered_and_one_more_is_refused(attack: Attack) -> None:
    item = {"location": "misuse/nothing"}
    assert set(attack.store("verify", [item] * 10_000).codes) == {"missing"}
    assert "unusable" in json.loads(attack.store("verify", [item] * 10_001).out)


# ---- replays ---------------------------------------------------------------------------------------------------


def test_keeping_again_changes_nothing_even_when_the_output_has_changed_since(
    attack: Attack, wish: Document
) -> None:
    (first,) = attack.store("keep", [wish]).items
    attack.by(
        "maya",
        'echo better >"$1/output/result.txt"; echo new >"$1/output/new.txt"',
        f"{SCRATCH}/{wish['attempt']}",
    )
    elsewhere = wish | {"destination": "misuse/elsewhere"}
    assert attack.store("keep", [wish, elsewhere]).items == [first, first]
    assert (
        attack.root(f'cat "{RESULTS}/$1/result.txt"; ls {RESULTS}/misuse', wish["destination"]).count("elsewhere")
        == 0
    )


def test_a_place_that_is_taken_stays_its_owners(attack: Attack, wish: Document) -> None:
    location_of(attack, wish)
    other = wish | {"output": uuid.uuid4().hex}
    beneath = other | {"destination": wish["destination"] + "/beneath"}
    codes = attack.store("keep", [other, beneath]).codes
    assert codes[0] == "destination-taken"
    assert codes[1] != "ok"
    assert attack.store("verify", [{"location": wish["destination"]}]).items[0]["intact"]


def test_a_late_request_to_drop_removes_nothing_that_came_since(attack: Attack, wish: Document) -> None:
    place = location_of(attack, wish)
    whose = {"location": wish["destination"], "job": wish["job"], "output": wish["output"]}
    bent = [
        whose | {"attempt": str(uuid.uuid4())},
        whose | {"job": JOB + 1},
        whose | {"output": "other"},
        whose | {"location": "misuse"},
        whose | {"location": ".index"},
        whose | {"location": "misuse/.."},
        whose | {"location": wish["destination"] + "/result.txt"},
    ]
    codes = attack.store("drop", bent).codes
    assert codes[:3] == ["another"] * 3
    assert not set(codes) & {"ok"}
    assert attack.root('cat "$1/result.txt"', place) == "measured\n"
    dropped = [answer["dropped"] for answer in attack.store("drop", [whose, whose]).items]
    assert dropped == [True, False]


# ---- a registered result ---------------------------------------------------------------------------------------

CHANGES = {
    "write": 'echo forged >>"$1/result.txt"',
    "add": 'touch "$1/more.txt"',
    "remove": 'rm -f "$1/result.txt"',
    "rename": 'mv "$1" "$1.away"',
    "open": 'chmod -R u+w,o+rwx "$1"',
    "date": 'touch "$1/result.txt"',
    "list": 'echo {} >"$1/.gantry-manifest.json"',
    "own": 'chown "$(id -un)" "$1/result.txt"',
    "link": 'ln "$1/result.txt" /shared/scratch/stolen',
}


@pytest.mark.parametrize("account", ["maya", "tom", "gantry-daemon", "gantry-web"])
def test_a_registered_result_can_be_changed_by_nobody(attack: Attack, wish: Document, account: str) -> None:
    place = location_of(attack, wish)
    for change, script in CHANGES.items():
        assert attack.by(account, script, place).code != 0, f"{account} could {change} a result"
    (found,) = attack.store("verify", [{"location": wish["destination"]}]).items
    assert (found["intact"], found["differences"]) == (True, [])


def test_a_result_that_was_changed_by_force_is_told(attack: Attack, wish: Document) -> None:
    place = location_of(attack, wish)
    attack.root(
        'echo forged >"$1/result.txt"; touch "$1/more.txt"; rm "$1/metadata.json"; ln -s /etc "$1/link"', place
    )
    (found,) = attack.store("verify", [{"location": wish["destination"]}]).items
    assert not found["intact"]
    assert {one["name"] for one in found["differences"]} == {"result.txt", "more.txt", "metadata.json", "link"}


# ---- its own bounds --------------------------------------------------------------------------------------------


def test_the_store_itself_sees_no_home_no_munge_and_no_network(attack: Attack) -> None:
    """Its unit, tried with a shell in the store's place."""
    look = f"""
        test ! -e /run/munge/munge.socket.2; ! ls {HOME}/maya; ! cat /etc/slurm/slurm.conf; ! touch {SCRATCH}/x
        ! touch /etc/x; ! touch /opt/gantry/x; test "$(ls /sys/class/net)" = lo
        grep -q "NoNewPrivs:.1" /proc/self/status; grep -q "CapBnd:.0000000000000000" /proc/self/status
        touch {RESULTS}/.tried; rm {RESULTS}/.tried; echo bounded
    """
    unit = attack.root("systemctl cat gantry-store@.service")
    kept = [
        line
        for line in unit.splitlines()
        if line and line[0] not in "#[" and not line.startswith(("ExecStart=", "Standard", "Description"))
    ]
    words = " ".join(f"-p '{line}'" for line in kept)
    done = attack.root(f'systemd-run --quiet --wait --pipe --collect {words} sh -ec "$1" 2>/dev/null', look)
    assert done.endswith("bounded\n")
