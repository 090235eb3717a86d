"""How the program is run: in a container or in launch's own environment; once, or once a rank."""

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from wrappers.launch import container, ranks
from wrappers.launch.binds import binds
from wrappers.launch.environment import (
    SYSTEM_PATH,
    bare_additions,
    program_environment,
    way_to_this_distribution,
)
from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.filling import WRITTEN, View, fill, fill_environment
from wrappers.launch.jobspec import InputFile, JobSpec
from wrappers.launch.keeper import Command
from wrappers.launch.lists import folders_of
from wrappers.launch.servers.confine import hosts_path, through_gateway
from wrappers.launch.servers.spec import variables
from wrappers.launch.written import scripts

BESIDE = {"image_builder": "wrappers.launch.imaging"}
"""Programs of launch's own that start containers themselves: they run beside the runtime, whatever is required."""
CONTAINED = "apptainer"
"""The word for a container, whichever the runtime's name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The command to start, and the word for result.json."""

    runner: str
    command: Command


def plan(spec: JobSpec, folder: str, outer: Mapping[str, str], *, require_container: bool) -> Plan:
    """Choose the runner and build its command. `folder` is absolute, `outer` is launch's own environment.

    Raises Refusal: exit 93 where a container is required and cannot be had, 95 for an unknown program, and for
    several ranks where there is no Slurm to start them.
    """
    chosen = _plan_one(spec, folder, outer, require_container=require_container)
    if spec.resources.ranks == 1:
        return chosen
    return Plan(chosen.runner, ranks.all_of_them(spec, folder, outer, require_container=require_container))


def plan_rank(spec: JobSpec, folder: str, outer: Mapping[str, str], *, require_container: bool) -> Plan:
    """The same for one rank of several, on its own node; `outer` is what srun gave it."""
    return _plan_one(spec, folder, outer, require_container=require_container)


def _plan_one(spec: JobSpec, folder: str, outer: Mapping[str, str], *, require_container: bool) -> Plan:
    if spec.program.module in BESIDE:
        return Plan("environment", _bare(spec, folder, outer))
    runtime = container.find_runtime(outer.get("PATH", SYSTEM_PATH)) if spec.image else None
    if spec.image and runtime:
        return Plan(CONTAINED, _contained(spec, folder, runtime, outer))
    if require_container:
        missing = "The node has no container runtime." if spec.image else "The order names no image."
        raise Refusal(Exit.IMAGE, "image", f"The program may run in a container only. {missing}")
    return Plan("environment", _bare(spec, folder, outer))


def _contained(spec: JobSpec, folder: str, runtime: str, outer: Mapping[str, str]) -> Command:
    assert spec.image
    view = view_of(spec, folder, contained=True)
    resources = spec.resources
    environment = program_environment(outer, resources.cpus, resources.gpus, container.FOLDER, container.TMP)
    environment |= fill_environment(spec.program.environment, spec.options, view)
    environment |= variables(spec.servers, contained=True)
    together = ranks.shared_folders(outer) if resources.ranks > 1 else None
    argv = container.container_argv(
        runtime,
        spec.image.path,
        folder,
        inputs=[*binds(spec.inputs), *_scripts(spec, folder)],
        environment=environment | ranks.meeting_point(outer) | {"GANTRY_CONTAINER": "1"},
        program=_words(spec, view, python="python3"),
        gpus=resources.gpus,
        network=spec.network,
        together=together,
        start_in=_start_in(spec, container.FOLDER, container.TMP),
        hosts=hosts_path(container.attempt_tmp(folder)) if spec.servers else None,
    )
    # The runtime reads APPTAINER_* and SINGULARITY_* variables (further binds among them): it gets none.
    tmp = container.attempt_tmp(folder)
    own = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "HOME": tmp, "TMPDIR": tmp}
    if spec.servers:
        return Command(through_gateway(spec.servers, argv), own | way_to_this_distribution(), folder)
    return Command(argv, own, folder)


def _scripts(spec: JobSpec, folder: str) -> list[tuple[str, str]]:
    """The scripts that came with the job type, outside and inside: their program cannot change them."""
    outside = container.attempt_tmp(folder)
    return [
        (f"{outside}/{WRITTEN}/{name}", f"{container.TMP}/{WRITTEN}/{name}")
        for name in scripts(spec.program.written)
    ]


def _bare(spec: JobSpec, folder: str, outer: Mapping[str, str]) -> Command:
    module = spec.program.module
    if module and not _is_there(_module(module)):
        raise Refusal(Exit.START, "start", f"The program could not be started: there is no wrappers.{module}.")
    resources, tmp = spec.resources, container.attempt_tmp(folder)
    view = view_of(spec, folder, contained=False)
    environment = program_environment(outer, resources.cpus, resources.gpus, folder, tmp) | bare_additions(tmp)
    environment |= ranks.meeting_point(outer)
    environment |= fill_environment(spec.program.environment, spec.options, view)
    environment |= variables(spec.servers, contained=False)
    return Command(_words(spec, view, python=sys.executable), environment, _start_in(spec, folder, tmp))


def view_of(spec: JobSpec, folder: str, *, contained: bool) -> View:
    """The job as its program sees it; `folder` is the attempt's, outside."""
    tmp = container.TMP if contained else container.attempt_tmp(folder)

    def path(file: InputFile) -> str:
        return file.target if contained else file.path

    return View(
        container.FOLDER if contained else folder,
        {slot: [path(file) for file in group if not file.aside] for slot, group in spec.inputs.items()},
        {slot: folders_of(group, contained=contained) for slot, group in spec.inputs.items()},
        tmp,
        _granted(spec),
        {option: path(file) for option, file in spec.chosen.items()},
    )


def _granted(spec: JobSpec) -> dict[str, float]:
    """What the job was granted, in the words of job.json; seconds without a fraction that is none."""
    given, time_s = spec.resources, spec.resources.time_s
    return {
        "cpus": given.cpus,
        "memory_mb": given.memory_mb,
        "time_s": int(time_s) if time_s.is_integer() else time_s,
        "gpus": given.gpus,
        "ranks": given.ranks,
    }


def _start_in(spec: JobSpec, folder: str, tmp: str) -> str:
    """Where the program is started, as it sees it."""
    return {"": folder, "output": f"{folder}/output", "scratch": tmp}[spec.program.working_folder]


def _words(spec: JobSpec, view: View, python: str) -> list[str]:
    if spec.program.module:
        # -P: the working directory is the job's folder, where a file could pose as a library.
        return [python, "-P", "-m", _module(spec.program.module)]
    return fill(spec.program.command, spec.options, view)


def _module(name: str) -> str:
    return BESIDE.get(name, f"wrappers.{name}")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
