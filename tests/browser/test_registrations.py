"""Three registrations as staff do them: ImageMagick on a TIFF, a script of twelve options, two inputs and outputs.

From an empty draft to a tried and published revision, by clicking. Each press and each filled field is a step; a
person takes half a minute for one, so that sixty are half an hour.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tifffile
from hands import Hands, go, saved, text_of
from playwright.sync_api import Page, expect
from sqlalchemy import select

from portal.catalogue.models import Dataset
from portal.data.registered import root_of
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobtype.load import judge

pytestmark = pytest.mark.browser

MOST_STEPS = 60
MAGICK = "/usr/bin/convert in.tif -resize 50% -blur 0x3 out.tif"
SCRIPT = """
import argparse, json, os
from pathlib import Path
take = argparse.ArgumentParser()
for name in ("threshold", "sigma", "low", "high", "method", "iterations", "tolerance", "label", "mode-of-edges"):
    take.add_argument("--" + name)
for name in ("invert", "fill", "verbose"):
    take.add_argument("--" + name, action="store_true")
take.add_argument("image")
take.add_argument("table")
given = take.parse_args()
print("step 1 of 1")
Path(given.table).write_text("cells\\n%d\\n" % os.path.getsize(given.image))
"""
BOTH = """
import sys
from pathlib import Path
first, second, sum_to, report_to = sys.argv[1:]
Path(sum_to).write_bytes(Path(first).read_bytes()[:1000] + Path(second).read_bytes()[:1000])
Path(report_to).write_text("both\\n")
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """A program of Python that stands somewhere on the machine; how it is called."""

    def make(code: str) -> str:
        file = tmp_path / "program.py"
        file.write_text(code)
        return f"{sys.executable} {file}"

    return make


def begun(page: Page, hands: Hands, title: str, command: str) -> str:
    """A new draft from the command; the address of its steps."""
    go(page, "/analyses")
    hands.press(page.get_by_role("link", name="New analysis"))
    hands.type("Title", title)
    hands.count += 1
    page.get_by_label(re.compile("The command that works")).fill(command)
    hands.press(page.get_by_role("button", name="Make a draft"))
    page.wait_for_url("**/command*")
    return page.url.partition("/command")[0]


def means(page: Page, hands: Hands, word: str, meant: str) -> None:
    """Say what a word of the command is."""
    chip = page.locator("details.draft-chip").filter(has=page.get_by_text(word, exact=True))
    hands.press(chip.first.locator("summary"))
    with page.expect_navigation():
        hands.press(chip.first.get_by_role("button", name=meant))


def to(page: Page, hands: Hands, step: str) -> None:
    """On to a step by its tab."""
    page.wait_for_load_state("networkidle")
    hands.press(page.locator("#draft-steps").get_by_role("link", name=step))
    page.wait_for_url(f"**/{step.lower()}*")


def described(page: Page, hands: Hands, sentence: str) -> None:
    """The step Purpose, with what every analysis must say."""
    to(page, hands, "Purpose")
    hands.type("In one sentence", sentence)
    saved(page)
    hands.type("Heading on the Analyses page", "Cells")
    saved(page)


def tried_and_published(page: Page, hands: Hands, title: str) -> None:
    """The steps Try and Publish; the page stands on a published revision at the end."""
    to(page, hands, "Try")
    with page.expect_navigation():
        hands.press(page.get_by_role("button", name="Ask to try it"))
    with page.expect_navigation():
        hands.press(page.get_by_role("button", name="Try it", exact=True))
    expect(page.locator("#draft-stage")).to_contain_text("Tried:", timeout=120_000)
    to(page, hands, "Publish")
    hands.count += 2
    page.get_by_label("What changed, in a sentence").fill("It is new.")
    page.get_by_label("Everyone").check()
    with page.expect_navigation():
        hands.press(page.get_by_role("button", name="Ask to publish it"))
    expect(page.locator("#draft-stage")).to_be_visible()
    for _ in range(60):
        if "Published" in page.locator("#draft-stage").inner_text():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.locator("#draft-stage")).to_contain_text("Published")
    found = judge(text_of_title(page, title))
    assert found.jobtype is not None, found.wrong
    assert hands.count <= MOST_STEPS, hands.count
    print(f"{title}: {hands.count} steps, about {hands.count / 2:.0f} minutes")


def text_of_title(page: Page, title: str) -> str:
    """The YAML, as the page gives it."""
    address = page.url.partition("/publish")[0]
    return page.request.get(f"{address}/file").text()


def option(page: Page, hands: Hands, name: str) -> Any:
    """An option's item, opened."""
    text = re.compile(
        rf"^\s*{re.escape(name)}\s*(Needs a look)?\s*$"
    )  # the mark is there, hidden, where nothing is wrong
    item = page.locator("details.draft-item").filter(has=page.locator("summary", has_text=text))
    if not item.evaluate("item => item.open"):
        hands.press(item.locator("> summary"))
    return item


def test_imagemagick_on_a_tiff(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    hands = Hands(page)
    go(page, "/analyses")
    hands.press(page.get_by_role("link", name="New analysis"))
    hands.type("Title", "Shrink a picture")
    hands.press(page.get_by_role("button", name="Make a draft"))
    page.wait_for_url("**/purpose*")
    described(page, hands, "Makes a picture smaller and softer.")
    to(page, hands, "Command")
    hands.type("Command, or a batch script of Slurm", MAGICK)
    hands.press(page.get_by_role("button", name="Read it"))
    for word, meant in (
        ("in.tif", "A file of the dataset"),
        ("50%", "An option"),
        ("0x3", "An option"),
        ("out.tif", "A file that it writes"),
    ):
        means(page, hands, word, meant)
        expect(page.locator(".flash")).to_contain_text("guess")
    to(page, hands, "Options")
    hands.type("At least", "1")
    saved(page)
    hands.type("At most", "400")
    expect(page.locator("#live-form")).to_contain_text("1 to 400")
    expect(page.locator("form.htmx-request")).to_have_count(0)
    # The form as a researcher sees it, and the command that follows what is typed into it.
    live = page.locator("#live-form")
    live.get_by_label("Resize").fill("25")
    live.get_by_label("Resize").press("Tab")
    expect(live.locator(".word", has_text="25%")).to_be_visible()
    expect(live.locator(".word").first).to_have_text("/usr/bin/convert")
    tried_and_published(page, hands, "Shrink a picture")
    made = judge(text_of(demo, "Shrink a picture")).jobtype
    assert made is not None
    assert [option.name for option in made.options] == ["resize", "blur"]
    # What the trial left is what ImageMagick makes of that very file: as large as half of it, in pixels.
    before, after = _tried_on(demo, made.revision)
    assert after[-2:] == tuple(-(-length // 2) for length in before[-2:]) or after[-2:] == tuple(
        length // 2 for length in before[-2:]
    )


def _tried_on(demo: Any, digest: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sizes of the TIFF that went into the trial, and of the one that came out."""
    settings = demo.settings
    with demo.database.read() as session:
        query = (
            select(Job)
            .join(Job.submission)
            .join(Submission.revision)
            .where(JobTypeRevision.digest == digest, Submission.draft)
        )
        job = session.scalars(query).one()
        found = []
        for number in (job.inputs[0].dataset_id, job.outputs[0].dataset_id):
            dataset = session.get_one(Dataset, number)
            folder, relative = root_of(dataset, settings)
            [file] = [one for one in dataset.datafiles if one.name.endswith((".tif", ".tiff"))]
            found.append(tifffile.TiffFile(folder / relative / (file.location or file.name)).pages[0].shape)
    return found[0], found[1]


def test_a_script_of_twelve_options_with_conditions(
    demo: Any, browse: Callable[..., Page], program: Callable[[str], str]
) -> None:
    page = browse("sam")
    hands = Hands(page)
    command = (
        f"{program(SCRIPT)} --threshold=120 --sigma=1.5 --low=10 --high=900 --method=otsu --iterations=20 "
        "--tolerance=0.01 --label=cells --mode-of-edges=mirror --invert --fill --verbose in.tif table.csv"
    )
    begun(page, hands, "Count the cells", command)
    for word in ("threshold=120", "sigma=1.5", "low=10", "high=900", "method=otsu", "iterations=20"):
        means(page, hands, f"--{word}", "An option")
    for word in ("tolerance=0.01", "label=cells", "mode-of-edges=mirror"):
        means(page, hands, f"--{word}", "An option")
    for word in ("invert", "fill", "verbose"):
        means(page, hands, f"--{word}", "There or not")
    means(page, hands, "in.tif", "A file of the dataset")
    means(page, hands, "table.csv", "A file that it writes")
    described(page, hands, "Counts the cells of a picture.")
    to(page, hands, "Options")
    sigma = option(page, hands, "Iterations")
    hands.press(sigma.locator("summary", has_text=re.compile("^More$")))
    hands.count += 1
    field = sigma.get_by_label("Only where", exact=True)
    field.fill("sigma > 1")
    field.press("Tab")
    saved(page)
    live = page.locator("#live-form")
    expect(live.get_by_label("Iterations")).to_be_visible()
    hands.count += 1
    live.get_by_label("Sigma").fill("0.5")
    live.get_by_label("Sigma").press("Tab")
    expect(live.locator(".word", has_text="--iterations")).to_have_count(0)
    tried_and_published(page, hands, "Count the cells")
    made = judge(text_of(demo, "Count the cells")).jobtype
    assert made is not None
    assert len(made.options) == 12
    assert made.option("iterations").show_when is not None


def test_a_program_of_two_inputs_and_two_outputs(
    demo: Any, browse: Callable[..., Page], program: Callable[[str], str]
) -> None:
    page = browse("sam")
    hands = Hands(page)
    begun(page, hands, "Put two together", f"{program(BOTH)} first.tif second.tif sum.tif report.txt")
    for word, meant in (
        ("first.tif", "A file of the dataset"),
        ("second.tif", "A file of the dataset"),
        ("sum.tif", "A file that it writes"),
        ("report.txt", "A file that it writes"),
    ):
        means(page, hands, word, meant)
    described(page, hands, "Puts two pictures into one.")
    tried_and_published(page, hands, "Put two together")
    made = judge(text_of(demo, "Put two together")).jobtype
    assert made is not None
    assert [len(made.inputs), len(made.outputs)] == [2, 2]
