"""The XML of a job type of IJP, as a bounded tree of names and texts.

The standard library's expat, told to refuse any document type: without one there are no entities but the five of
XML itself, so that nothing is expanded and nothing else is opened.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat  # documents with a DTD are refused below

MOST_BYTES: Final = 1024 * 1024
MOST_ELEMENTS: Final = 5000
DEEPEST: Final = 10
LONGEST: Final = 4000
"""Characters of a text or a value of an attribute."""


class IjpError(ValueError):
    """This is no job type of IJP, or one that is too large; in words."""


@dataclass
class Element:
    """An element: its attributes, its text without what is in others, and the elements in it."""

    name: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    within: list["Element"] = field(default_factory=list)

    def each(self, name: str) -> Iterator["Element"]:
        """The elements of this name in it."""
        return (one for one in self.within if one.name == name)

    def said(self, name: str) -> str:
        """The text of the first element of this name, or else of the attribute; empty where there is none."""
        found = next(self.each(name), None)
        return (found.text if found is not None else self.attributes.get(name, "")).strip()


@dataclass(frozen=True)
class Read:
    """The root element, and the comments directly in it."""

    root: Element
    comments: tuple[str, ...]


def read_ijp(content: bytes) -> Read:
    """What stands in the file. Raises IjpError."""
    if len(content) > MOST_BYTES:
        raise IjpError(f"a job type of IJP has at most {MOST_BYTES // 1024} KiB")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = lambda name, attributes: reader.begins(name, attributes, parser.CurrentLineNumber)
    parser.EndElementHandler = reader.ends
    parser.CharacterDataHandler = reader.text
    parser.CommentHandler = reader.comment
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise IjpError(f"line {error.lineno}: this is no XML: {expat.errors.messages[error.code]}") from None
    except LookupError:
        raise IjpError("its encoding is none that is known here") from None
    if reader.root is None or reader.root.name != "jobType":
        found = "nothing" if reader.root is None else reader.root.name[:40]
        raise IjpError(f"a job type of IJP is one element called jobType, and here is {found}")
    return Read(reader.root, tuple(reader.comments))


def _refuse_doctype(*_said: object) -> None:
    raise IjpError("it has a document type (DOCTYPE), which is not read: take it out")


class _Reader:
    """Builds the tree as the parser goes, and stops it at the bounds."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.comments: list[str] = []
        self._open: list[Element] = []
        self._count = 0

    def begins(self, name: str, attributes: dict[str, str], line: int) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise IjpError(f"line {line}: more than {MOST_ELEMENTS:,} elements")
        if len(self._open) >= DEEPEST:
            raise IjpError(f"line {line}: more than {DEEPEST} elements within each other")
        if any(len(text) > LONGEST for text in (name, *attributes, *attributes.values())):
            raise IjpError(f"line {line}: a name or a value has more than {LONGEST:,} characters")
        element = Element(name, attributes, line)
        if self._open:
            self._open[-1].within.append(element)
        else:
            self.root = element
        self._open.append(element)

    def ends(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        element = self._open[-1]
        element.text += text
        if len(element.text) > LONGEST:
            raise IjpError(f"line {element.line}: {element.name[:40]} has more than {LONGEST:,} characters")

    def comment(self, text: str) -> None:
        if len(self._open) == 1 and len(text) <= LONGEST:
            self.comments.append(text)
