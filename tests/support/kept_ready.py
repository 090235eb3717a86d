"""Programs kept ready: one process imports what they import, and each run is a fork of it.

Most of a short program's time goes to imports. A run is a process of its own all the same: what it changes, and
how it ends, no other one sees.
"""

import atexit
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

# A child leaves the loop, and its program runs at the top of the process: it ends as any other does.
SERVER = """
import json, os, signal, sys, warnings
exec(sys.argv[1], {})
for line in sys.stdin:
    order = json.loads(line)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # libraries' idle threads
        child = os.fork()
    if child == 0:
        break
    late = []
    signal.signal(signal.SIGALRM, lambda *_: (late.append(True), os.kill(child, signal.SIGKILL)))
    signal.alarm(order["timeout_s"])
    ended = os.waitpid(child, 0)[1]
    signal.alarm(0)
    print(json.dumps(None if late else os.waitstatus_to_exitcode(ended)), flush=True)
else:
    os._exit(0)
signal.signal(signal.SIGALRM, signal.SIG_DFL)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for number, name in ((1, "out"), (2, "err")):
    os.dup2(os.open(order[name], os.O_WRONLY), number)
os.chdir(order["cwd"])
os.environ.clear()
os.environ.update(order["environment"])
sys.argv = ["-c", *order["arguments"]]
exec(order["program"], {"__name__": "__main__"})
"""


class Ready:
    """A process that has run `imports`, started when it is first needed, and forks for each program."""

    def __init__(self, python: Path | str, imports: str, environment: Mapping[str, str]) -> None:
        self._command = [python, "-P", "-c", SERVER, imports]
        self._environment = dict(environment)
        self._server: subprocess.Popen[str] | None = None

    def run(
        self,
        program: str,
        arguments: Sequence[str | Path] = (),
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: int = 240,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program (its text): its code and what it printed. One that is late is ended: TimeoutExpired."""
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            out.touch()
            err.touch()
            order = {
                "program": program,
                "arguments": [str(one) for one in arguments],
                "environment": dict(self._environment if environment is None else environment),
                "cwd": str(cwd or Path.cwd()),
                "out": str(out),
                "err": str(err),
                "timeout_s": timeout_s,
            }
            code = self._ask(json.dumps(order))
            if code is None:
                raise subprocess.TimeoutExpired(program, timeout_s)
            said, words = (path.read_text(encoding="utf-8") for path in (out, err))
        return subprocess.CompletedProcess([program], code, said, words)

    def _ask(self, order: str) -> int | None:
        if self._server is None:
            self._server = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            atexit.register(self._server.communicate)
        assert self._server.stdin
        assert self._server.stdout
        try:
            self._server.stdin.write(order + "\n")
            self._server.stdin.flush()
            answer = self._server.stdout.readline()
        except BaseException:  # a test's own time limit: the next answer would be taken for the next program's
            self._server.kill()
            self._server = None
            raise
        assert answer, "the process that keeps programs ready has ended"
        code = json.loads(answer)
        return None if code is None else int(code)
