"""One MPI rank: srun starts this program on the rank's node, and it becomes the rank's own.

What a rank needs to find the others (PMIx) is known on its node alone, so its command line is built there, from
the same verified job spec; the image and the inputs are looked at as this node sees them.
"""

import argparse
import os
import sys

from wrappers.launch.checks import check_image, check_inputs
from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.jobspec import read_job_spec
from wrappers.launch.runner import plan_rank


def main(argv: list[str]) -> int:
    """Become the program of this rank; the exit code where that cannot be."""
    parser = argparse.ArgumentParser(prog="wrappers.launch.rank", description=__doc__)
    parser.add_argument("--folder", required=True, help="the attempt's folder")
    parser.add_argument("--job-sha256", required=True, help="the SHA-256 of job.json, in hexadecimal")
    parser.add_argument("--require-container", action="store_true", help="never run outside a container")
    given = parser.parse_args(argv)
    os.umask(0o027)
    try:
        folder_fd = os.open(given.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        spec = read_job_spec(folder_fd, given.job_sha256)
        if spec.image:
            check_image(spec.image)
        check_inputs(spec.inputs)
        plan = plan_rank(spec, given.folder, os.environ, require_container=given.require_container)
        command = plan.command
        os.chdir(command.directory)
        os.execvpe(command.argv[0], list(command.argv), dict(command.environment))  # noqa: S606 - a list, and meant so
    except Refusal as refusal:
        sys.stderr.write(f"{os.uname().nodename}: {refusal.detail}\n")
        return int(refusal.code)
    except OSError as error:
        sys.stderr.write(f"{os.uname().nodename}: The program could not be started: {error}\n")
        return int(Exit.START)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
