"""New files for an operator, never over one that is there."""

from pathlib import Path

from portal.errors import ConflictError


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises ConflictError where one is, and for what cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConflictError(f"{path} is there already, and stays as it is. Give another name.") from None
    except OSError as error:
        raise ConflictError(f"{path} cannot be written: {error.strerror}.") from None
