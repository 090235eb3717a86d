"""A script whose options are lists, ranges, days and texts: from form, API and command line to its arguments."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import numpy as np
import pytest
import tifffile
import yaml
from asking import Asking
from registering import register

from portal.app import create_app
from portal.identity.models import Person
from portal.identity.sessions import open_session
from portal.identity.tokens import create_token
from portal.jobs.state import State
from portal.web.signed_in import COOKIE

SCRIPT = """
import argparse, datetime, json, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--channels", nargs="+", type=int)
parser.add_argument("--range", nargs=2, type=float)
parser.add_argument("--method", choices=["otsu", "li", "manual"])
parser.add_argument("--threshold", type=float)
parser.add_argument("--date", type=datetime.date.fromisoformat)
parser.add_argument("--dyes", nargs="+")
parser.add_argument("--notes")
parser.add_argument("--gpu", action="store_true")
parser.add_argument("--threads", type=int)
parser.add_argument("--config", type=pathlib.Path)
parser.add_argument("--out")
parser.add_argument("file")
given = vars(parser.parse_args())
given["date"] = str(given["date"])
file, out = pathlib.Path(given.pop("file")), pathlib.Path(given.pop("out"))
assert file.read_bytes()
given["environment"] = [os.environ["OMP_NUM_THREADS"], os.environ["METHOD"], os.environ.get("UNSET")]
given["config"] = json.loads(given["config"].read_text())
given["folder"] = pathlib.Path.cwd().name
out.write_text(json.dumps(given))
"""
MEASURE = """
name: measure
version: "1.0"
title: Measure
summary: Measures.
category: Pictures
contact: staff
program:
  command:
    - python3
    - {written: measure.py}
    - {together: [--channels, {option: channels, each: true}]}
    - {together: [--range, {option: range, each: true}]}
    - --method
    - {option: method}
    - {option: threshold, prefix: --threshold=}
    - {option: day, prefix: --date=}
    - {together: [--dyes, {option: dyes, each: true}]}
    - {option: notes, prefix: --notes=}
    - {one_of: [{flag: --gpu, granted: gpus}, {together: [--threads, {resource: cpus}]}]}
    - {written: config.json, prefix: --config=}
    - --out
    - {output: given.json}
    - {input: picture}
  environment:
    OMP_NUM_THREADS: {resource: cpus}
    METHOD: {option: method, prefix: by-}
    UNSET: {option: nothing}
  working_folder: scratch
  written:
    config.json: {document: {band: {$option: range}, notes: {$option: notes}, nothing: {$option: nothing}}}
inputs: [{name: picture, label: Picture, dataset_types: ["*"], files: "*.tif"}]
options:
  - {name: nothing, type: integer, label: Nothing}
  - {name: channels, type: numbers, label: Channels, whole: true, min: 0, required: true}
  - {name: range, type: range, label: Range, units: nm, min: 0}
  - {name: method, type: choice, label: Method, choices: [otsu, li, manual], default: otsu}
  - {name: threshold, type: float, label: Threshold, show_when: "method == 'manual'", because: only for manual}
  - {name: day, type: date, label: Day}
  - {name: dyes, type: several, label: Dyes, choices: [{value: gfp, label: Green}, rfp, "a, b"], default: [gfp]}
  - {name: notes, type: long_text, label: Notes}
resources: {default: s, variants: [{name: s, label: S, cpus: 2, memory_mb: 256}]}
result_title: "{input}, measured"
outputs: [{name: given, pattern: "*.json", dataset_type: numbers}]
methods: ["Channels {channels} between {range} with {dyes} were measured on {day}."]
"""
TYPED = {
    "option.channels": "1, 2, 5",
    "option.range": ["10", "200"],
    "option.method": "manual",
    "option.threshold": "0.25",
    "option.day": "1 Nov 2026",
    "option.dyes": ["", "gfp", "a, b"],
    "option.notes": "first line\r\n--second; $(line)",
}
GIVEN = {
    "channels": [1, 2, 5],
    "range": [10.0, 200.0],
    "method": "manual",
    "threshold": 0.25,
    "date": "2026-11-01",
    "dyes": ["gfp", "a, b"],
    "notes": "first line\n--second; $(line)",
    "gpu": False,
    "threads": 2,
    "environment": ["2", "by-manual", None],
    "config": {"band": {"low": 10.0, "high": 200.0}, "notes": "first line\n--second; $(line)"},
    "folder": "tmp",
}
OPTIONS = {
    "channels": [1, 2, 5],
    "range": {"low": 10.0, "high": 200.0},
    "method": "manual",
    "threshold": 0.25,
    "day": "2026-11-01",
    "dyes": ["gfp", "a, b"],
    "notes": "first line\n--second; $(line)",
}


@pytest.fixture
def yard(yard_with):
    document = yaml.safe_load(MEASURE)
    document["program"]["written"]["measure.py"] = {"content": SCRIPT}
    return yard_with(document)


@pytest.fixture
def dataset(yard):
    path = yard.settings.roots["demo"].path / "in.tif"
    tifffile.imwrite(path, np.zeros((8, 8), np.uint16), photometric="minisblack")
    return register(yard, path)


@pytest.fixture
def client(yard):
    return browser_of(yard)


def browser_of(yard):
    """A browser in which Maya is signed in."""
    made = create_app(yard.settings, database=yard.database).test_client()
    with yard.database.write() as session:
        person = session.get_one(Person, yard.facility.actors["maya"].person_id)
        made.set_cookie(COOKIE, open_session(session, person, now=datetime.now(UTC), lifetime=timedelta(hours=1)))
    return made


def as_read(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def csrf(client):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get("/me").text)[1]


def result_of(yard):
    job = yard.until_ended(yard.daemon())[-1]
    assert job.state is State.SUCCEEDED, yard.tell()
    folder = yard.settings.results / yard.results()[-1].location.removeprefix("results:")
    return job, json.loads((folder / "given.json").read_text())


def test_what_is_typed_into_the_form_is_what_the_program_is_given(yard, dataset, client):
    page = client.get(f"/analyses/measure/start?dataset={dataset}").text
    assert page.count('name="option.range"') == 2
    assert re.search(r'name="option.dyes" value="gfp" checked>Green', page)
    assert '<textarea class="form-control" id="f-notes"' in page
    answer = client.post("/analyses/measure/start", data={"csrf_token": csrf(client), "dataset": dataset, **TYPED})
    assert answer.status_code == 303, as_read(answer.text)
    job, given = result_of(yard)
    assert given == GIVEN
    assert job.options == OPTIONS
    shown = as_read(client.get(f"/jobs/{job.number}").text)
    assert "Channels 1, 2, 5" in shown
    assert "Range 10 to 200 nm" in shown
    assert "Dyes Green, a, b" in shown
    methods = as_read(client.get(f"/datasets/{yard.results()[-1].id}").text)
    assert "Channels 1, 2 and 5 between 10 to 200 nm with Green and a, b were measured on 2026-11-01" in methods
    again = re.search(
        r'href="([^"]+)"[^>]*>\s*<svg.*?</svg>Run with changed values', client.get(f"/jobs/{job.number}").text
    )
    assert again
    form = client.get(unescape(again[1])).text
    assert re.findall(r'name="option.range" value="([^"]*)"', form) == ["10", "200"]
    assert re.findall(r'name="option.dyes" value="([^"]*)" checked', form) == ["gfp", "a, b"]
    assert "first line\n--second; $(line)</textarea>" in unescape(form)
    assert "--set 'range=10 to 200'" in unescape(form)


def test_a_refused_form_keeps_all_that_was_typed(yard, dataset, client):
    wrong = TYPED | {"option.channels": "10 200", "option.range": ["10", "much"], "option.day": "11/01/2026"}
    data = {"csrf_token": csrf(client), "dataset": dataset, **wrong}
    page = client.post("/analyses/measure/start", data=data)
    assert page.status_code == 422
    assert "“10 200” can be one number or several." in as_read(page.text)
    assert "“much” is not a number." in as_read(page.text)
    assert "Give a day as 2026-11-30" in as_read(page.text)
    assert re.findall(r'name="option.range" value="([^"]*)"', page.text) == ["10", "much"]
    assert 'value="10 200"' in page.text and 'value="11/01/2026"' in page.text
    assert re.findall(r'name="option.dyes" value="([^"]*)" checked', page.text) == ["gfp", "a, b"]


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        OPTIONS | {"range": [10, 200], "channels": "1-2, 5"},
        {  # as `gantry run --set` sends them
            "channels": "1,2,5",
            "range": "10-200",
            "method": "manual",
            "threshold": "0.25",
            "day": "2026-11-01",
            "dyes": "gfp\na, b",
            "notes": "first line\n--second; $(line)",
        },
    ],
    ids=["json", "json in part", "texts"],
)
def test_the_api_takes_values_and_texts(yard, dataset, options):
    app = create_app(yard.settings, database=yard.database)
    with yard.database.write() as session:
        maya = yard.facility.actors["maya"]
        _, secret = create_token(session, maya, "t", ("read", "submit"), days=1, now=datetime.now(UTC))
    asked = Asking(app, secret)
    body = {"analysis": "measure", "inputs": {"picture": [dataset]}, "options": options}
    answer = asked("POST", "/submissions", json=body)
    assert answer.status_code == 201, answer.json
    (job,) = yard.jobs()
    assert job.options == OPTIONS
    assert asked("GET", f"/jobs/{job.number}").json["options"] == OPTIONS
    for bad in ([[1]], {"low": 1}, {"low": "1", "high": 2}, ["x" * 5000], [1] * 501):
        body["options"] = {"channels": bad}
        assert asked("POST", "/submissions", json=body).status_code == 422


CUT = """
name: cut
version: "1.0"
title: Cut
summary: Cuts.
category: Pictures
contact: staff
program:
  command:
    - python3
    - -c
    - |
      import json, pathlib, sys
      out, *words = sys.argv[1:]
      files = [pathlib.Path(word) for word in words]
      pathlib.Path(out).write_text(json.dumps([[file.name, file.read_text()] for file in files]))
    - {output: words.json}
    - {together: [{file: mask}]}
    - {input: data}
inputs: [{name: data, label: Data, dataset_types: ["*"], files: "plane*"}]
options: [{name: mask, type: file, label: Mask, files: "*.mask"}]
resources: {default: s, variants: [{name: s, label: S}]}
result_title: "{input}, cut"
outputs: [{name: words, pattern: "*.json", dataset_type: words}]
"""


def test_a_file_of_the_dataset_is_chosen_and_its_path_reaches_the_program(yard_with):
    yard = yard_with(yaml.safe_load(CUT))
    folder = yard.settings.roots["demo"].path / "scan"
    (folder / "masks").mkdir(parents=True)
    for name in ("plane1", "plane2", "masks/a b.mask", "masks/-c.mask"):
        (folder / name).write_text(name)
    dataset = register(yard, folder)
    client = browser_of(yard)
    page = client.get(f"/analyses/cut/start?dataset={dataset}").text
    offered = page[page.index('id="f-mask"') :].partition("</select>")[0]
    assert re.findall(r'<option value="([^"]*)"', offered) == ["", "masks/-c.mask", "masks/a b.mask"]
    data = {"csrf_token": csrf(client), "dataset": dataset}
    refused = client.post("/analyses/cut/start", data=data | {"option.mask": "masks/d.mask"})
    assert refused.status_code == 422
    assert 'value="masks/d.mask"' in refused.text
    assert "has no file masks/d.mask. There are: masks/-c.mask and masks/a b.mask." in as_read(refused.text)
    assert client.post("/analyses/cut/start", data=data | {"option.mask": "masks/-c.mask"}).status_code == 303
    job = yard.until_ended(yard.daemon())[-1]
    assert job.state is State.SUCCEEDED, yard.tell()
    kept = yard.settings.results / yard.results()[-1].location.removeprefix("results:")
    assert json.loads((kept / "words.json").read_text()) == [
        ["-c.mask", "masks/-c.mask"],
        ["plane1", "plane1"],
        ["plane2", "plane2"],
    ]
    assert "Mask masks/-c.mask" in as_read(client.get(f"/jobs/{job.number}").text)
