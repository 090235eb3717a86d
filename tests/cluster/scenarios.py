"""The fates that record.py arranges: name -> how, and what is then true."""

import json

from recorder import Recorder, Scenario, Step, cancelled, ends, runs, waits

from portal.scheduler.slurm import times as slurm_times


def nodes(recorder: Recorder) -> dict[str, object]:
    """What sinfo says."""
    return {"parser": recorder.newest, "sinfo": recorder.reply("sinfo", f"--json={recorder.newest}")}


def nodes_mixed(recorder: Recorder, name: str) -> Step:
    """Each node in a state of its own, asked node by node as the portal asks, in every dialect."""
    job = recorder.submit(name, "--nodelist=node1", "--gres=gpu:1", "--cpus-per-task=2", "--mem=1000")
    yield from recorder.until(job, "RUNNING")
    words = ("Nodes=node2", "Users=root", "StartTime=now", "Duration=60", "Flags=MAINT")
    recorder.root("scontrol", "create", "reservation", "ReservationName=new-disks", *words)
    recorder.root("scontrol", "update", "NodeName=node1", "State=DRAIN", "Reason=fan is loud")
    while "MAINT" not in recorder.root("sinfo", "--noheader", "-N", "-n", "node2", "-o", "%T").upper():
        yield
    told = "node1 runs a job with 2 CPUs, 1000 MiB and 1 GPU and is being drained (fan is loud); node2 is reserved"
    for parser in recorder.parsers:
        said = {"parser": parser, "sinfo": recorder.reply("sinfo", "-N", f"--json={parser}")}
        recorder.keep(name if parser == recorder.newest else f"{name}.{parser}", told, said)
    recorder.root("scontrol", "delete", "ReservationName=new-disks")
    recorder.root("scancel", job)
    yield from recorder.accounted(job)
    recorder.root("scontrol", "update", "NodeName=node1", "State=RESUME")


def reasons(recorder: Recorder, name: str) -> Step:
    """Every reason for waiting that this release has a word for, out of its own library."""
    script = (
        "import ctypes, json, re, shutil, subprocess\n"
        "needs = subprocess.run(['ldd', shutil.which('squeue')], capture_output=True, text=True, check=True)\n"
        "path = re.search(r'(/\\S*/libslurmfull\\.so)', needs.stdout)[1]\n"
        "word = ctypes.CDLL(path).job_state_reason_string\n"
        "word.restype = ctypes.c_char_p\n"
        "words = [word(number).decode() for number in range(300)]\n"
        "print(json.dumps(words))\n"
    )
    words = json.loads(recorder.root("python3", "-c", script))
    none = words[-1]
    while words[-1] == none:
        words.pop()
    told = (
        "Every word that job_state_reason_string() of Slurm's libslurmfull.so has, by number from 0 on; a number "
        f"without one says {none}"
    )
    recorder.keep(name, told, {"reasons": words})
    yield


def array_held(recorder: Recorder, name: str) -> Step:
    """An array of which nothing has started is one row with an expression."""
    job = recorder.submit(name, "--array=0-99%2", "--hold")
    yield from recorder.until(job, "PENDING")
    recorder.write(name, "An array of 100 tasks, two at a time; none has started")
    recorder.root("scancel", job)


def array_sparse(recorder: Recorder, name: str) -> Step:
    """Gaps and steps in the expression."""
    job = recorder.submit(name, "--array=1,3,7-9,20-40:4", "--begin=now+1hour")
    yield from recorder.until(job, "PENDING")
    recorder.write(name, "An array of the tasks 1, 3, 7, 8, 9, 20, 24, 28, 32, 36, 40; none has started")
    recorder.root("scancel", job)


def columns(recorder: Recorder, name: str) -> Step:
    """What squeue says in columns about jobs that were just handed over, asked in the portal's own words."""
    scattered = [index for index in range(400) if index % 3 == 0 or index % 7 == 0]
    hold = "--hold"
    recorder.submit(name, hold)
    recorder.submit(name, hold, f"--job-name={'g' * 200}")
    recorder.submit(name, hold, "--job-name=a name  with blanks, commas")
    recorder.submit(name, hold, "--array=0-99%2")
    recorder.submit(name, hold, f"--array={','.join(map(str, scattered))}")
    started = recorder.submit(name, "--array=0-9%2")
    yield from recorder.until(f"{started}_1", "RUNNING")
    back = recorder.submit(name, "--requeue")
    yield from recorder.until(back, "RUNNING")
    recorder.root("scontrol", "requeue", back)
    yield from recorder.until(back, "PENDING")
    jobs = recorder.mine[name]
    environment = ("env", "TZ=UTC", "LC_ALL=C.UTF-8", "SLURM_BITSTR_LEN=0")
    said = recorder.ask("maya", *environment, *slurm_times.question(jobs))
    told = (
        "Just handed over: a job, one with a name of 200 characters, one with blanks and a comma in its name, an "
        "array of 100 tasks, one of the multiples of 3 and of 7 below 400, one of 10 of which two run, and a job "
        "that was put back"
    )
    question = ("squeue", f"--json={recorder.newest}", "--states=all", "-j", ",".join(jobs))
    queue = recorder.reply(*environment, *question)
    recorder.keep(name, told, {"jobs": jobs, "parser": recorder.newest, "columns": said, "squeue": queue})
    recorder.root("scancel", *jobs)


def array_mixed(recorder: Recorder, name: str) -> Step:
    """Tasks that ended, run and wait, all at once: 0 ends well, 1 ends with 7, 2 and 3 run, 4 to 9 wait."""
    run = "case $SLURM_ARRAY_TASK_ID in 0) exit 0;; 1) exit 7;; *) sleep 600;; esac"
    job = recorder.submit(name, "--array=0-9%2", run=run)
    yield from recorder.until(f"{job}_3", "RUNNING")
    yield from recorder.accounted(f"{job}_1")
    told = "An array: task 0 ended with 0, task 1 with 7, tasks 2 and 3 run, 4 to 9 wait for the array's limit"
    recorder.write(name, told, every_parser=True)
    recorder.root("scancel", job)


def dependency_never(recorder: Recorder, name: str) -> Step:
    """What a job waits for has failed already."""
    first = recorder.submit(name, run="exit 1")
    second = recorder.submit(name, f"--dependency=afterok:{first}")
    yield from recorder.until(second, "PENDING", reason="DependencyNeverSatisfied")
    yield from recorder.accounted(first)
    recorder.write(name, "The first job failed; the second waits for its success and will for ever")
    recorder.root("scancel", second)


def dependency(recorder: Recorder, name: str) -> Step:
    """What a job waits for runs."""
    first = recorder.submit(name)
    second = recorder.submit(name, f"--dependency=afterok:{first}")
    yield from recorder.until(first, "RUNNING")
    yield from recorder.until(second, "PENDING", reason="Dependency")
    recorder.write(name, "The first job runs; the second waits for it")
    recorder.root("scancel", first, second)


def held_by_administrator(recorder: Recorder, name: str) -> Step:
    """scontrol hold by root."""
    job = recorder.submit(name, "--begin=now+1hour")
    recorder.root("scontrol", "hold", job)
    yield from recorder.until(job, "PENDING", reason="JobHeldAdmin")
    recorder.write(name, "Held by an administrator")
    recorder.root("scancel", job)


def requeued(recorder: Recorder, name: str) -> Step:
    """An administrator puts a running job back: same id, a second run, two rows in accounting."""
    job = recorder.submit(name, "--requeue", "--begin=now")
    yield from recorder.until(job, "RUNNING")
    recorder.root("scontrol", "requeue", job)
    yield from recorder.until(job, "PENDING")
    recorder.write(f"{name}", "Put back by an administrator; waits to run a second time")
    recorder.root("scontrol", "update", f"JobId={job}", "StartTime=now")
    yield from recorder.until(job, "RUNNING")
    recorder.mine[f"{name}-runs-again"] = [job]
    recorder.write(
        f"{name}-runs-again", "Put back by an administrator; runs for the second time (restart count 1)"
    )
    recorder.root("scancel", job)
    yield from recorder.accounted(job)
    recorder.mine[f"{name}-ended"] = [job]
    recorder.write(
        f"{name}-ended", "Put back once, then cancelled by root in its second run: two rows with one id"
    )


def suspended(recorder: Recorder, name: str) -> Step:
    """Stopped for a while by an administrator."""
    job = recorder.submit(name)
    yield from recorder.until(job, "RUNNING")
    recorder.root("scontrol", "suspend", job)
    yield from recorder.until(job, "SUSPENDED")
    recorder.write(name, "Suspended by an administrator")
    recorder.root("scancel", job)


def node_fails(recorder: Recorder, name: str) -> Step:
    """The node's plug is pulled under one job that may be put back and one that may not."""
    host = recorder.cluster.hosts["node2"]
    stays = recorder.submit(name, "--nodelist=node2")
    back = recorder.submit(f"{name}-requeued", "--nodelist=node2", "--requeue")
    yield from recorder.until(stays, "RUNNING")
    yield from recorder.until(back, "RUNNING")
    host.kill()
    yield from recorder.until(stays, "NODE_FAIL")
    yield from recorder.accounted(stays)
    recorder.write(name, "The node lost power; the job was not to be put back")
    yield from recorder.until(back, "PENDING")
    told = "The node lost power; Slurm put the job back by itself and it waits for the node"
    recorder.write(f"{name}-requeued", told)
    recorder.keep(
        "nodes-one-down",
        "node1 is idle, node2 does not respond",
        nodes(recorder),
    )
    recorder.root("scancel", back)
    recorder.cluster.power_on("node2")
    while "IDLE" not in recorder.root("sinfo", "--noheader", "-n", "node2", "-o", "%T").upper():
        yield


def full(recorder: Recorder, name: str) -> Step:
    """All CPUs are taken: the next job waits for resources, the one after it for that one."""
    big = recorder.submit(name, "--nodes=2", "--exclusive")
    yield from recorder.until(big, "RUNNING")
    second = recorder.submit(name, "--nodes=2", "--exclusive", "--time=4")
    yield from recorder.until(second, "PENDING", reason="Resources")
    third = recorder.submit(name, "--nodes=2", "--exclusive", "--time=3")
    yield from recorder.until(third, "PENDING", reason="Priority")
    recorder.write(
        name, "The first job has the whole cluster; the second waits for resources, the third behind it"
    )
    recorder.keep("nodes-full", "Both nodes are allocated", nodes(recorder))
    estimate = recorder.ask("maya", "sbatch", "--test-only", "--account=microscopy", "--time=1", "--wrap", "true")
    recorder.keep(
        "estimate", "When a job would start on a full cluster, asked with --test-only", {"answer": estimate}
    )
    recorder.root("scancel", big, second, third)
    yield from recorder.accounted(big)


def preempted(recorder: Recorder, name: str) -> Step:
    """A job of an urgent QOS takes the place of another."""
    victim = recorder.submit(name, "--nodes=2", "--exclusive", "--qos=scavenger")
    yield from recorder.until(victim, "RUNNING")
    urgent = recorder.submit("urgent", "--nodes=2", "--exclusive", "--qos=urgent")
    yield from recorder.until(victim, "PREEMPTED")
    yield from recorder.accounted(victim)
    recorder.write(name, "Ended by Slurm to make room for a job of an urgent QOS")
    recorder.root("scancel", urgent)


def node_drained(recorder: Recorder, name: str) -> Step:
    """A job for a node that an administrator has taken out."""
    recorder.root("scontrol", "update", "NodeName=node2", "State=DRAIN", "Reason=new memory")
    job = recorder.submit(name, "--nodelist=node2")
    yield from recorder.until(job, "PENDING")
    yield
    recorder.write(name, "Wants node2, which an administrator has drained")
    told = "node1 is idle, node2 drained for: new memory"
    recorder.keep("nodes-one-drained", told, nodes(recorder))
    recorder.root("scancel", job)
    recorder.root("scontrol", "update", "NodeName=node2", "State=RESUME")


def partition_down(recorder: Recorder, name: str) -> Step:
    """A partition that takes jobs and starts none."""
    recorder.root("scontrol", "update", "PartitionName=short", "State=DOWN")
    job = recorder.submit(name, "--partition=short", "--time=1")
    yield from recorder.until(job, "PENDING", reason="PartitionDown")
    recorder.write(name, "Waits in a partition that is down")
    recorder.root("scancel", job)
    recorder.root("scontrol", "update", "PartitionName=short", "State=UP")


def refusals(recorder: Recorder, name: str) -> Step:
    """What sbatch and squeue say when they refuse."""
    tries = {
        "account": ("maya", ["--account=nobody-has-this"]),
        "not-my-account": ("ravi", ["--account=microscopy"]),
        "qos": ("maya", ["--account=microscopy", "--qos=nothing"]),
        "partition": ("maya", ["--account=microscopy", "--partition=nothing"]),
        "time": ("maya", ["--account=microscopy", "--partition=short", "--time=60"]),
        "memory": ("maya", ["--account=microscopy", "--mem=900G"]),
        "constraint": ("maya", ["--account=microscopy", "--constraint=nothing"]),
        "gres": ("maya", ["--account=microscopy", "--gres=gpu:9"]),
        "option": ("maya", ["--account=microscopy", "--no-such-option"]),
    }
    said = {
        what: recorder.ask(
            person, "sbatch", "--parsable", "--output=/dev/null", "--chdir=/", *words, "--wrap", "true"
        )
        for what, (person, words) in tries.items()
    }
    held = [recorder.submit(name, "--account=tight", "--hold", person="tom") for _ in range(3)]
    words = ("sbatch", "--parsable", "--account=tight", "--output=/dev/null", "--chdir=/", "--wrap", "true")
    said["too-many"] = recorder.ask("tom", *words)
    recorder.root("scancel", *held)
    said["unknown-job"] = recorder.ask("maya", "squeue", f"--json={recorder.newest}", "-j", "999999")
    said["unknown-job-scontrol"] = recorder.ask(
        "maya", "scontrol", f"--json={recorder.newest}", "show", "job", "999999"
    )
    said["private"] = recorder.ask("ines", "squeue", f"--json={recorder.newest}")
    recorder.keep(name, "What Slurm's commands say when they refuse, by what was asked", {"said": said})
    yield


def controller_away(recorder: Recorder, name: str) -> Step:
    """slurmctld is stopped; then slurmdbd is too."""
    words = ("sbatch", "--parsable", "--account=microscopy", "--output=/dev/null", "--chdir=/", "--wrap", "true")
    said = {}
    recorder.root("systemctl", "stop", "slurmctld")
    said["sbatch"] = recorder.ask("maya", *words)
    said["squeue"] = recorder.ask("maya", "squeue", f"--json={recorder.newest}")
    recorder.root("systemctl", "stop", "slurmdbd")
    said["sacct"] = recorder.ask("maya", "sacct", f"--json={recorder.newest}")
    recorder.root("systemctl", "start", "slurmdbd")
    recorder.root("systemctl", "start", "slurmctld")
    recorder.keep(name, "What Slurm's commands say when the daemons do not answer", {"said": said})
    yield


TOGETHER: dict[str, Scenario] = {
    "timeout": ends(["--time=1"], "sleep 600", "TIMEOUT", "Ran over its limit of one minute"),
    "completed": ends([], "true", "COMPLETED", "Ended with 0", every_parser=True),
    "failed-code": ends([], "exit 3", "FAILED", "Ended with exit code 3", every_parser=True),
    "failed-signal": ends([], "kill -SEGV $$", "FAILED", "Ended by signal 11"),
    "failed-killed": ends([], "kill -KILL $$", "FAILED", "Ended by signal 9, as by the kernel's memory killer"),
    "failed-command": ends([], "no-such-program", "FAILED", "The program does not exist: exit code 127"),
    "deadline": ends(
        ["--deadline=now+90seconds", "--time=1", "--hold"], "true", "DEADLINE", "Was held past its deadline"
    ),
    "running": runs([], "Runs", every_parser=True),
    "running-gpu": runs(["--gres=gpu:2"], "Runs with two GPUs"),
    "running-two-nodes": runs(["--nodes=2", "--ntasks=2"], "Runs on two nodes"),
    "cancelled-by-owner": cancelled("maya", "Cancelled by its owner while it ran"),
    "cancelled-by-owner-waiting": cancelled("maya", "Cancelled by its owner before it started", running=False),
    "cancelled-by-administrator": cancelled("root", "Cancelled by root while it ran"),
    "cancelled-by-coordinator": cancelled("gantry-daemon", "Cancelled by the account's coordinator while it ran"),
    "held-by-owner": waits(["--hold"], "JobHeldUser", "Held by its owner"),
    "held-by-administrator": held_by_administrator,
    "begin-later": waits(["--begin=now+1hour"], "BeginTime", "Is not to start before an hour from now"),
    "qos-jobs-per-user": waits(
        ["--qos=one-at-a-time"],
        "QOSMaxJobsPerUserLimit",
        "The QOS lets a person run one job at a time",
        before=1,
    ),
    "association-jobs": waits(
        ["--account=tight"],
        "AssocMaxJobsLimit",
        "The account lets a person run one job at a time",
        person="tom",
        before=1,
    ),
    "array-held": array_held,
    "array-sparse": array_sparse,
    "array-mixed": array_mixed,
    "columns": columns,
    "dependency": dependency,
    "dependency-never": dependency_never,
    "requeued": requeued,
    "suspended": suspended,
}  # fmt: skip

ALONE: dict[str, Scenario] = {
    "association-gpus": waits(
        ["--account=tight", "--gres=gpu:2"],
        "AssocGrpGRES",
        "The account has one GPU, the job wants two",
        person="tom",
    ),
    "full": full,
    "preempted": preempted,
    "node-drained": node_drained,
    "partition-down": partition_down,
    "refusals": refusals,
    "nodes-mixed": nodes_mixed,
    "reasons": reasons,
    "node-fails": node_fails,
    "controller-away": controller_away,
}  # fmt: skip
