"""Finding datasets."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from portal.catalogue import search
from portal.catalogue.models import Dataset, Instrument, Investigation, Sample
from portal.catalogue.search import DatasetQuery, Facet, facets, find_datasets
from portal.db import Database
from portal.errors import InvalidError
from portal.identity.actor import NOBODY, Actor

AddDataset = Callable[..., Dataset]


def names(session: Session, actor: Actor, **query: object) -> list[str]:
    return [dataset.name for dataset in find_datasets(session, actor, DatasetQuery(**query), now=NOW).items]  # type: ignore[arg-type]


@pytest.fixture
def maya(facility: SmallFacility) -> Actor:
    return facility.actors["maya"]


def test_everybody_finds_what_she_may_see(database: Database, facility: SmallFacility) -> None:
    titles = {
        "private": "Zebrafish heart",
        "other": "Blood cells",
        "public": "Reference beads",
        "embargoed": "New drug",
    }
    runs = {name: f"{title}, first run" for name, title in titles.items()}
    expected = {
        "maya": ["private", "public"],
        "tom": ["other", "public", "embargoed"],
        "ravi": ["private", "public"],
        "sam": ["private", "other", "public", "embargoed"],
        "ingest": ["public"],
    }
    with database.read() as session:
        for name, seen in expected.items():
            assert names(session, facility.actors[name]) == [runs[one] for one in seen]
        assert names(session, NOBODY) == [runs["public"]]


@pytest.mark.parametrize(
    "text",
    [
        "heart, gfp",
        "GFP zebra",
        "ｈｅａｒｔ gfp",
        "gfp STACK",
        "e1 gfp",
        "microscope gfp",
        "50µm gfp",
        "larva gfp",
        "100% gfp",
    ],
)
def test_all_words_are_found_in_the_dataset_or_in_what_it_belongs_to(
    database: Database, facility: SmallFacility, maya: Actor, add_dataset: AddDataset, text: str
) -> None:
    with database.write() as session:
        sample = Sample(investigation_id=facility.investigations["private"], name="Larva 3")
        add_dataset(
            session,
            "Zebrafish heart, GFP",
            description="100% laser, 50µm",
            sample=sample,
            instrument_id=facility.instruments["lightsheet"],
        )
    with database.read() as session:
        assert names(session, maya, text=text) == ["Zebrafish heart, GFP"]


@pytest.mark.parametrize("text", ["%", "_", "100_", "gfp tail", "\\", "'; DROP TABLE person; --", "*"])
def test_special_signs_are_only_signs(database: Database, maya: Actor, add_dataset: AddDataset, text: str) -> None:
    with database.write() as session:
        add_dataset(session, "Zebrafish heart, GFP")
    with database.read() as session:
        assert names(session, maya, text=text) == []


@pytest.mark.parametrize("text", ["\0", "\ud800", "", "   ", None])
def test_a_text_without_a_word_does_not_break_or_narrow(
    database: Database, facility: SmallFacility, maya: Actor, text: str | None
) -> None:
    with database.read() as session:
        found = names(session, maya, text=text)
    assert found in ([], ["Zebrafish heart, first run", "Reference beads, first run"])
    assert bool(found) == (text != "\ud800")


def test_letters_with_marks_are_found_in_either_case(
    database: Database, maya: Actor, add_dataset: AddDataset
) -> None:
    with database.write() as session:
        add_dataset(session, "ÖLFILM, Straße")
    with database.read() as session:
        for text in ("ölfilm", "Ölfilm strasse", "STRASSE"):
            assert names(session, maya, text=text) == ["ÖLFILM, Straße"]


def test_a_new_name_is_found_and_the_old_one_is_not(
    database: Database, maya: Actor, add_dataset: AddDataset
) -> None:
    with database.write() as session:
        dataset = add_dataset(session, "Before")
    with database.write() as session:
        session.get_one(Dataset, dataset.id).name = "Afterwards"
    with database.read() as session:
        assert names(session, maya, text="before") == []
        assert names(session, maya, text="afterwards") == ["Afterwards"]


def test_rows_written_in_bulk_are_found_and_sorted_too(
    database: Database, facility: SmallFacility, maya: Actor
) -> None:
    with database.write() as session:
        common = {"investigation_id": facility.investigations["private"], "type_id": facility.types["stack"]}
        rows = [{**common, "name": f"Bulk {n}", "start_date": NOW + timedelta(hours=n)} for n in range(3)]
        session.execute(insert(Dataset), rows)
    with database.read() as session:
        assert names(session, maya, text="bulk") == ["Bulk 2", "Bulk 1", "Bulk 0"]


def test_filters_narrow_by_type_instrument_experiment_time_kind_and_state(
    database: Database, facility: SmallFacility, add_dataset: AddDataset
) -> None:
    sam = facility.actors["sam"]
    with database.write() as session:
        add_dataset(session, "Result", location="results:J-1", date=NOW + timedelta(days=1))
        add_dataset(session, "Unfinished", location="demo:results", date=NOW + timedelta(days=2)).complete = False
    with database.read() as session:
        assert names(session, sam, type="deformability cytometry", sort="oldest") == [
            "New drug, first run", "Reference beads, first run", "Blood cells, first run",
        ]  # fmt: skip
        assert names(session, sam, instrument="LS1") == ["Zebrafish heart, first run"]
        assert names(session, sam, investigation=facility.investigations["other"]) == ["Blood cells, first run"]
        assert names(session, sam, raw=False) == ["Result"]
        assert "Result" not in names(session, sam, raw=True)
        assert len(names(session, sam, raw=True)) == 5
        assert names(session, sam, complete=False) == ["Unfinished"]
        assert names(session, sam, start=NOW + timedelta(days=1), end=NOW + timedelta(days=2)) == ["Result"]
        assert names(session, sam, type="nothing like it") == []
        assert names(session, sam, investigation=10**40) == []
        assert names(session, sam, investigation=-1) == []


def test_pages_follow_each_other_without_gap_or_overlap(
    database: Database, maya: Actor, add_dataset: AddDataset
) -> None:
    with database.write() as session:
        for number in range(7):
            add_dataset(session, f"Series {number}", date=NOW + timedelta(hours=number // 2))
    with database.read() as session:
        for sort in search.SORTS:
            everything = names(session, maya, text="series", sort=sort)
            assert len(everything) == 7
            walked: list[str] = []
            page: int | None = 1
            while page is not None:
                found = find_datasets(
                    session, maya, DatasetQuery(text="series", sort=sort, page=page, size=3), now=NOW
                )
                assert found.total == 7
                walked += [dataset.name for dataset in found.items]
                page = found.next
            assert walked == everything
            behind: list[str] = []
            after: int | None = None
            while len(behind) < 7:
                items = find_datasets(
                    session, maya, DatasetQuery(text="series", sort=sort, after=after, size=2), now=NOW
                ).items
                behind += [dataset.name for dataset in items]
                after = items[-1].id
            assert behind == everything


def test_a_place_in_a_list_of_somebody_elses_dataset_is_unknown(
    database: Database, facility: SmallFacility, maya: Actor
) -> None:
    with database.read() as session:
        for after in (facility.datasets["other"], 10**40):
            with pytest.raises(InvalidError):
                find_datasets(session, maya, DatasetQuery(after=after), now=NOW)


def test_an_unknown_order_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.read() as session, pytest.raises(InvalidError):
        find_datasets(session, NOBODY, DatasetQuery(sort="id; DROP TABLE person"), now=NOW)


def test_a_page_far_behind_the_end_is_empty(database: Database, facility: SmallFacility, maya: Actor) -> None:
    with database.read() as session:
        found = find_datasets(session, maya, DatasetQuery(page=10**30, size=10**30), now=NOW)
    assert (found.items, found.next, found.total) == ([], None, 2)


def test_counting_stops_at_a_bound(
    database: Database, facility: SmallFacility, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "COUNTED", 3)
    with database.read() as session:
        found = find_datasets(session, facility.actors["sam"], DatasetQuery(size=2), now=NOW)
        assert (found.total, found.at_least, found.next) == (3, True, 2)
        found = find_datasets(session, facility.actors["tom"], DatasetQuery(size=2), now=NOW)
        assert (found.total, found.at_least) == (3, False)


def test_facets_count_what_each_choice_would_leave(database: Database, facility: SmallFacility) -> None:
    with database.read() as session:
        found = facets(session, facility.actors["sam"], DatasetQuery(instrument="DC1"), now=NOW)
        assert found.types == [Facet("deformability cytometry", "deformability cytometry", 3)]
        assert found.instruments == [
            Facet("DC1", "Deformability cytometer", 3),
            Facet("LS1", "Light-sheet microscope", 1),
        ]
        assert {(facet.label, facet.count) for facet in found.investigations} == {
            ("Blood cells", 1), ("Reference beads", 1), ("New drug", 1),
        }  # fmt: skip


def test_facets_tell_nothing_about_what_is_not_shared(database: Database, facility: SmallFacility) -> None:
    with database.read() as session:
        found = facets(session, NOBODY, DatasetQuery(), now=NOW)
        assert [facet.label for facet in found.investigations] == ["Reference beads"]
        assert [facet.count for facet in found.instruments] == [1]


def test_a_list_costs_the_same_number_of_queries_however_long(
    database: Database, facility: SmallFacility, maya: Actor, add_dataset: AddDataset
) -> None:
    statements: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def _note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    def cost() -> int:
        statements.clear()
        with database.read() as session:
            for dataset in find_datasets(session, maya, DatasetQuery(size=100), now=NOW).items:
                assert dataset.type.name
                assert dataset.investigation.title
                _ = dataset.instrument and dataset.instrument.name
                _ = dataset.sample and dataset.sample.name
        return len(statements)

    before = cost()
    with database.write() as session:
        for number in range(20):
            instrument = Instrument(facility_id=facility.facility, name=f"X{number}")
            sample = Sample(
                investigation=session.get_one(Investigation, facility.investigations["private"]), name=f"S{number}"
            )
            add_dataset(session, f"More {number}", instrument=instrument, sample=sample)
    assert cost() == before <= 2
