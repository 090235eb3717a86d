"""What a job type runs: a module of wrappers, or a command with marked values. Never a shell."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from gantry_formats.commands.environment import MOST
from gantry_formats.commands.written import MOST as MOST_WRITTEN
from portal.jobtype.command.marks import CommandItem, Mark, Variable, WrittenFile, WrittenLines, every
from portal.jobtype.strict import Strict


class Program(Strict):
    """Exactly one of `module` and `command`."""

    module: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)] | None = Field(
        None, description="A program of wrappers/, run as python -m wrappers.MODULE."
    )
    command: Annotated[list[CommandItem], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="The program and its arguments, some of them marked values. No shell reads it."
    )

    environment: Annotated[dict[str, Variable], Field(max_length=MOST)] | None = Field(
        None,
        description="Variables that the program finds: text, an option's value, what was granted.",
    )
    working_folder: Literal["output", "scratch"] | None = Field(
        None,
        description="Where the command is started: in the folder whose files become results, or in one that is "
        "removed at the end; without it in the job's folder, in which both lie.",
    )

    written: Annotated[dict[str, WrittenFile], Field(max_length=MOST_WRITTEN)] | None = Field(
        None, description="Files that are written for the program before it starts, by name: {written: NAME}."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> "Program":
        if (self.module is None) == (self.command is None):
            raise ValueError("give either a module or a command")
        if self.command is not None and (not isinstance(self.command[0], str) or not self.command[0]):
            raise ValueError("a command begins with the name of its program, as plain text")
        if self.module is not None and (self.environment or self.working_folder or self.written):
            raise ValueError("environment, working_folder and written are of a command, not of a module of ours")
        return self

    @property
    def marks(self) -> list[tuple[tuple[str | int, ...], str | Mark]]:
        """Each text and mark of command and variables, those within others too, with its place in the program."""
        found = [(("command", *place), item) for place, item in every(self.command or ())]
        for name, value in (self.environment or {}).items():
            found += [(("environment", name, *place[1:]), item) for place, item in every([value])]
        for name, file in (self.written or {}).items():
            if isinstance(file, WrittenLines):
                found += [(("written", name, "lines", *place), item) for place, item in every(file.lines)]
        return found

    def document(self) -> dict[str, Any]:
        """As it stands in job.json: only what was given."""
        return self.model_dump(mode="json", exclude_none=True)
