"""Programs that know nothing of Gantry: launch reads their lines and files by what the job type says."""

import json
import zlib
from struct import pack

import pytest

PNG_OF_ONE_POINT = b"\x89PNG\r\n\x1a\n" + b"".join(
    pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))
    for kind, data in (
        (b"IHDR", pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\x80")),
        (b"IEND", b""),
    )
)
PROGRESS = {"pattern": r"(?<stage>[a-z]+)ing (?<done>[\d.]+)/(?<total>\d+)", "stage": "working"}


def events(tried):
    return [json.loads(line) for line in tried.text("events.jsonl").splitlines()]


def told(tried):
    return json.loads(tried.text("output/metadata.json"))


def parameter(**changes):
    return {"name": "a", "units": "", "file": "a.json"} | changes


def test_lines_become_progress_and_the_log_keeps_them(attempt, script):
    program = script("for i in range(1, 5): print(f'\\riterating {i}/4 ', end='', flush=True)")
    tried = attempt(
        program, reports={"progress": {"pattern": r"(?<done>\d+)/(?<total>\d+)", "stage": "iterating"}}
    )
    assert tried.run().returncode == 0
    last = events(tried)[-1]
    assert (last["stage"], last["fraction"], last["message"]) == ("iterating", 1.0, "4 of 4")
    assert (tried.folder / "stdout.log").read_bytes() == b"".join(b"\riterating %d/4 " % i for i in range(1, 5))
    tried.valid("job.json", "job")
    tried.result()


@pytest.mark.parametrize(
    ("line", "pattern", "fraction"),
    [
        ("50 %", r"(?<percent>[\d.]+) %", 0.5),
        ("0.25", r"(?<fraction>[\d.]+)", 0.25),
        ("3 of 4", r"(?<done>\d+) of (?<total>\d+)", 0.75),
        ("5 of 4", r"(?<done>\d+) of (?<total>\d+)", None),
        ("3 of 0", r"(?<done>\d+) of (?<total>\d+)", None),
        ("120 %", r"(?<percent>[\d.]+) %", None),
        ("1.2.3 %", r"(?<percent>[\d.]+) %", None),
    ],
)
def test_how_much_is_done_is_told_or_not_known(attempt, script, line, pattern, fraction):
    tried = attempt(script(f"print({line!r})"), reports={"progress": {"pattern": pattern}})
    assert tried.run().returncode == 0
    assert [event["fraction"] for event in events(tried)] == [fraction]


def test_a_flood_of_lines_makes_few_events_and_the_last_line_counts(attempt, script):
    program = script(
        "for i in range(200_000): print('step', i)\nimport sys; print('step 200000', file=sys.stderr)"
    )
    tried = attempt(program, reports={"progress": {"pattern": r"step (?<message>\d+)"}})
    assert tried.run().returncode == 0
    found = events(tried)
    assert 1 <= len(found) < 200
    assert found[-1]["message"] == "200000"


def test_a_link_in_the_place_of_events_is_not_followed(attempt, script, tmp_path):
    other = tmp_path / "other"
    other.write_text("mine")
    program = script(f"import os; os.symlink({str(other)!r}, 'events.jsonl'); print('1 %')")
    tried = attempt(program, reports={"progress": {"pattern": r"(?<percent>\d+) %"}})
    assert tried.run().returncode == 0
    assert other.read_text() == "mine"


def test_values_come_from_json_and_tables(attempt, script):
    program = script(
        """
import json, pathlib
out = pathlib.Path("output"); (out / "sub").mkdir()
fit = {"fit": [{"threshold": 0.5}], "a.b": {"c": "otsu"}, "ok": True, "n": 7}
out.joinpath("fit.json").write_text(json.dumps(fit))
out.joinpath("sub/beads.csv").write_text("\\ufeffx,area\\n1,10\\n2,20\\n\\n3,30.5\\n")
out.joinpath("euro.csv").write_text("x;name\\n1;first\\n2;last\\n")
"""
    )
    wanted = [
        parameter(name="threshold", file="fit.json", at=["fit", "0", "threshold"], units="um"),
        parameter(name="method", file="fit.json", at=["a.b", "c"]),
        parameter(name="ok", file="fit.json", at=["ok"]),
        parameter(name="n", file="fit.json", at=["n"]),
        *(
            parameter(name=take, file="sub/beads.csv", column="area", take=take)
            for take in ("first", "last", "count", "sum", "mean", "min", "max")
        ),
        parameter(name="name", file="euro.csv", column="name", take="last"),
    ]
    tried = attempt(program, reports={"parameters": wanted})
    assert tried.run().returncode == 0
    document = told(tried)
    assert document["warnings"] == []
    values = {one["name"]: one["value"] for one in document["parameters"]}
    assert values == {
        "threshold": 0.5,
        "method": "otsu",
        "ok": True,
        "n": 7,
        "first": 10,
        "last": 30.5,
        "count": 3,
        "sum": 60.5,
        "min": 10,
        "max": 30.5,
        "mean": pytest.approx(60.5 / 3),
        "name": "last",
    }
    assert document["parameters"][0]["units"] == "um"


@pytest.mark.parametrize(
    ("written", "wanted", "why"),
    [
        ({}, {"at": ["x"]}, "a.json is not there."),
        ({"a.json": "{"}, {"at": ["x"]}, "a.json is not JSON."),
        ({"a.json": "[" * 100_000}, {"at": ["x"]}, "a.json is not JSON."),
        ({"a.json": '{"x": NaN}'}, {"at": ["x"]}, "a.json says a number that is not finite."),
        ({"a.json": '{"x": 1e999}'}, {"at": ["x"]}, "a.json says a number that is not finite."),
        ({"a.json": '{"x": ' + "9" * 5000 + "}"}, {"at": ["x"]}, "a.json says a number that is not finite."),
        ({"a.json": '{"x": 1e301}'}, {"at": ["x"]}, "a.json says a number that is too large."),
        ({"a.json": '{"x": null}'}, {"at": ["x"]}, "a.json has nothing at x."),
        ({"a.json": '{"x": {"y": 1}}'}, {"at": ["x"]}, "a.json has several values at x."),
        ({"a.json": '{"x": [1]}'}, {"at": ["x", "1"]}, "a.json has no x.1."),
        ({"a.json": '{"x": [1]}'}, {"at": ["x", "-1"]}, "a.json has no x.-1."),
        (
            {"a.json": '{"x": "two\\nlines"}'},
            {"at": ["x"]},
            "a.json has a text at x that is no line, or a long one.",
        ),
        ({"t.csv": "a,b\n1,2\n"}, {"file": "t.csv", "column": "c"}, "t.csv has no column c."),
        ({"t.csv": "a,a\n1,2\n"}, {"file": "t.csv", "column": "a"}, "t.csv has several columns named a."),
        (
            {"t.csv": "a,b\n1\n"},
            {"file": "t.csv", "column": "b"},
            "t.csv has rows that are shorter than its heading.",
        ),
        ({"t.csv": "a\n"}, {"file": "t.csv", "column": "a"}, "t.csv has no value in its column a."),
        (
            {"t.csv": "a\n1\nx\n"},
            {"file": "t.csv", "column": "a", "take": "sum"},
            "t.csv has no number in its column a: 'x'.",
        ),
        (
            {"t.csv": "a\n1\nnan\n"},
            {"file": "t.csv", "column": "a", "take": "mean"},
            "t.csv says a number that is not finite.",
        ),
    ],
)
def test_what_is_not_there_is_a_warning_and_no_value(attempt, script, written, wanted, why):
    program = script(f"import pathlib\nfor n, t in {written!r}.items(): pathlib.Path('output', n).write_text(t)")
    tried = attempt(program, reports={"parameters": [parameter(**wanted)]})
    assert tried.run().returncode == 0
    document = told(tried)
    assert document["parameters"] == []
    assert document["warnings"] == [f"“a” is not known: {why}"]


@pytest.mark.parametrize(
    "make",
    ["os.symlink('/etc/passwd', 'output/a.json')", "os.mkfifo('output/a.json')", "os.mkdir('output/a.json')"],
)
def test_links_and_pipes_are_not_read(attempt, script, make):
    tried = attempt(script(f"import os; {make}"), reports={"parameters": [parameter(at=["x"])]})
    assert tried.run().returncode == 0
    assert told(tried)["parameters"] == []
    assert told(tried)["warnings"][0].startswith("“a” is not known: a.json ")


def test_a_folder_that_is_a_link_is_not_entered(attempt, script, tmp_path):
    (tmp_path / "a.json").write_text('{"x": 1}')
    program = script(f"import os; os.symlink({str(tmp_path)!r}, 'output/there')")
    tried = attempt(program, reports={"parameters": [parameter(file="there/a.json", at=["x"])]})
    assert tried.run().returncode == 0
    assert told(tried)["parameters"] == []


def test_pictures_are_shown_and_missing_ones_told(attempt, script):
    program = script(
        f"""
import pathlib
out = pathlib.Path("output")
for name in ("overlay-2.png", "overlay-1.png"): out.joinpath(name).write_bytes({PNG_OF_ONE_POINT!r})
out.joinpath("fake.png").write_text("no picture")
"""
    )
    pictures = [
        {"file": "overlay*.png", "caption": "Beads", "thumbnail": True},
        {"file": "fake.png", "caption": "Fake", "thumbnail": False},
        {"file": "none/*.png", "caption": "None", "thumbnail": False},
    ]
    tried = attempt(program, reports={"pictures": pictures})
    assert tried.run().returncode == 0
    document = told(tried)
    assert [(one["file"], one["caption"], one["role"]) for one in document["previews"]] == [
        ("overlay-1.png", "Beads (overlay-1.png)", "thumbnail"),
        ("overlay-2.png", "Beads (overlay-2.png)", "preview"),
    ]
    assert document["warnings"] == [
        "The picture “Fake” is missing: no picture like fake.png was written.",
        "The picture “None” is missing: no file like none/*.png was written.",
    ]


def test_a_picture_that_no_output_takes_is_told_and_not_named(attempt, script):
    program = script(
        f"""
import pathlib
out = pathlib.Path("output")
out.joinpath("previews").mkdir()
for name in ("lost.png", "kept.png", "previews/shown.png"): out.joinpath(name).write_bytes({PNG_OF_ONE_POINT!r})
"""
    )
    pictures = [
        {"file": f"{name}.png", "caption": name, "thumbnail": False} for name in ("lost", "kept", "previews/shown")
    ]
    outputs = [{"name": "out", "pattern": "k*", "dataset_type": "result", "required": True}]
    tried = attempt(program, reports={"pictures": pictures}, outputs=outputs)
    assert tried.run().returncode == 0
    document = told(tried)
    assert [one["file"] for one in document["previews"]] == ["kept.png", "previews/shown.png"]
    assert document["warnings"] == ["The picture “lost” is not shown: no output takes lost.png."]


def test_what_the_program_says_itself_stays(attempt, script):
    own = {
        "schema": 1,
        "parameters": [{"name": "a", "value": 1, "units": ""}],
        "warnings": ["own"],
        "summary": "done",
    }
    program = script(f"import pathlib; pathlib.Path('output/metadata.json').write_text({json.dumps(own)!r})")
    tried = attempt(program, reports={"parameters": [parameter(at=["x"]), parameter(name="b", at=["x"])]})
    assert tried.run().returncode == 0
    document = told(tried)
    assert document["parameters"] == own["parameters"]
    assert document["summary"] == "done"
    assert document["warnings"] == ["own", "“b” is not known: a.json is not there."]


@pytest.mark.parametrize("own", ["{", '{"schema": 2}', "[]", '{"schema": 1, "warnings": {}}'])
def test_a_metadata_file_that_cannot_be_read_is_left_to_the_portal(attempt, script, own):
    program = script(f"import pathlib; pathlib.Path('output/metadata.json').write_text({own!r})")
    tried = attempt(program, reports={"parameters": [parameter(at=["x"])]})
    assert tried.run().returncode == 0
    assert tried.text("output/metadata.json") == own


@pytest.mark.parametrize(
    "reports",
    [
        {"progress": {"pattern": "(?<done>x*)*"}},
        {"progress": {"pattern": ""}},
        {"parameters": [{"name": "a"}]},
        {"parameters": [parameter(file="../job.json", at=["job"])]},
        {"parameters": [parameter(file="/etc/passwd", column="root")]},
        {"pictures": [{"file": "../*.png", "caption": "c", "thumbnail": False}]},
    ],
)
def test_an_order_whose_reports_cannot_be_used_is_not_run(attempt, reports):
    assert attempt(["true"], reports=reports).run().returncode == 90
