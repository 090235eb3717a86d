"""Job types of IJP: each key is carried over or named, what comes of it is checked, and hostile XML is refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.cli.main import main
from portal.jobtype.ijp import IjpError, convert, read_ijp
from portal.jobtype.ijp.convert import KEYS
from portal.jobtype.ijp.options import KEYS as KEYS_OF_OPTIONS
from portal.jobtype.load import parse_text

FILE = Path("type.xml")
SAMPLES = next(
    (found for parent in Path(__file__).parents if (found := parent / "shared/data/ijp").is_dir()), Path("none")
)
LISTED = ("copy_datafile.xml", "create_version.xml", "date.xml", "sleepcount.xml")


def made(xml):
    return convert(read_ijp(xml.encode()), FILE)


def job(inside="", attributes="", name="Views"):
    return made(
        f"<jobType {attributes}><name>{name}</name><executable>views</executable><type>batch</type>"
        f"<datasetTypes>stack</datasetTypes>{inside}</jobType>"
    )


def document(found):
    jobtype, problems = parse_text(found.text, Path("views.yaml"))
    assert jobtype is not None, problems
    return jobtype.document()


def option(inside):
    found = job(f"<jobOptions>{inside}</jobOptions>")
    return document(found)["options"][0], found


def told(words, among):
    assert any(words in one for one in among), (words, among)


@pytest.mark.parametrize("name", LISTED)
def test_each_sample_becomes_a_sound_job_type(name):
    if not SAMPLES.is_dir():
        pytest.skip("IJP's samples are not here")
    file = SAMPLES / name
    read = read_ijp(file.read_bytes())
    found = convert(read, file)
    assert found.problems == ()
    made_of_it = document(found)
    assert made_of_it["title"] == read.root.said("name")
    for key in read.root.attributes:
        told(key, (*found.not_carried, *found.changed))
    options = [one["name"] for one in made_of_it["options"]]
    assert len(options) == len(list(read.root.each("jobOptions")))
    told("image", found.fill_in)
    told("resources", found.fill_in)


def test_the_smallest_one():
    found = made("<jobType><name>Date</name><executable>date</executable></jobType>")
    assert document(found)["program"] == {"command": ["date"]}
    assert document(found)["inputs"] == [] and found.problems == ()


def test_datasets_their_types_and_how_many():
    found = job("<datasetTypes>other</datasetTypes><multiple>true</multiple>", "acceptsDatasets='true'")
    slot = document(found)["inputs"][0]
    assert (slot["dataset_types"], slot["min"], slot["max"]) == (["stack", "other"], 1, 1000)
    told("--datasetIds=", found.changed)
    assert document(job())["inputs"][0]["max"] == 1
    single = job("<multiple forceSingleJob='true'>true</multiple>", "acceptsDatafiles='true'")
    told("forceSingleJob", single.changed)
    told("--datafileIds=", single.changed)
    none = made(
        "<jobType><name>N</name><executable>n</executable><datasetTypes>none (job only)</datasetTypes></jobType>"
    )
    assert document(none)["inputs"] == []


def test_what_is_not_carried_over_is_named_with_the_reason():
    flags = ["sessionId", "icatUrlRequired", "idsUrlRequired", "createsProvenance"]
    found = job(attributes=" ".join(f"{one}='true'" for one in flags) + " family='batch_a'")
    for one in [*flags, "family batch_a"]:
        told(f"{one}: ", found.not_carried)
    told("secret", found.not_carried)
    assert "sessionId" not in str(document(found)["program"])
    assert not job(attributes="sessionId='false'").not_carried


def test_every_key_is_known_and_others_are_named():
    found = job(
        "<colour>red</colour><jobOptions><name>A</name><type>string</type><programParameter>-a"
        "</programParameter><size>3</size></jobOptions>",
        "shape='round'",
    )
    for words in ("colour", "shape", "size"):
        told(f"{words}: no key", found.not_carried)
    assert {"name", "jobOptions", "multiple"} <= KEYS and "tip" in KEYS_OF_OPTIONS


def test_options_of_each_type():
    one, _ = option(
        "<name>Go Fast!</name><type>boolean</type><programParameter>--fast</programParameter><tip>T</tip>"
    )
    assert (one["name"], one["type"], one["label"], one["help"]) == ("go_fast", "boolean", "Go Fast!", "T")
    one, found = option(
        "<name>N</name><type>integer</type><programParameter>-n</programParameter>"
        "<minValue>1</minValue><maxValue>9</maxValue><defaultValue>5</defaultValue>"
    )
    assert (one["min"], one["max"], one["default"]) == (1, 9, 5)
    assert document(found)["program"]["command"][1] == {"together": ["-n", {"option": "n"}]}
    told("5.0", found.changed)
    one, _ = option(
        "<name>F</name><type>float</type><programParameter>-f</programParameter><minValue>0.5</minValue>"
    )
    assert (one["min"], one["max"]) == (0.5, None)
    one, _ = option(
        "<name>S</name><type>string</type><programParameter>-s</programParameter><defaultValue>no</defaultValue>"
    )
    assert one["default"] == "no"
    one, found = option(
        "<name>E</name><type>enumeration</type><programParameter>-e</programParameter>"
        "<values>5</values><values>10</values><defaultValue>10</defaultValue>"
    )
    assert (one["choices"], one["default"], one["required"]) == (["5", "10"], "10", True)


def test_what_a_default_of_a_box_means_in_ijp_is_told_and_the_box_stays_empty():
    one, found = option(
        "<name>B</name><type>boolean</type><programParameter>-b</programParameter>"
        "<defaultValue>true</defaultValue>"
    )
    assert one["default"] is False
    told("ticks no box", found.not_carried)


GROUP = """
<jobOptions><name>Slow</name><groupName>Speed</groupName><type>boolean</type><programParameter>--slow</programParameter></jobOptions>
<jobOptions><name>Fast</name><groupName>Speed</groupName><type>boolean</type>{}</jobOptions>
"""


def test_buttons_of_one_group_are_a_choice():
    found = job(GROUP.format("<programParameter>--fast</programParameter>"))
    (one,) = document(found)["options"]
    assert [(item["value"], item["label"]) for item in one["choices"]] == [("--slow", "Slow"), ("--fast", "Fast")]
    assert (one["label"], one["default"], one["required"]) == ("Speed", "--slow", True)
    assert document(found)["program"]["command"][1] == {"option": "speed"}
    found = job(GROUP.format(""))
    (one,) = document(found)["options"]
    assert (one["required"], len(one["choices"])) == (False, 1)
    told("empty choice", found.changed)


def test_a_button_under_a_condition_is_a_value_under_one():
    extra = "<programParameter>--fast</programParameter><condition>angles &gt; 1</condition>"
    (one,) = document(job(GROUP.format(extra)))["options"]
    assert one["choices"][1]["when"]["text"] == "data.angles > 1"
    assert "when" not in one["choices"][0]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("wavelength > 500", "data.wavelength > 500"),
        ("a == 'it''s' && !(b == null)", "data.a == 'it''s' && !(data.b == null)"),
        ("True || x != False", "true || data.x != false"),
        ("-x + 3*y % 2 >= 1.5e3", "- data.x + 3 * data.y % 2 >= 1.5e3"),
        ("and == 'a'", "data.'and' == 'a'"),
        ("files == null", "data.'files' == null"),
        ("länge <= 3", "data.'länge' <= 3"),
    ],
)
def test_conditions_are_translated(theirs, ours):
    said = theirs.replace("&", "&amp;").replace("<", "&lt;")
    inside = (
        f"<name>O</name><type>string</type><programParameter>-o</programParameter><condition>{said}</condition>"
    )
    one, found = option(inside)
    assert one["show_when"]["text"] == ours
    if ">" in theirs or "<" in theirs:
        told("with one: write it behind", found.changed)


@pytest.mark.parametrize(
    "theirs", ["x = 3", "x &gt;", "'a' &lt; True", "(" * 50 + "x" + ")" * 50, "x ^ 2", "x == 'y"]
)
def test_a_condition_that_is_none_is_named(theirs):
    one, found = option(
        f"<name>O</name><type>string</type><programParameter>-o</programParameter><condition>{theirs}</condition>"
    )
    assert "show_when" not in one
    told("Now it is always asked for", found.not_carried)


def test_that_division_means_something_else_is_told():
    _one, found = option(
        "<name>O</name><type>string</type><programParameter>-o</programParameter><condition>x / 2 == 3</condition>"
    )
    told("7 / 2 is 3.5", found.changed)


@pytest.mark.parametrize("name", ["Password", "ICAT session id", "API key", "passwd"])
def test_secrets_are_not_carried_over(name):
    found = job(
        f"<jobOptions><name>{name}</name><type>string</type><programParameter>-x</programParameter></jobOptions>"
    )
    assert document(found)["options"] == []
    told("everybody could read", found.not_carried)


def test_what_passes_nothing_on_is_named():
    found = job("<jobOptions><name>View</name><type>boolean</type></jobOptions>")
    assert document(found)["options"] == []
    told("has no programParameter", found.not_carried)


def test_names_that_are_the_same_here_are_told_apart():
    same = "<jobOptions><name>A {}</name><type>string</type><programParameter>-a</programParameter></jobOptions>"
    found = job("".join(same.format(sign) for sign in "!?*") + same.format("1").replace("A 1", "experiment"))
    assert [one["name"] for one in document(found)["options"]] == ["a", "a_2", "a_3", "experiment_2"]


def test_placeholders_of_an_installation_are_named():
    found = made(
        "<jobType><name>P</name><executable>${bin}/p q</executable><datasetTypes>${t}</datasetTypes></jobType>"
    )
    told("${bin}", found.changed)
    told("${t}", found.fill_in)
    told("name of one program", found.fill_in)


def test_comments_are_its_description_but_not_what_is_commented_out():
    found = made(
        "<jobType><!-- Counts. --><name>C</name><executable>c</executable><!-- <type>x</type> --></jobType>"
    )
    assert document(found)["description"] == "Counts.\n"
    told("commented out", found.not_carried)


BOMB = '<!DOCTYPE jobType [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><jobType><name>&b;</name></jobType>'
OUTSIDE = '<!DOCTYPE jobType [<!ENTITY a SYSTEM "file:///etc/passwd">]><jobType><name>&a;</name></jobType>'


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        ('<!DOCTYPE jobType SYSTEM "http://example.org/x.dtd"><jobType/>', "document type"),
        ("<jobType>&a;</jobType>", "undefined entity"),
        ("<jobType>", "no element found"),
        ("", "no element found"),
        ("<html/>", "here is html"),
        ("<jobType>" + "<a>" * 50 + "</a>" * 50 + "</jobType>", "within each other"),
        ("<jobType>" + "<a/>" * 6000 + "</jobType>", "elements"),
        ("<jobType><name>" + "x" * 5000 + "</name></jobType>", "characters"),
        (f"<jobType a='{'x' * 5000}'/>", "characters"),
        ("<jobType>" + " " * 1024 * 1024 + "</jobType>", "KiB"),
        ("<?xml version='1.0' encoding='klingon'?><jobType/>", "encoding"),
    ],
)
def test_what_is_hostile_or_no_job_type_is_refused(xml, words):
    with pytest.raises(IjpError, match=words):
        read_ijp(xml.encode())


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
)
elements = st.builds(
    lambda name, text: f"<{name}>{text}</{name}>",
    st.sampled_from(sorted(KEYS_OF_OPTIONS)),
    texts | st.sampled_from(["boolean", "enumeration", "integer", "float", "3", "1e999", "nan", "x > 3", "--a"]),
)
options = st.lists(elements, max_size=8).map(lambda them: f"<jobOptions>{''.join(them)}</jobOptions>")
of_type = st.builds(
    lambda name, text: f"<{name}>{text}</{name}>",
    st.sampled_from(sorted(KEYS - {"jobOptions"})),
    texts | st.sampled_from(["true", "interactive", "${x}", "none (job only)", "{input}"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(of_type | options, max_size=12).map("".join))
def test_whatever_stands_in_it_becomes_yaml_that_is_sound_or_says_what_is_wrong(inside):
    found = made(f"<jobType>{inside}</jobType>")
    jobtype, problems = parse_text(found.text, Path("x.yaml"))
    assert (jobtype is None) == bool(found.problems)
    assert [one.message for one in problems] == [one.message for one in found.problems]
    assert not any("YAML" in one.message or "unknown key" in one.message for one in problems), problems


def test_the_command_writes_a_new_file_and_never_over_another(tmp_path, capsys):
    file = tmp_path / "views.xml"
    file.write_text("<jobType sessionId='true'><name>Views</name><executable>views</executable></jobType>")
    assert main(["admin", "jobtypes", "import-ijp", str(file)]) == 0
    said = capsys.readouterr()
    assert parse_text(said.out, FILE)[0].name == "views"
    assert "Not carried over: sessionId: " in said.err and "To fill in: image: " in said.err
    target = tmp_path / "views.yaml"
    assert main(["admin", "jobtypes", "import-ijp", str(file), "--output", str(target)]) == 0
    assert main(["admin", "jobtypes", "check", str(target)]) == 0
    assert main(["admin", "jobtypes", "import-ijp", str(file), "--output", str(target)]) != 0
    assert "is there already" in capsys.readouterr().err
    file.write_text(BOMB)
    assert main(["admin", "jobtypes", "import-ijp", str(file)]) == 6
    assert "document type" in capsys.readouterr().err
