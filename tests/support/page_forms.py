"""What a browser would send of a form on a page, as the page stands."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class PageForm:
    """A form: where it is sent, its fields in their order, and its buttons with a name or address of their own."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        """What it would send under this name; the last of several."""
        return next((text for one, text in reversed(self.fields) if one == name), None)

    def data(self, **changed: str | None) -> dict[str, list[str]]:
        """What is sent, with some fields typed otherwise; None: left out. `__` in a name stands for a point."""
        sent: dict[str, list[str]] = {}
        for name, text in self.fields:
            sent.setdefault(name, []).append(text)
        for name, other in changed.items():
            sent.pop(name.replace("__", "."), None)
            if other is not None:
                sent[name.replace("__", ".")] = [other]
        return sent


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._form: PageForm | None = None
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of: dict[str, Any] = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = PageForm(of.get("action", ""))
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "input" and of.get("name") and "disabled" not in of:
            if of.get("type") not in {"checkbox", "radio"} or "checked" in of:
                self._form.fields.append((of["name"], of.get("value", "on")))
        elif tag == "select":
            self._select, self._options = of.get("name"), []
        elif tag == "option":
            self._options.append((of.get("value", ""), "selected" in of))
        elif tag == "button" and (of.get("name") or of.get("formaction")):
            self._form.buttons.append(of)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select" and self._form is not None and self._select:
            chosen = [value for value, selected in self._options if selected]
            first = [value for value, _selected in self._options[:1]]
            self._form.fields += [(self._select, value) for value in chosen or first]
            self._select = None


def form_on(html: str, action: str) -> PageForm:
    """The form of a page that is sent to `action`."""
    reader = _Reader()
    reader.feed(html)
    return next(one for one in reader.forms if one.action == action)
