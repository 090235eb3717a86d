"""Licence servers: an operator says what a name stands for, a signed-off job type which one it is."""

import json
from typing import Any

import pytest

from portal.agent.backend import parse
from portal.agent.client import AgentClient, Refusal, Submitted, local_command
from portal.rpc.exchange import UnusableError

MESH = {"host": "licences.example.org", "ports": [27000, 27001]}


@pytest.fixture
def offered(facility):
    """The agent of a site that offers one server."""
    facility.client = AgentClient(
        local_command(), facility.backend | {"licence_servers": {"mesh": MESH}}, timeout_s=60
    )
    return facility


def submitted(facility, *servers: dict[str, Any]) -> tuple[Any, Any]:
    revision = facility.publish(facility.jobtype | {"licence_servers": list(servers)})
    item = facility.item(jobtype={"name": facility.jobtype["name"], "version": "1.0", "revision": revision})
    (answer,) = facility.client.submit([item])
    path = facility.folder(item) / "job.json"
    return answer, json.loads(path.read_bytes()) if path.exists() else None


def test_a_job_is_told_what_the_name_stands_for(offered):
    answer, spec = submitted(offered, {"name": "mesh", "variable": "MESH_LICENCE", "form": "host:port"})
    assert isinstance(answer, Submitted)
    assert spec["licence_servers"] == [{"name": "mesh", **MESH, "variable": "MESH_LICENCE", "form": "host:port"}]
    assert spec["network"] is False


def test_a_job_type_without_servers_has_the_job_spec_that_it_had(offered):
    _answer, spec = submitted(offered)
    assert "licence_servers" not in spec


def test_a_name_that_is_not_offered_is_refused_in_words(offered):
    answer, spec = submitted(offered, {"name": "solver"})
    assert isinstance(answer, Refusal)
    assert answer.code == "licence"
    assert answer.message == "This site offers no licence server by the name of solver. Please ask staff."
    assert spec is None


def test_no_job_type_says_where_a_server_is(offered):
    _answer, spec = submitted(offered, {"name": "mesh", "host": "evil.example.org", "ports": [22]})
    assert spec["licence_servers"][0] == {
        "name": "mesh",
        **MESH,
        "variable": "LM_LICENSE_FILE",
        "form": "port@host",
    }


WRONG = [{"variable": "LD_PRELOAD"}, {"variable": "A B"}, {"variable": "PATH"}, {"form": "x"}]


@pytest.mark.parametrize("one", WRONG)
def test_a_published_file_with_another_variable_is_not_used(offered, one):
    answer, _spec = submitted(offered, {"name": "mesh"} | one)
    assert answer.code == "jobtype-unsafe"


@pytest.mark.parametrize(
    "servers",
    [
        [],
        {"mesh": {"host": "127.0.0.1", "ports": [1]}},
        {"mesh": {"host": "a.example.org"}},
        {"mesh": {"host": "a.example.org", "ports": [0]}},
        {"mesh": MESH | {"user": "root"}},
        {"Mesh": MESH},
        {"../mesh": MESH},
        {"m" * 61: MESH},
        {"mesh": "a.example.org"},
    ],
)
def test_an_operators_file_that_names_none_is_refused(facility, servers):
    with pytest.raises(UnusableError, match="licence_servers"):
        parse(facility.backend | {"licence_servers": servers})
