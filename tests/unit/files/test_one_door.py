"""Every byte that a person could have written is opened through `files.confined.Root`: nobody else opens files.

The table names each module of the portal that opens something by itself, and whose files these are.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OUTSIDE = ("cli", "client", "demo", "migrations")
"""Run by whoever typed the command, on files of their own."""

OPENS = {
    "portal/files/confined.py": "the door",
    "portal/files/openat2.py": "the door, on the way",
    "portal/files/removal.py": "folders on the way, to remove what is in them; never a file",
    "portal/files/durable.py": "documents that the portal itself writes and reads",
    "portal/data/parsing/child.py": "the limited child: the descriptor that it was given",
    "portal/data/parsing/readers/opening.py": "the limited child: the descriptor that it was given",
    "portal/data/parsing/readers/tiff.py": "the limited child",
    "portal/data/parsing/preview_child.py": "the limited child",
    "portal/agent/folder.py": "makes new files in a folder that it opened through the door",
    "portal/store/copying.py": "makes new files among its own, which no person can write",
    "portal/store/keeping.py": "its own index and locks",
    "portal/store/verbs.py": "its own manifests",
    "portal/scheduler/local/procfs.py": "the kernel's",
    "portal/scheduler/local/spool.py": "the daemon's own spool",
    "portal/scheduler/local/start.py": "the daemon's own spool",
    "portal/scheduler/local/watch.py": "the daemon's own spool",
    "portal/config/settings.py": "the operator's",
    "portal/images/made/taking.py": "the copy of a person's image that it made through the door",
    "portal/images/manifest.py": "the operator's",
    "portal/images/staging.py": "the operator's",
    "portal/jobtype/conditions/parse.py": "the portal's own grammar",
    "portal/jobtype/written/start.py": "the staff's job types, to begin a draft as a copy of one",
    "portal/jobtype/load.py": "the staff's job types",
    "portal/jobtype/offer/current.py": "the job types that were published",
    "portal/jobtype/offer/registered.py": "the publisher's notes",
    "portal/jobtype/offer/offered.py": "the staff's job types",
    "portal/jobtype/publish.py": "the job types that it published",
    "portal/publisher/folder.py": "the publisher's own folder, of files that nobody else may have written",
    "portal/stager/work.py": "its own lock, and what it wrote itself in a folder that is its own",
    "portal/rpc/operators_file.py": "the operator's, checked to be so",
    "portal/web/assets.py": "the built front end",
    "portal/web/json.py": "the body of a request; no file",
    "portal/web/security.py": "the operator's key",
    "portal/failpoints.py": "a mark of tests",
}
FUNCTIONS = {"open", "read_json"}
METHODS = {"read_text", "read_bytes"}
READERS = {"h5py.File", "h5py.is_hdf5", "tifffile.TiffFile", "tifffile.imread", "tifffile.memmap", "Image.open"}
READERS |= {"np.load", "np.fromfile", "np.memmap", "np.loadtxt", "os.open", "io.open", "durable.read_json"}


def opens(call: ast.Call) -> bool:
    """Whether a call opens a file by its path, or by a library's reader."""
    match call.func:
        case ast.Name(id=name):
            return name in FUNCTIONS
        case ast.Attribute(attr=method) if method in METHODS or ast.unparse(call.func) in READERS:
            return True
        case ast.Attribute(attr="open"):
            # Path.open, which takes a mode; others' methods of this name take something to open.
            return all(isinstance(given, ast.Constant) for given in call.args[:1])
    return False


def modules() -> Iterator[str]:
    for path in sorted((ROOT / "portal").rglob("*.py")):
        name = path.relative_to(ROOT)
        if name.parts[1] not in OUTSIDE and "node_modules" not in name.parts:
            yield str(name)


def test_nobody_else_opens_files():
    found = {
        name
        for name in modules()
        for call in ast.walk(ast.parse((ROOT / name).read_text("utf-8")))
        if isinstance(call, ast.Call) and opens(call)
    }
    assert found == set(OPENS), "see the table in this file: through the door, or with a reason"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("h5py.File(path)", True),
        ("Image.open(stream)", True),
        ("open(path)", True),
        ("path.open('rb')", True),
        ("path.open()", True),
        ("(folder / name).read_bytes()", True),
        ("os.open(name, flags, dir_fd=fd)", True),
        ("root.open_file(name)", False),
        ("inputs.open(given)", False),
        ("json.loads(text)", False),
    ],
)
def test_what_counts_as_opening(line, expected):
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Call)
    assert opens(call) is expected
