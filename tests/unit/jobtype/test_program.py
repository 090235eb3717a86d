"""What a job type runs is understood by what runs it."""

import pytest

from portal.jobtype.load import load_folders, shipped_folder
from wrappers.launch.filling import View, fill
from wrappers.launch.marks import parse_argument

SHIPPED = load_folders([shipped_folder()]).by_name
VIEW = View("/job", {"data": ["/data/a.h5", "/data/b.h5"]}, {"data": ["/data"]}, "/tmp")


def command(options):
    items = SHIPPED["archive"].program.document()["command"]
    return fill([parse_argument(item, f"command[{i}]") for i, item in enumerate(items)], options, VIEW)


def test_launch_reads_a_command_with_marks():
    assert command({"reproducible": False, "label": "x; rm -rf /"}) == [
        "tar",
        "--create",
        "--gzip",
        "--file",
        "/job/output/files.tar.gz",
        "--label=x; rm -rf /",
        "--dereference",
        "--directory=/data",
        "--null",
        "--no-unquote",
        "--files-from=/tmp/input-data.names",
    ]


def test_flags_are_there_only_if_their_option_is_true():
    assert "--owner=0" in command({"reproducible": True})
    assert not any(word.startswith("--label") for word in command({"reproducible": True}))


@pytest.mark.parametrize("name", ["qc", "lightsheet-deconvolution", "dc-segmentation", "tomo-slice"])
def test_a_program_of_wrappers_stands_alone_in_the_order(name):
    assert list(SHIPPED[name].program.document()) == ["module"]
