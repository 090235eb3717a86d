"""Time, memory, signals from outside, and programs that try to stay."""

import os
import signal
import time
from pathlib import Path

import pytest

# Writes its pid, then ignores what can be ignored.
STUBBORN = (
    "import os, signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "open('pid.new', 'w').write(str(os.getpid())); os.rename('pid.new', 'pid')\n"
    "while True: time.sleep(60)\n"
)
POLITE = (
    "import os, signal, sys, time\n"
    "def bye(number, frame):\n"
    "    open('output/partial', 'w').close(); sys.exit(3)\n"
    "signal.signal(signal.SIGTERM, bye); signal.signal(signal.SIGUSR1, bye)\n"
    "open('pid.new', 'w').write(str(os.getpid())); os.rename('pid.new', 'pid')\n"
    "while True: time.sleep(60)\n"
)
# Two forks and a session of its own: nobody's child any more, were there no adopter.
DAEMON = (
    "import os, signal, sys, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "        open('pid.new', 'w').write(str(os.getpid())); os.rename('pid.new', 'pid')\n"
    "        while True: time.sleep(60)\n"
    "    os._exit(0)\n"
    "while not os.path.exists('pid'): time.sleep(0.01)\n"
)


def pid_of(made):
    path = made.folder / "pid"
    return int(path.read_text()) if path.exists() else None


def test_a_program_over_its_time_is_asked_then_killed(attempt, script, is_running):
    # Asked at five seconds: until then it has started and ignores the signal, on a busy machine too.
    made = attempt(script(STUBBORN), resources={"time_s": 6, "grace_s": 1})
    assert made.run().returncode == 128 + signal.SIGKILL
    result = made.result()
    assert (result["exit_code"], result["signal"], result["reason"]) == (None, signal.SIGKILL, "time")
    assert not is_running(pid_of(made))


def test_a_program_over_its_time_may_put_its_things_away(attempt, script):
    made = attempt(script(POLITE), resources={"time_s": 10, "grace_s": 30})
    assert made.run().returncode == 3
    assert (made.result()["exit_code"], made.result()["reason"]) == (3, "time")
    assert (made.folder / "output" / "partial").exists()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_from_outside_reaches_the_program(attempt, script, wait_for, signum):
    source = POLITE.replace("signal.SIGUSR1, bye)", "signal.SIGUSR1, bye); signal.signal(signal.SIGINT, bye)")
    made = attempt(script(source), resources={"grace_s": 30})
    process = made.start()
    wait_for(lambda: pid_of(made))
    process.send_signal(signum)
    assert process.wait(60) == 3
    assert (made.result()["exit_code"], made.result()["reason"]) == (3, "cancelled")


def test_a_program_that_has_the_signal_before_launch_was_cancelled_all_the_same(attempt, script, wait_for):
    made = attempt(script(POLITE.replace("signal.SIGTERM, bye", "signal.SIGTERM, signal.SIG_DFL")))
    process = made.start()
    pid = wait_for(lambda: pid_of(made))
    process.send_signal(signal.SIGSTOP)
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    process.terminate()
    process.send_signal(signal.SIGCONT)
    assert process.wait(60) == 128 + signal.SIGTERM
    assert (made.result()["signal"], made.result()["reason"]) == (signal.SIGTERM, "cancelled")


def test_a_program_that_ends_itself_by_that_signal_was_not_cancelled(attempt, script):
    made = attempt(script("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"))
    assert made.run().returncode == 128 + signal.SIGTERM
    assert (made.result()["signal"], made.result()["reason"]) == (signal.SIGTERM, None)


def test_signals_blocked_by_whoever_started_launch_are_heard(attempt, script, wait_for):
    made = attempt(script(POLITE), resources={"grace_s": 30})
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        process = made.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    wait_for(lambda: pid_of(made))
    process.terminate()
    assert process.wait(60) == 3


def test_a_program_that_ignores_the_signal_is_killed_after_the_grace(attempt, script, wait_for, is_running):
    made = attempt(script(STUBBORN), resources={"grace_s": 0.5})
    process = made.start()
    pid = wait_for(lambda: pid_of(made))
    process.terminate()
    assert process.wait(60) == 128 + signal.SIGKILL
    assert (made.result()["signal"], made.result()["reason"]) == (signal.SIGKILL, "cancelled")
    assert not is_running(pid)


def test_a_stopped_program_is_ended_all_the_same(attempt, script, wait_for, is_running):
    made = attempt(script(POLITE), resources={"grace_s": 0.5})
    process = made.start()
    pid = wait_for(lambda: pid_of(made))
    os.kill(pid, signal.SIGSTOP)
    process.terminate()
    assert process.wait(60) == 128 + signal.SIGKILL
    assert not is_running(pid)


def test_a_program_that_forks_away_leaves_nothing_running(attempt, script, is_running):
    made = attempt(script(DAEMON))
    assert made.run().returncode == 0
    assert not is_running(pid_of(made))
    assert made.result()["exit_code"] == 0


def test_a_program_that_forks_without_end_leaves_nothing_running(attempt, script, is_running):
    # Each process lives for a moment and leaves one child in a session of its own.
    made = attempt(
        script(
            "import os, time\n"
            "if os.fork():\n"
            "    time.sleep(0.3); raise SystemExit(0)\n"
            "while True:\n"
            "    os.setsid() if os.getsid(0) != os.getpid() else None\n"
            "    open('pid', 'w').write(str(os.getpid()))\n"
            "    time.sleep(0.005)\n"
            "    if os.fork(): os._exit(0)\n"
        )
    )
    assert made.run().returncode == 0
    last = made.text("pid")
    time.sleep(0.1)
    assert made.text("pid") == last
    assert not last or not is_running(int(last))


def test_cancelling_ends_what_forked_away_too(attempt, script, wait_for, is_running):
    made = attempt(script(DAEMON + "time.sleep(600)\n"))
    process = made.start()
    pid = wait_for(lambda: pid_of(made))
    process.terminate()
    assert process.wait(60) == 128 + signal.SIGTERM
    assert not is_running(pid)


def keeper_of(launch_pid):
    return int(Path(f"/proc/{launch_pid}/task/{launch_pid}/children").read_text().split()[0])


def test_when_launch_is_killed_its_program_and_descendants_end(attempt, script, wait_for, is_running):
    made = attempt(script(DAEMON + "open('main', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"))
    process = made.start()
    main = int(wait_for(lambda: (made.folder / "main").exists() and made.text("main")))
    keeper = keeper_of(process.pid)
    process.kill()
    process.wait(60)
    wait_for(lambda: not (is_running(main) or is_running(pid_of(made)) or is_running(keeper)))
    assert not (made.folder / "result.json").exists()


def test_when_the_keeper_is_killed_launch_ends_the_rest_and_says_so(attempt, script, wait_for, is_running):
    made = attempt(script(DAEMON + "open('main', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"))
    process = made.start()
    main = int(wait_for(lambda: (made.folder / "main").exists() and made.text("main")))
    os.kill(keeper_of(process.pid), signal.SIGKILL)
    assert process.wait(60) == 128 + signal.SIGKILL
    assert not is_running(main)
    assert not is_running(pid_of(made))
    assert "ended from outside" in made.result()["detail"]


def test_how_a_program_ended_is_known_though_the_keeper_was_killed_before_it_could_tell(attempt, script, wait_for):
    made = attempt(script(POLITE))
    process = made.start()
    program = wait_for(lambda: pid_of(made))
    keeper = keeper_of(process.pid)
    os.kill(keeper, signal.SIGSTOP)
    os.kill(program, signal.SIGSEGV)
    wait_for(lambda: Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    os.kill(keeper, signal.SIGKILL)
    assert process.wait(60) == 128 + signal.SIGSEGV
    assert (made.result()["signal"], made.result()["reason"]) == (signal.SIGSEGV, None)
    assert "ended from outside" in made.result()["detail"]


@pytest.mark.slow
def test_a_keeper_that_hangs_is_given_up(attempt, script, wait_for, is_running):
    made = attempt(script(STUBBORN), resources={"time_s": 10})
    process = made.start()
    pid = wait_for(lambda: pid_of(made))
    os.kill(keeper_of(process.pid), signal.SIGSTOP)
    assert process.wait(120) == 128 + signal.SIGKILL
    assert made.result()["reason"] == "time"
    assert not is_running(pid)


def test_a_cancel_at_the_very_beginning_is_not_lost(attempt, script, wait_for):
    made = attempt(script("import time; time.sleep(600)"))
    process = made.start()
    wait_for(lambda: (made.folder / "claim").exists())
    process.terminate()
    # Before the program was started, or just after: both are the same to people.
    assert process.wait(60) in (95, 128 + signal.SIGTERM)
    assert made.result()["reason"] == "cancelled"


HUNGRY = "import time; taken = bytearray(300 * 1024 * 1024); time.sleep(600)"


def test_a_program_over_its_memory_is_ended_where_launch_enforces_it(attempt, script):
    made = attempt(script(HUNGRY), resources={"memory_mb": 100})
    assert made.run("--enforce-memory").returncode == 128 + signal.SIGKILL
    result = made.result()
    assert (result["reason"], result["memory_limit_bytes"]) == ("memory", 100 * 1024 * 1024)
    assert result["memory_peak_bytes"] > result["memory_limit_bytes"]


def test_memory_is_only_measured_where_the_scheduler_enforces_it(attempt, script):
    made = attempt(script(HUNGRY.replace("600", "0.5")), resources={"memory_mb": 100})
    assert made.run().returncode == 0
    result = made.result()
    assert result["reason"] is None
    assert result["memory_peak_bytes"] > 300 * 1024 * 1024


def test_a_program_killed_over_its_memory_by_others_is_explained(attempt, script):
    source = HUNGRY.replace("time.sleep(600)", "import os; os.kill(os.getpid(), 9)")
    made = attempt(script(source), resources={"memory_mb": 100})
    assert made.run().returncode == 128 + signal.SIGKILL
    assert made.result()["reason"] == "memory"


def test_memory_shared_by_several_processes_counts_once(attempt, script):
    made = attempt(
        script(
            "import os, time\n"
            "shared = bytearray(b'x') * (200 * 1024 * 1024)\n"
            "for _ in range(3):\n"
            "    if os.fork() == 0: time.sleep(1.5); os._exit(0)\n"
            "time.sleep(1)\n"
        ),
        resources={"memory_mb": 400},
    )
    assert made.run("--enforce-memory").returncode == 0
    assert made.result()["memory_peak_bytes"] < 300 * 1024 * 1024
