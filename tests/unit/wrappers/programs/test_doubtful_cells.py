"""What makes events doubtful is said, and backgrounds that cannot be are refused; drawn cells of other kinds."""

import json
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401 - results are compressed with Zstandard
import numpy as np
import pytest

FRAMES, HEIGHT, WIDTH, PIXEL_UM = 24, 60, 140, 0.3
DARK = 25


def ellipse(x: float, y: float, across: float = 9, down: float = 8) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return ((columns - x) / across) ** 2 + ((rows - y) / down) ** 2 <= 1


def write(path: Path, cells: list[list[np.ndarray]], *, noise: float = 1.0, grey: int = 150, **features) -> Path:
    """Write a measurement with these cells (masks) in each frame, darker than the background by DARK."""
    rng = np.random.default_rng(3)
    images = np.full((len(cells), HEIGHT, WIDTH), float(grey))
    for image, masks in zip(images, cells, strict=True):
        for mask in masks:
            image[mask] -= DARK
        image += rng.normal(0, noise, image.shape)
    with h5py.File(path, "w") as file:
        file.attrs.update({"imaging:pixel size": PIXEL_UM, "imaging:frame rate": 1000.0})
        file["events/image"] = np.clip(np.round(images), 0, 255).astype(np.uint8)
        file["events/image_bg"] = np.full(images.shape, grey, np.uint8)
        file["events/frame"] = np.arange(1, len(cells) + 1)
        for name, values in features.items():
            if f"events/{name}" in file:
                del file[f"events/{name}"]
            if values is not None:
                file[f"events/{name}"] = values
    return path


def passing(frames: int = FRAMES) -> list[list[np.ndarray]]:
    """One cell a frame, at another place in each."""
    return [[ellipse(20 + 97 * number % 100, 22 + 7 * number % 16)] for number in range(frames)]


@pytest.fixture
def analysed(run_program, tmp_path: Path):
    """Return run(cells, options, …): the ending, and the features of its events."""

    def run(cells, options=None, **more):
        ending = run_program(
            "dc_segmentation", {"measurement": [write(tmp_path / "a.rtdc", cells, **more)]}, options
        )
        if ending.code:
            return ending, {}
        with h5py.File(ending.output / "segmented.rtdc") as file:
            return ending, {name: item[...] for name, item in file["events"].items()}

    return run


def test_single_cells_on_an_even_background_are_not_doubtful(analysed) -> None:
    ending, found = analysed(passing())
    assert len(found["frame"]) == FRAMES
    assert ending.metadata["warnings"] == []
    assert not found["userdef8"].any()
    assert not found["userdef9"].any()


def test_a_threshold_within_the_noise_is_said(analysed) -> None:
    ending, _ = analysed(passing(), {"threshold": -6}, noise=3.5)
    assert "the threshold of -6 grey values is within 2 times the noise of the background (3" in ending.warned
    # Without opening specks stay.
    ending, found = analysed(passing(), {"threshold": -2, "opening_radius": 0, "min_area_um": 0}, noise=2.0)
    assert "is within 3 times the noise" in ending.warned
    assert len(found["frame"]) > FRAMES


def test_some_frames_of_another_brightness_are_said(analysed) -> None:
    """A lamp's flash: a frame that is darker as a whole is one object that the edge cuts, and its cell is lost."""
    behind = np.full((FRAMES, HEIGHT, WIDTH), 150, np.uint8)
    behind[5:8] += 25
    ending, found = analysed(passing(), image_bg=behind)
    assert len(found["frame"]) == FRAMES - 3
    assert f"3 of {FRAMES} frames differ from their backgrounds as a whole, by up to 25" in (ending.warned)


def test_many_cells_in_a_large_image_are_not_taken_for_noise(run_program, tmp_path: Path) -> None:
    rows, columns = np.mgrid[:300, :900]
    images = np.full((2, 300, 900), 150, np.uint8)
    images[:, ((rows % 60 - 30) ** 2 + (columns % 75 - 37) ** 2) < 64] -= DARK
    images[1] -= 1
    path = write(tmp_path / "a.rtdc", passing(2))
    with h5py.File(path, "r+") as file:
        for name, values in (("image", images), ("image_bg", np.full_like(images, 150))):
            del file[f"events/{name}"]
            file[f"events/{name}"] = values
    ending = run_program("dc_segmentation", {"measurement": [path]}, {"texture": False})
    assert ending.parameters["cells"] == 120
    assert ending.warned == ""


def test_a_median_of_the_only_image_is_told_where_nothing_is_found(analysed, refused) -> None:
    for name in ("sparsemed", "median"):
        ending, _ = analysed(passing(1), {"background": name})
        refused(ending, "the median is of 1 image only, so that cells stay in it")


@pytest.mark.parametrize("name", ["sparsemed", "rollmed", "median"])
def test_a_median_of_few_images_is_said(analysed, name: str) -> None:
    ending, _ = analysed(passing(), {"background": name, "background_frames": 8})
    assert "the median is of 8 images only: what moves slowly stays in it" in ending.warned


def test_one_cell_is_one_cell_in_words(analysed) -> None:
    ending, _ = analysed(passing(1))
    assert ending.metadata["summary"].startswith("1 cell in 1 frame,")


def test_a_background_of_another_brightness_is_said(analysed) -> None:
    ending, _ = analysed(passing(), image_bg=np.full((FRAMES, HEIGHT, WIDTH), 146, np.uint8))
    assert "the images are 4 grey values brighter than their backgrounds on the whole" in ending.warned


def test_cells_that_touch_are_marked_and_said(analysed) -> None:
    apart, one_outline = [ellipse(40, 30), ellipse(90, 30)], [ellipse(50, 30, 12, 10), ellipse(73, 30, 12, 10)]
    by_a_thread = [ellipse(40, 30), ellipse(90, 30), np.zeros((HEIGHT, WIDTH), bool)]
    by_a_thread[2][30:32, 40:90] = True
    cells = [apart] * 4 + [one_outline] * 4 + [[np.logical_or.reduce(by_a_thread)]] * 4
    ending, found = analysed(cells)
    marked = found["userdef9"] == 1
    assert not marked[found["frame"] <= 4].any()
    assert marked[found["frame"] > 4].all()
    assert (found["frame"] > 8).sum() == 8
    assert ending.parameters["events that touch or are dented"] == 12
    assert "12 of 20 events touch another, or are dented" in ending.warned


def test_cells_that_the_image_cuts_are_counted_or_marked(analysed) -> None:
    cells = [[ellipse(2, 30), ellipse(60, 58)] for _ in range(3)] + [[ellipse(70, 30)]]
    ending, found = analysed(cells)
    assert len(found["frame"]) == 1
    assert ending.parameters["cells cut by the edge, left out"] == 6
    assert "more cells are cut by the image's edge, and left out (6), than were measured (1)" in ending.warned
    ending, found = analysed(cells, {"clear_border": False})
    assert found["userdef8"].tolist() == [1, 1] * 3 + [0]
    assert "6 of 7 events are cut by the image's edge" in ending.warned


def test_a_cell_that_spans_the_channel_fills_what_lies_behind_it_and_that_is_said(analysed) -> None:
    bar = np.zeros((HEIGHT, WIDTH), bool)
    bar[20:26] = True
    ending, _ = analysed([[bar], *passing(3)], {"clear_border": False})
    assert "in 1 frame cells part the background" in ending.warned


def test_images_that_repeat_are_looked_at_once(analysed, tmp_path: Path) -> None:
    write(tmp_path / "one.rtdc", passing())
    with h5py.File(tmp_path / "one.rtdc") as file:
        twice = np.repeat(file["events/image"][...], 2, axis=0)
    backgrounds = np.full(twice.shape, 150, np.uint8)
    doubled = {"image": twice, "image_bg": backgrounds}
    ending, found = analysed(passing(), **doubled, frame=None)
    assert len(found["frame"]) == FRAMES
    assert ending.parameters["repeated images"] == FRAMES
    assert ending.warned == ""
    ending, found = analysed(passing(), **doubled, frame=np.arange(1, 2 * FRAMES + 1))
    assert len(found["frame"]) == FRAMES
    assert f"{FRAMES} images are the same as the one before, under another number" in ending.warned


def test_regions_of_one_frame_are_told_by_their_content(analysed) -> None:
    """Under one frame number: three regions, each stored twice, not one after the other."""
    three = [[ellipse(30, 30)], [ellipse(60, 25)], [ellipse(90, 35)]]
    ending, found = analysed(three + three, frame=np.full(6, 7), noise=0)
    assert len(found["frame"]) == 3
    assert ending.parameters["frames"] == 3
    # dcnum takes an image for another one unless it follows at once: these are not its events.
    assert found["frame"].tolist() == [7] * 3


@pytest.mark.parametrize("method", ["median", "rollmed", "sparsemed"])
def test_a_median_with_cells_in_it_is_said(analysed, method: str) -> None:
    frames = 80
    in_the_middle = [[ellipse(70, 30)] if number % 5 < 3 else [] for number in range(frames)]
    elsewhere = [
        [*masks, ellipse(25, 30)] if number % 4 == 1 else masks for number, masks in enumerate(in_the_middle)
    ]
    options = {"background": method, "background_frames": 40, "split_time": 0.01}
    ending, _ = analysed(elsewhere, options)
    assert "the median may have cells in it" in ending.warned
    ending, _ = analysed(passing(frames), options)
    assert "the median may have cells" not in ending.warned


@pytest.mark.parametrize(
    ("options", "more", "words"),
    [
        ({"background": "rollmed"}, {}, "needs more images than that, and there are 24"),
        ({"background": "rollmed", "background_frames": 7}, {}, "an even number of images"),
        ({"first_image": 24}, {}, "The first image is number 24, counted from 0, and a.rtdc has 24"),
        (
            {"background": "sparsemed"},
            {"time": np.linspace(0, 1e9, FRAMES)},
            "too long for a background every 1 s",
        ),
        ({"background": "sparsemed"}, {"time": np.linspace(9, 1, FRAMES)}, "end before they begin"),
        ({"background": "roll"}, {}, "The option background"),
    ],
)
def test_what_cannot_be_is_refused_in_words(analysed, refused, options, more, words) -> None:
    refused(analysed(passing(), options, **more)[0], words)


@pytest.mark.parametrize(
    ("which", "fits"), [(np.arange(FRAMES) // 12, True), (np.arange(FRAMES), False), (np.full(FRAMES, -1), False)]
)
def test_backgrounds_within_the_file_are_whose_it_says(run_program, refused, tmp_path, which, fits) -> None:
    path = write(tmp_path / "a.rtdc", passing(), image_bg=None, basinmap0=which)
    said = {"type": "internal", "paths": ["basin_events"], "features": ["image_bg"], "mapping": "basinmap0"}
    with h5py.File(path, "r+") as file:
        file["basin_events/image_bg"] = np.full((2, HEIGHT, WIDTH), 150, np.uint8)
        file["basins/one"] = np.array([line.encode() for line in json.dumps(said, indent=1).split("\n")])
    ending = run_program("dc_segmentation", {"measurement": [path]})
    if fits:
        assert ending.parameters["cells"] == FRAMES
    else:
        refused(ending, "background is one that it does not have")


def test_bright_cells_are_said_to_be_bright(analysed, refused) -> None:
    rest = np.full((4, HEIGHT, WIDTH), 100, np.uint8)
    images = rest.copy()
    images[:, ellipse(60, 30)] = 160
    refused(
        analysed(passing(4), image=images, image_bg=rest)[0], "brighter than the background, and this analysis"
    )


def test_frames_without_cells_are_looked_at_and_none_at_all_is_no_result(analysed, refused) -> None:
    ending, found = analysed([[], *passing(2), [], []])
    assert found["frame"].tolist() == [2, 3]
    assert ending.parameters["frames"] == 5
    refused(
        analysed([[], [], []])[0],
        "No cell of at least 5 µm² is beyond the threshold of -6 grey values in 3 frames",
    )


def test_times_that_are_none_are_not_used_in_silence(analysed) -> None:
    times = np.arange(FRAMES) / 1000
    times[5] = np.nan
    ending, _ = analysed(passing(), {"background": "sparsemed", "split_time": 0.005}, time=times)
    assert "some recorded times are no numbers; the sparse median goes by frames instead" in ending.warned
    ending, _ = analysed(passing(), {"background": "sparsemed"}, time=np.zeros(FRAMES))
    assert "all images have the same time" in ending.warned
    ending, _ = analysed(passing(), {"background": "sparsemed"}, frame=None)
    assert "does not tell its times" in ending.warned
    assert "the median is of 24 images, since there are no more; 200 were asked for" in ending.warned


def test_what_is_not_dcnums_in_every_value_is_not_named_so(analysed) -> None:
    def steps(options, **more) -> dict[str, str]:
        ending, _ = analysed(passing(), options, **more)
        with h5py.File(ending.output / "segmented.rtdc") as file:
            return {key.split()[-1]: value for key, value in file.attrs.items() if key.startswith("pipeline:")}

    own = steps({"min_area_um": 0})
    assert (own["generation"], own["background"], own["gate"]) == ("13", "copy:", "norm:o=0^s=10")
    for options in ({}, {"min_area_um": 0, "cleaning": "closing"}, {"min_area_um": 0, "background": "median"}):
        other = steps(options)
        assert other["generation"].startswith("gantry")
        assert any("gantry" in other[step] for step in ("gate", "segmenter", "background"))
        assert other["hash"] != own["hash"]
    offsets = np.zeros(FRAMES)
    offsets[3] = np.nan
    assert steps({"min_area_um": 0}, bg_off=offsets)["generation"].startswith("gantry")
