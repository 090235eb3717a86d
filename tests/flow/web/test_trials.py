"""Trying several values of an option, as a browser without a script does it."""

import html
import io
import re
import zlib
from array import array
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from sqlalchemy import select

from portal.catalogue.models import Dataset, DatasetArray, DatasetParameter, ParameterType, TrialPicture
from portal.jobs.lines import list_lines
from portal.jobs.models import Attempt, Job, JobOutput, Submission
from portal.jobs.read import get_submission
from portal.jobs.state import State
from portal.web.views.jobs import line_links

ASK = "/analyses/lightsheet-deconvolution/several"


def fields_of(page: str, form: str = "") -> dict[str, Any]:
    """What the form of the page whose tag holds `form` would send."""
    inside = next(one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if form in one[:400])
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", inside):
        of = {name: html.unescape(text) for name, text in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if of.get("type") in ("radio", "checkbox") and " checked" not in tag:
            continue
        if "name" in of:
            sent.setdefault(of["name"], []).append(of.get("value", ""))
    for select_, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', inside, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        sent.setdefault(select_, []).append(chosen.group(1) if chosen else "")
    return dict(sent)


def words_of(page: str) -> str:
    """What a screen reader reads."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


@pytest.fixture(autouse=True)
def _volume(site: Any) -> None:
    """What Maya's stack holds is known."""
    with site.database.write() as session:
        session.add(volume_in(site.facility.datasets["private"]))


def volume_in(dataset: int) -> DatasetArray:
    """A volume of 40 planes in a dataset's file."""
    return DatasetArray(
        dataset_id=dataset,
        position=0,
        name="/volume",
        shape=[40, 300, 200],
        axes="ZYX",
        pictures=[],
        sizes={"x": 0.2, "y": 0.2, "z": 1.0},
    )


@pytest.fixture
def more(site: Any) -> list[int]:
    """Two further stacks of Maya's experiment."""
    with site.database.write() as session:
        first = session.get_one(Dataset, site.facility.datasets["private"])
        rows = [
            Dataset(
                investigation_id=first.investigation_id, type_id=first.type_id, name=f"Heart {n}", complete=True
            )
            for n in (2, 3)
        ]
        session.add_all(rows)
        session.flush()
        session.add_all(volume_in(row.id) for row in rows)
        return [row.id for row in rows]


def started(site: Any, maya: Any, *datasets: int, form: Mapping[str, Any] | None = None, **changes: Any) -> Any:
    """Maya fills in the form of the analysis, asks to try, fills that in, and starts."""
    page = maya.get("/analyses/lightsheet-deconvolution/start", query_string={"dataset": list(datasets)}).text
    sent = fields_of(page, 'id="start"') | {"option.background": "7"} | dict(form or {})
    asked = maya.post(ASK, data=sent)
    assert asked.status_code == 303
    page = maya.get(asked.location).text
    tried = fields_of(page, 'id="try"') | {"try": "iterations", "values": "5, 10, 20"} | changes
    return maya.post(f"{ASK}/start", data=tried)


def finished(site: Any, submission: str, *, numbers: dict[int, float]) -> list[int]:
    """Results of the trial's jobs, by the place of the value; the others have failed."""
    now = datetime.now(UTC)
    made = []
    with site.database.write() as session:
        quantity = ParameterType(
            facility_id=site.facility.facility, name="residual", units="%", value_type="NUMERIC"
        )
        session.add(quantity)
        session.flush()
        for job in session.scalars(select(Job).where(Job.submission_id == submission)).all():
            attempt = Attempt(
                job_id=job.id, number=1, name=f"x{job.id}", cluster="local", resources={}, created=now
            )
            session.add(attempt)
            session.flush()
            for state in (State.SUBMITTING, State.PENDING, State.RUNNING):
                job.move(state, at=now)
            if job.index not in numbers:
                job.move(State.FAILED, at=now, cause="exit code", words="It ran out of light.")
                continue
            result = Dataset(
                investigation_id=job.investigation_id,
                type_id=session.get_one(Dataset, job.inputs[0].dataset_id).type_id,
                name=job.title,
                location=f"results:{job.id}",
                complete=True,
                trial=submission,
            )
            session.add(result)
            session.flush()
            session.add(
                DatasetParameter(dataset_id=result.id, type_id=quantity.id, numeric_value=numbers[job.index])
            )
            level = numbers[job.index]
            session.add(
                TrialPicture(
                    dataset_id=result.id,
                    width=2,
                    height=1,
                    black=0.0,
                    white=level,
                    pixels=zlib.compress(array("f", [0.0, level]).tobytes()),
                )
            )
            session.add(JobOutput(job_id=job.id, attempt_id=attempt.id, name="deconvolved", dataset_id=result.id))
            for state in (State.COLLECTING, State.SUCCEEDED):
                job.move(state, at=now)
            made.append(result.id)
    return made


def test_from_the_form_to_the_sheet_and_back_to_the_form_of_all(site: Any, more: list[int]) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    answer = started(site, maya, first, *more, on=str(more[0]))
    assert answer.status_code == 303
    sheet = words_of(maya.get(answer.location).text)
    assert "on a part: Box 4:36, 86:214, 36:164" in sheet
    assert "Iterations: 3 values tried on Heart 2" in sheet and "0 of 3 have ended" in sheet
    with site.database.read() as session:
        jobs = session.scalars(select(Job).where(Job.submission_id == answer.location.rpartition("/")[2])).all()
        assert [job.options["iterations"] for job in jobs] == [5, 10, 20]
        assert {job.options["background"] for job in jobs} == {7.0}
        assert {job.options["box"] for job in jobs} == {"4:36, 86:214, 36:164"}
        assert {job.inputs[0].dataset_id for job in jobs} == {more[0]}
        assert jobs[0].title == "Heart 2, deconvolved, trial with Iterations 5"
        submission = jobs[0].submission
        assert submission.trial is not None and set(submission.trial.datasets) == {first, *more}
    finished(site, submission.id, numbers={0: 3.0, 1: 2.0})
    sheet = maya.get(answer.location).text
    assert "All 3 have ended" in words_of(sheet) and "It ran out of light." in words_of(sheet)
    assert "residual 3 %" in words_of(sheet) and "makes no difference" not in words_of(sheet)
    links = re.findall(r'href="(/trials/[^"]+/use/1[^"]*)"', sheet)
    one, all_ = (maya.get(html.unescape(link)).text for link in links)
    assert fields_of(one, 'id="start"')["option.iterations"] == ["10"]
    assert fields_of(one, 'id="start"')["dataset"] == [str(more[0])]
    sent = fields_of(all_, 'id="start"')
    assert set(sent["dataset"]) == {str(first), *map(str, more)}
    assert sent["option.background"] == ["7"]
    run = maya.post("/analyses/lightsheet-deconvolution/start", data=sent)
    assert run.status_code == 303 and "/batches/" in run.location
    with site.database.read() as session:
        made = get_submission(session, site.facility.actors["maya"], run.location.rpartition("/")[2])
        assert len(made.jobs) == 3 and {job.options["iterations"] for job in made.jobs} == {10}
        assert made.trial is None and not any(job.options.get("box") for job in made.jobs)


def back_on_the_form(maya: Any, sheet: str, *, of_all: bool = False) -> tuple[dict[str, Any], str]:
    """What the analysis's form holds with the middle value of a trial, and the page's words."""
    page = maya.get(f"{sheet}/use/1", query_string={"all": "1"} if of_all else {}).text
    return fields_of(page, 'id="start"'), words_of(page)


def test_all_that_was_typed_on_the_form_survives_a_trial(site: Any, more: list[int]) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    typed = {
        "title": "Hearts at stage 34",
        "variant": "large",
        "preset": "Quick look",
        "in.psf": str(more[1]),
        "option.psf": "file",
        "option.background": "7",
        "option.box": "0:20, 0:100, 0:100",
    }
    place = started(site, maya, first, more[0], **{"try": "iterations", "values": "4, 6"}, form=typed).location
    for of_all, datasets in ((False, [first]), (True, [first, more[0]])):
        sent, words = back_on_the_form(maya, place, of_all=of_all)
        kept = {name: sent[name] for name in typed}
        assert kept == {name: [text] for name, text in typed.items()}
        assert sent["option.iterations"] == ["6"] and sent["dataset"] == list(map(str, datasets))
        assert "What limits the work stands as on your form: Box 0:20, 0:100, 0:100." in words
    run = maya.post("/analyses/lightsheet-deconvolution/start", data=sent)
    with site.database.read() as session:
        made = get_submission(session, site.facility.actors["maya"], run.location.rpartition("/")[2])
        assert (made.title, made.preset, made.variant) == ("Hearts at stage 34", "Quick look", "large")


def test_a_name_that_was_only_proposed_is_proposed_anew(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    sent, words = back_on_the_form(maya, started(site, maya, first).location)
    with site.database.write() as session:
        row = session.get_one(Dataset, first)
        assert sent["title"] == [f"{row.name}, deconvolved"]
        assert session.scalars(select(Submission.trial).order_by(Submission.created.desc())).first().title == ""
    assert "The part is taken off: it runs on the whole dataset." in words


def test_a_trial_on_the_whole_dataset_speaks_of_no_part(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    _sent, words = back_on_the_form(maya, started(site, maya, first, part="whole").location)
    assert "The part is taken off" not in words


def test_one_job_over_all_stays_chosen(site: Any, more: list[int]) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    page = maya.get(ASK, query_string={"dataset": [first, *more], "mode": "all", "try": "iterations"}).text
    back = re.search(r'<a class="btn btn-quiet" href="([^"]+)">Back to the form', page)
    assert back and parse_qs(urlsplit(html.unescape(back.group(1))).query)["mode"] == ["all"]
    place = maya.post(f"{ASK}/start", data=fields_of(page, 'id="try"') | {"values": "5, 10"}).location
    with site.database.read() as session:
        trial = session.get_one(Submission, place.rpartition("/")[2]).trial
        assert trial is not None and trial.mode == "all"
    assert back_on_the_form(maya, place)[0].get("mode", ["each"]) == ["each"]


@pytest.mark.parametrize("title", ["x" * 256, "two\x07bells"])
def test_a_name_that_no_result_can_have_is_said_before_anything_is_tried(site: Any, title: str) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    answer = started(site, maya, first, form={"title": title})
    assert answer.status_code == 422 and "A title is one line of up to 255 characters" in words_of(answer.text)


def test_a_further_dataset_that_is_gone_is_left_out_and_said(site: Any, more: list[int]) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    typed = {"in.psf": str(more[1]), "option.psf": "file"}
    place = started(site, maya, first, form=typed).location
    with site.database.write() as session:
        session.delete(session.get_one(Dataset, more[1]))
    sent, words = back_on_the_form(maya, place)
    assert sent["option.background"] == ["7"] and "A dataset that can no longer be seen is left out." in words


def test_a_dataset_that_is_gone_is_left_out_and_said(site: Any, more: list[int]) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    place = started(site, maya, first, *more).location
    with site.database.write() as session:
        session.delete(session.get_one(Dataset, more[0]))
    page = maya.get(f"{place}/use/0?all=1").text
    assert fields_of(page, 'id="start"')["dataset"] == [str(first), str(more[1])]
    assert "1 dataset of those that were picked can no longer be seen" in words_of(page)


def test_pressed_twice_it_starts_once(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    form = maya.get(ASK, query_string={"dataset": first, "try": "iterations"}).text
    sent = fields_of(form, 'id="try"') | {"values": "5, 10"}
    places = {maya.post(f"{ASK}/start", data=sent).location for _ in range(2)}
    assert len(places) == 1
    other = maya.post(f"{ASK}/start", data=sent | {"values": "5, 11"})
    assert other.status_code == 303 and other.location not in places


def test_what_is_wrong_is_said_beside_it_and_all_that_was_typed_stays(site: Any, more: list[int]) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    answer = started(site, maya, first, *more, values="5, 10, many", on=str(more[1]))
    assert answer.status_code == 422
    page = words_of(answer.text)
    assert "One thing needs a look. Nothing you typed is lost." in page
    assert "many: Give a whole number from 1 to 1000; “many” is not one." in page
    sent = fields_of(answer.text, 'id="try"')
    assert (
        sent["values"] == ["5, 10, many"] and sent["option.background"] == ["7"] and sent["on"] == [str(more[1])]
    )


def test_what_is_wrong_on_the_form_before_is_said(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    answer = started(site, maya, first, **{"option.background": "-1"})
    assert answer.status_code == 422
    assert "Background, on the form before : Must be a number from 0 to 65535" in words_of(answer.text)


def test_choices_are_ticked_and_ranges_made(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    page = maya.get(ASK, query_string={"dataset": first, "try": "boundary"}).text
    sent = fields_of(page, 'id="try"')
    assert sent["value"] == ["reflect", "zero"] and "values" not in sent
    answer = maya.post(f"{ASK}/start", data=sent)
    assert "the stack is mirrored" in words_of(maya.get(answer.location).text)
    answer = started(
        site, maya, first, how="range", **{"from": "5", "to": "80", "number": "5", "spacing": "geometric"}
    )
    with site.database.read() as session:
        jobs = session.scalars(select(Job).where(Job.submission_id == answer.location.rpartition("/")[2])).all()
        assert [job.options["iterations"] for job in jobs] == [5, 10, 20, 40, 80]


def test_the_way_back_has_what_was_typed(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    form = maya.get(f"/analyses/lightsheet-deconvolution/start?dataset={first}").text
    sent = fields_of(form, 'id="start"') | {"option.background": "0,5"}
    place = maya.post(ASK, data=sent).location
    assert parse_qs(urlsplit(place).query)["option.background"] == ["0,5"]
    back = re.search(r'<a class="btn btn-quiet" href="([^"]+)">Back to the form', maya.get(place).text)
    assert back and 'value="0,5"' in maya.get(html.unescape(back.group(1))).text


def test_where_nothing_can_be_cut_it_says_so(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    page = words_of(maya.get("/analyses/qc/several", query_string={"dataset": first}).text)
    assert (
        "Quality check cannot work on a part: each value runs on the whole dataset. As many full jobs as" in page
    )
    none = maya.get("/analyses/random-counts/several")
    assert none.status_code == 422 and "no option of which values could be tried" in words_of(none.text)


def test_results_that_are_alike_are_said_to_be(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    answer = started(site, maya, first)
    made = finished(site, answer.location.rpartition("/")[2], numbers=dict.fromkeys(range(3), 2.0))
    alike = "Iterations makes no difference to their numbers and pictures here"
    assert alike in words_of(maya.get(answer.location).text)
    with site.database.write() as session:  # a slice about another centre has the same numbers
        picture = session.scalars(select(TrialPicture).where(TrialPicture.dataset_id == made[1])).one()
        picture.pixels = zlib.compress(array("f", [0.5, 2.0]).tobytes())
    assert "makes no difference" not in words_of(maya.get(answer.location).text)
    with site.database.write() as session:  # of a result without a picture it is not known
        session.delete(session.merge(picture))
    assert "makes no difference" not in words_of(maya.get(answer.location).text)


def test_a_submission_that_tries_nothing_has_no_sheet(site: Any) -> None:
    maya = site.client("maya")
    assert maya.get(f"/trials/{site.submission}").status_code == 404
    answer = started(site, maya, site.facility.datasets["private"])
    assert maya.get(f"{answer.location}/use/3").status_code == 404
    assert site.client("tom").get(answer.location).status_code == 404


def test_all_pictures_are_drawn_at_one_scale_which_is_said(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    place = started(site, maya, first).location
    finished(site, place.rpartition("/")[2], numbers={0: 100.0, 2: 400.0})
    page = maya.get(place).text
    assert "All pictures at one grey scale: black is 0, white 400." in words_of(page)
    addresses = [html.unescape(one) for one in re.findall(r'src="(/trials/[^"]+)"', page)]

    def greys_of(address: str) -> list[int]:
        picture = Image.open(io.BytesIO(maya.get(address).data))
        return [int(picture.getpixel((x, 0))) for x in range(picture.width)]

    greys = [greys_of(one) for one in addresses]
    assert greys == [[0, 64], [0, 255]]
    other = maya.get(place, query_string={"black": "50", "white": "150"}).text
    assert "at one grey scale that you chose: black is 50, white 150" in words_of(other)
    address = html.unescape(re.findall(r'src="(/trials/[^"]+)"', other)[0])
    assert greys_of(address) == [0, 128]
    for black, white in (("150", "50"), ("a", "1"), ("nan", "1"), ("1", "1e999"), ("-1e308", "1e308")):
        said = maya.get(place, query_string={"black": black, "white": white})
        assert said.status_code == 200 and "must be two numbers" in words_of(said.text)
    assert maya.get(f"{place}/pictures/1").status_code == 404
    assert site.client("tom").get(f"{place}/pictures/0").status_code == 404


def test_what_is_discarded_stands_in_no_list_and_can_be_taken_back(site: Any, csrf: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    place = started(site, maya, first).location
    finished(site, place.rpartition("/")[2], numbers={0: 1.0, 1: 2.0, 2: 3.0})
    token = {"csrf_token": csrf(maya, "/me")}
    assert "trial with Iterations 5" not in maya.get("/data").text
    assert "trial with Iterations 5" in maya.get("/data?kind=trials").text
    assert maya.post(f"{place}/discard", data=token).status_code == 303
    assert "Discarded just now" in words_of(maya.get(place).text)
    assert "trial with Iterations 5" not in maya.get("/data?kind=trials").text
    ravi = site.client("ravi")
    assert ravi.post(f"{place}/take-back", data={"csrf_token": csrf(ravi, "/me")}).status_code == 403
    maya.post(f"{place}/take-back", data=token)
    assert "trial with Iterations 5" in maya.get("/data?kind=trials").text


def test_discarding_cancels_what_has_not_ended(site: Any, csrf: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    place = started(site, maya, first).location
    maya.post(f"{place}/discard", data={"csrf_token": csrf(maya, "/me")})
    assert "All 3 have ended." in words_of(maya.get(place).text)


def test_a_batch_s_address_and_a_result_s_page_lead_to_the_sheet(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    place = started(site, maya, first).location
    submission = place.rpartition("/")[2]
    assert maya.get(f"/batches/{submission}").location == place
    (result,) = finished(site, submission, numbers={1: 2.0})
    page = maya.get(f"/datasets/{result}").text
    assert "One of several values that were tried." in page and f'href="{place}"' in page


def test_only_options_that_matter_with_what_is_chosen_are_offered(site: Any) -> None:
    """A numerical aperture changes nothing beside a Gaussian; one that the address names stays in sight."""
    maya, dataset = site.client("maya"), site.facility.datasets["private"]

    def offered(**query: str) -> list[str]:
        page = maya.get(ASK, query_string={"dataset": dataset, "try": "iterations", **query}).text
        return [name for name in ("Iterations", "Numerical aperture", "Pinhole") if f">{name}</button>" in page]

    assert offered() == ["Iterations"]
    assert offered(**{"option.psf": "theoretical"}) == ["Iterations", "Numerical aperture"]
    optics = {"option.psf": "theoretical", "option.illumination": "confocal"}
    assert offered(**optics) == ["Iterations", "Numerical aperture", "Pinhole"]
    assert offered(**{"try": "pinhole"}) == ["Iterations", "Pinhole"]


def lines_of(page: str) -> list[str]:
    """The lines of the list of jobs, as a screen reader reads them."""
    return [words_of(one) for one in re.findall(r'<article class="job-card">.*?</article>', page, re.DOTALL)]


def test_the_list_of_jobs_has_one_line_for_a_trial(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    before = len(lines_of(maya.get("/jobs").text))
    place = started(site, maya, first).location
    page = maya.get("/jobs").text
    assert len(lines_of(page)) == before + 1 and f'href="{place}"' in page
    line = lines_of(page)[0]
    assert "Iterations: 3 values tried on" in line and "Waiting" in line and "0 of 3 done, 3 to go." in line
    assert "data-live" in page
    finished(site, place.rpartition("/")[2], numbers={0: 1.0, 1: 2.0})
    for state in ("", "failed", "done"):  # found by any of its jobs, and told as a whole
        (line,) = [one for one in lines_of(maya.get(f"/jobs?state={state}").text) if "values tried" in one]
        assert "Failed" in line and "2 of 3 done, 1 failed." in line
    assert not [one for one in lines_of(maya.get("/jobs?state=active").text) if "values tried" in one]
    assert len(lines_of(maya.get("/jobs?q=trial+with+Iterations+10").text)) == 1
    ravi = site.client("ravi")
    assert any("3 values tried" in one for one in lines_of(ravi.get("/jobs?whose=all").text))
    assert not any("values tried" in one for one in lines_of(site.client("tom").get("/jobs?whose=all").text))


def test_pages_of_the_list_count_lines_and_each_trial_stands_on_one(site: Any) -> None:
    maya, first = site.client("maya"), site.facility.datasets["private"]
    for values in ("5, 10, 20", "1, 2", "3, 4, 6"):
        assert started(site, maya, first, values=values).status_code == 303
    actor = site.facility.actors["maya"]
    with site.database.read() as session:
        all_ = list_lines(session, actor, person="maya", size=50)
        pages = [list_lines(session, actor, person="maya", page=n, size=2) for n in (1, 2)]
        assert [all_.groups[one.submission_id].seen for one in all_.page.items[:3]] == [3, 2, 3]
        assert all_.jobs == all_.page.total + 2 + 1 + 2
        walked = [one.id for page in pages for one in page.page.items]
        assert walked == [one.id for one in all_.page.items][:4]
        assert all(page.page.total == all_.page.total and page.jobs == all_.jobs for page in pages)
        assert [sorted(page.groups) for page in pages] == [
            sorted({one.submission_id for one in page.page.items if one.submission.trial}) for page in pages
        ]
    with site.app.test_request_context("/jobs"):
        words = f"1–2 of {all_.page.total} lines, {all_.jobs} jobs"
        assert line_links(pages[0]).words == words and line_links(pages[0]).next
