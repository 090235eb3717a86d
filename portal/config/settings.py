"""The portal's settings: frozen, typed, read once.

A TOML file (named by GANTRY_CONFIG) is overridden by GANTRY_* variables: GANTRY_VAR sets `var`,
GANTRY_LOCAL_SLOTS sets `slots` in section `[local]`. Unknown keys are errors that name the file and the key.
Every setting is documented where it is defined; `gantry admin config` prints them.
"""

import os
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, ValidationError, model_validator

from gantry_formats.commands.servers import LONGEST_NAME, NAME
from portal.config.licences import LicenceServerSettings
from portal.config.publisher import PublisherSettings, Signs
from portal.config.sections import (
    ACCOUNT,
    AgentSettings,
    ClusterSettings,
    DaemonSettings,
    LevelSettings,
    LimitSettings,
    LocalSettings,
    RootSettings,
    Section,
    SlurmSettings,
    StoreSettings,
    WebSettings,
)
from portal.errors import ConfigError

__all__ = ["ACCOUNT", "ClusterSettings", "LimitSettings", "RootSettings", "Section", "Settings", "load_settings"]

# Variables that steer a process and are no settings.
NOT_SETTINGS = frozenset(
    {
        "GANTRY_CONFIG",
        "GANTRY_FAILPOINT",
        "GANTRY_FAILPOINT_ONCE",
        "GANTRY_CACHE",
        "GANTRY_CLUSTER",
        "GANTRY_LAB",
        "GANTRY_LAB_NET",
        "GANTRY_PYTHON",
        "GANTRY_TEST_DATA",
        "GANTRY_TEST_POSTGRES",
        "GANTRY_TEST_SLURM",
        "GANTRY_TOKEN",
        "GANTRY_TRACEBACK",
        "GANTRY_URL",
        "GANTRY_VENV",
        "GANTRY_JOB",
        "GANTRY_FOLDER",
        "GANTRY_CONTAINER",
    }
)


FOLDERS = ("scratch", "results", "spool", "pictures", "published", "registered", "images", "made_images")


def _in_var(name: str, description: str) -> Any:
    """A folder that lies in var unless it is set."""
    return Field(Path(), description=description, json_schema_extra={"default_words": f"`{name}` in var"})


class Settings(Section):
    """All settings of one portal."""

    site_name: str = Field("Gantry", description="Name of the facility on every page.")
    facility: str = Field("", description="Name at the foot of every page, if it is another than `site_name`.")
    contact: str = Field("your facility's staff", description="Whom to ask, in words, on error pages.")
    demo: bool = Field(
        False, description="Show the personas as buttons on the sign-in page. Never on a real site."
    )
    var: Path = Field(Path("var"), description="Folder for everything the portal writes.")
    scratch: Path = _in_var("scratch", "Attempts' folders; on a cluster, on the common file system.")
    results: Path = _in_var("results", "Registered results, which the store alone writes.")
    spool: Path = _in_var("spool", "The local scheduler's spool.")
    pictures: Path = _in_var("pictures", "Thumbnails and previews.")
    published: Path = _in_var("published", "Signed-off job types as JSON, which the agent reads.")
    registered: Path = _in_var(
        "registered", "Job types made in the browser, published and drafts, which the publisher alone writes."
    )
    images: Path = _in_var("images", "Staged container images.")
    made_images: Path = _in_var(
        "made_images", "Container images that staff had made and staged, which the stager alone writes."
    )
    publish: bool = Field(
        True,
        description="The daemon signs job types off when it starts and when a file changes; false where an "
        "operator does: gantry admin jobtypes publish. Only what was signed off can be started.",
    )
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in var.")
    scheduler: str = Field("local", description="Scheduler backend: `local` or `slurm`.")
    jobtypes: tuple[Path, ...] = Field((), description="Folders of job type YAML files; empty: those that ship.")
    roots: Mapping[str, RootSettings] = Field(
        default_factory=dict, description="Folders beneath which data may be registered, by name."
    )
    level: LevelSettings = LevelSettings()
    web: WebSettings = WebSettings()
    daemon: DaemonSettings = DaemonSettings()
    agent: AgentSettings = AgentSettings()
    store: StoreSettings = StoreSettings()
    publisher: PublisherSettings = PublisherSettings()
    local: LocalSettings = Field(default_factory=LocalSettings)
    slurm: SlurmSettings = SlurmSettings()
    licence_servers: Mapping[
        Annotated[str, StringConstraints(pattern=rf"^{NAME.pattern}$", max_length=LONGEST_NAME)],
        LicenceServerSettings,
    ] = Field(
        default_factory=dict,
        description="Licence servers that containers may reach, by the names that job types use: "
        "`[licence_servers.NAME]` with `host` and `ports`.",
    )
    limits: LimitSettings = LimitSettings()
    clusters: Mapping[str, ClusterSettings] = Field(
        default_factory=dict,
        description="Several clusters, by name, in the place of `scheduler` and its section: `[clusters.NAME]` "
        "with `backend`, `jobtypes`, and the backend's own section `[clusters.NAME.slurm]`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _absolute(cls, values: dict[str, Any]) -> dict[str, Any]:
        values = dict(values)
        values["var"] = var = Path(values.get("var", "var")).absolute()
        for name in FOLDERS:
            values[name] = Path(values.get(name) or var / name).absolute()
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

    @model_validator(mode="after")
    def _one_way_to_name_clusters(self) -> "Settings":
        sections = set(ClusterSettings.model_fields) - {"backend", "jobtypes"}
        single = ({"scheduler"} | sections) & self.model_fields_set
        if self.clusters and single:
            raise ValueError(f"clusters: {min(single)} is set too, which means one cluster; set it in clusters")
        claimed = Counter(jobtype for cluster in self.clusters.values() for jobtype in cluster.jobtypes)
        for jobtype, times in claimed.items():
            if times > 1:
                raise ValueError(f"clusters: {jobtype} runs at one cluster, and is named by {times}")
        return self

    def cluster_documents(self) -> dict[str, dict[str, Any]]:
        """What is set about each cluster, by name, as portal.scheduler.factory takes it; one without has none."""
        clusters = self.clusters
        if not clusters:
            only = ClusterSettings(backend=self.scheduler, slurm=self.slurm, local=self.local)
            return {"": only.document("") | {"spool": str(self.spool)}}
        return {name: one.document(name) | {"spool": str(self.spool)} for name, one in clusters.items()}

    def account_of(self, person: str) -> str | None:
        """The Unix account as which a person's jobs run; None: the portal's own, the embedded default."""
        return self.agent.accounts.get(person, person) if self.agent.command else None

    @property
    def signs_itself(self) -> bool:
        """Whether one account does everything, the publisher's work too: nobody else could object."""
        return self.publish and not self.publisher.command and not self.agent.command

    @property
    def signs(self) -> Signs:
        """Who signs off what staff want published."""
        return self.publisher.signs or (Signs.ONESELF if self.signs_itself else Signs.OPERATOR)

    @property
    def stages_at_once(self) -> bool:
        """Whether an image that somebody of the staff had made is staged as soon as she asks."""
        return self.signs is Signs.ONESELF and self.signs_itself

    @property
    def signoff_origin(self) -> str:
        """The address for which security keys sign. Browsers take no key for a bare number such as 127.0.0.1."""
        if self.web.base_url is None:
            return f"http://localhost:{self.web.port}"
        parts = urlsplit(self.web.base_url)
        usual = {"http": 80, "https": 443}[parts.scheme]
        port = "" if parts.port in (None, usual) else f":{parts.port}"
        return f"{parts.scheme}://{parts.hostname}{port}"

    @property
    def registered_published(self) -> Path:
        """Where those made in the browser lie that are published, as the publisher has it."""
        return self.registered / "published"

    def folders(self) -> tuple[Path, ...]:
        """All folders that must exist before the portal works."""
        return (self.var, *(getattr(self, name) for name in FOLDERS))


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
