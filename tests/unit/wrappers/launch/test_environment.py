"""What a program finds around it."""

import json
import os
import stat
import sys

import pytest

SHOW = (
    "import json, os, signal, sys\n"
    "def blocked(name): return [n for n in range(1, 32) if signal.getsignal(n) == signal.SIG_IGN]\n"
    "json.dump({'env': dict(os.environ), 'cwd': os.getcwd(), 'sid': os.getsid(0), 'pid': os.getpid(),\n"
    "           'fds': sorted(os.listdir('/proc/self/fd')), 'status': open('/proc/self/status').read(),\n"
    "           'stdin': os.readlink('/proc/self/fd/0')}, open('output/seen.json', 'w'))\n"
)


def seen(made):
    assert made.run().returncode == 0
    return json.loads(made.text("output/seen.json"))


def test_the_environment_is_built_from_nothing(attempt, script):
    made = attempt(script(SHOW), resources={"cpus": 3})
    made.environment = {
        "https_proxy": "http://x",
        "SECRET": "s",
        "LD_PRELOAD": "",
        "SLURM_JOB_ID": "7",
        "SLURM_X": "y",
    }
    environment = seen(made)["env"]
    environment.pop("LC_CTYPE", None)
    folder = str(made.folder)
    assert set(environment) <= {
        *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONNOUSERSITE"),
        *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GANTRY_JOB", "GANTRY_FOLDER", "CUDA_VISIBLE_DEVICES"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
        *("NUMBA_NUM_THREADS", "SLURM_JOB_ID"),
    }
    assert (environment["HOME"], environment["TMPDIR"]) == (f"{folder}/tmp", f"{folder}/tmp")
    assert (environment["GANTRY_FOLDER"], environment["GANTRY_JOB"]) == (folder, f"{folder}/job.json")
    assert (environment["OMP_NUM_THREADS"], environment["SLURM_JOB_ID"]) == ("3", "7")


def test_a_device_is_seen_only_where_one_was_granted(attempt, script, tmp_path):
    for name, gpus, expected, devices in (("without", 0, "", []), ("with", 2, "0,1", ["0", "1"])):
        made = attempt(script(SHOW), folder=tmp_path / name, resources={"gpus": gpus})
        made.environment = {"CUDA_VISIBLE_DEVICES": "0,1"}
        assert seen(made)["env"]["CUDA_VISIBLE_DEVICES"] == expected
        assert made.result()["devices"] == devices


def test_the_program_is_in_a_session_of_its_own_with_clean_signals_and_descriptors(attempt, script):
    found = seen(attempt(script(SHOW)))
    assert found["sid"] == found["pid"]
    assert found["stdin"] == "/dev/null"
    # 0, 1, 2, and the two that the program has open itself while it looks.
    assert len(found["fds"]) <= 5
    ignored = next(line.split()[1] for line in found["status"].splitlines() if line.startswith("SigIgn"))
    # Python ignores SIGPIPE (13) and SIGXFSZ (25) by itself.
    assert int(ignored, 16) == (1 << 12) | (1 << 24)
    blocked = next(line.split()[1] for line in found["status"].splitlines() if line.startswith("SigBlk"))
    assert int(blocked, 16) == 0


def test_the_program_works_in_the_attempts_folder(attempt, script):
    made = attempt(script(SHOW))
    assert seen(made)["cwd"] == str(made.folder)


def test_a_file_in_the_folder_cannot_pose_as_a_library(attempt):
    made = attempt(program={"module": "launch"})
    (made.folder / "argparse.py").write_text("raise SystemExit(77)")
    assert made.run().returncode == 2


def test_what_launch_makes_can_be_read_by_the_folders_group(attempt, script):
    made = attempt(script("open('output/made', 'w').close()"))
    made.folder.chmod(0o2750)
    made.environment = {"PYTHONDONTWRITEBYTECODE": "1"}
    earlier = os.umask(0o077)
    try:
        made.run()
    finally:
        os.umask(earlier)
    modes = {name: stat.S_IMODE((made.folder / name).stat().st_mode) for name in ("output", "output/made")}
    assert modes == {"output": 0o2750, "output/made": 0o640}
    for name in ("claim", "stdout.log", "stderr.log", "result.json"):
        assert stat.S_IMODE((made.folder / name).stat().st_mode) == 0o640


def test_the_temporary_folder_is_removed_and_no_link_followed(attempt, script, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").write_text("kept")
    made = attempt(
        script(
            "import os\n"
            "os.makedirs('tmp/deep/er'); open('tmp/deep/file', 'w').close(); os.mkfifo('tmp/fifo')\n"
            f"os.symlink({str(precious)!r}, 'tmp/link'); os.symlink({str(precious)!r}, 'tmp/deep/er/link')\n"
            "os.chmod('tmp/deep/er', 0); os.chmod('tmp/deep', 0)\n"
        )
    )
    assert made.run().returncode == 0
    assert not (made.folder / "tmp").exists()
    assert (precious / "data").read_text() == "kept"


def test_a_link_in_the_place_of_the_temporary_folder_is_only_unlinked(attempt, script, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").write_text("kept")
    made = attempt(script(f"import os; os.rmdir('tmp'); os.symlink({str(precious)!r}, 'tmp')"))
    assert made.run().returncode == 0
    assert not os.path.lexists(made.folder / "tmp")
    assert (precious / "data").read_text() == "kept"


def test_variables_of_the_job_type_are_the_programs_and_a_missing_one_is_not_set(attempt):
    code = "import json, os; print(json.dumps([dict(os.environ), os.getcwd()]))"
    program = {
        "command": [sys.executable, "-c", code],
        "environment": {
            "OMP_NUM_THREADS": {"resource": "cpus"},
            "MODE": {"text": ["m-", {"option": "mode"}]},
            "NOTHING": {"option": "absent"},
            "PLAIN": "a b",
        },
        "working_folder": "output",
    }
    made = attempt(program=program, options={"mode": "fast"}, resources={"cpus": 3})
    assert made.run().returncode == 0, made.text("stderr.log")
    environment, folder = json.loads(made.text("stdout.log"))
    assert {name: environment.get(name) for name in program["environment"]} == {
        "OMP_NUM_THREADS": "3",
        "MODE": "m-fast",
        "NOTHING": None,
        "PLAIN": "a b",
    }
    assert folder == str(made.folder / "output")


def test_scratch_is_gone_at_the_end(attempt):
    program = {"command": ["sh", "-c", "echo x > left; pwd"], "working_folder": "scratch"}
    made = attempt(program=program)
    assert made.run().returncode == 0
    assert made.text("stdout.log").strip() == str(made.folder / "tmp")
    assert not (made.folder / "tmp").exists()


@pytest.mark.parametrize(
    "name", ["PATH", "LD_PRELOAD", "PYTHONPATH", "GANTRY_JOB", "APPTAINER_BIND", "A B", "A=B"]
)
def test_launch_sets_none_of_its_own_variables_for_a_job_type(attempt, name):
    made = attempt(program={"command": ["true"], "environment": {name: "x"}})
    finished = made.run()
    assert finished.returncode == 90
    assert "no variable that a job may set" in finished.stderr
