"""`./run images [NAME…]`: container images, built in a Debian host of the lab as an ordinary user.

Without names base, science and mpi; `gpu` on request. Those that are made of the same things already stay.

--list     what there is, what it is made from, and whether it is made
--check    hash what is made, and compare it with its manifest
"""

import hashlib
import sys
from pathlib import Path

from hosts import building, images
from hosts.cluster import Cluster
from hosts.network import the_network
from hosts.place import LabError, Place, UsageError, need_root, the_place

MIB = 2**20


def say(text: str) -> None:
    """A word for the person who waits."""
    print(text, file=sys.stderr)


def listed(place: Place, names: list[str]) -> int:
    """One line an image."""
    for recipe in images.recipes(names or images.all_names()):
        made = images.manifest(place, recipe)
        above = f"from {recipe.parent.name}" if recipe.parent else "from Debian's archive"
        state = f"{made['size'] / MIB:6.0f} MiB  {made['digest'][:19]}  {made['built']}" if made else "not made"
        print(f"{recipe.name:8} {recipe.key}  {above:22} {state}")
        if made:
            print(f"{'':8} {images.folder(place, recipe) / made['file']}")
    return 0


def check(place: Place, names: list[str]) -> int:
    """One line an image that is made; 1 if one of those asked for is not what its manifest says, or not made."""
    worst = 0
    for recipe in images.recipes(names or images.all_names()):
        made = images.manifest(place, recipe)
        if made is None:
            verdict = "is not made: ./run images " + recipe.name
            worst = max(worst, int(recipe.name in names))
        else:
            verdict = _difference(images.folder(place, recipe) / made["file"], made["digest"])
            worst = max(worst, int(bool(verdict)))
        print(f"{recipe.name}: {verdict or 'as its manifest says'}")
    return worst


def _difference(file: Path, wanted: str) -> str:
    try:
        with file.open("rb") as stream:
            found = "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return f"{file} is gone"
    return "" if found == wanted else f"{file} is {found}, not {wanted}"


def build(place: Place, names: list[str]) -> int:
    """Build what is not made."""
    need_root()
    made = building.ensure(Cluster(place, the_network(), say), names or images.USUAL, say)
    for one in made:
        print(f"{one.seconds:7.1f} s  {one.name:8} {one.size / MIB:6.0f} MiB")
    return listed(place, names or list(images.USUAL))


def main(words: list[str]) -> int:
    """Carry out one command; 2 for a word that means nothing, 1 for a failure, 130 for Ctrl-C."""
    if {"-h", "--help"} & set(words):
        print(__doc__)
        return 0
    flags, names = [word for word in words if word.startswith("-")], [w for w in words if not w.startswith("-")]
    commands = {"--list": listed, "--check": check}
    if len(flags) > 1 or set(flags) - set(commands):
        print(f"There is no option {' '.join(flags)}.\n\n{__doc__}", file=sys.stderr)
        return 2
    try:
        return (commands[flags[0]] if flags else build)(the_place(), names)
    except LabError as error:
        say(str(error))
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        say("\nStopped. What was finished stays; the next ./run images goes on from there.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
