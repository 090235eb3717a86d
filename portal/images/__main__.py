"""`python -m portal.images`: the operator's command for container images, and what the nightly timer runs.

stage IMAGES BUILT…   take built images in (each a folder with the file and its manifest.json)
check IMAGES          hash all; withdraw what is not what its manifest says; exit code 1 if there was any
list IMAGES           what is staged
"""

import argparse
import sys
from pathlib import Path

from portal.errors import PortalError
from portal.images import staging
from portal.images.manifest import read


def main(words: list[str]) -> int:
    """Carry out one command: exit code 1 if an image is not what it should be, 2 for words that mean nothing."""
    parser = argparse.ArgumentParser(
        prog="gantry-images", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("stage", "check", "list"))
    parser.add_argument("images", type=Path, help="the folder that jobs use")
    parser.add_argument("built", type=Path, nargs="*", help="folders with a built image each")
    given = parser.parse_args(words)
    if bool(given.built) != (given.command == "stage"):
        parser.error("stage takes folders of built images, the others take none.")
    try:
        if given.command == "stage":
            return stage(given.images, given.built)
        return check(given.images) if given.command == "check" else listed(given.images)
    except PortalError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1


def say(line: str) -> None:
    """A line for the operator, or the journal."""
    sys.stdout.write(f"{line}\n")


def stage(images: Path, built: list[Path]) -> int:
    """One line an image that is new."""
    for folder in built:
        manifest = staging.stage(folder, images)
        if manifest:
            say(f"Staged {manifest.name}: {manifest.digest}")
    return 0


def check(images: Path) -> int:
    """One line an image."""
    worst = 0
    for finding in staging.check(images):
        manifest = finding.manifest
        if finding.trouble is None:
            say(f"{manifest.file}: as it was staged")
            continue
        worst = 1
        if manifest.withdrawn:
            say(f"{manifest.file}: withdrawn, {finding.trouble}")
        else:
            staging.withdraw(images, manifest, finding.trouble, staging.utc_now())
            say(f"{manifest.file}: {finding.trouble}. No job gets it any more; stage it again.")
    return worst


def listed(images: Path) -> int:
    """One line an image; a star before the one that new jobs get."""
    for manifest in staging.staged(images):
        current = read(images, manifest.name)
        mark = "*" if current and current.file == manifest.file else " "
        state = f"withdrawn: {manifest.withdrawn}" if manifest.withdrawn else f"{manifest.size >> 20} MiB"
        say(f"{mark} {manifest.name}  {manifest.digest}  {manifest.built or ''}  {state}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
