"""At most one run of an attempt, whoever starts it and when."""

import json
from concurrent.futures import ThreadPoolExecutor


def test_of_twenty_jobs_started_at_once_exactly_one_runs(attempt, script):
    made = attempt(script("open('ran', 'a').write('once\\n')"))
    started = [made.start(job_id=str(number)) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda process: process.communicate(timeout=120), started))
    codes = [process.returncode for process in started]
    assert (codes.count(0), codes.count(91)) == (1, 19)
    assert made.text("ran") == "once\n"
    winner = str(codes.index(0))
    assert made.result()["claim"]["job_id"] == winner
    assert json.loads(made.text("claim"))["job_id"] == winner
    assert not [path.name for path in made.folder.iterdir() if path.name.startswith(".")]


def test_a_fence_keeps_a_late_job_from_running(attempt):
    made = attempt(["touch", "ran"])
    fence = {"schema": 1, "by": "fence", "cluster": "local", "job_id": "7", "array_index": None, "restart": 0}
    (made.folder / "claim").write_text(json.dumps(fence))
    refused = made.run("--restart", "1")
    assert refused.returncode == 91
    assert "claimed" in refused.stderr
    assert {path.name for path in made.folder.iterdir()} == {"job.json", "claim"}


def test_an_unreadable_claim_keeps_everybody_out(attempt):
    made = attempt(["touch", "ran"])
    (made.folder / "claim").write_text("{")
    assert made.run().returncode == 91
    assert not (made.folder / "ran").exists()


def test_the_same_start_twice_runs_once(attempt):
    made = attempt(["true"])
    assert made.run().returncode == 0
    assert made.run().returncode == 91


def test_another_task_of_the_same_array_is_a_stranger(attempt):
    made = attempt(["true"])
    assert made.run("--array-index", "1").returncode == 0
    assert made.run("--array-index", "2", "--restart", "1").returncode == 91


def test_a_requeued_job_runs_again_and_the_earlier_run_is_kept_aside(attempt, script):
    made = attempt(
        script(
            "import os\n"
            "print('run')\n"
            "assert not os.listdir('output')\n"
            "open('output/made', 'w').close()\n"
            "open('events.jsonl', 'a').write('{}\\n')\n"
        )
    )
    assert made.run().returncode == 0
    assert made.run("--restart", "1").returncode == 0
    assert made.run("--restart", "2").returncode == 0
    aside = {path.name for path in (made.folder / "restart-0").iterdir()}
    assert aside == {"output", "result.json", "stdout.log", "stderr.log", "events.jsonl"}
    earlier = json.loads((made.folder / "restart-1" / "result.json").read_text())
    assert (earlier["claim"]["restart"], made.result()["claim"]["restart"]) == (1, 2)
    assert made.text("events.jsonl") == "{}\n"


def test_a_lower_restart_comes_too_late(attempt):
    made = attempt(["true"])
    assert made.run("--restart", "2").returncode == 0
    assert made.run("--restart", "1").returncode == 91


def test_of_ten_requeues_at_once_exactly_one_runs(attempt, script):
    made = attempt(script("open('ran', 'a').write('once\\n')"))
    made.run()
    started = [made.start("--restart", "1") for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda process: process.communicate(timeout=120), started))
    codes = [process.returncode for process in started]
    assert (codes.count(0), codes.count(91)) == (1, 9)
    assert made.text("ran") == "once\nonce\n"


def test_a_link_in_the_place_of_the_earlier_runs_folder_is_not_followed(attempt, tmp_path, script):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    made = attempt(
        script(f"import os; os.path.lexists('restart-0') or os.symlink({str(elsewhere)!r}, 'restart-0')")
    )
    made.run()
    assert made.run("--restart", "1").returncode == 0
    assert list(elsewhere.iterdir()) == []
    assert (made.folder / "restart-0.2" / "result.json").is_file()
