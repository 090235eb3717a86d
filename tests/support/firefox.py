"""Debian's Firefox, driven by WebDriver BiDi: Playwright's own Firefox is none that Debian has."""

import base64
import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from websocket import WebSocket

PROGRAM: Final = Path("/usr/bin/firefox-esr")
PATIENCE_S: Final = 60.0
PREFERENCES: Final[dict[str, object]] = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "extensions.update.enabled": False,
    "app.normandy.enabled": False,
    "toolkit.telemetry.server": "",
    "signon.rememberSignons": False,
}
"""Nothing is asked of anybody outside this machine."""


class FirefoxError(Exception):
    """What Firefox refused."""


class Firefox:
    """One Firefox with one tab in use; addresses are whole."""

    def __init__(self, profile: Path, *, more: dict[str, object] | None = None) -> None:
        """Start it with a new profile in this folder. Raises OSError where it does not come up."""
        profile.mkdir(parents=True)
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in (PREFERENCES | (more or {})).items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        log = (profile / "firefox.log").open("wb")
        self._process = subprocess.Popen(
            [PROGRAM, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(profile),
             "--width", "1280", "--height", "900", "about:blank"],
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        log.close()
        try:
            self._wire = WebSocket(_port(profile / "firefox.log"), "/session", timeout=PATIENCE_S)
        except BaseException:
            self._process.kill()
            raise
        self._number = 0
        self.ask("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self.tab = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    def end(self) -> None:
        """End the process, whatever it does."""
        self._wire.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, method: str, **parameters: Any) -> Any:
        """The result of one command. Raises FirefoxError."""
        self._number += 1
        self._wire.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._wire.receive())
            if answer.get("id") != self._number:
                continue  # an event, or the late answer to what is no longer waited for
            if answer["type"] == "error":
                raise FirefoxError(f"{method}: {answer['error']}: {answer['message']}")
            return answer["result"]

    def open(self, url: str) -> None:
        """Go there, until the page has loaded."""
        self.ask("browsingContext.navigate", context=self.tab, url=url, wait="complete")

    def reload(self) -> None:
        """Load the page anew."""
        self.ask("browsingContext.reload", context=self.tab, wait="complete")

    def go(self, steps: int) -> None:
        """Back (-1) or Forward (1), until the address is another and the page has loaded."""
        before = self.js("window.left = true, location.href")
        self.ask("browsingContext.traverseHistory", context=self.tab, delta=steps)
        self.until(f"document.readyState === 'complete' && location.href !== {json.dumps(before)}")

    def js(self, expression: str) -> Any:
        """The value of an expression of the page: a string, number, boolean, list of these, or None."""
        wrapped = f"(async () => JSON.stringify(await ({expression})) ?? 'null')()"
        answer = self.ask(
            "script.evaluate",
            expression=wrapped,
            target={"context": self.tab},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise FirefoxError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def until(self, expression: str, *, seconds: float = PATIENCE_S) -> None:
        """Wait until an expression of the page is true. Raises AssertionError with what the page shows."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.js(f"!!({expression})"):
                    return
            except FirefoxError:
                pass  # between two pages there is nothing to ask
            time.sleep(0.05)
        raise AssertionError(
            f"not within {seconds:.0f} s: {expression}\n{self.js('document.body.innerText.slice(0, 2000)')}"
        )

    def click(self, selector: str, *, shift: bool = False) -> None:
        """Click the middle of the first element like this, as a person would."""
        self.until(f"document.querySelector({json.dumps(selector)})")
        x, y = self.js(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoView({block: 'center'}); const box = one.getBoundingClientRect();"
            "return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)] })()"
        )
        mouse = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        keys = [{"type": "keyDown", "value": "\ue008"}, {"type": "pause"}, {"type": "keyUp", "value": "\ue008"}]
        actions = [{"type": "pointer", "id": "mouse", "actions": [{"type": "pause"}] * shift + mouse}]
        if shift:
            keys = [keys[0], *[{"type": "pause"}] * 3, keys[2]]
            actions.append({"type": "key", "id": "keys", "actions": keys})
        self.ask("input.performActions", context=self.tab, actions=actions)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        keys = [
            one
            for letter in text
            for one in ({"type": "keyDown", "value": letter}, {"type": "keyUp", "value": letter})
        ]
        self.ask(
            "input.performActions", context=self.tab, actions=[{"type": "key", "id": "keys", "actions": keys}]
        )

    @contextmanager
    def copied_tab(self) -> Iterator[None]:
        """Another tab with the same address and a copy of the tab's own storage, as long as this lasts."""
        before, first = {one["context"] for one in self._tabs()}, self.tab
        self.js("window.open(location.href) !== null")
        end = time.monotonic() + PATIENCE_S
        while not (fresh := [one["context"] for one in self._tabs() if one["context"] not in before]):
            if time.monotonic() > end:
                raise AssertionError("no tab was opened")
            time.sleep(0.05)
        self.tab = fresh[0]
        try:
            self.until("location.href !== 'about:blank' && document.readyState === 'complete'")
            yield
        finally:
            self.ask("browsingContext.close", context=self.tab)
            self.tab = first

    def _tabs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("browsingContext.getTree", maxDepth=0)["contexts"]
        return found

    def picture(self, path: Path) -> None:
        """What the tab shows, as a PNG."""
        shown = self.ask("browsingContext.captureScreenshot", context=self.tab)
        path.write_bytes(base64.b64decode(shown["data"]))


def _port(log: Path) -> int:
    """Where Firefox listens, as it says itself."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = re.search(r"WebDriver BiDi listening on ws://127\.0\.0\.1:(\d+)", log.read_text(errors="replace"))
        if found:
            return int(found.group(1))
        time.sleep(0.1)
    raise OSError(f"Firefox does not come up: {log.read_text(errors='replace')[-2000:]}")
