"""A deconvolution of a box in a stack: the same as that part of the whole, and no box that is none."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

SIZES = {"voxel_size_x_um": 0.2, "voxel_size_y_um": 0.2, "voxel_size_z_um": 0.5}


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    light = np.zeros((30, 60, 64))
    for _ in range(60):
        light[tuple(rng.integers(0, light.shape))] = rng.uniform(500, 4000)
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file["data"] = rng.poisson(gaussian_filter(light, (1.8, 1.5, 1.5)) + 5).astype(np.uint16)
        file["data"].attrs.update(SIZES)
    return tmp_path / "stack.h5"


def volume(ending) -> np.ndarray:
    with h5py.File(ending.output / "deconvolved.h5") as file:
        return np.asarray(file["data"])


@pytest.mark.parametrize("boundary", ["reflect", "zero"])
@pytest.mark.parametrize(
    ("box", "place"),
    [
        ("12:18, 25:35, 30:40", np.s_[12:18, 25:35, 30:40]),
        ("0:6,50:60,:", np.s_[0:6, 50:60, :]),
        (" : , : , : ", np.s_[:, :, :]),
    ],
)
def test_a_box_is_as_it_is_in_the_whole(run_program, stack, boundary, box, place) -> None:
    options = {"iterations": 10, "boundary": boundary}
    whole = volume(run_program("lightsheet_deconvolution", {"stack": [stack]}, options))[place]
    ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, {**options, "box": box})
    assert volume(ending).shape == whole.shape
    # Beyond a face the mirrored stack goes round to the other side, which a box does not have.
    near = 1e-3 if boundary == "zero" or place[0].start else 5e-3
    assert np.abs(volume(ending) - whole).max() < near * whole.max()
    assert ending.parameters["box"] == ", ".join(f"{p.start or 0}:{(p.start or 0) + n}" for p, n in zip(
        place, whole.shape, strict=True))  # fmt: skip
    with h5py.File(ending.output / "deconvolved.h5") as file:
        assert file["data"].attrs["box"] == ending.parameters["box"]


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ("1:2, 3:4", "is none: write z0:z1, y0:y1, x0:x1"),
        ("a:b, 1:2, 1:2", "is none: write z0:z1"),
        ("-5:-1, 1:2, 1:2", "is none: write z0:z1"),
        ("5:5, 0:9, 0:9", "The box goes from 5 to 5 along z"),
        ("9:5, 0:9, 0:9", "The box goes from 9 to 5 along z"),
        ("0:5, 0:61, 0:9", "The box ends at 61 along y, where the stack has 60 voxels"),
        (f"{'9' * 400}:1, 0:1, 0:1", "is none"),
    ],
)
def test_what_is_no_box_of_the_stack_is_refused(run_program, refused, stack, box, words) -> None:
    refused(run_program("lightsheet_deconvolution", {"stack": [stack]}, {"iterations": 1, "box": box}), words)


def test_the_course_is_kept_and_the_change_at_which_to_stop_is_told(run_program, stack) -> None:
    ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, {"iterations": 300, "stop_at": 1.0})
    with h5py.File(ending.output / "deconvolved.h5") as file:
        change, residual = file["change"][()], file["residual"][()]
    done = ending.parameters["iterations"]
    assert len(change) == len(residual) == done < 300
    assert change[-1] < 0.01 <= change[:-1].min()
    assert ending.parameters["residual"] == pytest.approx(100 * residual[-1], abs=1e-3)
    assert ending.parameters["stopped"] == "by its change"
    assert "not reached" not in ending.warned
    told = [event["metrics"] for event in ending.events if event["metrics"]]
    assert all(set(one) == {"iterations/s", "residual %", "change %"} for one in told)
    assert (ending.output / "previews" / "residual.png").exists()
    short = run_program("lightsheet_deconvolution", {"stack": [stack]}, {"iterations": 3, "stop_at": 1.0})
    assert "the 1 % at which to stop was not reached" in short.warned
    assert short.parameters["stopped"] == "by the number of iterations"
