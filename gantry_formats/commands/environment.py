"""Which variables a job type may set for its program, and to what: one rule for the portal and for the agent.

What loads code into a program, finds programs, or steers the runtime, the scheduler or Gantry itself is no job
type's to set. Values have no signs that a shell reads: some container runtimes evaluate them once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

MOST: Final = 50
LONGEST: Final = 4096
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_PREFIXES: Final = (
    "LD_", "DYLD_", "GANTRY_", "APPTAINER", "SINGULARITY", "SLURM_", "SBATCH_", "SALLOC_", "SRUN_", "PMI_",
    "PMIX_", "PRTE_", "OMPI_", "NVIDIA_", "MUNGE_", "SUDO_", "XDG_", "GIT_", "SSH_", "KRB5", "BASH_",
    "GLIBC_", "PYTHON", "PERL5", "RUBY", "NODE_", "LC_", "_",
)  # fmt: skip
_WORDS: Final = frozenset({
    "PATH", "HOME", "SHELL", "USER", "LOGNAME", "IFS", "ENV", "PS4", "CDPATH", "PWD", "OLDPWD", "TMPDIR",
    "TMP", "TEMP", "HOSTNAME", "LANG", "LANGUAGE", "LOCPATH", "NLSPATH", "GCONV_PATH", "HOSTALIASES",
    "LOCALDOMAIN", "RES_OPTIONS", "MALLOC_TRACE", "CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS",
    "EDITOR", "VISUAL", "PAGER", "LESSOPEN", "LESSCLOSE", "BROWSER", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
    "FTP_PROXY", "NO_PROXY", "CUDA_VISIBLE_DEVICES", "CUDA_INJECTION64_PATH", "R_PROFILE", "R_ENVIRON",
    "R_LIBS", "JULIA_LOAD_PATH", "LUA_PATH", "LUA_CPATH", "TCLLIBPATH", "MATLABPATH", "GTK_MODULES",
    "QT_PLUGIN_PATH", "HDF5_PLUGIN_PATH",
})  # fmt: skip
_HARMLESS: Final = frozenset({"PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONFAULTHANDLER"})
_READ_BY_A_SHELL: Final = re.compile(r"[$`\\\"'\x00-\x1f\x7f]")
TYPED: Final = frozenset({"text", "long_text", "file"})
"""Kinds of options whose values people write as they like, or names of files."""


def name_objection(name: str) -> str | None:
    """Why a job type may not set this variable, in words behind its name; None if it may."""
    if not NAME.fullmatch(name):
        return "is no name of a variable: letters, digits and _, 100 at most"
    upper = name.upper()
    if upper in _HARMLESS:
        return None
    if upper in _WORDS or upper.startswith(_PREFIXES):
        return "cannot be set: it steers how programs are found, loaded or run"
    return None


def value_objection(text: str) -> str | None:
    """Why this cannot be a variable's value, in words; None if it can."""
    if len(text) > LONGEST:
        return f"has more than {LONGEST:,} characters"
    if found := _READ_BY_A_SHELL.search(text):
        sign = found[0] if found[0].isprintable() else "a control character"
        return f"has {sign}, which a shell would read"
    return None


def findings(
    environment: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """What is wrong with the variables, in the JSON form of a program, each with its name. `options` by name."""
    for name, value in environment.items():
        if words := name_objection(name):
            yield name, f"{name} {words}"
        for part in value.get("text", (value,)) if isinstance(value, Mapping) else (value,):
            yield from ((name, f"{name}: {words}") for words in _of_part(part, options))


def _of_part(part: Any, options: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    texts = [part] if isinstance(part, str) else [part.get("prefix") or "", part.get("output") or ""]
    if isinstance(part, Mapping) and "option" in part:
        option = options.get(part["option"], {})
        if option.get("type") in TYPED:
            yield f"{part['option']} is what people type; hand it over as an argument"
        if part.get("each"):
            yield "a variable has one value: leave out each"
        choices = option.get("choices") or ()
        texts += [item["value"] if isinstance(item, Mapping) else item for item in choices]
    for text in texts:
        if words := value_objection(text):
            yield f"“{text[:40]}” {words}"
