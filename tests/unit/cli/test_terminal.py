"""Logs as a terminal would show them, and nothing of others that steers a terminal."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.cli.terminal import Screen, as_shown, harmless

SHOWN = {
    "a bar that returns": ("  0 %\r 50 %\r100 %\ndone\n", "100 %\ndone\n"),
    "a shorter line over a longer": ("downloading\rok\n", "okwnloading\n"),
    "erased to the end": ("downloading\r\x1b[Kok\n", "ok\n"),
    "the ends of lines of Windows": ("a\r\nb\r\n", "a\nb\n"),
    "colours": ("\x1b[31mred\x1b[0m and \x1b[1;38;5;9mbold\x1b[m\n", "red and bold\n"),
    "a title": ("\x1b]0;owned\x07text\n", "text\n"),
    "a title ended otherwise": ("\x1b]0;owned\x1b\\text\n", "text\n"),
    "a link": ("\x1b]8;;http://evil\x1b\\here\x1b]8;;\x1b\\\n", "here\n"),
    "a device string": ("\x1bP+q544e\x1b\\x\n", "x\n"),
    "a report that is asked for": ("\x1b[6n\x1b[c\x1b[?1049hx\n", "x\n"),
    "eight-bit sequences": ("\x9b31mx\x9d0;t\x9cy\n", "xy\n"),
    "cursor back and forth": ("abc\x1b[2DX\x1b[1CY\n", "aXcY\n"),
    "to a column": ("abcdef\x1b[3GX\n", "abXdef\n"),
    "back-spaced": ("50%\b\b\b60%\n", "60%\n"),
    "bells and nulls": ("a\x07\x00b\x7f\n", "ab\n"),
    "right to left": ("invoice\u202efdp.exe\n", "invoice\\u202efdp.exe\n"),
    "no end": ("half", "half"),
    "nothing": ("", ""),
    "other scripts": ("Würfel 立方 κύβος\n", "Würfel 立方 κύβος\n"),
    "an escape at the very end": ("x\x1b", "x"),
    "far to the right": ("\x1b[999999999Cx\n", None),
}


@pytest.mark.parametrize("what", SHOWN)
def test_a_log_stands_as_a_terminal_would_have_it(what):
    text, shown = SHOWN[what]
    if shown is None:
        assert len(as_shown(text)) < 5000
    else:
        assert as_shown(text) == shown


@pytest.mark.parametrize("what", SHOWN)
def test_in_pieces_it_is_the_same(what):
    text, _ = SHOWN[what]
    screen = Screen()
    pieces = "".join(screen.feed(letter) for letter in text)
    assert pieces + screen.pending == as_shown(text)


@given(
    st.text(alphabet=st.sampled_from("ab \t\r\n\b\x1b\x9b[]0;9mKCDG?P\\\x07\x00\u202e\U0001f600"), max_size=60),
    st.data(),
)
def test_whatever_comes_nothing_steers_the_terminal_and_pieces_make_no_difference(text, data):
    whole = as_shown(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", whole)
    screen, done, rest = Screen(), "", text
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        done, rest = done + screen.feed(rest[:size]), rest[size:]
    assert done + screen.pending == whole


def test_a_sequence_without_end_costs_little_and_hides_little():
    shown = as_shown("\x1b]0;" + "x" * 10_000 + "\nafter\n")
    assert shown.endswith("after\n")


def test_words_of_others_keep_their_lines():
    assert harmless("a\x1b[2Jb\nc\u202ed") == "a [2Jb\nc\\u202ed"
