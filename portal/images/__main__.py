"""`python -m portal.images`: the operator's command for container images, and what the nightly timer runs.

stage IMAGES BUILT…   take built images in (each a folder with the file and its manifest.json), and record of each
                      its labels, and what its programs (--program NAME, again for more) print for --help
record IMAGES NAME…   record that anew of images that are staged
take IMAGES FOLDER    look through an image that somebody made as a job (image.sif and recipe.json), and stage it
                      as --name NAME, made --by PERSON; --replace where the name is another image's already
check IMAGES          hash all; withdraw what is not what its manifest says; exit code 1 if there was any
list IMAGES           what is staged
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from portal.errors import InvalidError, PortalError
from portal.images import asking, recorded, staging
from portal.images.made.taking import take
from portal.images.manifest import NAME, Manifest, read


def main(words: list[str]) -> int:
    """Carry out one command: exit code 1 if an image is not what it should be, 2 for words that mean nothing."""
    parser = argparse.ArgumentParser(
        prog="gantry-images", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("stage", "record", "take", "check", "list"))
    parser.add_argument("images", type=Path, help="the folder that jobs use")
    parser.add_argument("which", nargs="*", help="folders with a built image each; of record, names of images")
    parser.add_argument("--program", action="append", default=[], help="a program of the image to ask for --help")
    parser.add_argument("--name", help="of take: the name that jobs ask for")
    parser.add_argument("--by", help="of take: who made it")
    parser.add_argument("--replace", action="store_true", help="of take: new jobs of that name get this one")
    given = parser.parse_args(words)
    takes = given.command in ("stage", "record", "take")
    if bool(given.which) != takes or (given.program and not takes):
        parser.error("stage takes folders of built images, record names of staged ones, the others take none.")
    if given.command == "take" and (len(given.which) != 1 or not given.name or not given.by):
        parser.error("take takes one folder, --name and --by.")
    if given.command != "take" and (given.name or given.by or given.replace):
        parser.error("--name, --by and --replace are take's.")
    try:
        if given.command == "take":
            folder = Path(given.which[0])
            manifest = take(folder, given.images, given.name, by=given.by, replace=given.replace)
            say(f"Staged {manifest.name}: {manifest.digest}")
            _record(given.images, manifest, given.program, later=False)
            return 0
        if given.command == "stage":
            return stage(given.images, [Path(one) for one in given.which], given.program)
        if given.command == "record":
            return record(given.images, given.which, given.program)
        return check(given.images) if given.command == "check" else listed(given.images)
    except PortalError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1


def say(line: str) -> None:
    """A line for the operator, or the journal."""
    sys.stdout.write(f"{line}\n")


def stage(images: Path, built: list[Path], programs: Sequence[str] = ()) -> int:
    """One line an image that is new, and one of what was recorded of it."""
    for folder in built:
        manifest = staging.stage(folder, images)
        if manifest:
            say(f"Staged {manifest.name}: {manifest.digest}")
            _record(images, manifest, programs, later=False)
    return 0


def record(images: Path, names: list[str], programs: Sequence[str] = ()) -> int:
    """One line an image."""
    for name in names:
        manifest = read(images, name) if NAME.fullmatch(name) else None
        if manifest is None:
            raise InvalidError(f"No image {name} is staged.")
        _record(images, manifest, programs, later=True)
    return 0


def _record(images: Path, manifest: Manifest, programs: Sequence[str], *, later: bool) -> None:
    found = replace(asking.ask(images, manifest, programs), later=later)
    recorded.write(images, manifest.file, found)
    if found.unknown:
        say(f"{manifest.name}: {found.unknown}")
    for one in found.helps:
        say(f"{manifest.name}: {one.program} --help: {one.unknown or f'{len(one.text)} characters'}")


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
