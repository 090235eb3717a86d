"""What a program left, looked into before it is registered."""

import h5py
import numpy as np
import pytest

from portal.daemon.collect.inspect import inspect_result
from portal.errors import UnsafeFileError
from portal.store.client import StoredFile, StoredResult


def result_of(folder):
    files = tuple(
        StoredFile(path.name, path.stat().st_size, path.stat().st_mtime_ns, "0" * 64) for path in folder.iterdir()
    )
    return StoredResult(folder.name, "attempt", files, sum(file.size for file in files), "0" * 64)


@pytest.fixture
def kept(tmp_path):
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


@pytest.mark.parametrize("size", [0, 512, 16 << 10, 16 << 20])
@pytest.mark.parametrize("name", ["more.h5", "notes.txt"])
def test_hdf5_that_leads_out_is_refused_by_any_name_and_behind_any_user_block(kept, name, size):
    with h5py.File(kept / name, "w", userblock_size=size) as file:
        file["away"] = h5py.ExternalLink("/etc/passwd", "/x")
    with pytest.raises(UnsafeFileError, match=f"{name}: The file leads out of itself"):
        inspect_result(kept.parent, result_of(kept))


def test_what_nobody_can_open_is_the_persons_own_affair(kept):
    with h5py.File(kept / "cut.h5", "w") as file:
        file["x"] = np.arange(1000.0)
    (kept / "cut.h5").write_bytes((kept / "cut.h5").read_bytes()[:-2000])
    assert [file.name for file in inspect_result(kept.parent, result_of(kept)).files] == ["cut.h5"]


def test_what_opens_but_cannot_be_looked_through_is_refused(kept):
    with h5py.File(kept / "many.h5", "w") as file:
        for number in range(200):
            file[f"name {number:03}"] = h5py.SoftLink("/nowhere")
    raw = bytearray((kept / "many.h5").read_bytes())
    node = raw.rindex(b"SNOD")
    raw[node : node + 4] = b"XXXX"
    (kept / "many.h5").write_bytes(raw)
    with pytest.raises(UnsafeFileError, match=r"many\.h5: .* not all links of its group / can be seen"):
        inspect_result(kept.parent, result_of(kept))
