"""The web server and the daemon of a demo, started together and ended together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests

from portal.config import Settings
from portal.errors import UnavailableError

START_S = 60.0
STOP_S = 15.0


def free_port(wanted: int, host: str = "127.0.0.1", tries: int = 20) -> int:
    """`wanted` if nobody listens there, else the next free port; 0 picks any. Raises UnavailableError."""
    for port in range(wanted, wanted + tries) if wanted else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    taken = f"Port {wanted} is" if tries == 1 else f"The ports {wanted} to {wanted + tries - 1} are"
    raise UnavailableError(f"{taken} in use or not yours to open. Name another one with --port.")


@dataclass
class Portal:
    """A running pair of web server and daemon. `url` answers once `start` has returned."""

    settings: Settings
    config: Path
    environment: dict[str, str] = field(default_factory=dict)
    web: subprocess.Popen[bytes] | None = None
    daemon: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://{self.settings.web.host}:{self.settings.web.port}"

    def start(self, heed: Callable[[], None] = lambda: None) -> None:
        """Start both and wait until the web answers. Raises UnavailableError with the end of the log.

        `heed` is called while it waits; what it raises ends the wait.
        """
        self.start_daemon()
        self.start_web(heed)

    def start_web(self, heed: Callable[[], None] = lambda: None) -> None:
        """Start the web server alone (again, after a test has ended it), and wait until it answers."""
        command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.web.gunicorn"]
        command += ["--log-level", "warning", "portal.web.wsgi:app"]
        self.web = self._spawn("web", command)
        self._wait_for_web(heed)

    def start_daemon(self) -> None:
        """Start the daemon alone (again, after a test has ended it)."""
        self.daemon = self._spawn("daemon", [sys.executable, "-m", "portal.daemon"])

    def stop_daemon(self) -> None:
        """Ask the daemon to finish its step and end: from now on no job is started."""
        self._end(self.daemon)

    def stop_web(self) -> None:
        """End the web server, which answers first what it was asked already."""
        self._end(self.web)

    def stop(self) -> None:
        """End both. Running jobs go on under their supervisors."""
        self._end(self.daemon)
        self._end(self.web)

    def died(self) -> str | None:
        """A sentence if one of the two has ended by itself."""
        for name, process in (("web", self.web), ("daemon", self.daemon)):
            if process is not None and process.poll() is not None:
                return f"The {name} process ended with code {process.returncode}. Its log: {self._log(name)}"
        return None

    def _log(self, name: str) -> Path:
        folder = self.settings.var / "log"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name}.log"

    def _spawn(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GANTRY_")}
        environment |= {
            "GANTRY_CONFIG": str(self.config),
            "GANTRY_WEB_PORT": str(self.settings.web.port),
            "PYTHONUNBUFFERED": "1",
            **self.environment,
        }
        with self._log(name).open("ab") as log:
            # A session of its own: the terminal's Ctrl-C reaches only us, and we end the two in order.
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )

    def _wait_for_web(self, heed: Callable[[], None]) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            heed()
            if complaint := self.died():
                raise UnavailableError(complaint, detail=self._log("web").read_text(errors="replace")[-2000:])
            try:
                if requests.get(f"{self.url}/healthz", timeout=2).ok:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.05)
        raise UnavailableError(
            f"The web server did not answer within {START_S:.0f} s. Its log: {self._log('web')}"
        )

    @staticmethod
    def _end(process: subprocess.Popen[bytes] | None) -> None:
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
