"""The JSON Schema of job type files, for editors: jobtypes/schema/job-type.schema.json."""

import json
from functools import cache
from pathlib import Path

from portal.jobtype.load import shipped_folder
from portal.jobtype.model import JobType


def schema_path() -> Path:
    """Where the schema lies."""
    return shipped_folder() / "schema" / "job-type.schema.json"


def schema_text() -> str:
    """The schema as it should be on disk."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **JobType.model_json_schema()}
    schema["title"] = "A job type of Gantry"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


@cache
def published_schema() -> str:
    """The same, made once: what editors are told by the portal's own address."""
    return schema_text()


if __name__ == "__main__":
    schema_path().write_text(schema_text(), encoding="utf-8")
