"""Cards of results: what they were made of, by which analysis, their figures; and what a viewer may not know."""

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from portal.catalogue.entries import FileEntry, ParameterEntry, PictureEntry
from portal.catalogue.models import Dataset
from portal.catalogue.results import ResultToRegister, register_result
from portal.data.grey import PictureScale
from portal.jobs.models import Attempt, Job, JobOutput
from portal.jobs.state import State

NUMBERS = [
    ParameterEntry("iterations", 20.0, ""),
    ParameterEntry("sharpness gain", 2.34567, ""),
    ParameterEntry("residual", 6.54321, "%"),
    ParameterEntry("background", 100.0, "counts"),
]


def png(size: tuple[int, int]) -> bytes:
    """A grey picture."""
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.new("L", size, 90).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def result(site: Any) -> int:
    """A result in Tom's open experiment, made of Maya's dataset, which he does not see."""
    facility = site.facility
    with site.database.write() as session:
        made = register_result(
            session,
            ResultToRegister(
                portal_job=site.job,
                output="deconvolved",
                investigation_id=facility.investigations["public"],
                dataset_type="light-sheet result",
                name="Made of a secret",
                location=f"results:{facility.investigations['public']}/x",
                files=[FileEntry("a.h5", 10, 1, "0" * 64)],
                application=("lightsheet-deconvolution", "1"),
                arguments={},
                inputs=[("stack", facility.datasets["private"])],
                person="maya",
                parameters=NUMBERS,
                pictures=[
                    PictureEntry("xy", png((80, 60)), "thumbnail", "Maximum", PictureScale(1.5, 2000.0, 8.0, 6.0))
                ],
            ),
            settings=site.settings,
            now=datetime.now(UTC),
        )
        return made.id


def card_of(page: str, name: str) -> str:
    """The card of the dataset of that name."""
    cards = re.findall(r'<article class="card-tile">.*?</article>', page, re.DOTALL)
    return next(one for one in cards if name in one)


def words_of(page: str) -> str:
    """What a screen reader reads."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def test_a_result_s_card_tells_what_changed_where_from_and_five_figures(site: Any, result: int) -> None:
    for page in ("/", "/data", f"/experiments/{site.facility.investigations['public']}"):
        card = card_of(site.client("maya").get(page).text, "Made of a secret")
        assert 'class="well split"' in card and len(re.findall("<img", card)) == 2, page
        assert f'href="/datasets/{site.facility.datasets["private"]}">Zebrafish heart, first run</a>' in card
        words = words_of(card)
        assert "Light-sheet deconvolution, from Zebrafish heart, first run" in words
        assert "iterations 20 sharpness gain 2.35 residual 6.54 %" in words
        assert "background" not in words
        assert 'value="2.34567"' in card


def test_a_job_s_page_has_the_figures_that_its_analysis_names(site: Any, result: int) -> None:
    with site.database.write() as session:
        job = session.get_one(Job, site.job)
        for state in (State.SUBMITTING, State.RUNNING, State.COLLECTING, State.SUCCEEDED):
            job.move(state, at=datetime.now(UTC))
        attempt = Attempt(
            job_id=job.id, number=1, name="x", cluster="c", resources=job.resources, created=datetime.now(UTC)
        )
        session.add(attempt)
        session.flush()
        session.add(JobOutput(job_id=job.id, attempt_id=attempt.id, name="deconvolved", dataset_id=result))
    number = f"/jobs/J-{1000 + site.job}"
    for page in (number, f"{number}/part/live"):
        text = site.client("maya").get(page, headers={"HX-Request": "true"} if "part" in page else {}).text
        words = words_of(text)
        assert "iterations 20 sharpness gain 2.35 residual 6.54 %" in words, page
        assert 'value="2.34567"' in text


def test_what_it_was_made_of_is_hidden_from_those_who_may_not_see_it(site: Any, result: int) -> None:
    tom = site.client("tom")
    for page in ("/", "/data", f"/datasets/{result}"):
        assert "Zebrafish heart" not in tom.get(page).text, page
    card = card_of(tom.get("/data").text, "Made of a secret")
    assert "Light-sheet deconvolution" in card and len(re.findall("<img", card)) == 1 and "split" not in card
    assert "data-compare" not in tom.get(f"/datasets/{result}").text


def test_a_result_s_page_has_both_in_one_viewer_with_what_is_known_of_the_pictures(site: Any, result: int) -> None:
    page = site.client("maya").get(f"/datasets/{result}").text
    shots = re.findall(r"<a [^>]*data-shot[^>]*>", page)
    assert len(shots) == 2
    assert "data-black" not in shots[0] and "data-width-um" not in shots[0]  # of an old picture nothing is known
    for told in ('data-black="1.5"', 'data-white="2000.0"', 'data-width-um="8.0"', 'data-height-um="6.0"'):
        assert told in shots[1]
    assert page.count('class="compare-side"') == 2


def test_renaming_a_job_says_what_keeps_its_name(site: Any, csrf: Any) -> None:
    maya = site.client("maya")
    page = maya.post(
        f"/jobs/J-{1000 + site.job}/rename",
        data={"csrf_token": csrf(maya), "title": "Sharp"},
        follow_redirects=True,
    ).text
    assert "The job is now called “Sharp”, and so will its result be." in page
    assert "Its result will have the same name" in page


def test_a_dataset_is_taken_off_a_form_and_what_was_typed_stays(site: Any, csrf: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    with site.database.write() as session:
        template = session.get_one(Dataset, first)
        rows = [
            Dataset(investigation_id=template.investigation_id, type_id=template.type_id, name=name, complete=True)
            for name in ("Tail <1>", "Tail 2")
        ]
        session.add_all(rows)
        session.flush()
        ids = [first, *(row.id for row in rows)]
    start = "/analyses/lightsheet-deconvolution"
    page = maya.get(f"{start}/start", query_string={"dataset": ids}).text
    tiles = re.search(r'<ul class="tiles".*?</ul>', page, re.DOTALL)
    assert tiles and "Tail &lt;1&gt;" in tiles[0] and tiles[0].count('name="without"') == 3
    assert "Name of the batch" in page and "Name of the result" not in page
    sent = {
        "csrf_token": csrf(maya),
        "dataset": ids,
        "option.iterations": "7",
        "title": "Mine & yours",
        "proposed": "",
        "without": str(ids[1]),
        "idempotency_key": "k",
    }
    answer = maya.post(f"{start}/without", data=sent)
    assert answer.status_code == 303
    page = maya.get(answer.location).text
    assert re.findall(r'name="dataset" value="(\d+)"', page) == [str(ids[0]), str(ids[2])]
    assert 'value="7"' in page and 'value="Mine &amp; yours"' in page
    left = re.search(r'<ul class="tiles".*?</ul>', page, re.DOTALL)
    assert left and "Tail &lt;1&gt;" not in left[0] and "Tail 2" in left[0]
    tom = site.client("tom")
    assert tom.post(f"{start}/without", data=sent | {"csrf_token": csrf(tom)}).status_code == 404
