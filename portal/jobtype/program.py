"""What a job type runs: a module of wrappers, or a command with marked values. Never a shell."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from portal.jobtype.command.marks import CommandItem
from portal.jobtype.strict import Strict


class Program(Strict):
    """Exactly one of `module` and `command`."""

    module: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)] | None = Field(
        None, description="A program of wrappers/, run as python -m wrappers.MODULE."
    )
    command: Annotated[list[CommandItem], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="The program and its arguments, some of them marked values. No shell reads it."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> "Program":
        if (self.module is None) == (self.command is None):
            raise ValueError("give either a module or a command")
        if self.command is not None and (not isinstance(self.command[0], str) or not self.command[0]):
            raise ValueError("a command begins with the name of its program, as plain text")
        return self

    def document(self) -> dict[str, Any]:
        """As it stands in job.json: only what was given."""
        return self.model_dump(mode="json", exclude_none=True)
