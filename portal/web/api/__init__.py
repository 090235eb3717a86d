"""The API, /api/v1: the same services and the same validator as the pages, as JSON."""

from flask import Flask, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.exceptions import HTTPException

import portal
from portal.errors import NotFoundError
from portal.jobtype.schema import published_schema
from portal.web.api import (
    analyses,
    datasets,
    device,
    drafts,
    experiments,
    images,
    jobs,
    me,
    methods,
    presets,
    submissions,
    tokens,
    trials,
)
from portal.web.api.blueprint import make_blueprint
from portal.web.api.lists import jobs as job_lists
from portal.web.api.lists import submissions as submission_lists
from portal.web.api.problem import Problem, of_http_error, of_validation_error
from portal.web.errors import http_error
from portal.web.security import csrf

NOUNS = (
    me.api,
    tokens.api,
    device.api,
    datasets.api,
    methods.api,
    experiments.api,
    analyses.api,
    presets.api,
    drafts.api,
    images.api,
    submissions.api,
    submission_lists.api,
    trials.api,
    jobs.api,
    job_lists.api,
)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

DESCRIPTION = """\
Datasets, analyses and jobs of this facility, for programs. Every request needs a personal token
(`Authorization: Bearer gantry_…`); make one in the browser under your name, or with `gantry login`.

Times are ISO 8601 in UTC, sizes bytes, memory MiB, durations seconds. Lists come in pages: while `next` is not
null, ask again with `cursor` set to it. Errors are problem documents (RFC 9457) whose `detail` is a sentence for
people.
"""


def register_api(app: Flask) -> None:
    """Add /api/v1 to an application, and its description at /api/v1/openapi.json."""
    if not isinstance(app, OpenAPI):
        raise TypeError("the API needs an application made by flask_openapi3.OpenAPI")
    app.info = Info(title="Gantry", version=portal.__version__, description=DESCRIPTION)
    app.security_schemes = {"token": {"type": "http", "scheme": "bearer", "description": "A personal token."}}
    app.validation_error_status = "422"
    app.validation_error_model = Problem
    app.validation_error_callback = of_validation_error
    for blueprint in (*NOUNS, _about()):
        csrf.exempt(blueprint)
        app.register_api(blueprint)
    for status in (400, 404, 405):
        app.register_error_handler(status, _outside_all_routes)


def _outside_all_routes(error: HTTPException) -> ResponseReturnValue:
    """What no route takes, not even `nothing_here`: it has no blueprint, so its address says who asks."""
    return of_http_error(error) if request.path.startswith("/api/") else http_error(error)


def _about() -> APIBlueprint:
    """The API's own description, the schema of job types, and an answer in JSON where nothing is."""
    about = make_blueprint("", "About the API.")

    @about.get("/openapi.json", doc_ui=False)
    def document() -> Response:
        assert isinstance(current_app, OpenAPI)
        return jsonify(current_app.api_doc)

    @about.get("/job-type.schema.json", doc_ui=False)
    def job_type_schema() -> Response:
        return Response(published_schema(), mimetype="application/schema+json")

    def nothing_here(rest: str) -> Response:
        raise NotFoundError(f"There is no {request.method} /api/v1/{rest}. See /api/v1/openapi.json.")

    about.add_url_rule("/<path:rest>", "nothing_here", nothing_here, methods=METHODS)
    return about
