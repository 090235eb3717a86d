"""A job in an address: its id, or the short number people use."""

from portal.errors import NotFoundError
from portal.jobs.models import NUMBER_OFFSET


def job_id_of(text: str) -> int:
    """42 and J-1042 are the same job. Raises NotFoundError for anything else."""
    number = text.upper().removeprefix("J-")
    if not (number.isascii() and number.isdigit() and len(number) < 15):
        raise NotFoundError(f"“{text[:40]}” is no job: give its number (J-1042) or its id.")
    return int(number) - (NUMBER_OFFSET if number != text else 0)
