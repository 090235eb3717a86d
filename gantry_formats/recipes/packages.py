"""What an image is to be made from: packages of Python and of Debian, checked by grammars of our own. Pure.

Of a requirements.txt names, extras, versions, markers and hashes; no addresses, no paths, no options of pip's. Of
Debian names and versions.
"""

import re
import shlex
from typing import Final

MOST_LINES: Final = 500
MOST_CHARACTERS: Final = 65_536
MOST_WORDS: Final = 100
_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_VERSION: Final = r"(?:[0-9]+!)?[0-9][A-Za-z0-9.+_-]*"
_ONE: Final = rf"(?:(?:~=|<=|>=|<|>)[ \t]*{_VERSION}|(?:==|!=)[ \t]*{_VERSION}(?:\.\*)?)"
_REQUIREMENT: Final = re.compile(
    rf"(?P<name>{_NAME})[ \t]*(?:\[[ \t]*{_NAME}(?:[ \t]*,[ \t]*{_NAME})*[ \t]*\])?"
    rf"[ \t]*(?:{_ONE}(?:[ \t]*,[ \t]*{_ONE})*)?[ \t]*"
)
_MARKER: Final = re.compile(r"""[A-Za-z0-9_.'"<>=!~ ()+-]{1,300}""")
_HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_DEBIAN: Final = re.compile(r"[a-z0-9][a-z0-9+.-]{0,98}[a-z0-9+.](?:=(?:[0-9]+:)?[0-9][A-Za-z0-9.+~-]{0,99})?")
MOST_PACKAGES: Final = 200


class RecipeError(ValueError):
    """What is wrong with it, as a sentence."""


def requirements(text: str) -> list[str]:
    """The requirements of a text, one a line as pip reads them. Raises RecipeError, which names the line."""
    if len(text) > MOST_CHARACTERS:
        raise RecipeError(f"The requirements have more than {MOST_CHARACTERS} characters.")
    found, begun, first = [], "", 0
    for number, written in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*$", "", written).strip()
        first = first if begun else number
        if line.endswith("\\"):
            begun += line[:-1] + " "
            continue
        whole, begun = (begun + line).strip(), ""
        if whole:
            found.append(_requirement(whole, first))
    if begun.strip():
        found.append(_requirement(begun.strip(), first))
    if len(found) > MOST_LINES:
        raise RecipeError(f"The requirements name more than {MOST_LINES} packages.")
    return found


def _requirement(line: str, number: int) -> str:
    if not line.isascii() or not line.isprintable():
        line = line.replace("\t", " ")
        if not line.isascii() or not line.isprintable():
            raise RecipeError(f"Line {number} of the requirements has a character that none can have.")
    if line.startswith("-"):
        raise RecipeError(f"Line {number} of the requirements is an option of pip's; only packages can be named.")
    words = line.split()
    hashes = [word for word in words if word.startswith("--")]
    if hashes and words[-len(hashes) :] != hashes:
        raise RecipeError(f"Line {number} of the requirements has an option before its end.")
    if not all(_HASH.fullmatch(word) for word in hashes):
        raise RecipeError(f"Line {number} of the requirements has an option other than --hash=sha256:….")
    stated = " ".join(words[: len(words) - len(hashes)])
    package, semicolon, marker = stated.partition(";")
    if semicolon and not _MARKER.fullmatch(marker.strip()):
        raise RecipeError(f"Line {number} of the requirements has a condition that cannot be read.")
    if not _REQUIREMENT.fullmatch(package.strip()):
        told = "Addresses and paths cannot be used. " if re.search(r"[@/:]", package) else ""
        raise RecipeError(
            f"Line {number} of the requirements is no name with a version. {told}Write name==1.2.".strip()
        )
    return " ".join([stated, *hashes])


def debian_packages(text: str) -> list[str]:
    """Names of Debian's packages, each with =VERSION if it is to be that one. Raises RecipeError."""
    if len(text) > MOST_CHARACTERS:
        raise RecipeError(f"The Debian packages are named in more than {MOST_CHARACTERS} characters.")
    found = list(dict.fromkeys(word for line in text.splitlines() for word in line.partition("#")[0].split()))
    for word in found:
        if not _DEBIAN.fullmatch(word):
            shown = word[:80] if word.isascii() and word.isprintable() else "One of them"
            raise RecipeError(
                f"{shown} cannot be the name of a Debian package. Write graphicsmagick, or name=1.4-2."
            )
    if len(found) > MOST_PACKAGES:
        raise RecipeError(f"{MOST_PACKAGES} Debian packages at most can be named.")
    return found


def words_of(text: str) -> list[str]:
    """The words of the command that tries the image: quotes keep words together, and no shell reads it."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise RecipeError("The command that tries the image has a quote that is not closed.") from None
    if not words or len(words) > MOST_WORDS or words[0].startswith("-"):
        raise RecipeError("Say with which command the image is tried, for instance: python3 -c 'import NAME'.")
    return words
