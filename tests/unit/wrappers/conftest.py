"""The node's programs run as `launch` does, and a measurement of a real instrument."""

import zipfile
from pathlib import Path

import pytest
from running_programs import refused, run_program

__all__ = ["refused", "run_program"]


@pytest.fixture(scope="session")
def recorded_rtdc(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A measurement of a real instrument, segmented by dcnum, with all features stored."""
    archive = test_data / "cytometry" / "fmt-hdf5_cytoshot_full-features_2024.zip"
    if not archive.is_file():
        pytest.skip(f"{archive.name} is not among the test data")
    folder = tmp_path_factory.mktemp("rtdc")
    with zipfile.ZipFile(archive) as packed:
        return Path(packed.extract("dcnum_thresh_example.rtdc", folder))
