"""The publications that an account cites: numbered as they come, in words and as BibTeX. Pure."""

import unicodedata
from dataclasses import dataclass, field

from portal.jobtype.methods import Reference

_LETTERS = {
    "ß": "\\ss", "ø": "\\o", "Ø": "\\O", "æ": "\\ae", "Æ": "\\AE", "œ": "\\oe", "Œ": "\\OE", "å": "\\aa",
    "Å": "\\AA", "ł": "\\l", "Ł": "\\L", "ı": "\\i", "ȷ": "\\j", "đ": "\\dj", "Đ": "\\DJ", "ð": "\\dh",
    "Ð": "\\DH", "þ": "\\th", "Þ": "\\TH",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0328": "k",
    "\u0331": "b",
}  # fmt: skip
_SPECIAL = {
    "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_",
    "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "\\": "\\textbackslash{}",
    "–": "--", "—": "---", "“": "``", "”": "''", "‘": "`", "’": "'", "…": "\\ldots{}", "\u00a0": "~",
    "°": "\\textdegree{}", "µ": "\\textmu{}", "×": "\\texttimes{}", "<": "\\textless{}", ">": "\\textgreater{}",
    "|": "\\textbar{}",
    # Not \{: BibTeX counts braces behind a backslash, too, and reads on to the file's end where they are uneven.
    "{": "\\textbraceleft{}", "}": "\\textbraceright{}",
}  # fmt: skip
_KINDS = {"article": "article", "book": "book", "proceedings": "inproceedings", "software": "misc"}


@dataclass
class Bibliography:
    """Publications in the order in which they are cited, each once."""

    cited: list[Reference] = field(default_factory=list)
    _keys: list[str] = field(default_factory=list)

    def number(self, reference: Reference) -> int:
        """Its number, from 1. The same publication under another key, or in another step, has the same."""
        for place, known in enumerate(self.cited):
            if _identity(known) == _identity(reference):
                return place + 1
        self.cited.append(reference)
        self._keys.append(self._free(reference.key))
        return len(self.cited)

    def entries(self) -> list[tuple[str, Reference]]:
        """Keys that are each there once, and what they stand for."""
        return list(zip(self._keys, self.cited, strict=True))

    def bibtex(self) -> str:
        """All of them as a BibTeX file; empty where nothing is cited."""
        return "\n".join(bibtex(reference, key) for key, reference in self.entries())

    def _free(self, key: str) -> str:
        taken = {known.casefold() for known in self._keys}
        names = (key, *(f"{key}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"))
        return next((name for name in names if name.casefold() not in taken), f"{key}-{len(taken) + 1}")


def in_words(reference: Reference) -> str:
    """`W. H. Richardson, “Bayesian-Based …”, J. Opt. Soc. Am. 62(1), 55–59 (1972), doi:10.1364/…`"""
    where = reference.journal or reference.publisher or ""
    volume = reference.volume or ""
    if reference.number:
        volume += f"({reference.number})"
    where = f"{where} {volume}".strip()
    pages = (reference.pages or "").replace("--", "–")
    if reference.pages and "–" not in pages:
        pages = pages.replace("-", "–")
    year = f"({reference.year})" if reference.year else ""
    placed = " ".join(filter(None, (", ".join(filter(None, (where, pages))), year)))
    link = f"doi:{reference.doi}" if reference.doi else reference.url
    said = (", ".join(map(_initials, reference.authors)), f"“{reference.title}”", placed, link)
    return ", ".join(part for part in said if part)


def bibtex(reference: Reference, key: str) -> str:
    """One entry, in letters that every BibTeX reads."""
    fields = {
        "author": " and ".join(map(_author, reference.authors)),
        "title": _title(reference.title),
        "booktitle" if reference.kind == "proceedings" else "journal": latex(reference.journal or ""),
        "publisher": latex(reference.publisher or ""),
        "volume": latex(reference.volume or ""),
        "number": latex(reference.number or ""),
        "pages": latex(reference.pages or "").replace("---", "--"),
        "year": str(reference.year or ""),
        "doi": reference.doi or "",
        "url": reference.url or "",
    }
    pages = fields["pages"]
    if pages.count("-") == 1:
        fields["pages"] = pages.replace("-", "--")
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{_KINDS[reference.kind]}{{{key},\n{lines}\n}}\n"


def latex(text: str) -> str:
    """Text as LaTeX: accents as commands, and what has a meaning there escaped; other scripts stay as they are."""
    done: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        done.append(_SPECIAL.get(character) or _letter(character))
    return "".join(done)


def _letter(character: str) -> str:
    if character.isascii():
        return character
    if character in _LETTERS:
        return f"{{{_LETTERS[character]}}}"
    base, *marks = list(unicodedata.normalize("NFD", character))
    if len(marks) != 1 or marks[0] not in _ACCENTS or not base.isascii():
        return character
    accent = _ACCENTS[marks[0]]
    dotless = {"i": "\\i", "j": "\\j"}.get(base, base) if accent not in "kcdb" else base
    between = " " if accent.isalpha() and not dotless.startswith("\\") else ""
    return f"{{\\{accent}{between}{dotless}}}"


def _title(title: str) -> str:
    """Names and abbreviations keep their capitals, which BibTeX styles take away; A Title All in Such does not."""
    words = title.split(" ")
    long = [word for word in words[1:] if len(word) > 3]
    throughout = bool(long) and sum(word[0].isupper() for word in long) > len(long) / 2
    found = []
    for place, word in enumerate(words):
        ordinary = place == 0 or throughout
        parts = word.split("-") if throughout else [word]
        keep = any(character.isupper() for part in parts for character in (part[1:] if ordinary else part))
        found.append(f"{{{latex(word)}}}" if keep else latex(word))
    return " ".join(found)


def _author(name: str) -> str:
    """One author; a group, whose name has no comma, is kept in one piece."""
    return latex(name) if "," in name else f"{{{latex(name)}}}"


def _initials(name: str) -> str:
    """`Richardson, William Hadley` is `W. H. Richardson`; a group stays as it is."""
    family, comma, given = name.partition(",")
    if not comma:
        return name
    first = [
        "-".join(f"{part[0]}." for part in word.split("-") if part) for word in given.replace(".", ". ").split()
    ]
    return " ".join([*first, family.strip()])


def _identity(reference: Reference) -> object:
    return reference.doi.casefold() if reference.doi else reference.model_copy(update={"key": "key", "when": {}})
