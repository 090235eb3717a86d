"""Which files a pattern means."""

import pytest

from portal.rpc.exchange import RefusedError
from portal.store.patterns import compiled


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("*", "result.h5", True),
        ("*", "planes/0001.tif", True),
        ("*.h5", "result.h5", True),
        ("*.h5", "planes/result.h5", False),
        ("*.h5", "result.h5x", False),
        ("planes", "planes/0001.tif", True),
        ("planes", "planes2/0001.tif", False),
        ("planes/*.tif", "planes/0001.tif", True),
        ("planes/*.tif", "planes/deep/0001.tif", False),
        ("**/*.tif", "0001.tif", True),
        ("**/*.tif", "a/b/0001.tif", True),
        ("a/**", "a/b/c", True),
        ("slice?.png", "slice1.png", True),
        ("slice?.png", "slice/.png", False),
        ("a.b", "aXb", False),
        ("[x].h5", "[x].h5", True),
    ],
)
def test_a_pattern_means_what_cp_would_take(pattern, path, meant):
    assert compiled(pattern).takes(path) is meant


@pytest.mark.parametrize("pattern", ["", "/etc/*", "../*", "a/../b", "x" * 501])
def test_a_pattern_stays_beneath_the_output(pattern):
    with pytest.raises(RefusedError):
        compiled(pattern)
