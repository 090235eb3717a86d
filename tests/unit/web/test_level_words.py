"""A site says visit, beamtime or project: no screen and no message has the word experiment written into it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import portal
from portal.config import load_settings
from portal.errors import ConfigError
from portal.level import Level, forget_level, level, level_line, level_of, use_level

PORTAL = Path(portal.__file__).parent
WORD = re.compile(r"\bexperiments?\b", re.IGNORECASE)
# What the API says of itself, options of commands, settings, and who may read which table.
ELSEWHERE = ("web/api/", "cli/", "client/", "config/", "migrations/", "demo/", "level.py")
TAG = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", re.DOTALL)
SAID = re.compile(r'(?:placeholder|aria-label|title|alt)="([^"]*)"')


def words_of_template(text: str) -> str:
    """What people read of it: the text, and the attributes that are read out."""
    said = " ".join(SAID.findall(re.sub(r"{{.*?}}|{%.*?%}", " ", text)))
    quoted = " ".join(
        one
        for part in re.findall(r"{{(.*?)}}", text, re.DOTALL)
        for one in re.findall(r'"([^"]*)"', part)
        if " " in one
    )
    return f"{TAG.sub(' ', text)} {said} {quoted}"


def sentences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts in a module that are no docstrings and have more than one word, or begin as a heading does."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            text = node.value
            if " " in text.strip() or text[:1].isupper():
                yield node.lineno, text


def test_no_screen_names_the_level_by_itself() -> None:
    templates = sorted((PORTAL / "web/templates").rglob("*.html"))
    assert len(templates) > 30
    wrong = [
        f"{path.relative_to(PORTAL)}: {' '.join(found.group(0).split())}"
        for path in templates
        if (
            found := re.search(r".{0,30}\bexperiments?\b.{0,30}", words_of_template(path.read_text()), re.I | re.S)
        )
    ]
    assert not wrong, "write {{ level().one }}:\n" + "\n".join(wrong)


def test_no_message_names_the_level_by_itself() -> None:
    wrong = []
    for path in sorted(PORTAL.rglob("*.py")):
        name = str(path.relative_to(PORTAL))
        if name.startswith(ELSEWHERE):
            continue
        for line, text in sentences(ast.parse(path.read_text(encoding="utf-8"))):
            if WORD.search(text):
                wrong.append(f"{name}:{line}: {text[:80]}")
    assert not wrong, "write level().one:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("one", "a", "One"),
    [
        ("experiment", "an experiment", "Experiment"),
        ("visit", "a visit", "Visit"),
        ("user run", "a user run", "User run"),
    ],
)
def test_a_level_has_its_article_and_its_capital(one: str, a: str, One: str) -> None:  # noqa: N803
    words = Level(one, f"{one}s")
    assert (words.a, words.One) == (a, One)


def test_a_site_names_its_level_and_its_plural() -> None:
    plain = load_settings({}, level={"one": "visit"})
    assert plain.level.words == Level("visit", "visits")
    german = load_settings({}, level={"one": "Messzeit", "many": "Messzeiten"})
    assert german.level.words == Level("Messzeit", "Messzeiten")
    assert load_settings({}).level.words == Level("experiment", "experiments")


@pytest.mark.parametrize("one", ["", "<b>", "a" * 31, "two\nlines", " visit", "visit?"])
def test_what_is_no_word_is_refused_as_a_level(one: str) -> None:
    with pytest.raises(ConfigError, match="level"):
        load_settings({}, level={"one": one})


def test_the_words_are_those_of_whoever_is_answered() -> None:
    token = use_level(Level("visit", "visits"))
    assert level().one == "visit"
    forget_level(token)
    assert level().one == "experiment"


@pytest.mark.parametrize(
    "words", [Level(), Level("visit", "visits"), Level("Meßzeit", "Meßzeiten"), Level("user run", "user runs")]
)
def test_the_command_line_reads_what_the_portal_tells(words: Level) -> None:
    line = level_line(words)
    assert line.isascii()
    assert level_of(line) == words


@pytest.mark.parametrize("line", [None, "", "visit", "a b c", "%1b[31m x", "visit " + "v" * 31, "<b> x", "1 2"])
def test_what_is_no_word_is_not_shown_on_a_terminal(line: str | None) -> None:
    assert level_of(line) is None
