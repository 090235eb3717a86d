"""The portal's settings: frozen, typed, read once.

A TOML file (named by GANTRY_CONFIG) is overridden by GANTRY_* variables: GANTRY_VAR sets `var`,
GANTRY_LOCAL_SLOTS sets `slots` in section `[local]`. Unknown keys are errors that name the file and the key.
Every setting is documented where it is defined; `gantry admin config` prints them.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from portal.errors import ConfigError

# Variables that steer a process and are no settings.
NOT_SETTINGS = frozenset(
    {
        "GANTRY_CONFIG",
        "GANTRY_FAILPOINT",
        "GANTRY_FAILPOINT_ONCE",
        "GANTRY_TEST_DATA",
        "GANTRY_TEST_POSTGRES",
        "GANTRY_TEST_SLURM",
        "GANTRY_TOKEN",
        "GANTRY_URL",
        "GANTRY_JOB",
        "GANTRY_FOLDER",
        "GANTRY_CONTAINER",
    }
)


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RootSettings(Section):
    """A folder beneath which data may be registered in place."""

    path: Path = Field(description="The folder, as an absolute path. It must not overlap the portal's own.")
    writable_by_people: bool = Field(
        True, description="People can write there; its datasets are labelled so and re-checked when read."
    )


class WebSettings(Section):
    """The web tier."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    base_url: str | None = Field(None, description="Address people use, if a proxy stands in front.")
    threads: int = Field(8, ge=1, description="Threads of a web process.")
    workers: int = Field(1, ge=1, description="Web processes.")
    cookie_secure: bool = Field(False, description="Send cookies over HTTPS only; set it wherever there is TLS.")
    trusted_proxies: int = Field(0, ge=0, description="How many proxies set X-Forwarded-For in front of us.")
    session_hours: float = Field(12, gt=0, description="A sign-in ends after this long.")
    sign_in_limit: str = Field("10 per minute", description="Tries to sign in, by address.")


class DaemonSettings(Section):
    """The loop that dispatches, reconciles and collects."""

    idle_s: float = Field(0.25, gt=0, description="Pause between turns when nothing happened.")
    poll_s: float = Field(1.0, gt=0, description="Shortest pause between two questions to the scheduler.")
    poll_max_s: float = Field(30.0, gt=0, description="Longest pause, reached by back-off while nothing changes.")
    lease_s: float = Field(15.0, gt=1, description="A daemon that is silent for this long is replaced.")
    late_result_s: float = Field(120.0, ge=0, description="How long to wait for a result.json that shows late.")
    lost_s: float = Field(
        900.0, ge=0, description="Claimed, no result, absent for this long: the attempt is lost."
    )
    keep_done_hours: float = Field(
        24.0, ge=0, description="The working folder of a job that succeeded is removed after this long."
    )
    keep_failed_days: float = Field(
        14.0, ge=0, description="Working folders of all other jobs, and the scheduler's notes, stay this long."
    )


class LocalSettings(Section):
    """The scheduler that needs no cluster."""

    slots: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        description="CPUs to hand out.",
        json_schema_extra={"default_words": "the machine's"},
    )
    memory_mb: int = Field(4096, ge=64, description="Memory to hand out, in MiB.")


class SlurmSettings(Section):
    """The Slurm cluster, where `scheduler = "slurm"`."""

    cluster: str = Field("", description="ClusterName of slurm.conf; needed.")
    everybody: bool = Field(
        False, description="The daemon reads about everybody's jobs, not only about those of its own account."
    )
    commands: Path | None = Field(None, description="Folder of sbatch, squeue and so on; unset: PATH.")
    conf: Path | None = Field(None, description="SLURM_CONF, where it is not Slurm's default.")
    partition: str | None = Field(None, description="Partition of jobs; unset: Slurm's default.")
    gpu_partition: str | None = Field(None, description="Partition of jobs with GPUs; unset: the same.")
    account: str | None = Field(None, description="Account of jobs; unset: each person's default.")
    accounts: Mapping[str, str] = Field(default_factory=dict, description="Account of a person's jobs, by person.")
    qos: str | None = Field(None, description="QOS of jobs; unset: Slurm's default.")
    constraint: str | None = Field(None, description="Features that the nodes must have, as in sbatch.")
    gpu: str = Field("gpu", description="The generic resource that is a GPU, perhaps with a type: gpu:a100.")
    max_array_size: int = Field(1001, ge=1, description="MaxArraySize of slurm.conf.")
    accounting: bool = Field(True, description="There is a slurmdbd.")
    canary: bool = Field(
        True, description="Keep a held job of the daemon's own, by whose sight it knows that a list is whole."
    )
    data_parser: str | None = Field(
        None, description="Dialect of Slurm's JSON, such as v0.0.42; unset: asked for."
    )
    timeout_s: float = Field(30.0, ge=1, le=600, description="A command that is later has not answered.")
    find_days: int = Field(30, ge=1, description="How far back a job of unknown submission time is looked for.")


class LimitSettings(Section):
    """Limits a person meets before Slurm does."""

    running_per_person: int = Field(
        8, ge=1, description="Jobs of one person that may be at the scheduler at once."
    )
    queued_per_person: int = Field(500, ge=1, description="Unfinished jobs one person may have.")
    datasets_per_submission: int = Field(1000, ge=1, description="Datasets in one submission.")
    output_bytes: int = Field(50 * 2**30, ge=1, description="Largest result that is collected.")
    output_files: int = Field(100_000, ge=1, description="Most files in a result.")


class Settings(Section):
    """All settings of one portal."""

    site_name: str = Field("Gantry", description="Name of the facility on every page.")
    facility: str = Field("Demo facility", description="ICAT facility that new entries belong to.")
    contact: str = Field("your facility's staff", description="Whom to ask, in words, on error pages.")
    demo: bool = Field(
        False, description="Show the personas as buttons on the sign-in page. Never on a real site."
    )
    var: Path = Field(Path("var"), description="Folder for everything the portal writes.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in var.")
    scheduler: Literal["local", "slurm"] = Field("local", description="Scheduler backend.")
    jobtypes: tuple[Path, ...] = Field((), description="Folders of job type YAML files; empty: those that ship.")
    roots: Mapping[str, RootSettings] = Field(
        default_factory=dict, description="Folders beneath which data may be registered, by name."
    )
    web: WebSettings = WebSettings()
    daemon: DaemonSettings = DaemonSettings()
    local: LocalSettings = Field(default_factory=LocalSettings)
    slurm: SlurmSettings = SlurmSettings()
    limits: LimitSettings = LimitSettings()

    @model_validator(mode="before")
    @classmethod
    def _absolute(cls, values: dict[str, Any]) -> dict[str, Any]:
        values = dict(values)
        values["var"] = Path(values.get("var", "var")).absolute()
        return values

    @model_validator(mode="after")
    def _roots_do_not_overlap(self) -> "Settings":
        ours = {
            "scratch": self.scratch,
            "results": self.results,
            "spool": self.spool,
            "pictures": self.pictures,
        }
        for name, root in self.roots.items():
            if not root.path.is_absolute():
                raise ValueError(f"roots.{name}: {root.path} is not an absolute path")
            for other, path in ours.items():
                if path.is_relative_to(root.path) or root.path.is_relative_to(path):
                    raise ValueError(f"roots.{name}: {root.path} overlaps the {other} folder {path}")
        return self

    @property
    def database(self) -> str:
        """The database's URL, SQLite in var unless set."""
        return self.database_url or f"sqlite:///{self.var / 'gantry.sqlite3'}"

    @property
    def scratch(self) -> Path:
        """Attempts' folders."""
        return self.var / "scratch"

    @property
    def results(self) -> Path:
        """The store's tree of registered results."""
        return self.var / "results"

    @property
    def spool(self) -> Path:
        """The local scheduler's spool."""
        return self.var / "spool"

    @property
    def pictures(self) -> Path:
        """Thumbnails and previews."""
        return self.var / "pictures"

    @property
    def published(self) -> Path:
        """Signed-off job types as JSON, which the agent reads."""
        return self.var / "published"

    @property
    def images(self) -> Path:
        """Staged container images."""
        return self.var / "images"

    def folders(self) -> tuple[Path, ...]:
        """All folders that must exist before the portal works."""
        return (self.var, self.scratch, self.results, self.spool, self.pictures, self.published, self.images)


def _section_of(name: str) -> tuple[str | None, str]:
    """`LOCAL_SLOTS` -> ("local", "slots"); `DATABASE_URL` -> (None, "database_url")."""
    key = name.lower()
    for section, info in Settings.model_fields.items():
        kind = info.annotation
        is_section = isinstance(kind, type) and issubclass(kind, Section)
        if is_section and key.startswith(section + "_"):
            return section, key.removeprefix(section + "_")
    return None, key


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in environ.items():
        if not name.startswith("GANTRY_") or name in NOT_SETTINGS:
            continue
        section, key = _section_of(name.removeprefix("GANTRY_"))
        target = values.setdefault(section, {}) if section else values
        target[key] = value
    return values


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _merge(dict(merged[key]), value)
        else:
            merged[key] = value
    return merged


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the TOML file, then GANTRY_* variables, then `overrides` (tests). Raises ConfigError."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    source = "the environment"
    if file := environ.get("GANTRY_CONFIG"):
        source = file
        try:
            values = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{file}: not valid TOML: {error}") from error
    values = _merge(values, _from_environment(environ))
    values = _merge(values, overrides)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in item['loc']) or 'settings'}: {item['msg']}"
            for item in error.errors()
        ]
        raise ConfigError(f"{source}: " + "; ".join(lines)) from error
