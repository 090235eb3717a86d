"""A daemon that has been taken over: with its rights, something that nobody signed off is tried as a person, and
reading what it may not. What it can do is what the agent offers: signed-off analyses, as people of the facility.
"""

import hashlib
import json
from collections.abc import Iterator

import pytest
from hosts.cluster import Cluster
from misuse import AGENT, DATA, PUBLISHED, SCRATCH, WORKS, Attack, Document

HOME = "/shared/home"
DAEMON = "gantry-daemon"
# What runs as a person, and what tells it what to run.
TRUSTED = f"""
    /usr/libexec {AGENT} /usr/libexec/gantry-launch /etc/gantry /etc/sudoers.d /opt/gantry {PUBLISHED}
    /shared/images /etc/slurm /etc/pam.d /etc/ld.so.preload /etc/ld.so.conf.d /usr/lib/python3 /usr/local
"""


@pytest.fixture(scope="module")
def attack(cluster: Cluster) -> Iterator[Attack]:
    """The daemon's rights on the portal's host."""
    made = Attack(cluster)
    made.root(
        f"""
        mkdir -p {DATA}/own; echo data >{DATA}/own/a.h5; chown -R maya:maya {DATA}/own; chmod 700 {DATA}/own
        install -o maya -g maya -m 600 /dev/null {HOME}/maya/secret; echo secret >{HOME}/maya/secret
        """
    )
    yield made
    made.root(f"rm -rf {DATA} {PUBLISHED}/misuse* {HOME}/maya/* /tmp/mine")
    made.forget()


# ---- running what nobody signed off ----------------------------------------------------------------------------


def unsigned(attack: Attack, place: str) -> Document:
    """A submission of an analysis that the daemon wrote itself, into a place that it can write."""
    raw = json.dumps(WORKS | {"program": {"command": ["sh", "-c", f"cat {HOME}/maya/secret >output/x.txt"]}})
    digest = hashlib.sha256(raw.encode()).hexdigest()
    written = attack.by(DAEMON, 'mkdir -p "$1/misuse"; printf %s "$2" >"$1/misuse/$3.json"', place, raw, digest)
    assert written.code == 0, written.err
    return attack.item(jobtype={"name": "misuse", "revision": f"sha256:{digest}"})


def test_its_own_analysis_runs_nowhere(attack: Attack) -> None:
    before = attack.folders()
    places = ["/tmp/mine", "/var/lib/gantry/spool/mine"]
    for place in places:
        item = unsigned(attack, place)
        codes = attack.agent("maya", "submit", [item], backend={"jobtypes": place}).codes
        for name in (f"../../../..{place}/misuse", f"{place}/misuse", "../spool/mine/misuse"):
            item["order"]["jobtype"]["name"] = name
            codes += attack.agent("maya", "submit", [item]).codes
        assert codes == ["jobtype-unknown", "request", "request", "request"]
        assert attack.known_to_slurm(item) == []
    attack.root(f"rm -r {' '.join(places)}")
    assert attack.folders() == before
    assert attack.by(DAEMON, f"mkdir {PUBLISHED}/mine").code != 0


@pytest.mark.parametrize("account", [DAEMON, "gantry-web", "gantry-data", "maya"])
def test_what_runs_as_a_person_can_be_written_by_nobody(attack: Attack, account: str) -> None:
    find = "find -L $1 -maxdepth 12 -writable ! -type l ! -type c ! -type p 2>/dev/null | head -20"
    found = attack.by(account, find, " ".join(TRUSTED.split()))
    assert found.out == ""
    up = "while test $path != /; do path=$(dirname $path); test ! -w $path || echo $path; done"
    parents = f"for path in $1; do {up}; done"
    assert attack.by(account, parents, " ".join(TRUSTED.split())).out == ""


SUDO = [
    "-u maya /bin/sh -c id",
    "-u maya /usr/libexec/../../bin/id",
    f"-u maya {AGENT} -c id",
    f"-u maya {AGENT} ''",
    "-u maya -i",
    "-u maya -s",
    "-u maya -e /shared/home/maya/secret",
    "-u maya sudoedit /shared/home/maya/secret",
    "-u maya python3",
    "-u maya sbatch --version",
    f"-u maya -C 64 {AGENT}",
    f"-u maya -T 9 {AGENT}",
    f"-u maya -h node1 {AGENT}",
    f"-u maya -r root {AGENT}",
    f"-u maya PATH=/tmp {AGENT}",
    f"-u maya LD_PRELOAD=/tmp/mine.so {AGENT}",
    f"-E -u maya {AGENT}",
    f"--preserve-env=PYTHONPATH -u maya {AGENT}",
    f"-u maya -- -s {AGENT}",
    f"-u slurm {AGENT}",
    f"-u '#0' {AGENT}",
    f"-u '#-1' {AGENT}",
    f"-u root -g gantry-people {AGENT}",
    "-l -U root",
    "visudo",
]
HARMLESS = {
    f"-E -u maya {AGENT}",
    f"--preserve-env=PYTHONPATH -u maya {AGENT}",
    f"-u maya -r root {AGENT}",
    f"-u maya -T 9 {AGENT}",
}


def test_sudo_gives_it_the_agent_and_nothing_else(attack: Attack) -> None:
    script = (
        'cd /; while IFS= read -r words; do eval "sudo -n $words" </dev/null >/tmp/mine.out 2>&1; echo "$?"; done'
    )
    said = attack.send(script, "\n".join(SUDO) + "\n")
    codes = dict(zip(SUDO, said.out.split(), strict=True))
    allowed = {words for words, code in codes.items() if code == "0"}
    began = {words for words, code in codes.items() if code not in {"0", "1"}}
    assert allowed == set()
    # These change nothing, so sudo lets them pass: the agent began, and says that there is no request (2).
    assert began <= HARMLESS
    told = attack.by(DAEMON, f"PYTHONPATH=/tmp/mine sudo -n --preserve-env=PYTHONPATH -u maya {AGENT} </dev/null")
    assert told.code == 1 or "unusable" in told.out
    attack.root("rm -f /tmp/mine.out")


def test_slurm_takes_no_job_of_it_in_a_persons_name(attack: Attack) -> None:
    tries = [
        "sbatch --uid=maya --wrap=id",
        "sbatch --uid=2001 --gid=2001 --wrap=id",
        "salloc --uid=maya --no-shell",
        "sbatch -M gantry --account=microscopy --wrap=id",
        "srun --uid=maya -t1 id",
        "sacctmgr -i add user gantry-daemon account=root",
        "sacctmgr -i modify user gantry-daemon set adminlevel=Admin",
        "sacctmgr -i add coordinator account=root names=gantry-daemon",
        "scontrol update NodeName=node1 State=DOWN Reason=mine",
        "scontrol reconfigure",
        "scontrol shutdown",
        "scontrol create reservation ReservationName=mine StartTime=now Duration=1 Nodes=ALL Users=gantry-daemon",
    ]
    script = 'cd /tmp; while IFS= read -r words; do timeout 20 $words </dev/null >/dev/null 2>&1; echo "$?"; done'
    said = attack.send(script, "\n".join(tries) + "\n")
    codes = dict(zip(tries, said.out.split(), strict=True))
    assert {words for words, code in codes.items() if code == "0"} == set()
    assert "ADMIN" not in attack.root("sacctmgr -nP show user gantry-daemon format=adminlevel").upper()


def test_what_it_alters_of_a_persons_waiting_job_is_neither_who_runs_nor_what(attack: Attack) -> None:
    """It coordinates the accounts, to see everybody's jobs, and Slurm lets a coordinator change them too."""
    program = {"command": ["sh", "-c", "cat >output/stdin.txt; pwd; id -un"]}
    revision = attack.publish(WORKS | {"name": "misuse-listens", "program": program})
    item = attack.item(jobtype={"name": "misuse-listens", "revision": revision})
    place = f"{SCRATCH}/{item['attempt']}"
    ctl = attack.cluster.hosts["ctl"]
    home = f"ls {HOME}/maya; cat {HOME}/maya/secret"
    before = attack.root(home)
    ctl.run("scontrol", "update", "PartitionName=main", "State=DOWN")
    try:
        (taken,) = attack.agent("maya", "submit", [item]).items
        job = taken["job_id"]
        script = attack.root('scontrol write batch_script "$1" -', job)
        for change in (
            f"StdIn={HOME}/maya/secret",
            f"WorkDir={HOME}/maya",
            "UserID=gantry-daemon",
            "Account=root",
        ):
            attack.by(DAEMON, 'scontrol update "JobId=$1" "$2"', job, change)
        assert attack.root('scontrol write batch_script "$1" -', job) == script
    finally:
        ctl.run("scontrol", "update", "PartitionName=main", "State=UP")
    attack.ended(item)
    assert attack.root('cat "$1/output/stdin.txt"', place) == ""
    assert attack.root('cat "$1/stdout.log"', place) == f"{place}\nmaya\n"
    assert attack.root(home) == before


def test_it_ends_no_persons_process_and_looks_into_none(attack: Attack) -> None:
    script = """
        runuser -u maya -- sleep 100 &
        until pid=$(pgrep -u maya -x sleep | head -1) && test -n "$pid"; do sleep 0.1; done
        ! runuser -u gantry-daemon -- kill -0 $pid
        ! runuser -u gantry-daemon -- cat /proc/$pid/environ
        ! runuser -u gantry-daemon -- ls /proc/$pid/fd/
        kill $pid; echo safe
    """
    assert attack.root(script).endswith("safe\n")


# ---- reading what it may not -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        f"{HOME}/maya/secret",
        f"{DATA}/own/a.h5",
        "/etc/shadow",
        "/etc/munge/munge.key",
        "/etc/sudoers.d/gantry",
        "/etc/ssh/ssh_host_ed25519_key",
        "/etc/ssl/private",
        "/var/lib/gantry/web",
        "/var/lib/postgresql/17/main",
        "/root",
        "/proc/1/environ",
    ],
)
def test_it_cannot_read(attack: Attack, path: str) -> None:
    assert attack.root('test -e "$1"; echo there', path) == "there\n"
    said = attack.by(DAEMON, 'if test -d "$1"; then ls "$1"; else cat "$1"; fi', path)
    assert (said.code != 0, said.out) == (True, "")


def test_no_answer_of_the_agent_carries_a_byte_of_a_file(attack: Attack) -> None:
    """It opens as the person, and tells of a file no more than its name."""
    items = []
    for location, name in (("misuse/own", "a.h5"), ("../home/maya", "secret")):
        files = {"dataset": 1, "root": "data", "location": location, "files": [{"name": name}]}
        items.append(attack.item(inputs={"data": [files]}))
    said = attack.agent("maya", "submit", items)
    assert said.codes == ["ok", "input-unsafe"]
    assert set(said.items[0]) == {"ok", "job_id", "array_index", "submitted", "job_sha256", "folder"}
    assert "secret\n" not in said.out + said.err and "data\n" not in said.out + said.err
    attack.ended(items[0])


def test_a_link_in_an_attempt_makes_the_portals_readers_no_way_into_a_home(attack: Attack) -> None:
    item = attack.item()
    attack.agent("maya", "submit", [item])
    attack.ended(item)
    place = f"{SCRATCH}/{item['attempt']}"
    # By Tom's hand it cannot be: the folder is hers. By her own it leads to nothing that the portal may read.
    assert attack.by("tom", 'ln -s /etc/passwd "$1/stdout.log.2"', place).code != 0
    attack.agent("maya", "seal", [{"attempt": item["attempt"]}])
    assert attack.by("maya", f'rm "$1/stdout.log"; ln -s {HOME}/maya/secret "$1/stdout.log"', place).code == 0
    for account in (DAEMON, "gantry-web", "gantry-data"):
        assert attack.by(account, 'cat "$1/stdout.log"', place).code != 0
