"""Words typed with a slip: what was meant is found, a number is never mended, nothing of others is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from portal.catalogue.finding.hits import Likely, first_datasets, first_people
from portal.catalogue.finding.near import meant_by, pieces, short_meant_by, slips, slips_allowed
from portal.catalogue.models import Dataset
from portal.db import Database, was_too_long

AddDataset = Callable[..., Dataset]
TEXTS = ["zebrafish heart, gfp", "tooth, enamel", "reference beads", "deformability of neutrophils", "cell shapes"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("zebrafsh", "zebrafish"),  # a letter too few
        ("zebbrafish", "zebrafish"),  # one too many
        ("zebrafich", "zebrafish"),  # another one
        ("zerbafish", "zebrafish"),  # two the wrong way round
        ("zebarfsh", "zebrafish"),  # two slips in a long word
        ("haert", "heart"),
        ("toth", "tooth"),
        ("enamle", "enamel"),
        ("beadz", "beads"),
        ("refernce", "reference"),
        ("deformabilty", "deformability"),
        ("neutorphils", "neutrophils"),
        ("zebrefi", "zebrafish"),  # it is still being typed
        ("heart", "heart"),
        ("ebraf", "ebraf"),  # it stands within a word
    ],
)
def test_what_was_meant_is_found(typed: str, meant: str) -> None:
    assert meant_by(typed, TEXTS) == meant


@pytest.mark.parametrize("typed", ["hxaxt", "gfq", "LS-2431", "2431", "bones", "zzzzzzzz", "a" * 41, "b2ads"])
def test_what_is_not_near_is_not_guessed(typed: str) -> None:
    assert meant_by(typed, TEXTS) is None


@pytest.mark.parametrize("word", ["heart", "beads", "enamel", "cytometry", "zebrafish", "deformability"])
def test_every_word_with_one_slip_shares_a_piece_with_what_was_meant(word: str) -> None:
    lost = [
        slipped
        for place in range(len(word))
        for slipped in (
            word[:place] + word[place + 1 :],
            word[:place] + "q" + word[place:],
            word[:place] + "q" + word[place + 1 :],
            word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :],
        )
        if slips_allowed(slipped) and not any(piece in word for piece in pieces(slipped))
    ]
    assert lost == []


def test_slips_are_counted() -> None:
    assert [slips("heart", one) for one in ("heart", "hearts", "haert", "hart", "beard")] == [0, 0, 1, 1, 2]


def test_texts_that_may_be_meant_are_of_what_one_may_see(
    database: Database, facility: SmallFacility, add_dataset: AddDataset
) -> None:
    with database.write() as session:
        add_dataset(session, "Quokka embryo")
        add_dataset(session, "Quagga blood", "other")
    with database.read() as session:
        seen = {
            name: " ".join(Likely(session, facility.actors[name]).like("quokkka", shared=1))
            for name in ("maya", "tom", "sam")
        }
        assert "quokka" in seen["maya"] and "quagga" not in seen["maya"]
        assert "quokka" not in seen["tom"]
        mended = {
            name: meant_by("quagag", Likely(session, facility.actors[name]).like("quagag", shared=1))
            for name in facility.actors
        }
    assert mended == {"maya": None, "tom": "quagga", "ravi": None, "sam": "quagga", "ingest": None}


def test_the_likeliest_texts_come_first_however_many_share_a_piece(
    database: Database, facility: SmallFacility, add_dataset: AddDataset
) -> None:
    with database.write() as session:
        for number in range(1100):
            add_dataset(session, f"Fisher {number}", date=NOW - timedelta(hours=number))
        add_dataset(session, "Silverfish", date=NOW - timedelta(days=4000))
    with database.read() as session:
        found = list(Likely(session, facility.actors["maya"]).like("silvrefish", shared=1))
    assert meant_by("silvrefish", found) == "silverfish"
    assert len(found) <= 4 * 1000


def test_of_datasets_the_newest_are_looked_through_and_it_is_known_whether_there_are_more(
    database: Database, facility: SmallFacility, add_dataset: AddDataset
) -> None:
    with database.write() as session:
        add_dataset(session, "Quokka", date=NOW - timedelta(days=4000))
        for number in range(4):
            add_dataset(session, f"Wombat {number}", date=NOW - timedelta(hours=number))
    with database.read() as session:
        maya = facility.actors["maya"]
        for newest, cut, meant in ((3, True, None), (10_000, False, "quokka"), (None, False, "quokka")):
            texts = Likely(session, maya, newest)
            assert meant_by("quokak", texts.like("quokak", shared=1)) == meant, newest
            assert texts.cut is cut, newest


@pytest.mark.parametrize(
    ("typed", "texts", "meant"),
    [
        ("gpf", ["zebrafish heart, gfp", "gap"], "gfp"),  # neighbours the wrong way round, the more frequent ...
        ("lid", ["maya lind"], "lind"),
        ("led", ["maya lind", "sled"], "led"),  # it stands in one of them
        ("gfq", ["mcherry", "afq"], None),  # another first letter is another word
        ("abc", ["xyz"], None),
    ],
)
def test_a_short_word_is_mended_among_texts_that_have_the_others(
    typed: str, texts: list[str], meant: str | None
) -> None:
    assert short_meant_by(typed, [*texts, *texts[:1]]) == meant


def test_texts_that_have_words_are_those_one_sees(
    database: Database, facility: SmallFacility, add_dataset: AddDataset
) -> None:
    with database.write() as session:
        add_dataset(session, "Quokka, gfp, run 2")
    with database.read() as session:
        actors = [facility.actors[name] for name in ("maya", "tom")]
        seen = [list(Likely(session, actor).having(["quokka", "run"])) for actor in actors]
    assert [len(texts) for texts in seen] == [1, 0]


def test_people_are_those_one_may_know_of(database: Database, facility: SmallFacility) -> None:
    with database.read() as session:
        found = {
            name: [one.name for one in first_people(session, facility.actors[name], "okafor", 5)]
            for name in ("maya", "tom", "ingest", "sam")
        }
    # Tom's public experiment tells of Tom to everybody.
    assert found == {"maya": ["tom"], "tom": ["tom"], "ingest": ["tom"], "sam": ["tom"]}
    with database.read() as session:
        assert first_people(session, facility.actors["tom"], "lind", 5) == []


def test_the_first_datasets_are_the_newest_and_without_trials(
    database: Database, facility: SmallFacility, add_dataset: AddDataset
) -> None:
    with database.write() as session:
        add_dataset(session, "Heart A", date=NOW - timedelta(days=2))
        add_dataset(session, "Heart B", date=NOW - timedelta(days=1))
        add_dataset(session, "Heart, tried", trial="x")
        add_dataset(session, "Heart of Tom", "other")
    with database.read() as session:
        found = first_datasets(session, facility.actors["maya"], "heart", 2)
        assert [one.name for one in found] == ["Heart B", "Heart A"]


def test_a_question_that_takes_too_long_is_ended_and_told_apart(
    database: Database, facility: SmallFacility
) -> None:
    slow = (
        "SELECT pg_sleep(60)"
        if database.engine.dialect.name == "postgresql"
        else "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    with pytest.raises(DBAPIError) as ended, database.read_within(0.05) as session:
        session.execute(text(slow))
    assert was_too_long(ended.value)
    # The connection is as good as before, and has no such bound.
    with database.read() as session:
        assert session.scalar(text("SELECT 7")) == 7
    with pytest.raises(DBAPIError) as wrong, database.read_within(5) as session:
        session.execute(text("SELECT nothing FROM nowhere"))
    assert not was_too_long(wrong.value)


def test_a_bound_does_not_outlive_its_session(database: Database, facility: SmallFacility) -> None:
    with database.read_within(0.05):
        pass
    sleep = "SELECT pg_sleep(0.2)"
    count = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) SELECT count(*) FROM n"
    )
    with database.read() as session:
        session.execute(text(sleep if database.engine.dialect.name == "postgresql" else count))


def test_the_number_of_questions_does_not_grow_with_what_is_there(
    database: Database, facility: SmallFacility, add_dataset: AddDataset
) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    costs = []
    for part in range(2):
        with database.read() as session:
            before = len(asked)
            list(Likely(session, facility.actors["maya"]).like("zebrafsh", shared=1))
            first_datasets(session, facility.actors["maya"], "zebra", 6)
            costs.append(len(asked) - before)
        with database.write() as session:
            for number in range(30):
                add_dataset(session, f"Zebrafish {part} {number}")
    assert costs[0] == costs[1] < 10
