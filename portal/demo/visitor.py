"""A browser without JavaScript, as small as the walk needs: follows links, fills in forms, keeps its cookies."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

from portal.errors import PortalError

TIMEOUT_S = 20.0


class LostError(PortalError):
    """A page does not hold what the walk expects there."""


@dataclass
class Form:
    """One form of a page: where it goes and what stands in it."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page:
    """A page's address, its links (address, text) and its forms."""

    url: str
    html: str
    links: list[tuple[str, str]] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    def link(self, *, text: str = "", path: str = "") -> str:
        """The address of the first link with this very text, else one that holds it. Raises LostError."""
        fitting = [(words != text, address) for address, words in self.links if text in words and path in address]
        if fitting:
            _, address = min(fitting, key=lambda link: link[0])
            return urljoin(self.url, address)
        raise LostError(f"{self.url} has no link “{text}{path}”.")

    def form(self, action: str, **values: str) -> Form:
        """The first form that goes to `action` and holds these values. Raises LostError."""
        for form in self.forms:
            if action in form.action and all((name, value) in form.values for name, value in values.items()):
                return form
        raise LostError(f"{self.url} has no form for {action}.")


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._link: str | None = None
        self._words: list[str] = []
        self._select: str | None = None
        self._first: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        match tag:
            case "a" if "href" in found:
                self._link, self._words = found["href"], []
            case "form":
                self.page.forms.append(
                    Form(urljoin(self.page.url, found.get("action", "")), found.get("method", "get"))
                )
            case "input" if self.page.forms and "name" in found:
                self._input(found)
            case "select" if self.page.forms and "name" in found:
                self._select, self._first = found["name"], None
            case "option" if self._select:
                self._option(found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            self.page.links.append((self._link, " ".join("".join(self._words).split())))
            self._link = None
        if tag == "select" and self._select:
            if self._first is not None:
                self.page.forms[-1].values.append((self._select, self._first))
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._link is not None:
            self._words.append(data)

    def _input(self, found: dict[str, str]) -> None:
        kind = found.get("type", "text")
        if kind in ("checkbox", "radio") and "checked" not in found:
            return
        if kind not in ("submit", "button", "file") and "disabled" not in found:
            self.page.forms[-1].values.append((found["name"], found.get("value", "")))

    def _option(self, found: dict[str, str]) -> None:
        # The chosen option, or else the first: what a browser would send.
        assert self._select is not None
        if "selected" in found:
            self.page.forms[-1].values.append((self._select, found.get("value", "")))
            self._select = None
        elif self._first is None:
            self._first = found.get("value", "")


class Visitor:
    """One person's browser."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy of the machine between us and our own server

    def open(self, address: str, **query: str) -> Page:
        """The page at an address (absolute, or beneath the portal's). Raises LostError for an error page."""
        return self._page(self._http.get(urljoin(self.url, address), params=query, timeout=TIMEOUT_S))

    def send(self, form: Form, **values: str) -> Page:
        """Send a form with some of its values replaced, and follow where it leads."""
        sent = [(name, value) for name, value in form.values if name not in values] + list(values.items())
        return self._page(self._http.request(form.method, form.action, data=sent, timeout=TIMEOUT_S))

    def download(self, address: str) -> bytes:
        """The bytes at an address. Raises LostError."""
        answer = self._http.get(urljoin(self.url, address), timeout=TIMEOUT_S)
        if not answer.ok:
            raise LostError(f"{answer.url} answers {answer.status_code}.")
        return answer.content

    def json(self, address: str) -> dict[str, Any]:
        """What the API answers to this browser's sign-in, which may only read. Raises LostError."""
        answer = self._http.get(urljoin(self.url, address), timeout=TIMEOUT_S)
        if not answer.ok:
            raise LostError(f"{answer.url} answers {answer.status_code}.", detail=answer.text[:2000])
        found: dict[str, Any] = answer.json()
        return found

    @staticmethod
    def _page(answer: requests.Response) -> Page:
        if not answer.ok:
            raise LostError(f"{answer.url} answers {answer.status_code}.", detail=answer.text[:2000])
        page = Page(answer.url, answer.text)
        _Reader(page).feed(answer.text)
        return page
