"""The settings of what is made in the browser: who signs it off, whose drafts run, and what they may ask for."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from portal.config.sections import Section


class Signs(StrEnum):
    """Who signs off what is to be published."""

    OPERATOR = "operator"
    """An operator's command."""
    STAFF = "staff"
    """A second member of staff, in the browser, with a key that an operator enrolled; or an operator."""
    ONESELF = "oneself"
    """Who asked. With a key, too, unless one account does everything."""


class PublisherSettings(Section):
    """Job types made in the browser. What stands here binds drafts that are tried, too."""

    command: tuple[str, ...] = Field(
        (),
        description="How the publisher is started as its own account, word by word. Unset, it is the portal's "
        "own: the embedded default, where staff publish what is theirs.",
    )
    signs: Signs | None = Field(
        None,
        description="Who signs off what is to be published: `operator` (a command), `staff` (a second member of "
        "staff, with an enrolled security key, in the browser), `oneself`. Unset: an operator; where one account "
        "does everything, oneself. An operator's command counts in any case.",
    )
    authors: tuple[str, ...] = Field(
        (),
        description="Sign-in names of the staff whose drafts may be tried, which run as themselves before anybody "
        "has signed them off. Without a `command` all staff may.",
    )
    images: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,99}$")], ...] = Field(
        (), description="Names of the images that may be used; empty: all that are staged."
    )
    constraints: tuple[str, ...] = Field(
        (),
        description="Names of the kinds of nodes that one may ask for, of `slurm.constraints`; empty: none.",
    )
    image_mb: int = Field(
        20_480, ge=1, description="The largest image that is staged for staff who had it made, in MiB."
    )
    image_count: int = Field(100, ge=0, description="How many images that staff had made are kept at most.")
    licences: tuple[str, ...] = Field(
        (), description="Names of the licences that one may ask for, of those in `slurm.licences`; empty: none."
    )
    licence_servers: tuple[str, ...] = Field(
        (),
        description="Names of the licence servers that one may reach, of those in `licence_servers`; empty: none.",
    )
    network: bool = Field(False, description="Whether one may ask for the network.")
    cpus: int = Field(16, ge=1, description="The most CPU cores of a variant.")
    memory_mb: int = Field(65_536, ge=16, description="The most memory of a variant, in MiB, with its retries.")
    time_s: int = Field(24 * 3600, ge=1, description="The longest time limit of a variant, in seconds.")
    gpus: int = Field(1, ge=0, description="The most GPUs of a variant.")
    ranks: int = Field(1, ge=1, description="The most MPI ranks of a variant.")
