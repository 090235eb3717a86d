"""What a site says about its Slurm, checked: every word that reaches a command line or a batch script."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}")
"""A name of Slurm's (cluster, account, QOS, partition, GPU type); it cannot begin with a dash."""
WORDS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,-]{0,199}")
CONSTRAINT = re.compile(r"[A-Za-z0-9_\[(][A-Za-z0-9_.,&|*()\[\]-]{0,199}")
LICENCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(@[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?")
PARSER = re.compile(r"v\d\.\d\.\d{2}")


@dataclass(frozen=True)
class SlurmConfig:
    """A site's Slurm. Everything but the cluster's name may be left out."""

    cluster: str
    """ClusterName of slurm.conf: stands in handles and claims, and in each answer."""
    commands: Path | None = None
    """The folder of sbatch, squeue …; None: they are found on PATH."""
    conf: Path | None = None
    """SLURM_CONF, where it is not the default."""
    pyslurm: Path | None = None
    """A Python with pyslurm for this very release of Slurm: libslurm lists and hands over; None: commands do."""
    partition: str | None = None
    gpu_partition: str | None = None
    """The partition for jobs with GPUs; None: the same."""
    account: str | None = None
    """The account that jobs are charged to; None: the person's default account."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Person -> account, where it is another."""
    qos: str | None = None
    constraint: str | None = None
    constraints: Mapping[str, str] = field(default_factory=dict)
    """The kinds of nodes that the site offers: name in job types -> features as in sbatch, such as a100&nvlink."""
    licences: Mapping[str, str] = field(default_factory=dict)
    """The licences that the site offers: name in job types -> Slurm's own word, such as matlab@flex."""
    gpu: str = "gpu"
    """The generic resource that stands for a GPU: "gpu", or with a type, "gpu:a100"."""
    max_array_size: int = 1001
    """MaxArraySize of slurm.conf."""
    accounting: bool = True
    """False: there is no slurmdbd, and nothing but the controller can be asked."""
    canary: bool = True
    """The bulk reader keeps a held job of its own, to see that an answer is whole."""
    data_parser: str | None = None
    """The dialect of JSON, such as v0.0.42; None: asked for once a process."""
    timeout_s: float = 30.0
    """A command that takes longer has not answered. Slurm's own MessageTimeout should be shorter."""
    find_days: int = 30
    """How far back a job is looked for whose time of submission is not known."""

    def account_of(self, person: str) -> str | None:
        """The account that this person's jobs are charged to."""
        return self.accounts.get(person, self.account)


def parse(document: Mapping[str, Any]) -> SlurmConfig:
    """A checked SlurmConfig from a table of settings; None counts as left out. Raises ValueError in words."""
    given = {key: value for key, value in document.items() if value is not None}
    unknown = sorted(set(given) - {known.name for known in fields(SlurmConfig)})
    if unknown:
        raise ValueError(f"there is no setting {unknown[0]!r}")
    if "cluster" not in given:
        raise ValueError("the cluster's name is missing")
    for key, pattern in (
        ("cluster", WORD),
        ("account", WORD),
        ("gpu_partition", WORDS),
        ("partition", WORDS),
        ("qos", WORD),
        ("constraint", CONSTRAINT),
        ("gpu", WORD),
        ("data_parser", PARSER),
    ):
        _matching(given, key, pattern)
    for key in ("commands", "conf", "pyslurm"):
        if key in given:
            given[key] = _absolute(key, given[key])
    for key, most in (("max_array_size", 4_000_001), ("find_days", 3650)):
        if key in given and not (type(given[key]) is int and 1 <= given[key] <= most):
            raise ValueError(f"{key} must be a whole number from 1 to {most}")
    for key in ("accounting", "canary"):
        if key in given and not isinstance(given[key], bool):
            raise ValueError(f"{key} must be true or false")
    if "timeout_s" in given and not (type(given["timeout_s"]) in (int, float) and 1 <= given["timeout_s"] <= 600):
        raise ValueError("timeout_s must be a number from 1 to 600")
    given["accounts"] = _accounts(given.get("accounts", {}))
    given["constraints"] = _constraints(given.get("constraints", {}))
    given["licences"] = _licences(given.get("licences", {}))
    return SlurmConfig(**given)


def _matching(given: Mapping[str, Any], key: str, pattern: re.Pattern[str]) -> None:
    if key in given and not (isinstance(given[key], str) and pattern.fullmatch(given[key])):
        raise ValueError(f"{key} is not a name that Slurm could have: {given[key]!r}")


def _absolute(key: str, value: Any) -> Path:
    if not isinstance(value, str | Path) or not Path(value).is_absolute() or "\0" in str(value):
        raise ValueError(f"{key} must be an absolute path")
    return Path(value)


def _constraints(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError("constraints must be a table of name -> features as in sbatch")
    for name, word in value.items():
        if not isinstance(word, str) or not CONSTRAINT.fullmatch(word):
            raise ValueError(f"constraints: those of {name} are no features that Slurm could have: {word!r}")
    return dict(value)


def _licences(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError("licences must be a table of name -> Slurm's word for it")
    for name, word in value.items():
        if not isinstance(word, str) or not LICENCE.fullmatch(word):
            raise ValueError(f"licences: that of {name} is not a licence that Slurm could have: {word!r}")
    return dict(value)


def _accounts(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError("accounts must be a table of person -> account")
    for person, account in value.items():
        if not isinstance(account, str) or not WORD.fullmatch(account):
            raise ValueError(f"accounts: that of {person} is not a name that Slurm could have: {account!r}")
    return dict(value)
