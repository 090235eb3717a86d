"""Patterns of job types: what is taken means the same to Python and JavaScript, and no text makes it slow."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gantry_formats.patterns import PatternError, matches, objection, portable
from gantry_formats.patterns import matching as engine
from gantry_formats.patterns.syntax import read
from portal.agent import options as agent
from portal.jobtype.load import parse_text
from portal.jobtype.option import TextOption

TAKEN = (
    "[A-Za-z0-9 ._-]{1,80}", "auto|[0-9]{1,5}([.][0-9]{1,4})?", "[a-z]+(-[a-z]+)*", r"\d{4}-\d{2}-\d{2}",
    "(red|rose|green)", r"^\w+$", "([0-9]{2}:){2}[0-9]{2}", ".*", "", "[^,]*(,[^,]*)*", "(?:ab|ac)*d", "a{3}a{2}",
    r"\$\(x\)\\", "é+Ω?", "[\\]\\-x]+",
)  # fmt: skip
STALLS = (
    "(a+)+b", "(a*)*b", "(a|a)*b", "(a|aa)+b", "([a-z]+)*", "(a?){40}b", "a*a*a*a*a*b", "a?a?a?a?aaaa", ".*.*.*x",
    r"(\w+\s?)*x", "([a-zA-Z]+)*", "(.*)*x", "(a|b|ab)*c", "[a-z]*[a-m]*x", "(x+x+)+y", "((a+)b?)+c",
    r" *\d{0,9} *: *\d{0,9} *",
)  # fmt: skip
NOT_ALIKE = (
    r"\bword\b", "(?=a)a", "(?!a)b", "(?<=a)b", r"(a)\1", "(?P<n>a)", "(?i)a", "a*?", "a++", r"\Z", r"\p{L}",
    "a{,3}",
    "[[a]]", "a]", "a}", "(", ")", "[", "[z-a]", "*a", "a**", r"\x41", "a^b", "a$b", "a{3,2}", "a{99999}", "(?>a)",
    "(?#x)", r"\u0041", "[]", "a\n", "((((((((((a))))))))))", "a" * 201, "(a{1000}){1000}",
)  # fmt: skip


@pytest.mark.parametrize("pattern", TAKEN)
def test_what_is_clear_at_every_character_is_taken(pattern: str) -> None:
    assert objection(pattern) is None
    re.compile(portable(pattern))


@pytest.mark.parametrize("pattern", STALLS)
def test_what_could_be_tried_in_many_ways_is_refused_in_words(pattern: str) -> None:
    words = objection(pattern)
    assert words is not None
    assert words.startswith(("has ", "repeats "))
    assert matches(pattern, "a" * 60 + "!") is False  # and where it was published before, it ends


@pytest.mark.parametrize("pattern", NOT_ALIKE)
def test_what_not_everybody_reads_alike_is_refused(pattern: str) -> None:
    assert objection(pattern) is not None
    with pytest.raises(PatternError):
        matches(pattern, "a")


def test_digits_and_letters_are_those_of_ascii_and_a_line_end_ends_nothing() -> None:
    assert matches(r"\d+", "12") and not matches(r"\d+", "٣")
    assert matches(r"\w+", "a_1") and not matches(r"\w+", "é")
    assert matches(r"\s", " ") and not matches(r"\s", "\u00a0")
    assert not matches("^a$", "a\n")
    assert not matches(".", "\u2028")
    assert matches(".", "😀")


CHARACTERS = st.sampled_from([*"ab0 -.", "é", "٣", "😀", "\u2028", "\u00a0", "\n"])
ATOMS = st.sampled_from(
    ["a", "b", "0", r"\.", "[ab]", "[^a]", "[0-9]", r"\d", r"\w", r"\s", ".", "é", r"\D", "[ -]"]
)
OFTEN = st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,}"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"({'|'.join(some)})"),
        st.tuples(inner, OFTEN).map(lambda two: f"({two[0]}){two[1]}"),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=400, derandomize=True, deadline=None)
@given(PATTERNS, st.lists(st.text(CHARACTERS, max_size=8), max_size=8))
def test_the_two_ways_to_match_agree(pattern: str, texts: list[str]) -> None:
    """Step by step, and by `re` where a pattern is taken."""
    if len(pattern) > 200 or objection(pattern) is not None:
        return
    steps = tuple(engine._Steps().of(read(pattern)))
    plain = re.compile(portable(pattern))
    for text in texts:
        assert matches(pattern, text) == engine._walk(steps, text) == (plain.fullmatch(text) is not None), text


def test_javascript_gives_the_same_verdicts(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    texts = ["", "a", "ab", "ac", "acd", "d", "2026-01-02", "٣٣٣٣-٣٣-٣٣", "auto", "639.5", "a-b", "a--b", "a\n",
             "é", "ééΩ", "a,b", "😀", "\u2028", "\u00a0", "$(x)\\", "12:30:45", "red", "rose", "]-x", "a b.c_d-e",
             "aaaaa"]  # fmt: skip
    asked = [[portable(pattern), text] for pattern in TAKEN for text in texts]
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    script = (
        "const asked = JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8'));"
        "console.log(JSON.stringify(asked.map(([p, t]) => new RegExp(p, 'u').test(t))))"
    )
    told = subprocess.run(
        [node, "-e", script, str(tmp_path / "asked.json")], check=True, capture_output=True, text=True
    ).stdout
    here = [matches(pattern, text) for pattern in TAKEN for text in texts]
    assert json.loads(told) == here
    assert any(here) and not all(here)


@pytest.mark.parametrize("pattern", [*STALLS[:6], *NOT_ALIKE[:6]])
def test_a_job_type_with_such_a_pattern_is_not_loaded(pattern: str) -> None:
    text = f"options:\n  - {{name: note, label: Note, type: text, pattern: {json.dumps(pattern)}}}\n"
    jobtype, problems = parse_text(text, Path("made-up.yaml"))
    assert jobtype is None
    said = [str(problem) for problem in problems if "pattern" in str(problem)]
    assert said and objection(pattern) in said[0]


@pytest.mark.parametrize("pattern", [*TAKEN, STALLS[0], STALLS[-1]])
def test_portal_and_agent_say_the_same(pattern: str) -> None:
    option = TextOption.model_construct(name="x", label="X", type="text", pattern=pattern, max_length=200)
    for text in (
        "",
        "a",
        "ab",
        "2026-01-02",
        "٣",
        "a\u00a0",
        "é",
        "auto",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
    ):
        by_portal = option.objection(text) is None
        by_agent = agent.CHECKS["text"]({"pattern": pattern, "max_length": 200}, text) is None
        assert by_portal == by_agent, text
