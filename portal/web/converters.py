"""Parts of addresses: a job's short number."""

from werkzeug.routing import BaseConverter

from portal.jobs.models import NUMBER_OFFSET


class JobNumber(BaseConverter):
    """`/jobs/J-1042`: people read the number on the page and type it. In Python it is the job's id."""

    regex = r"[Jj]-[1-9][0-9]{3,14}"

    def to_python(self, value: str) -> int:
        """The id."""
        return int(value[2:]) - NUMBER_OFFSET

    def to_url(self, value: int) -> str:
        """The number."""
        return f"J-{NUMBER_OFFSET + int(value)}"
