"""What launch makes of each way a program can end."""

import json
import signal


def test_a_program_that_succeeds_leaves_a_result_and_its_logs(attempt, script):
    made = attempt(script("import sys; print('out'); print('err', file=sys.stderr)"))
    assert made.run().returncode == 0
    result = made.result()
    assert (result["exit_code"], result["signal"], result["reason"]) == (0, None, None)
    assert result["attempt"] == "5f2d8a3c-6a43-4f0c-9d8e-0d8d51f0a002"
    assert result["job_sha256"] == made.sha256
    assert result["claim"] == {"cluster": "local", "job_id": "7", "array_index": None, "restart": 0}
    assert result["runner"] == "environment"
    assert (made.text("stdout.log"), made.text("stderr.log")) == ("out\n", "err\n")
    assert result["log"] == {
        "stdout_bytes": 4,
        "stderr_bytes": 4,
        "stdout_truncated": False,
        "stderr_truncated": False,
    }


def test_the_folder_holds_only_what_the_contract_names(attempt):
    made = attempt(["true"])
    made.run()
    names = {path.name for path in made.folder.iterdir()}
    assert names == {"job.json", "claim", "stdout.log", "stderr.log", "output", "result.json"}


def test_the_exit_code_of_the_program_is_the_exit_code_of_launch(attempt, script):
    made = attempt(script("raise SystemExit(17)"))
    assert made.run().returncode == 17
    assert made.result()["exit_code"] == 17


def test_a_program_ended_by_a_signal_is_reported_as_such(attempt, script):
    made = attempt(script("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert made.run().returncode == 128 + signal.SIGSEGV
    assert (made.result()["exit_code"], made.result()["signal"]) == (None, signal.SIGSEGV)


def test_a_program_that_is_not_there_is_exit_95(attempt):
    made = attempt(["no-such-program"])
    assert made.run().returncode == 95
    result = made.result()
    assert (result["exit_code"], result["reason"]) == (95, "start")
    assert "no-such-program" in result["detail"]


def test_a_module_that_is_not_there_is_exit_95(attempt):
    made = attempt(program={"module": "no_such_program"})
    assert made.run().returncode == 95
    assert "wrappers.no_such_program" in made.result()["detail"]


def test_a_module_is_run_with_the_same_python(attempt):
    made = attempt(program={"module": "launch"})
    assert made.run().returncode == 2
    assert "--job-sha256" in made.text("stderr.log")


def test_a_folder_without_the_order_is_exit_90_and_stays_untouched(attempt):
    made = attempt(["true"])
    (made.folder / "job.json").unlink()
    refused = made.run()
    assert refused.returncode == 90
    assert "job.json" in refused.stderr
    assert list(made.folder.iterdir()) == []


def test_a_changed_order_is_exit_90_and_stays_untouched(attempt):
    made = attempt(["true"])
    (made.folder / "job.json").chmod(0o640)
    (made.folder / "job.json").write_text((made.folder / "job.json").read_text() + " ")
    assert made.run().returncode == 90
    assert [path.name for path in made.folder.iterdir()] == ["job.json"]


def test_an_order_of_an_unknown_schema_is_exit_90(attempt):
    made = attempt(["true"], schema=2)
    refused = made.run()
    assert refused.returncode == 90
    assert "schema is 2" in refused.stderr


def test_a_link_in_place_of_the_order_is_exit_90(attempt):
    made = attempt(["true"])
    (made.folder / "job.json").rename(made.folder / "elsewhere.json")
    (made.folder / "job.json").symlink_to("elsewhere.json")
    assert made.run().returncode == 90


def test_cpu_time_and_memory_of_descendants_are_counted(attempt, script):
    made = attempt(
        script(
            "import subprocess, sys\n"
            "child = 'import time; b = bytearray(150_000_000)\\n'\\\n"
            "        'while time.process_time() < 0.5: pass'\n"
            "subprocess.run([sys.executable, '-c', child], check=True)\n"
        )
    )
    assert made.run().returncode == 0
    result = made.result()
    assert result["cpu_s"] >= 0.5
    assert 150_000_000 < result["memory_peak_bytes"] < 400_000_000
    assert result["memory_limit_bytes"] == 2048 * 1024 * 1024


def test_a_forged_result_does_not_survive(attempt, script):
    made = attempt(script("open('result.json', 'w').write('{\"exit_code\": 0}'); raise SystemExit(4)"))
    made.run()
    assert made.result()["exit_code"] == 4


def test_a_directory_in_the_place_of_the_result_does_not_survive(attempt, script):
    made = attempt(script("import os; os.makedirs('result.json/deep')"))
    assert made.run().returncode == 0
    assert made.result()["exit_code"] == 0


def test_the_claim_tells_who_runs(attempt):
    made = attempt(["true"])
    made.run("--array-index", "3", "--restart", "")
    claim = json.loads(made.text("claim"))
    assert (claim["by"], claim["cluster"], claim["job_id"]) == ("launch", "local", "7")
    assert (claim["array_index"], claim["restart"]) == (3, 0)
