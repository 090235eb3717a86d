"""Lists as other programs write them: every encoding is read as meant, or said not to be."""

import io

import click
import pytest

from portal.cli import reading
from portal.cli.arguments import dataset_ids, job_words, one_batch, pairs


class Standard(io.TextIOWrapper):
    """Standard input of a terminal in the C locale: bytes that are no text become halves of characters."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(io.BytesIO(raw), encoding="ascii", errors="surrogateescape")


@pytest.fixture
def piped(monkeypatch):
    def pipe(raw: bytes) -> None:
        monkeypatch.setattr("sys.stdin", Standard(raw))

    return pipe


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-mark", "utf-16-be-mark"])
def test_ids_are_read_in_the_encodings_of_windows(piped, encoding):
    text = "# müde\r\n4 5\r\n6,4;7\r\n"
    if encoding.endswith("-mark"):
        raw = ("\ufeff" + text).encode(encoding.removesuffix("-mark"))
    else:
        raw = text.encode(encoding)
    piped(raw)
    assert dataset_ids(["-"]) == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"4\0005\n", "NUL at character 2"),
        (b"4\n\xff5\n", "at byte 3"),
        (b"\xff\xfe4", "not text"),
        (b"4 5\n".replace(b" ", b"\x80"), "not text"),
    ],
)
def test_what_is_no_text_is_said_once_for_every_command(piped, raw, said):
    for read in (dataset_ids, job_words):
        piped(raw)
        with pytest.raises(click.BadParameter, match=said):
            read(["-"])


def test_a_list_that_is_too_long_is_refused_and_no_id_is_cut_off(piped, monkeypatch, tmp_path):
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    with pytest.raises(click.BadParameter, match="longer than"):
        reading.text_of_stream(Standard(b"1234 5678 9012"), most=10)
    with pytest.raises(click.BadParameter, match="longer than"):
        reading.text_of_stream(io.StringIO("1234 5678 9012"), most=10)
    (tmp_path / "list").write_bytes(b"1234 5678 9012")
    with pytest.raises(click.BadParameter, match="longer than"):
        reading.text_of_file(tmp_path / "list", most=10)
    assert reading.text_of_file(tmp_path / "list", most=14) == "1234 5678 9012"


def test_only_ends_of_lines_end_a_line():
    assert reading.lines_of("a\u2028b\x85c\x0cd\r\ne\rf\n") == ["a\u2028b\x85c\x0cd", "e", "f", ""]


@pytest.mark.parametrize("word", ["J-1001", "j1001", "J\u20131001", "#J-1001", "J\u22121001"])
def test_a_job_s_number_is_known_however_it_is_written(word):
    assert job_words([word]) == ["J-1001"]


def test_words_that_are_no_number_stay_for_the_portal_to_judge():
    assert job_words(["1001 J- J--1 x"]) == ["1001", "J-", "J--1", "x"]


@pytest.mark.parametrize(("word", "number"), [("b17", "B-17"), ("B\u201317", "B-17"), ("#B-17", "B-17")])
def test_a_batch_s_number_is_known_however_it_is_written(word, number):
    assert one_batch(word) == number


@pytest.mark.parametrize("word", ["", "17", "J-1001", "B-", "B-1e3", "x"])
def test_what_is_no_batch_is_a_mistyped_command(word):
    with pytest.raises(click.BadParameter, match="is no batch: give its number, such as B-17"):
        one_batch(word)


def test_a_value_that_is_given_twice_is_no_guess():
    assert pairs(["a=1", " a =1", "b="], "NAME=VALUE") == {"a": "1", "b": ""}
    with pytest.raises(click.BadParameter, match="a is given twice, as “1” and as “2”"):
        pairs(["a=1", "a=2"], "NAME=VALUE")
