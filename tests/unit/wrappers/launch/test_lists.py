"""Files by list: any number, any name, and each under its name beneath the dataset's folder."""

import hashlib
import os
import tarfile

import bare_runtime
import jsonschema
import pytest

from portal.jobtype.load import load_folders, shipped_folder
from wrappers.launch.binds import MOST_FILES, binds
from wrappers.launch.filling import View, fill
from wrappers.launch.jobspec import InputFile, parse_job_spec
from wrappers.launch.reading import JobSpecError

SHIPPED = load_folders([shipped_folder()]).by_name
ODD = [
    "-rf",
    "--checkpoint-action=exec=false",
    "a b.dat",
    "trailing ",
    "line\nbreak.dat",
    "line\\n.dat",
    "back\\slash.dat",
    "tab\there",
    "quote'\".dat",
    "*.dat",
    "@list",
    "é.dat",
    "Pos0/img_000.dat",
    "Pos1/img_000.dat",
    "Pos 2/-x/.hidden",
]


def dataset(folder, names):
    """A dataset of a job spec, as the agent would make it, of files that each hold their name."""
    files = []
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"this is {name}")
        status = path.stat()
        files.append(
            {
                "name": name,
                "path": str(path),
                "target": f"/inputs/data/0/{name}",
                "size": status.st_size,
                "mtime_ns": status.st_mtime_ns,
            }
        )
    return {"root": str(folder.parent), "location": folder.name, "files": files}


def shipped(name):
    return SHIPPED[name].program.document()["command"]


@pytest.fixture
def pack(attempt, tmp_path):
    """Run a shipped command on a dataset; the attempt's folder."""

    def run(given, name="archive", **options):
        made = attempt(shipped(name), inputs={"data": [given]}, options=options)
        done = made.run()
        assert done.returncode == 0, done.stderr + made.text("stderr.log")
        return made.folder

    return run


def unpacked(folder):
    with tarfile.open(folder / "output" / "files.tar.gz", errors="surrogateescape") as packed:
        return {member.name: packed.extractfile(member).read().decode() for member in packed if member.isfile()}


def test_files_of_any_name_are_packed_in_their_folders(pack, tmp_path):
    packed = unpacked(pack(dataset(tmp_path / "a dataset", ODD)))
    assert packed == {name: f"this is {name}" for name in ODD}


def test_packing_twice_gives_the_same_bytes(attempt, tmp_path):
    given = dataset(tmp_path / "d", ["Pos1/b", "Pos0/a"])
    first = attempt(shipped("archive"), tmp_path / "1", inputs={"data": [given]}, options={"reproducible": True})
    first.run()
    os.utime(tmp_path / "d" / "Pos1", (1, 1))
    again = attempt(shipped("archive"), tmp_path / "2", inputs={"data": [given]}, options={"reproducible": True})
    again.run()
    one, two = ((made.folder / "output" / "files.tar.gz").read_bytes() for made in (first, again))
    assert one == two


def test_more_files_than_a_command_line_takes_are_packed(pack, tmp_path):
    names = [f"{'x' * 200}/{'y' * 200}/{number:06}.dat" for number in range(6000)]
    given = dataset(tmp_path / "d", names)
    assert sum(len(file["path"]) for file in given["files"]) > 2 * 1024 * 1024
    assert set(unpacked(pack(given))) == set(names)


def test_a_folder_that_is_one_thing_is_packed_with_what_lies_in_it(pack, tmp_path):
    zarr = tmp_path / "d" / "a.zarr"
    (zarr / "0").mkdir(parents=True)
    odd = os.fsdecode(b"latin1-\xe9")
    (zarr / "0" / odd).write_text("chunk")
    given = dataset(tmp_path / "d", ["notes.txt"])
    status = (zarr / "0" / odd).stat()
    line = f"0/{odd}\0{status.st_size}\0{status.st_mtime_ns}\0"
    stamp = hashlib.sha256(os.fsencode(line)).hexdigest()
    given["files"].append(
        {
            "name": "a.zarr",
            "path": str(zarr),
            "target": "/inputs/data/0/a.zarr",
            "size": 5,
            "mtime_ns": 1,
            "folder": {"files": 1, "stamp": stamp},
        }
    )
    folder = pack(given)
    assert unpacked(folder) == {"notes.txt": "this is notes.txt", f"a.zarr/0/{odd}": "chunk"}


def test_of_a_symbolic_link_its_file_is_packed_and_another_since_is_refused(attempt, tmp_path):
    given = dataset(tmp_path / "d", ["real.dat", "other.dat"])
    (tmp_path / "d" / "link.dat").symlink_to("real.dat")
    given["files"].append(given["files"][0] | {"name": "link.dat", "target": "/inputs/data/0/link.dat"})
    first = attempt(shipped("archive"), tmp_path / "1", inputs={"data": [given]})
    assert first.run().returncode == 0
    with tarfile.open(first.folder / "output" / "files.tar.gz") as packed:
        assert sorted(packed.getnames()) == ["link.dat", "other.dat", "real.dat"]
        assert not any(member.issym() for member in packed)
    (tmp_path / "d" / "link.dat").unlink()
    (tmp_path / "d" / "link.dat").symlink_to("other.dat")
    second = attempt(shipped("archive"), tmp_path / "2", inputs={"data": [given]})
    assert second.run().returncode == 92
    assert "leads to another file since it was chosen" in second.result()["detail"]


def test_checksums_are_of_every_file_and_hold_for_a_copy(pack, tmp_path):
    names = [name for name in ODD if "\n" not in name and "\\" not in name]
    folder = pack(dataset(tmp_path / "d", names), "print-checksums")
    lines = (folder / "stdout.log").read_text().splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == names
    assert len({line.split()[0] for line in lines}) == len(names)


def test_a_command_line_that_is_too_long_says_which_mark_to_use(attempt, tmp_path):
    given = dataset(tmp_path / "d", [f"{'x' * 200}/{'y' * 200}/{number:06}.dat" for number in range(6000)])
    made = attempt(["cat", {"input": "data"}], inputs={"data": [given]})
    assert made.run().returncode == 95
    assert made.result()["reason"] == "start"
    assert "longer than Linux takes" in made.result()["detail"]
    assert "{input_list: …}" in made.result()["detail"]


def test_a_list_has_full_paths_or_names_and_nothing_where_the_slot_is_empty(order, tmp_path):
    view = View("/job", {"data": ["/d/a"], "none": []}, {"data": ["/d"], "none": []}, "/tmp")
    command = [
        "a",
        {"input_list": "data"},
        {"input_list": "data", "prefix": "--files-from=", "relative": True},
        {"input_folder": "data", "prefix": "-C"},
        {"input_list": "none"},
        {"input_folder": "none"},
    ]
    parsed = parse_job_spec(order(program={"command": command}), "").program.command
    assert fill(parsed, {}, view) == ["a", "/tmp/input-data.paths", "--files-from=/tmp/input-data.names", "-C/d"]


@pytest.mark.parametrize(
    "mark",
    [
        {"input_list": "../x"},
        {"input_list": "data", "relative": "yes"},
        {"input_list": "data", "shell": "x"},
        {"input_folder": "a/b"},
        {"input_folder": "data", "relative": True},
    ],
)
def test_a_mark_that_is_not_as_it_must_be_is_refused(order, mark):
    with pytest.raises(JobSpecError, match=r"program.command\[1\]"):
        parse_job_spec(order(program={"command": ["a", mark]}), "")


def test_a_program_reads_the_paths_of_a_list(attempt, tmp_path):
    given = dataset(tmp_path / "d", ["b\nc", "a"])
    made = attempt(["cat", {"input_list": "data"}], inputs={"data": [given]})
    assert made.run().returncode == 0
    assert made.text("stdout.log").split("\0") == [str(tmp_path / "d" / "b\nc"), str(tmp_path / "d" / "a"), ""]


def given_file(name, *, slot="data", index=0, folder="/roots/demo/heart", path=None):
    return InputFile(name, path or f"{folder}/{name}", f"/inputs/{slot}/{index}/{name}", 1, 1, folder)


def test_few_files_are_bound_one_by_one():
    files = [given_file("a"), given_file("deep/b")]
    assert binds({"data": files}) == [(file.path, file.target) for file in files]


def test_many_files_are_bound_by_their_folder():
    files = [given_file(f"{number}.tif") for number in range(MOST_FILES + 1)]
    psf = given_file("psf.tif", slot="psf", folder="/roots/demo/psf")
    assert binds({"data": files, "psf": [psf]}) == [
        ("/roots/demo/heart", "/inputs/data/0"),
        ("/roots/demo/psf/psf.tif", "/inputs/psf/0/psf.tif"),
    ]


def test_long_paths_count_as_many_files():
    files = [given_file("x" * 3000 + str(number)) for number in range(60)]
    assert binds({"data": files}) == [("/roots/demo/heart", "/inputs/data/0")]


def test_a_folder_with_links_is_bound_under_its_own_path_too():
    files = [given_file(f"{number}.tif") for number in range(MOST_FILES + 1)]
    link = given_file("link.tif", path="/roots/demo/heart/deep/1.tif")
    assert binds({"data": [*files, link]}) == [
        ("/roots/demo/heart", "/inputs/data/0"),
        ("/roots/demo/heart", "/roots/demo/heart"),
    ]


def test_the_shipped_commands_are_in_the_schema(order, schema):
    for name in ("archive", "print-checksums"):
        jsonschema.validate(order(program={"command": shipped(name)}), schema("job"))


@pytest.fixture
def in_a_container(attempt, tmp_path):
    """Run a command with the inputs bound as launch asks for; the ended attempt."""
    if not bare_runtime.possible():
        pytest.skip("this machine gives nobody a namespace")
    image = tmp_path / "base.sif"
    image.write_text("none")
    status = image.stat()
    given = {"name": "base", "digest": "sha256:" + "0" * 64, "path": str(image)}
    given |= {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
    path = f"{bare_runtime.install(tmp_path / 'bin')}:{os.environ['PATH']}"

    def run(command, inputs):
        made = attempt(command, inputs=inputs, image=given, options={"reproducible": True}, network=True)
        made.environment["PATH"] = path
        done = made.run("--require-container")
        assert done.returncode == 0, done.stderr + made.text("stderr.log")
        assert made.result()["runner"] == "apptainer"
        return made.folder

    return run


@pytest.mark.parametrize("more", [0, MOST_FILES])
def test_a_container_has_every_file_under_its_name(in_a_container, tmp_path, more):
    names = ODD + [f"many/{number:05}.dat" for number in range(more)]
    given = dataset(tmp_path / "d", names)
    assert unpacked(in_a_container(shipped("archive"), {"data": [given]})) == {
        name: f"this is {name}" for name in names
    }


def test_a_container_has_links_by_their_names_however_many_files_there_are(in_a_container, tmp_path):
    names = [f"{number:05}.dat" for number in range(MOST_FILES)]
    given = dataset(tmp_path / "d", names)
    for name, to in (("relative", "00001.dat"), ("absolute", str(tmp_path / "d" / "00002.dat"))):
        (tmp_path / "d" / name).symlink_to(to)
        file = given["files"][1 if name == "relative" else 2]
        given["files"].append(file | {"name": name, "target": f"/inputs/data/0/{name}"})
    packed = in_a_container(["cat", "/inputs/data/0/relative", "/inputs/data/0/absolute"], {"data": [given]})
    assert (packed / "stdout.log").read_text() == "this is 00001.datthis is 00002.dat"
