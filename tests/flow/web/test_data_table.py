"""The table of Data, and the filters' counts that follow the search as one types."""

import re
from typing import Any

import pytest

from portal.catalogue.models import DatasetParameter, ParameterType

PART = {"HX-Request": "true"}


@pytest.fixture
def site(site: Any) -> Any:
    """With a parameter in nanometres, whose column is in micrometres."""
    with site.database.write() as session:
        units = [
            ParameterType(facility_id=site.facility.facility, name="pixel size", units=one, value_type="NUMERIC")
            for one in ("um", "nm")
        ]
        session.add_all(units)
        session.flush()
        for dataset, kind, number in (("private", 1, 1250.0), ("public", 0, 0.5)):
            session.add(
                DatasetParameter(
                    dataset_id=site.facility.datasets[dataset], type_id=units[kind].id, numeric_value=number
                )
            )
    return site


def rows(html: str) -> list[list[str]]:
    """The table's cells, as words."""
    body = html[html.index("<tbody") : html.index("</tbody>")]
    return [
        [" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    ]


def test_the_table_has_chosen_parameters_in_one_unit(site: Any) -> None:
    html = site.client("maya").get("/data?view=table&column=pixel+size&sort=parameter:pixel+size").text
    assert re.search(r'<th class="number" aria-sort="ascending"><a href="[^"]*">Pixel size, µm', html)
    found = rows(html)
    assert [(row[1], row[2]) for row in found] == [
        ("Reference beads, first run", "0.5"),
        ("Zebrafish heart, first run", "1.25"),
    ]
    assert html.count("data-pick>") == 2
    assert "sort=-parameter" in html


def test_what_is_not_known_is_a_dash(site: Any) -> None:
    with site.database.write() as session:
        session.query(DatasetParameter).filter_by(dataset_id=site.facility.datasets["public"]).delete()
    found = rows(site.client("maya").get("/data?view=table&column=pixel+size").text)
    assert {row[1]: row[2] for row in found}["Reference beads, first run"] == "–"


def test_the_cards_stay_and_each_way_leads_to_the_other_keeping_the_search(site: Any) -> None:
    maya = site.client("maya")
    cards = maya.get("/data?q=run").text
    assert "<table" not in cards
    assert re.search(r'href="/data\?q=run&amp;view=table"[^>]*>Table', cards)
    table = maya.get("/data?q=run&view=table&column=pixel+size&sort=-size").text
    assert re.search(r'href="/data\?q=run"[^>]*>Cards', table)
    assert re.search(
        r'<form[^>]*id="data-search".*?name="view" value="table".*?name="column" value="pixel size"',
        table,
        re.DOTALL,
    )


def test_odd_columns_and_orders_break_nothing(site: Any) -> None:
    maya = site.client("maya")
    for query in (
        "column=%00x",
        "column=" + "x" * 3000,
        "&".join(f"column=c{n}" for n in range(200)),
        "sort=-",
        "sort=parameter:",
    ):
        answer = maya.get(f"/data?view=table&{query}")
        assert answer.status_code in {200, 422}, query


def test_the_filters_counts_follow_the_search_as_one_types(site: Any) -> None:
    maya = site.client("maya")
    part = maya.get("/data/part/results?q=beads", headers=PART).text
    assert re.search(r'<div class="filters" id="filters" hx-swap-oob="true">', part)
    counted = re.findall(r'<span>([^<]*)</span><span class="muted small">(\d+)<', part)
    assert counted == [
        ("Deformability cytometry", "1"),
        ("Deformability cytometer", "1"),
        ("Reference beads", "1"),
    ]
    # Its links are of the page, and keep what was typed.
    assert 'href="/data?q=beads&amp;type=deformability+cytometry"' in part
    assert "/data/part" not in part.replace("hx-get", "")
    bare = maya.get("/data/part/results?q=beads")
    assert (bare.status_code, bare.location) == (303, "/data?q=beads")
