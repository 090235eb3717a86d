"""The sections of the settings file, each setting with its default and its meaning."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from portal.level import Level


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RootSettings(Section):
    """A folder beneath which data may be registered in place."""

    path: Path = Field(description="The folder, as an absolute path. It must not overlap the portal's own.")
    writable_by_people: bool = Field(
        True,
        description="People can write there; its datasets are labelled so and re-checked when read. "
        "False: symbolic and hard links that stay in a registered folder are taken, too, "
        "and data are registered without what others lead to.",
    )


class LevelSettings(Section):
    """What people here call an experiment, on every screen and in every message: visit, beamtime, project …"""

    one: str = Field(
        "experiment",
        max_length=30,
        pattern=r"^[^\W\d_]([^\W_]|[ -])*$",
        description="One of them, as it is written within a sentence. Addresses and the API say experiment.",
    )
    many: str = Field(
        "",
        max_length=30,
        pattern=r"^([^\W\d_]([^\W_]|[ -])*)?$",
        description="Several of them; unset: `one` and an s.",
    )

    @property
    def words(self) -> Level:
        """Both, as `portal.level` hands them out."""
        return Level(self.one, self.many or f"{self.one}s")


class WebSettings(Section):
    """The web tier."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    base_url: str | None = Field(
        None,
        description="Address people use: https://gantry.example.org. Needed wherever others than this machine "
        "reach the portal: behind a proxy, or with another `host` than the loopback.",
    )
    hosts: tuple[str, ...] = Field(
        (), description="Further names under which the portal answers, besides that of `base_url`."
    )
    threads: int = Field(8, ge=1, description="Threads of a web process.")
    workers: int = Field(1, ge=1, description="Web processes.")
    cookie_secure: bool = Field(False, description="Send cookies over HTTPS only; set it wherever there is TLS.")
    trusted_proxies: int = Field(0, ge=0, description="How many proxies set X-Forwarded-For in front of us.")
    session_hours: float = Field(12, gt=0, description="A sign-in ends after this long.")
    sign_in_limit: str = Field("10 per minute", description="Tries to sign in, by address.")
    secret: Path | None = Field(
        None, description="File with the key that signs page cookies; unset: web-secret in var, made at first use."
    )
    nginx_results: str = Field(
        "",
        pattern=r"^(/([A-Za-z0-9_-]+/)+)?$",
        max_length=100,
        description="Internal location of nginx that stands for `results`: files of sealed results that the store "
        "lets nginx read are sent by nginx, once the portal has checked who asks. Unset: the portal sends them.",
    )

    @model_validator(mode="after")
    def _address_is_said(self) -> "WebSettings":
        if self.base_url is not None:
            parts = urlsplit(self.base_url)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
                raise ValueError(
                    f"base_url must be an address such as https://gantry.example.org, not {self.base_url!r}"
                )
            if self.cookie_secure and parts.scheme != "https":
                raise ValueError("base_url must begin with https:// where cookie_secure is true")
        elif self.trusted_proxies or not _is_loopback(self.host):
            raise ValueError(
                "base_url is needed where others than this machine reach the portal (trusted_proxies, or a host "
                "that is not the loopback): the address that people use, such as https://gantry.example.org"
            )
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


ACCOUNT = "{account}"
"""The word of `agent.command` in whose place the person's Unix account is put."""


class AgentSettings(Section):
    """The program that acts as a person. Unset, it runs as the portal's own account: the embedded default."""

    command: tuple[str, ...] = Field(
        (),
        description="How it is started, word by word; the word {account} stands for the person's Unix account.",
    )
    accounts: Mapping[str, str] = Field(
        default_factory=dict,
        description="Unix account of a person, by sign-in name, where it is not the sign-in name itself.",
    )
    at_once: int = Field(4, ge=1, le=64, description="How many people's agents are asked side by side.")
    timeout_s: float = Field(
        60.0, ge=1, le=500, description="One that is later has not answered; many jobs get more."
    )

    @model_validator(mode="after")
    def _account_is_a_word(self) -> "AgentSettings":
        if self.command and (self.command.count(ACCOUNT) != 1 or self.command[0] == ACCOUNT):
            raise ValueError(f"command must hold the word {ACCOUNT} once, after the program")
        if any(ACCOUNT in word and word != ACCOUNT for word in self.command):
            raise ValueError(f"command must hold {ACCOUNT} as a word of its own")
        return self


class StoreSettings(Section):
    """The program that owns registered results. Unset, it runs as the portal's own account."""

    command: tuple[str, ...] = Field((), description="How it is started, word by word.")


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
    collect_at_once: int = Field(
        4, ge=1, le=64, description="How many people's results begin to be saved side by side."
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
    pyslurm: Path | None = Field(
        None,
        description="A Python that has pyslurm for this very release of Slurm, by which jobs are then listed and "
        "handed over; unset: Slurm's commands do it.",
    )
    partition: str | None = Field(None, description="Partition of jobs; unset: Slurm's default.")
    gpu_partition: str | None = Field(None, description="Partition of jobs with GPUs; unset: the same.")
    account: str | None = Field(None, description="Account of jobs; unset: each person's default.")
    accounts: Mapping[str, str] = Field(default_factory=dict, description="Account of a person's jobs, by person.")
    qos: str | None = Field(None, description="QOS of jobs; unset: Slurm's default.")
    constraint: str | None = Field(None, description="Features that the nodes must have, as in sbatch.")
    constraints: Mapping[str, str] = Field(
        default_factory=dict,
        description="Kinds of nodes that the site offers: the name that job types use, and the features of such "
        "nodes as in sbatch, such as a100&nvlink.",
    )
    licences: Mapping[str, str] = Field(
        default_factory=dict,
        description="Licences of programs that the site offers: the name that job types use, and Slurm's own word "
        "for it, such as matlab@flex.",
    )
    gpu: str = Field("gpu", description="The generic resource that is a GPU, perhaps with a type: gpu:a100.")
    max_array_size: int = Field(1001, ge=1, description="MaxArraySize of slurm.conf.")
    join_singles: bool = Field(
        True,
        description="Jobs of one person that wait at the same time and ask for the same go over as one array, "
        "though each was submitted by itself; false where the site counts or limits by array.",
    )
    accounting: bool = Field(True, description="There is a slurmdbd.")
    canary: bool = Field(
        True, description="Keep a held job of the daemon's own, by whose sight it knows that a list is whole."
    )
    data_parser: str | None = Field(
        None, description="Dialect of Slurm's JSON, such as v0.0.42; unset: asked for."
    )
    timeout_s: float = Field(30.0, ge=1, le=600, description="A command that is later has not answered.")
    find_days: int = Field(30, ge=1, description="How far back a job of unknown submission time is looked for.")


class ClusterSettings(Section):
    """One of several clusters; its name is that in its handles: ClusterName of slurm.conf, or `local`."""

    # A backend that is no part of this release has its own table here, which it checks itself.
    model_config = ConfigDict(extra="allow", frozen=True)

    backend: str = Field(description="Scheduler backend: `slurm` or `local`.")
    jobtypes: tuple[str, ...] = Field(
        (), description="Job types that run here; all that no cluster names run at the first cluster."
    )
    slurm: SlurmSettings = Field(
        SlurmSettings(),
        description="As section `slurm`, for a backend `slurm`; `cluster` need not be set.",
        json_schema_extra={"default_words": "as there"},
    )
    local: LocalSettings = Field(
        default_factory=LocalSettings,
        description="As section `local`, for a backend `local`.",
        json_schema_extra={"default_words": "as there"},
    )

    def document(self, name: str) -> dict[str, Any]:
        """What is set about it, in JSON's types, as portal.scheduler.factory takes it."""
        section = getattr(self, self.backend, None) or {}
        given = section.model_dump(mode="json", exclude_none=True) if isinstance(section, Section) else section
        if isinstance(given, dict) and given.get("cluster") == "":
            given["cluster"] = name
        return {"kind": self.backend, self.backend: given}


class LimitSettings(Section):
    """Limits a person meets before Slurm does."""

    running_per_person: int | None = Field(
        None,
        ge=1,
        description="Jobs of one person that may be at a cluster at once; unset: 8, on Slurm 10,000, "
        "since the cluster itself sees to fair shares.",
    )
    queued_per_person: int = Field(2000, ge=1, description="Unfinished jobs one person may have.")
    datasets_per_submission: int = Field(1000, ge=1, description="Datasets in one submission.")
    output_bytes: int = Field(50 * 2**30, ge=1, description="Largest result that is collected.")
    output_files: int = Field(100_000, ge=1, description="Most files in a result.")
    output_minutes: float = Field(
        120.0, gt=0, description="Longest that saving a result may take; one that takes longer is refused."
    )
