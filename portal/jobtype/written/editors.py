"""The line by which editors find the schema of job types. Pure, and needs nothing."""

from typing import Final

LINE: Final = "# yaml-language-server:"


def for_editors(text: str, url: str) -> str:
    """The text with the line that names the schema of the portal at `url`; one that is there stays."""
    if any(line.startswith(LINE) for line in text.splitlines()):
        return text
    return f"{LINE} $schema={url.rstrip('/')}/api/v1/job-type.schema.json\n{text}"
