"""A line that works in a terminal -> the words that its program is given, and what only a shell understands.

Words are read as POSIX's shell reads them (quotes, backslashes, comments, lines that go on). What a shell would do
beyond that is not done here: each such place is named, with what to do instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

LONGEST: Final = 20_000
MOST_WORDS: Final = 1000
LOOKED_AHEAD: Final = 200
"""Characters after a brace within which its list begins: all of them for each brace would take minutes."""


@dataclass(frozen=True)
class Word:
    """One argument: its text without quotes, and where it stands in what was pasted (from 0, end not included)."""

    text: str
    start: int
    end: int
    quoted: bool = False
    """Some of it stood in quotes, or behind a backslash."""


@dataclass(frozen=True)
class Place:
    """What only a shell understands: where it stands, and what to do instead."""

    start: int
    end: int
    what: str
    instead: str


@dataclass(frozen=True)
class Command:
    """One command of what was pasted."""

    words: tuple[Word, ...]
    variables: tuple[tuple[str, str], ...] = ()
    """What stood before the program: OMP_NUM_THREADS=4."""
    joined_by: str = ""
    """What stands between it and the next: `|`, `&&`, `;`; empty at the end of a line."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The words as the program gets them."""
        return tuple(word.text for word in self.words)


@dataclass
class Read:
    """All commands of a text, and what was not understood."""

    commands: list[Command] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


PIPE: Final = "Two programs in one analysis: put both into a script and ship it with the analysis."
_INSTEAD: Final[dict[str, tuple[str, str]]] = {
    "|": ("a pipe to another program", PIPE),
    "|&": ("a pipe to another program", PIPE),
    "&&": ("a second command", PIPE),
    "||": ("a command for the case of a failure", PIPE),
    ";": ("a second command", PIPE),
    ";;": ("a part of a script", PIPE),
    "&": ("a command in the background", "Leave the & out: the portal waits for the program."),
    ">": ("output into a file", "Leave it out: what the program prints is the job's log. Or mark an output file."),
    ">>": (
        "output into a file",
        "Leave it out: what the program prints is the job's log. Or mark an output file.",
    ),
    ">|": (
        "output into a file",
        "Leave it out: what the program prints is the job's log. Or mark an output file.",
    ),
    "<": ("input from a file", "Programs get files as arguments here. If it reads its input only, ship a script."),
    "<<": ("a text as input", "Put the text into a file that is shipped with the analysis."),
    "<<<": ("a text as input", "Put the text into a file that is shipped with the analysis."),
    "<&": ("a change of the output's place", "Leave it out: output and errors are both in the job's log."),
    ">&": ("a change of the output's place", "Leave it out: output and errors are both in the job's log."),
    "&>": ("output into a file", "Leave it out: output and errors are both in the job's log."),
    "&>>": ("output into a file", "Leave it out: output and errors are both in the job's log."),
    "(": ("a group of commands", PIPE),
    ")": ("a group of commands", PIPE),
}
_OPERATORS: Final = sorted(_INSTEAD, key=len, reverse=True)
_REDIRECTIONS: Final = frozenset({">", ">>", ">|", "<", "<<", "<<<", "<&", ">&", "&>", "&>>"})
_ENDS: Final = frozenset({"|", "|&", "&&", "||", ";", ";;", "&", "(", ")"})


class PastedWrongError(ValueError):
    """The text cannot be read as commands; in words, with the place from 0."""

    def __init__(self, message: str, start: int) -> None:
        super().__init__(message)
        self.start = start


def read_commands(text: str) -> Read:
    """The commands of a text. Raises PastedWrongError where quotes do not end, or it is too long."""
    if len(text) > LONGEST:
        raise PastedWrongError(f"At most {LONGEST:,} characters can be pasted.", LONGEST)
    return _Reader(text.replace("\r\n", "\n").replace("\r", "\n")).read()


class _Reader:
    """Goes through a text once."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.found = Read()
        self.words: list[Word] = []

    def read(self) -> Read:
        text, size = self.text, len(self.text)
        while self.at < size:
            character = text[self.at]
            if character == "\n":
                self._end_command("")
                self.at += 1
            elif character.isspace():
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif character == "#":
                self._comment()
            elif (operator := self._operator()) is not None:
                self._take(operator)
            else:
                self.words.append(self._word())
                if len(self.words) > MOST_WORDS:
                    raise PastedWrongError(f"A command has at most {MOST_WORDS} words.", self.at)
        self._end_command("")
        return self.found

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _operator(self) -> str | None:
        return next((one for one in _OPERATORS if self.text.startswith(one, self.at)), None)

    def _take(self, operator: str) -> None:
        start = self.at
        # A number right before a redirection is what is redirected: 2>&1.
        last = self.words[-1] if self.words else None
        if operator in _REDIRECTIONS and last and last.end == start and last.text.isdecimal() and not last.quoted:
            start = self.words.pop().start
        self.at += len(operator)
        what, instead = _INSTEAD[operator]
        if operator in _REDIRECTIONS:
            while self.at < len(self.text) and self.text[self.at] in " \t":
                self.at += 1
            if self.at < len(self.text) and self.text[self.at] not in "\n|&;<>()":
                self._word()
        self._place(start, self.at, what, instead)
        if operator in _ENDS:
            self._end_command(operator)

    def _end_command(self, joined_by: str) -> None:
        variables: list[tuple[str, str]] = []
        words = self.words
        while words and (pair := _assignment(words[0])) is not None:
            variables.append(pair)
            words = words[1:]
        if words or variables:
            self.found.commands.append(Command(tuple(words), tuple(variables), joined_by))
        self.words = []

    def _place(self, start: int, end: int, what: str, instead: str) -> None:
        self.found.places.append(Place(start, end, what, instead))

    def _word(self) -> Word:
        start, quoted = self.at, False
        made: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character.isspace() or character in "|&;<>()":
                break
            if character == "'":
                made.append(self._single())
                quoted = True
            elif character == '"':
                made.append(self._double())
                quoted = True
            elif character == "\\":
                made.append(self._escaped())
                quoted = True
            elif character in "$`":
                made.append(self._substitution())
            else:
                self._check_plain(character, start)
                made.append(character)
                self.at += 1
        return Word("".join(made), start, self.at, quoted)

    def _check_plain(self, character: str, start: int) -> None:
        if character in "*?[":
            self._place(
                self.at,
                self.at + 1,
                "a pattern that a shell replaces by names of files",
                "Mark the word as an input: the program gets each file that the slot takes.",
            )
        elif character == "~" and self.at == start:
            self._place(
                self.at,
                self.at + 1,
                "the home folder",
                "There is none in a job. Mark the word as an input, or ship the file with the analysis.",
            )
        elif character == "{" and "," in self.text[self.at : self._end_of_plain()]:
            self._place(
                self.at,
                self.at + 1,
                "several words in braces, which a shell writes out",
                "Write each of them out.",
            )

    def _end_of_plain(self) -> int:
        end = self.at
        while end < min(len(self.text), self.at + LOOKED_AHEAD) and self.text[end] not in "} \t\n":
            end += 1
        return end

    def _single(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise PastedWrongError("A text that begins with ' does not end.", self.at)
        inside = self.text[self.at + 1 : end]
        self.at = end + 1
        return inside

    def _double(self) -> str:
        start = self.at
        self.at += 1
        made: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == '"':
                self.at += 1
                return "".join(made)
            if character == "\\" and self.text[self.at + 1 : self.at + 2] in ("\\", '"', "$", "`", "\n"):
                made.append(self.text[self.at + 1].replace("\n", ""))
                self.at += 2
            elif character in "$`":
                made.append(self._substitution())
            else:
                made.append(character)
                self.at += 1
        raise PastedWrongError('A text that begins with " does not end.', start)

    def _escaped(self) -> str:
        after = self.text[self.at + 1 : self.at + 2]
        self.at += 1 + len(after)
        return after.replace("\n", "")

    def _substitution(self) -> str:
        """`$NAME`, `${…}`, `$(…)` and backquotes stay as they are, and are explained."""
        start = self.at
        text = self.text
        if text[start] == "`":
            end = text.find("`", start + 1) + 1
        elif text.startswith(("$(", "${"), start):
            end = text.find(")" if text[start + 1] == "(" else "}", start) + 1
        else:
            end = start + 1
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
            if end == start + 1:
                end += text[end : end + 1] in tuple("@*#?$!-")
        if end <= start:
            raise PastedWrongError(f"What begins with {text[start : start + 2]} does not end.", start)
        self.at = end
        if text[start] == "`" or text.startswith("$(", start):
            what, instead = "the output of another command", PIPE
        elif end > start + 1:
            what = "a variable of the shell"
            instead = "Write its value, or click the word to make it an option."
        else:
            return "$"
        self._place(start, end, what, instead)
        return text[start:end]


def _assignment(word: Word) -> tuple[str, str] | None:
    name, sign, value = word.text.partition("=")
    return (
        (name, value)
        if sign and name.isidentifier() and name.isascii() and not word.text.startswith("'")
        else None
    )


def places_of(read: Read, command: Command) -> Iterator[Place]:
    """What was not understood within one command."""
    if command.words:
        start, end = command.words[0].start, command.words[-1].end
        yield from (place for place in read.places if start <= place.start < end)
