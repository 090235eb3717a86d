"""job.json, options and events as programs see them."""

import json
from pathlib import Path

import pytest

import wrappers
from wrappers import software
from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.made_by import made_by
from wrappers.job import InputDataset, Job, Options, Quantity, load, run
from wrappers.result import Result


def test_a_program_refuses_an_order_of_a_schema_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text('{"schema": 2}')
    with pytest.raises(ValueError, match="schema 2"):
        load({"GANTRY_JOB": str(tmp_path / "job.json")})


@pytest.mark.parametrize(("container", "wanted"), [("1", "/inputs/stack/0/a.h5"), ("", "/data/a.h5")])
def test_files_are_opened_where_the_process_finds_them(tmp_path: Path, container: str, wanted: str) -> None:
    file = {"name": "a.h5", "path": "/data/a.h5", "target": "/inputs/stack/0/a.h5"}
    order = {"schema": 1, "inputs": {"stack": [{"name": "A", "files": [file], "parameters": {}}]}}
    (tmp_path / "job.json").write_text(json.dumps(order))
    job = load({"GANTRY_JOB": str(tmp_path / "job.json"), "GANTRY_CONTAINER": container, "GANTRY_FOLDER": "/job"})
    assert str(job.one("stack").files[0].path) == wanted
    assert str(job.output) == "/job/output"


def test_an_empty_slot_is_named(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text('{"schema": 1, "inputs": {"stack": []}}')
    with pytest.raises(BadInput, match="No file was given as stack"):
        load({"GANTRY_JOB": str(tmp_path / "job.json")}).one("stack")


def test_an_option_that_is_null_or_absent_has_its_default() -> None:
    options = Options({"iterations": None})
    assert options.integer("iterations", 20, 1, 100) == 20
    assert options.flag("fill", True) is True
    assert options.optional_number("voxel", 0, 1) is None


@pytest.mark.parametrize("value", [0, 101, 2.5, "20", True, float("nan")])
def test_a_number_out_of_bounds_or_of_another_kind_is_refused(value: object) -> None:
    with pytest.raises(BadInput, match="iterations"):
        Options({"iterations": value}).integer("iterations", 20, 1, 100)


def test_a_choice_that_is_not_offered_is_refused() -> None:
    with pytest.raises(BadInput, match="one of ramp, hann"):
        Options({"filter": "best"}).choice("filter", "ramp", ("ramp", "hann"))


@pytest.mark.parametrize(
    ("quantity", "wanted"),
    [
        (Quantity(200, "nm"), 0.2),
        (Quantity(0.2, "um"), 0.2),
        (Quantity(0.2, "µm"), 0.2),
        (Quantity(3, "px"), None),
        (Quantity("0.2", "um"), None),
    ],
)
def test_a_length_is_converted_to_micrometres(quantity: Quantity, wanted: float | None) -> None:
    found = InputDataset("A", (), {"voxel size x": quantity}).length_um("voxel size x")
    assert found == (None if wanted is None else pytest.approx(wanted))


def test_events_are_throttled_but_a_stage_begins_and_ends_in_the_file(tmp_path: Path) -> None:
    seconds = iter(range(1000))
    moment = [0.0]
    events = Events(tmp_path / "events.jsonl", ("reading", "saving"), clock=lambda: moment[0])
    events.stage("reading")
    for tenth in seconds:
        if tenth == 20:
            break
        moment[0] = tenth / 10
        events.progress(tenth / 20, f"{tenth} of 20")
    events.stage("saving")
    events.done()
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [line["fraction"] for line in lines] == [0, 0.25, 0.5, 0.75, 1, 0, 1]
    assert [line["step"] for line in lines] == [1] * 5 + [2] * 2
    assert lines[1]["message"] == "5 of 20"


def refusing(folder: Path, words: str) -> int:
    """The exit code of a program that refuses its input so."""
    (folder / "job.json").write_text(json.dumps({"schema": 1, "job": {}, "inputs": {}}))

    def program(_job: Job, events: Events) -> None:
        events.stage("reading")
        raise BadInput(words)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setenv("GANTRY_JOB", str(folder / "job.json"))
        run(program, ("reading",))
    return int(ended.value.code or 0)


def test_a_refusal_is_the_last_event_and_on_stderr(tmp_path: Path, capsys) -> None:
    assert refusing(tmp_path, "heart.h5 holds\n no volume.") == 2
    last = json.loads((tmp_path / "events.jsonl").read_text().splitlines()[-1])
    assert last.keys() == {"t", "refused"}
    assert last["refused"] == "heart.h5 holds no volume."
    assert capsys.readouterr().err == "heart.h5 holds no volume.\n"


@pytest.mark.parametrize(
    ("words", "kept"), [("a" * 5000, "a" * 1000), ("b\udcb0.h5 is empty.", "b?.h5 is empty.")]
)
def test_a_refusal_is_bounded_and_text_whatever_files_are_called(tmp_path: Path, words: str, kept: str) -> None:
    assert refusing(tmp_path, words) == 2
    assert json.loads((tmp_path / "events.jsonl").read_text().splitlines()[-1])["refused"] == kept


def test_a_refusal_that_cannot_be_written_is_in_the_log(tmp_path: Path, capsys) -> None:
    (tmp_path / "events.jsonl").symlink_to("/dev/full")
    (tmp_path / "job.json").write_text(json.dumps({"schema": 1, "job": {}, "inputs": {}}))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setenv("GANTRY_JOB", str(tmp_path / "job.json"))
        run(_refuse, ("reading",))
    assert ended.value.code == 2
    assert capsys.readouterr().err == "No volume.\n"


def _refuse(_job: Job, _events: Events) -> None:
    raise BadInput("No volume.")


def test_a_parameter_that_is_no_number_is_left_out_of_the_metadata(tmp_path: Path) -> None:
    result = Result(tmp_path)
    result.parameter("gain", float("nan"))
    result.parameter("iterations", 3)
    result.write("Done")
    written = json.loads((tmp_path / "metadata.json").read_text())
    assert written["parameters"] == [{"name": "iterations", "value": 3, "units": ""}]


def test_results_name_the_release_that_is_installed() -> None:
    setup = (Path(wrappers.__file__).parent / "setup.py").read_text(encoding="utf-8")
    assert f'name="{software.NAME}"' in setup
    assert f'version="{software.VERSION}"' in setup


def test_a_job_knows_the_analysis_and_its_number(tmp_path: Path) -> None:
    order = {"schema": 1, "job": {"number": "J-7"}, "jobtype": {"name": "qc", "version": "1.0"}, "inputs": {}}
    (tmp_path / "job.json").write_text(json.dumps(order))
    job = load({"GANTRY_JOB": str(tmp_path / "job.json")})
    assert (job.analysis, job.number) == ("qc 1.0", "J-7")
    assert made_by(job, "a.h5", {"iterations": 3, "psf": None}) == {
        "software": software.SOFTWARE,
        "analysis": "qc 1.0",
        "job": "J-7",
        "input": "a.h5",
        "iterations": "3",
    }
