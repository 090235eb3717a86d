"""The container's command line, and when a container is used."""

import csv
import itertools

import pytest

from wrappers.launch.container import container_argv, find_runtime
from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.jobspec import parse_job_spec
from wrappers.launch.runner import plan

IMAGE = {
    "name": "science",
    "digest": "sha256:" + "1" * 64,
    "path": "/images/science.sif",
    "size": 1,
    "mtime_ns": 1,
}
FILE = {"name": "s.h5", "path": "/roots/a/s.h5", "target": "/inputs/stack/0/s.h5", "size": 1, "mtime_ns": 1}


def argv(**changes):
    values = {
        "inputs": [("/roots/a/s.h5", "/inputs/stack/0/s.h5")],
        "environment": {"LANG": "C.UTF-8"},
        "program": ["python3", "-m", "wrappers.qc"],
        "gpus": 0,
        "network": False,
    }
    return container_argv("/usr/bin/apptainer", "/images/science.sif", "/scratch/1", **(values | changes))


def mounts(arguments):
    """Read the mounts as the runtime does: each a line of CSV."""
    texts = [value for option, value in itertools.pairwise(arguments) if option == "--mount"]
    return [next(csv.reader([text])) for text in texts]


def test_the_command_line_is_this_one():
    assert argv() == [
        *("/usr/bin/apptainer", "--quiet", "exec", "--containall", "--no-home", "--cleanenv"),
        *("--net", "--network", "none"),
        *("--env", "LANG=C.UTF-8"),
        *("--mount", "type=bind,source=/scratch/1,destination=/job"),
        *("--mount", "type=bind,source=/scratch/1/job.json,destination=/job/job.json,ro"),
        *("--mount", "type=bind,source=/scratch/1/tmp,destination=/tmp"),
        *("--mount", "type=bind,source=/roots/a/s.h5,destination=/inputs/stack/0/s.h5,ro"),
        *("--pwd", "/job", "/images/science.sif", "python3", "-m", "wrappers.qc"),
    ]


def test_a_job_type_with_network_keeps_the_network():
    assert "--net" not in argv(network=True)
    assert "--network" not in argv(network=True)


def test_graphics_processors_are_passed_on_only_where_granted():
    assert "--nv" in argv(gpus=1)
    assert "--nv" not in argv(gpus=0)


@pytest.mark.parametrize("name", ["a,b.h5", 'a"b.h5', "a:b.h5", "a b.h5", "a,ro.h5", "a=b.h5", "-a.h5"])
def test_a_file_name_cannot_become_part_of_the_command_line(name):
    read = mounts(argv(inputs=[(f"/roots/{name}", f"/inputs/{name}")]))
    assert read[-1] == ["type=bind", f"source=/roots/{name}", f"destination=/inputs/{name}", "ro"]


def test_a_value_with_commas_stays_one_variable():
    arguments = argv(environment={"CUDA_VISIBLE_DEVICES": "0,1"})
    assert next(csv.reader([arguments[arguments.index("--env") + 1]])) == ["CUDA_VISIBLE_DEVICES=0,1"]


@pytest.fixture
def runtime(tmp_path):
    """A folder for PATH with an executable of a name in it."""

    def make(name):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
        return str(tmp_path / name), str(tmp_path)

    return make


def test_apptainer_is_preferred_to_singularity(runtime):
    runtime("singularity")
    path, folder = runtime("apptainer")
    assert find_runtime(f"/nowhere:{folder}") == path


def test_singularity_will_do(runtime):
    path, folder = runtime("singularity")
    assert find_runtime(folder) == path


def test_a_runtime_in_the_working_directory_is_none(runtime, monkeypatch):
    _, folder = runtime("apptainer")
    monkeypatch.chdir(folder)
    assert find_runtime(":.") is None


def test_with_image_and_runtime_the_program_runs_in_the_container(order, runtime):
    path, folder = runtime("apptainer")
    document = order(image=IMAGE, program={"module": "qc"}, inputs={"stack": [{"files": [FILE]}]})
    outer = {"PATH": folder, "http_proxy": "http://proxy", "APPTAINER_BIND": "/etc", "SLURM_JOB_ID": "7"}
    chosen = plan(parse_job_spec(document, ""), "/scratch/1", outer, require_container=True)
    assert chosen.runner == "apptainer"
    assert chosen.command.argv[0] == path
    assert chosen.command.argv[-5:] == ["/images/science.sif", "python3", "-P", "-m", "wrappers.qc"]
    assert "GANTRY_CONTAINER=1" in chosen.command.argv
    assert "GANTRY_JOB=/job/job.json" in chosen.command.argv
    assert "SLURM_JOB_ID=7" in chosen.command.argv
    assert not [word for word in chosen.command.argv if "proxy" in word or word.startswith(("HOME=", "PATH="))]
    assert set(chosen.command.environment) == {"PATH", "LANG", "HOME", "TMPDIR"}


def test_in_a_container_the_program_sees_targets_not_paths(order, runtime):
    _, folder = runtime("apptainer")
    document = order(image=IMAGE, program={"command": ["show", {"input": "stack"}, {"output": "a.tif"}]})
    document["inputs"] = {"stack": [{"files": [FILE]}]}
    chosen = plan(parse_job_spec(document, ""), "/scratch/1", {"PATH": folder}, require_container=False)
    assert chosen.command.argv[-3:] == ["show", "/inputs/stack/0/s.h5", "/job/output/a.tif"]


def test_without_a_runtime_the_program_runs_in_launchs_own_environment(order, tmp_path):
    document = order(image=IMAGE, program={"module": "launch"})
    chosen = plan(parse_job_spec(document, ""), "/scratch/1", {"PATH": str(tmp_path)}, require_container=False)
    assert chosen.runner == "environment"
    assert chosen.command.argv[1:] == ["-P", "-m", "wrappers.launch"]


def test_without_a_runtime_a_required_container_is_refused(order, tmp_path):
    with pytest.raises(Refusal) as refused:
        plan(parse_job_spec(order(image=IMAGE), ""), "/scratch/1", {"PATH": str(tmp_path)}, require_container=True)
    assert refused.value.code is Exit.IMAGE
