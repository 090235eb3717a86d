"""An archive that is made while it is sent, of files of any time."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from portal.data.zipping import Zipping


@pytest.mark.parametrize(
    ("mtime_ns", "told"),
    [
        (-(10**18), (1980, 1, 1, 0, 0, 0)),
        (0, (1980, 1, 1, 0, 0, 0)),
        (int(datetime(2026, 11, 30, 3, 12, 44, tzinfo=UTC).timestamp()) * 10**9, (2026, 11, 30, 3, 12, 44)),
        (2**63 - 1, (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_a_file_of_any_time_is_packed_with_the_nearest_that_zip_knows(
    mtime_ns: int, told: tuple[int, ...]
) -> None:
    zipping = Zipping()
    raw = b"".join(zipping.file("a/b.txt", io.BytesIO(b"abcdef"), 4, mtime_ns)) + zipping.end()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        [entry] = archive.infolist()
        assert (entry.date_time, archive.read(entry)) == (told, b"abcd")
