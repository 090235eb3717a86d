"""Files that launch writes before the program starts, and lists with a line a name."""

import json
import sys

import pytest

SHOW = "import pathlib, sys; print('\\0'.join(pathlib.Path(word).read_text() for word in sys.argv[1:]), end='')"


@pytest.fixture
def shown(attempt, tmp_path):
    """What stands in the files of a command, with two files as the slot `data`, the second chosen by an option."""

    def show(marks, written, names=("a.tif", 'b ".tif'), **options):
        files = []
        for name in names:
            path = tmp_path / name
            path.write_text(name)
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
        files[-1]["aside"] = True
        dataset = {"dataset": 1, "name": "d", "type": "t", "root": str(tmp_path), "location": "", "files": files}
        made = attempt(
            program={"command": [sys.executable, "-c", SHOW, *marks], "written": written},
            inputs={"data": [dataset | {"parameters": {}}]},
            chosen_files={"mask": {"slot": "data", "name": names[-1]}},
            options=options,
            resources={"cpus": 3},
        )
        made.valid("job.json", "job")
        finished = made.run()
        return made, finished, made.text("stdout.log").split("\0")

    return show


def test_a_document_has_the_values_of_their_kinds_and_nothing_for_what_is_missing(shown, tmp_path):
    document = {
        "sigma": {"$option": "sigma"},
        "band": {"$option": "band"},
        "channels": {"$option": "channels"},
        "note": {"$option": "note"},
        "absent": {"$option": "absent"},
        "list": [{"$option": "absent"}, {"$resource": "cpus"}, None, "$plain"],
        "mask": {"$file": "mask"},
        "files": {"$files": "data"},
        "out": {"$output": "x/y.tif"},
    }
    note = 'quotes " and \\ and\nlines, { "a": 1 }'
    options = {"sigma": 0.1, "band": {"low": 1, "high": 2}, "channels": [1, 5], "note": note}
    made, finished, (text,) = shown([{"written": "c.json"}], {"c.json": {"document": document}}, **options)
    assert finished.returncode == 0, made.text("stderr.log")
    assert json.loads(text) == {
        **options,
        "list": [3, None, "$plain"],
        "mask": str(tmp_path / 'b ".tif'),
        "files": [str(tmp_path / "a.tif")],
        "out": f"{made.folder}/output/x/y.tif",
    }


def test_a_line_without_its_value_is_left_out(shown):
    lines = [
        "[main]",
        {"text": ["sigma = ", {"option": "sigma"}]},
        {"text": ["x = ", {"option": "absent"}]},
        "end",
    ]
    _, _, (text,) = shown([{"written": "c.ini"}], {"c.ini": {"lines": lines}}, sigma=2)
    assert text == "[main]\nsigma = 2\nend\n"


def test_a_script_stands_as_it_is_and_runs(attempt):
    script = "import sys\nprint('$HOME', sys.argv[1])\n"
    program = {
        "command": [sys.executable, {"written": "fit.py"}, {"option": "sigma"}],
        "written": {"fit.py": {"content": script}},
    }
    made = attempt(program=program, options={"sigma": 2})
    made.valid("job.json", "job")
    assert made.run().returncode == 0, made.text("stderr.log")
    assert made.text("stdout.log") == "$HOME 2\n"


def test_a_script_that_came_with_the_job_type_is_not_to_be_written(attempt):
    script = "import os, sys\nprint(oct(os.stat(__file__).st_mode & 0o777))\n"
    written = {"fit.py": {"content": script}, "fit.json": {"document": 1}}
    made = attempt(program={"command": [sys.executable, {"written": "fit.py"}], "written": written})
    assert made.run().returncode == 0, made.text("stderr.log")
    assert made.text("stdout.log") == "0o444\n"


def test_a_list_of_lines_has_the_slots_own_files(shown, tmp_path):
    _, _, (text,) = shown([{"input_list": "data", "lines": True}], {}, names=("a.tif", "b.tif", "mask"))
    assert text == f"{tmp_path}/a.tif\n{tmp_path}/b.tif\n"


def test_a_name_with_an_end_of_line_is_refused_in_a_list_of_lines(shown):
    made, finished, _ = shown([{"input_list": "data", "lines": True}], {}, names=("a\nb", "mask"))
    assert finished.returncode == 92
    assert "has an end of line in its name" in made.result()["detail"]


@pytest.mark.parametrize(
    "written", [{"../x": {"lines": ["a"]}}, {"a/b": {"document": 1}}, {"x": {}}, {"x": {"lines": "a"}}]
)
def test_launch_writes_nothing_elsewhere(attempt, written):
    made = attempt(program={"command": ["true"], "written": written})
    assert made.run().returncode == 90
