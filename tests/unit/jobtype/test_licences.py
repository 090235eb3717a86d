"""What a program's licence asks for, as a job type says it."""

import pytest

SERVERS = "licence_servers: [{name: mesh}, {name: solver, variable: RLM_LICENSE, form: 'host:port'}]\n"
ELEVEN = ", ".join(f"{{name: a{number}}}" for number in range(11))
PROGRAM = "program: {command: [solve]}\n"


def loaded(load, more, program=PROGRAM):
    return load("program: {module: blur}\n", program + more)


def test_servers_are_named_and_the_rest_is_usual(load):
    jobtype, problems = loaded(load, SERVERS)
    assert not problems
    assert jobtype.document()["licence_servers"] == [
        {"name": "mesh", "variable": "LM_LICENSE_FILE", "form": "port@host"},
        {"name": "solver", "variable": "RLM_LICENSE", "form": "host:port"},
    ]


def test_without_servers_the_document_and_so_the_revision_is_as_before(load):
    plain, _ = loaded(load, "")
    said, _ = loaded(load, "licence_servers: []\n")
    assert "licence_servers" not in plain.document()
    assert said.revision == plain.revision


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("licence_servers: [{name: mesh}, {name: mesh}]\n", "two licence servers named mesh"),
        ("licences: [{name: mesh}, {name: mesh}]\n", "two licences named mesh"),
        ("licence_servers: [{name: mesh}]\nnetwork: true\n", "confines nothing"),
        ("licence_servers: [{name: mesh, variable: PATH}]\n", "PATH"),
        ("licence_servers: [{name: mesh, variable: LD_PRELOAD}]\n", "LD_PRELOAD"),
        ("licence_servers: [{name: mesh, variable: 'A=B'}]\n", "variable"),
        ("licence_servers: [{name: mesh, form: sh}]\n", "form"),
        ("licence_servers: [{name: mesh, host: evil.example.org}]\n", "host"),
        ("licence_servers: [{name: ../mesh}]\n", "name"),
        ("licence_servers: [{name: a}, {name: b, form: host}]\n", "different forms"),
        (f"licence_servers: [{ELEVEN}]\n", "licence_servers"),
    ],
)
def test_what_does_not_fit_together_is_told(load, more, words):
    jobtype, problems = loaded(load, more)
    assert jobtype is None
    assert words in " ".join(map(str, problems))


def test_servers_are_of_a_command_that_does_not_set_their_variable_itself(load):
    _, problems = loaded(load, SERVERS, "program: {module: blur}\n")
    assert "of a command" in str(problems)
    own = "program: {command: [solve], environment: {RLM_LICENSE: 1@evil}}\n"
    _, problems = loaded(load, SERVERS, own)
    assert "RLM_LICENSE is set by the licence server solver" in str(problems)


def test_servers_are_not_of_several_ranks(load):
    jobtype, problems = load("program: {module: blur}\n", PROGRAM + "licence_servers: [{name: mesh}]\n")
    assert jobtype is not None
    assert not problems
    _, problems = load("label: Standard}\n", "label: Standard, ranks: 2}\nlicence_servers: [{name: mesh}]\n")
    assert "several ranks" in str(problems)


TERMS = "terms: {name: solver, title: Terms, text: Cite us., use: academic}\n"


def test_terms_are_known_by_what_they_say_and_not_by_their_name(load):
    def digest(text):
        jobtype, problems = loaded(load, text)
        assert not problems
        return jobtype.terms.digest

    first = digest(TERMS)
    assert digest(TERMS.replace("name: solver", "name: other")) == first
    for old, new in (("Cite us", "Pay us"), ("title: Terms", "title: New terms"), ("academic", "commercial")):
        assert digest(TERMS.replace(old, new)) != first
    assert digest(TERMS.replace("text: Cite us.", "link: 'https://example.org'")) != first


def test_without_terms_the_revision_is_as_before(load):
    plain, _ = loaded(load, "")
    said, _ = loaded(load, "terms: null\n")
    assert "terms" not in plain.document()
    assert said.revision == plain.revision


@pytest.mark.parametrize(
    "more",
    [
        "terms: {name: solver, title: Terms}\n",
        "terms: {name: Solver, title: Terms, text: T}\n",
        "terms: {name: solver, title: Terms, text: T, use: military}\n",
        "terms: {name: solver, title: Terms, link: 'javascript:alert(1)'}\n",
        "terms: {name: solver, title: Terms, link: 'https://'}\n",
        "terms: {name: solver, title: Terms, link: 'https://a b'}\n",
        "terms: {name: solver, title: Terms, link: '//example.org'}\n",
        f"terms: {{name: solver, title: Terms, text: {'x' * 50_001}}}\n",
        "terms: [1]\n",
    ],
)
def test_terms_that_say_nothing_or_lead_nowhere_are_told(load, more):
    jobtype, problems = loaded(load, more)
    assert jobtype is None
    assert "terms" in str(problems)
