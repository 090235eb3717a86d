"""A browser without scripts, for tests of the editor of drafts."""

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient


class Desk:
    """A browser without scripts, in which somebody works on drafts."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client, self.token, self.address, self.html = client, token, "", ""

    def look(self, address: str, status: int = 200) -> str:
        """Open a page."""
        answer = self.client.get(address)
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        self.address, self.html = address, answer.text
        return self.html

    def send(self, address: str, fields: dict[str, Any], status: int = 303) -> str:
        """Send a form and follow."""
        answer = self.client.post(address, data={"csrf_token": self.token, **fields})
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        if status == 303:
            self.address = str(answer.headers["Location"]).partition("#")[0]
            return self.look(self.address)
        self.html = answer.text
        return self.html

    def make(self, title: str = "Shrink a picture", pasted: str = "") -> int:
        """A new draft; its number."""
        self.send("/analyses/drafts", {"title": title, "pasted": pasted})
        found = re.search(r"/analyses/drafts/(\d+)/", self.address)
        assert found, self.address
        return int(found[1])

    def fields(self) -> dict[str, str]:
        """What the step's form would send."""
        form = re.search(r'<form[^>]*id="draft".*?</form>', self.html, re.DOTALL)
        assert form, self.html
        found: dict[str, str] = {}
        for tag in re.findall(
            r"<(?:input|textarea|select)\b[^>]*name=\"[^\"]*\"[^>]*>(?:[^<]*</textarea>)?", form[0]
        ):
            name = unescape(re.search(r'name="([^"]*)"', tag)[1])  # type: ignore[index]
            if 'type="checkbox"' in tag and " checked" not in tag:
                continue
            value = re.search(r'value="([^"]*)"', tag)
            if tag.startswith("<textarea"):
                found[name] = unescape(re.search(r">([^<]*)</textarea>", tag)[1]).removeprefix("\n")  # type: ignore[index]
            elif value:
                found[name] = unescape(value[1])
        for name, inside in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
            chosen = re.search(r'value="([^"]*)" selected', inside)
            found[name] = unescape(chosen[1]) if chosen else ""
        return found

    def step(self, draft: int, step: str, do: str = "", **changes: str) -> str:
        """Type into a step and save it; names with __ for the dots."""
        self.look(f"/analyses/drafts/{draft}/{step}")
        typed = {f"f.{name.replace('__', '.')}": value for name, value in changes.items()}
        return self.send(
            f"/analyses/drafts/{draft}/{step}", {**self.fields(), **typed, **({"do": do} if do else {})}
        )

    def text(self, draft: int) -> str:
        """The draft's YAML."""
        head, _, text = self.client.get(f"/analyses/drafts/{draft}/file").text.partition("\n")
        assert head.startswith("# yaml-language-server: $schema=http")
        return str(text)
