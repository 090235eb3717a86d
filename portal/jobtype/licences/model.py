"""The keys `licences` and `licence_servers` of a job type."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from gantry_formats.commands.environment import NAME, name_objection
from gantry_formats.commands.servers import VARIABLE
from portal.jobtype.strict import Slug, Strict


class Licence(Strict):
    """Licences of a program that a job holds while it runs, by the name under which the site offers them."""

    name: Slug
    """The name under which the site offers it."""
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """So many of them each job holds."""


class LicenceServer(Strict):
    """A licence server that a container reaches, and nothing else beyond it, by the name that the site offers."""

    name: Slug
    """The name under which the site offers it."""
    variable: Annotated[str, StringConstraints(pattern=rf"^{NAME.pattern}$")] = Field(
        VARIABLE, description="The variable by which the program is told where the server is."
    )
    form: Literal["port@host", "host:port", "host"] = Field(
        "port@host", description="How it is told; of the server's ports the first."
    )

    @field_validator("variable")
    @classmethod
    def _may_be_set(cls, name: str) -> str:
        if words := name_objection(name):
            raise ValueError(f"{name} {words}")
        return name
