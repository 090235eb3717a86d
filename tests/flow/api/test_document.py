"""The API's description is valid OpenAPI, and what it promises is so."""

import pytest
from openapi_spec_validator import validate


@pytest.fixture
def document(app):
    return app.test_client().get("/api/v1/openapi.json").json


def test_the_description_is_valid_openapi(document):
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_operation_has_a_name_a_summary_a_tag_and_its_problems(document):
    names = []
    for path, operations in document["paths"].items():
        assert path.startswith("/api/v1/")
        for operation in operations.values():
            names.append(operation["operationId"])
            assert operation["summary"] and operation["tags"]
            assert {"401", "403", "404", "409", "422", "429", "503"} <= set(operation["responses"])
    assert len(names) == len(set(names))


def test_all_but_the_ways_to_a_token_need_a_token(document):
    open_ones = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if operation["security"] != [{"token": []}]
    ]
    assert sorted(open_ones) == ["ask_for_token", "create_token", "fetch_token"]


def test_what_answers_look_like_is_described(document):
    schemas = document["components"]["schemas"]
    assert set(schemas["Problem"]["properties"]) >= {"type", "title", "status", "detail", "fields", "retry"}
    assert "Idempotency-Key" in [
        parameter["name"] for parameter in document["paths"]["/api/v1/submissions"]["post"]["parameters"]
    ]
