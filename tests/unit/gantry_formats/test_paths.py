"""Patterns of files: one meaning in form, checker, agent and store."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gantry_formats.patterns.paths import PathPattern, named

PARTS = st.sampled_from(["**", "*", "?", "a", "b*", "*b", "a*b*a", "[ab]", ".h5", "", "*?*", "a**b"])
NAMES = st.sampled_from(["a", "b", "ab", "aba", "abba", "[ab]", ".h5", "a.h5", "a\nb", "ä", "aab" * 9])


def plainly(pattern: str) -> re.Pattern[str]:
    """The same as one regular expression, which tries every way."""
    parts = pattern.split("/")
    text = ""
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if part == "**":
            text += ".*" if last else "(?:[^/]+/)*"
            continue
        for character in part:
            text += {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
        text += "" if last else "/"
    return re.compile(f"{text}(?:/.*)?", re.DOTALL)


@settings(max_examples=600, derandomize=True, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=5), st.lists(NAMES, min_size=1, max_size=5))
def test_it_takes_what_trying_every_way_would(parts: list[str], names: list[str]) -> None:
    pattern, path = "/".join(parts), "/".join(names)
    if not pattern or pattern.startswith("/") or parts.count("**") > 3:
        return
    assert PathPattern(pattern).takes(path) == (plainly(pattern).fullmatch(path) is not None), (pattern, path)


def test_a_deep_path_is_walked_along_once() -> None:
    deep = "/".join(["a"] * 2000)  # as one expression: the third power of that, hours
    for pattern in ("**/**/**/z", "**/a/**/a/**/z", "**/*/**/*/**/z"):
        assert not PathPattern(pattern).takes(deep)
    assert PathPattern("**/a/**/a/**/z").takes(f"{deep}/z")


@pytest.mark.parametrize(
    ("path", "pattern", "given"),
    [("a.h5", "*.h5", True), ("sub/a.h5", "a*.h5", True), ("sub/a.h5", "sub/*", True), ("b.h5", "a*", False)],
)  # fmt: skip
def test_a_file_is_named_by_its_path_or_its_own_name(path: str, pattern: str, given: bool) -> None:
    assert named(path, pattern) is given
