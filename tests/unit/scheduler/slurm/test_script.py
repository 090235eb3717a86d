"""The batch script and sbatch's options: what is in them, and what cannot get in."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from portal.scheduler.base import JobRequest, SchedulerError
from portal.scheduler.slurm.config import SlurmConfig, parse
from portal.scheduler.slurm.sbatch import _groups
from portal.scheduler.slurm.script import array, options, single, trial

CONFIG = SlurmConfig("gantry")
REQUEST = JobRequest(
    attempt="a",
    name="gantry-6c1c-1",
    person="maya",
    argv=("/usr/bin/python3", "-m", "wrappers.launch", "--folder", "/scratch/a", "--job-sha256", "00ff"),
    folder=Path("/scratch/a"),
    cpus=4,
    memory_mb=2000,
    time_s=3600,
)


def test_a_job_asks_for_what_it_needs_and_for_nothing_else():
    command, _script = single(REQUEST, CONFIG)
    assert command[0] == "sbatch"
    assert set(command[1:]) == {
        "--parsable", "--no-requeue", "--export=NIL", "--input=/dev/null", "--open-mode=append",
        "--job-name=gantry-6c1c-1", "--nodes=1", "--ntasks=1", "--cpus-per-task=4", "--mem=2000M", "--time=60",
        "--chdir=/scratch/a", "--output=/scratch/a/slurm.log",
    }  # fmt: skip


def test_what_the_site_says_goes_into_every_job():
    site = parse({
        "cluster": "gantry", "partition": "main,short", "gpu_partition": "gpu", "account": "portal",
        "accounts": {"tom": "tight"}, "qos": "normal", "constraint": "avx512&(intel|amd)", "gpu": "gpu:a100",
    })  # fmt: skip
    plain, wide = options(REQUEST, site), options(replace(REQUEST, person="tom", gpus=2), site)
    assert {"--partition=main,short", "--account=portal", "--qos=normal"} <= set(plain)
    assert "--constraint=avx512&(intel|amd)" in plain
    assert not any("gres" in word for word in plain)
    assert {"--partition=gpu", "--account=tight", "--gres=gpu:a100:2"} <= set(wide)


def test_licences_are_asked_for_by_slurms_own_words_and_only_those_that_the_site_offers():
    site = parse({"cluster": "gantry", "licences": {"matlab": "matlab@flex", "idl": "idl"}})
    assert not any("licenses" in word for word in options(REQUEST, site))
    words = options(replace(REQUEST, licences=(("matlab", 1), ("idl", 3))), site)
    assert "--licenses=matlab@flex:1,idl:3" in words
    for wrong in ("comsol", "matlab@flex", "matlab:1,idl:900"):
        with pytest.raises(SchedulerError, match="offers no licence by the name of") as told:
            options(replace(REQUEST, licences=((wrong, 1),)), site)
        assert not told.value.retry


@pytest.mark.parametrize("word", ["", "-x", "matlab:2", "matlab,idl", "a b", "matlab@", "@flex", "x" * 200, 3])
def test_a_licence_is_a_name_that_slurm_could_have(word):
    with pytest.raises(ValueError, match="not a licence that Slurm could have"):
        parse({"cluster": "gantry", "licences": {"matlab": word}})


def test_a_kind_of_node_is_asked_for_by_slurms_own_words_and_only_one_that_the_site_offers():
    offered = {"a100": "a100&nvlink", "big": "bigmem"}
    site = parse({"cluster": "gantry", "constraints": offered})
    assert not any("constraint" in word for word in options(REQUEST, site))
    assert "--constraint=a100&nvlink" in options(replace(REQUEST, constraint="a100"), site)
    both = parse({"cluster": "gantry", "constraints": offered, "constraint": "intel|amd"})
    assert "--constraint=(intel|amd)&(bigmem)" in options(replace(REQUEST, constraint="big"), both)
    assert "--constraint=intel|amd" in options(REQUEST, both)
    for wrong in ("h100", "a100&nvlink", "bigmem"):
        with pytest.raises(SchedulerError, match="offers no nodes of the kind") as told:
            options(replace(REQUEST, constraint=wrong), site)
        assert not told.value.retry


@pytest.mark.parametrize("word", ["", "-x", "a b", "a;b", "x" * 300, 3, "a\n"])
def test_features_are_such_that_slurm_could_have(word):
    with pytest.raises(ValueError, match="no features that Slurm could have"):
        parse({"cluster": "gantry", "constraints": {"a100": word}})


def test_jobs_that_need_other_nodes_are_no_array():
    first, second = (replace(REQUEST, index=place, folder=Path(f"/scratch/{place}")) for place in (1, 2))
    assert sorted(_groups({0: first, 1: replace(second, constraint="a100")}, 1001)) == [[0], [1]]


def test_jobs_that_hold_other_licences_are_no_array():
    first, second = (replace(REQUEST, index=place, folder=Path(f"/scratch/{place}")) for place in (1, 2))
    together = {0: first, 1: second}
    assert _groups(together, 1001) == [[0, 1]]
    assert sorted(_groups({0: first, 1: replace(second, licences=(("matlab", 1),))}, 1001)) == [[0], [1]]


def test_ranks_are_tasks_and_share_the_memory():
    words = options(replace(REQUEST, ranks=3, cpus=2, memory_mb=1000, gpus=2), CONFIG)
    assert {"--ntasks=3", "--cpus-per-task=2", "--mem-per-cpu=167M", "--gpus=2"} <= set(words)
    assert not any(word.startswith(("--nodes", "--mem=", "--gres")) for word in words)


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (86400, 1440)])
def test_a_time_limit_is_rounded_up_to_minutes(seconds, minutes):
    assert f"--time={minutes}" in options(replace(REQUEST, time_s=seconds), CONFIG)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "--wrap=id"},
        {"name": "a b"},
        {"name": "a\n#SBATCH --uid=0"},
        {"folder": Path("relative")},
        {"folder": Path("/scratch/%j")},
        {"folder": Path("/scratch/a\nb")},
        {"argv": ("launch", "a\nid")},
        {"argv": ("launch", "a\0b")},
        {"cpus": 0},
        {"ranks": 0},
        {"gpus": -1},
        {"time_s": 0},
    ],
    ids=str,
)
def test_what_could_mean_something_else_to_slurm_is_refused(change):
    with pytest.raises(SchedulerError) as caught:
        single(replace(REQUEST, **change), CONFIG)
    assert not caught.value.retry


@pytest.mark.parametrize(
    "setting",
    [
        {"cluster": "-x"}, {"partition": "a b"}, {"account": "--uid=0"}, {"qos": "a\nb"}, {"gpu": "gpu:a100;id"},
        {"constraint": "$(id)"}, {"accounts": {"maya": "-A"}}, {"commands": "bin"}, {"conf": 5},
        {"data_parser": "v1"}, {"max_array_size": True}, {"timeout_s": 0}, {"canary": "yes"}, {"colour": "red"},
    ],
    ids=str,
)  # fmt: skip
def test_a_setting_that_slurm_could_misread_is_refused(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        parse({"cluster": "gantry"} | setting)


def test_a_cluster_needs_a_name():
    with pytest.raises(ValueError, match="name"):
        parse({})


def run(script: str, folder: Path, **variables: str) -> list[str]:
    """Run a batch script with Slurm's variables; what the program at its end was given."""
    program = folder / "say arguments"
    program.write_text('#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done\n')
    program.chmod(0o700)
    done = subprocess.run(
        ["/bin/sh", "-s"], input=script.encode(), env=variables, cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().splitlines()


HOSTILE = "$(touch bad) `touch bad` '; touch bad; ' \\ \" * ~"


def test_the_script_hands_every_word_on_as_it_is(tmp_path):
    argv = (str(tmp_path / "say arguments"), HOSTILE, "", "--job-sha256", "00ff")
    _command, script = single(replace(REQUEST, argv=argv), CONFIG)
    heard = run(script, tmp_path, SLURM_JOB_ID="17", SLURM_RESTART_COUNT="2")
    assert heard == [*argv[1:], "--cluster", "gantry", "--job-id", "17", "--restart", "2"]
    assert os.listdir(tmp_path) == ["say arguments"]  # noqa: PTH208


def test_a_first_run_has_the_restart_count_zero(tmp_path):
    _command, script = single(replace(REQUEST, argv=(str(tmp_path / "say arguments"),)), CONFIG)
    assert run(script, tmp_path, SLURM_JOB_ID="17")[-2:] == ["--restart", "0"]


def tasks(program: str) -> dict[int, JobRequest]:
    return {
        index: replace(REQUEST, attempt=str(index), argv=(program, "--folder", f"/s/{index} {HOSTILE}"), at_once=2)
        for index in (0, 1, 2, 7)
    }


def test_each_task_of_an_array_gets_its_own_attempt(tmp_path):
    command, script = array(tasks(str(tmp_path / "say arguments")), tmp_path, CONFIG)
    assert "--array=0-2,7%2" in command
    assert f"--output={tmp_path}/%a.log" in command
    for index in (0, 7):
        heard = run(script, tmp_path, SLURM_ARRAY_JOB_ID="40", SLURM_ARRAY_TASK_ID=str(index), SLURM_JOB_ID="47")
        assert heard[:2] == ["--folder", f"/s/{index} {HOSTILE}"]
        assert heard[2:] == [
            "--cluster", "gantry", "--job-id", "40", "--array-index", str(index), "--restart", "0"
        ]  # fmt: skip


def test_a_task_that_is_not_in_the_table_runs_nothing(tmp_path):
    _command, script = array(tasks("/bin/false"), tmp_path, CONFIG)
    done = subprocess.run(
        ["/bin/sh", "-s"], input=script.encode(), env={"SLURM_ARRAY_TASK_ID": "3"}, check=False, cwd=tmp_path
    )
    assert done.returncode == 90


def test_a_trial_submits_nothing():
    command, _script = trial(REQUEST, CONFIG)
    assert command[:2] == ["sbatch", "--test-only"]
    assert "--cpus-per-task=4" in command
