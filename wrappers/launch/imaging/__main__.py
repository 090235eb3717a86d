"""`python -m wrappers.launch.imaging`: makes image.sif and recipe.json of the order in GANTRY_JOB."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gantry_formats.recipes.environment import Environment, environment
from gantry_formats.recipes.packages import RecipeError, debian_packages, requirements, words_of
from gantry_formats.recipes.reference import Reference, reference
from wrappers.launch.container import find_runtime
from wrappers.launch.environment import SYSTEM_PATH
from wrappers.launch.imaging.building import Build, say

BAD_RECIPE = 2


@dataclass(frozen=True)
class Order:
    """What is to be made, of an order's options, each read by the grammar of the form."""

    title: str
    python: str
    requirements: list[str]
    packages: list[str]
    reference: Reference | None
    test: list[str]


def read(options: dict[str, Any]) -> Order:
    """The order in a job's options. Raises RecipeError."""

    def text(name: str) -> str:
        return str(options.get(name) or "")

    wanted, packages = requirements(text("requirements")), debian_packages(text("packages"))
    found = environment(text("environment")) if text("environment") else Environment()
    # The agent let through no other registry than those of the signed-off analysis.
    asked = reference(text("reference"), [text("registry")]) if text("reference") else None
    if not wanted and not packages and not found.requirements and asked is None:
        raise RecipeError("Name what is to be installed: Python packages, Debian packages, or both.")
    return Order(
        text("called")[:200],
        found.python,
        [*wanted, *found.requirements],
        packages,
        asked,
        words_of(text("test")),
    )


def main(job: dict[str, Any], folder: Path) -> None:
    """Make the image of one order in `folder`/output. Raises RecipeError."""
    order, base = read(job["options"]), job.get("image")
    if base is None:
        raise RecipeError("The base image is not installed here. No image was made.")
    if job.get("network") is not True:
        raise RecipeError("This analysis may not use the network, without which nothing can be installed.")
    runtime = find_runtime(os.environ.get("PATH", SYSTEM_PATH))
    if runtime is None:
        raise RecipeError("This node has no container runtime. No image was made.")
    work, output = folder / "tmp" / "image", folder / "output"
    work.mkdir()
    output.mkdir(exist_ok=True)
    build = Build(runtime, work)
    begun = base["digest"] if order.reference is None else order.reference.words
    if order.reference is None:
        say(f"Unpacking the image {base['name']}")
        build.unpack(base["path"])
    else:
        say(f"Fetching {order.reference.words}")
        build.fetch(order.reference)
    build.label(
        {
            "org.opencontainers.image.title": order.title,
            "gantry.made_by": str(job["job"]["person"]),
            "gantry.made_from": str(begun),
            "gantry.job": str(job["job"]["number"]),
            "gantry.programs": order.test[0],
        }
    )
    resolved = install(build, order)
    say("Looking for what would give somebody rights")
    build.look_over()
    say("Packing it")
    build.pack(output / "image.sif", order.test)
    recipe = {
        "schema": 1,
        "title": order.title,
        "base": {"name": base["name"], "digest": base["digest"]} if order.reference is None else None,
        "reference": order.reference.words if order.reference is not None else None,
        "python": order.python or None,
        "requirements": order.requirements,
        "packages": order.packages,
        "resolved": resolved,
        "test": order.test,
        "person": job["job"]["person"],
        "job": job["job"]["number"],
    }
    (output / "recipe.json").write_text(json.dumps(recipe, indent=1) + "\n", encoding="utf-8")
    build.tidy()
    say("Done")


def install(build: Build, order: Order) -> dict[str, list[str]]:
    """Install what is asked for; all that is there afterwards, by kind. Raises RecipeError."""
    resolved: dict[str, list[str]] = {}
    if not order.packages and not order.requirements and not order.python:
        return resolved
    build.bind()
    if order.packages:
        say(f"Installing Debian packages: {', '.join(order.packages)}")
        resolved["debian"] = build.install_debian(order.packages)
    if order.python:
        build.check_python(order.python)
    if order.requirements:
        say(f"Installing Python packages: {', '.join(order.requirements)}"[:2000])
        resolved["python"] = build.install(order.requirements)
    build.unbind()
    return resolved


if __name__ == "__main__":
    try:
        main(json.loads(Path(os.environ["GANTRY_JOB"]).read_bytes()), Path(os.environ["GANTRY_FOLDER"]))
    except RecipeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(BAD_RECIPE)
