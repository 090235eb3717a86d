"""The settings of what programs' licences need besides Slurm's own count."""

from pydantic import Field, model_validator

from gantry_formats.commands.servers import objection
from portal.config.sections import Section


class LicenceServerSettings(Section):
    """A licence server, `[licence_servers.NAME]`. At a site the agent believes its own file, and not this."""

    host: str = Field(description="Its name or address; what the node itself serves is none.")
    ports: tuple[int, ...] = Field(
        description="Its ports: the server's own first, then those of the programs beside it (vendor daemons)."
    )

    @model_validator(mode="after")
    def _is_one(self) -> "LicenceServerSettings":
        if words := objection(self.host, self.ports):
            raise ValueError(words)
        return self
