"""Which channel is meant is chosen from pictures, by keyboard too; how many results all make is said before."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Page, expect
from sqlalchemy import select

from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Dataset
from portal.identity.actor import Actor
from portal.identity.models import Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHANNELS = ["DAPI", "GFP", "RFP"]


def write(path: Path) -> None:
    rng = np.random.default_rng(3)
    with tifffile.TiffWriter(path, ome=True) as file:
        for position in range(2):
            # A ground that becomes brighter: as many greys as in a picture of a microscope.
            ground = np.add.outer(3.0 * np.arange(48), 2.0 * np.arange(64))
            values = rng.poisson(20 + ground, (6, 3, 48, 64)).astype(np.uint16)
            for channel in range(3):
                row, column = 10 + 12 * channel, 12 + 18 * channel + 4 * position
                values[:, channel, row : row + 8, column : column + 8] += 400
            metadata = {"axes": "ZCYX", "Name": f"Position {position + 1}", "Channel": {"Name": CHANNELS}}
            file.write(values, metadata=metadata, photometric="minisblack")


@pytest.fixture
def larva(demo: Any) -> int:
    """A dataset with two positions of three channels, in the experiment of the zebrafish heart."""
    [root] = demo.settings.roots.values()
    path = root.path / "two-positions.ome.tif"
    if not path.exists():
        write(path)
    with demo.database.read() as session:
        heart = session.scalars(select(Dataset).where(Dataset.name == "Zebrafish heart, GFP")).one()
        staff = next(person for person in session.scalars(select(Person)) if "staff" in person.roles)
        actor: Actor = staff.actor()
        experiment = heart.investigation_id
    made = add_in_place(
        demo.database,
        actor,
        path,
        type_name="light-sheet stack",
        investigation=experiment,
        settings=demo.settings,
        now=datetime.now(UTC),
        name="Larva, two positions",
    )
    return made.id


def test_a_channel_is_chosen_by_keyboard_and_all_make_a_result_each(
    larva: int, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    page.goto(f"/analyses/lightsheet-deconvolution/start?dataset={larva}")
    volume, channel = (page.get_by_role("group", name=name, exact=True) for name in ("Volume", "Channel"))
    expect(volume.get_by_role("radio")).to_have_count(3)
    expect(channel.get_by_role("radio")).to_have_count(4)
    for picture in channel.locator("img").all():
        assert picture.evaluate("image => image.complete && image.naturalWidth") > 0
    volume.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(volume.get_by_role("radio").nth(1)).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(channel.get_by_role("radio").first).to_be_checked()
    page.keyboard.press("ArrowUp")  # around to the last: all
    expect(channel.get_by_role("radio").last).to_be_checked()
    beside = page.locator("#beside")
    expect(beside).to_contain_text("3 results")
    expect(page.get_by_role("button", name="Start 3")).to_be_visible()


def test_without_a_choice_the_form_asks_and_loses_nothing(larva: int, browse: Callable[..., Page]) -> None:
    page = browse("maya", script=False)
    page.goto(f"/analyses/lightsheet-deconvolution/start?dataset={larva}")
    page.get_by_role("group", name="Channel", exact=True).get_by_role("radio", name="GFP").check()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Light-sheet deconvolution")
    expect(page.locator("#f-array-wrong")).to_contain_text("Position 1 (3 channels, 6 × 48 × 64)")
    expect(page.get_by_role("radio", name="GFP")).to_be_checked()


def test_the_dataset_s_page_lists_what_is_in_its_files(larva: int, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto(f"/datasets/{larva}")
    section = page.get_by_role("region", name="What is in the files")
    expect(section).to_contain_text("Position 2")
    expect(section).to_contain_text("6 × 3 × 48 × 64")
    expect(section).to_contain_text("z, channel (DAPI, GFP and RFP), y, x")
