"""`python -m wrappers.launch.imaging`: makes image.sif and recipe.json of the order in GANTRY_JOB."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from gantry_formats.recipes.packages import RecipeError, debian_packages, requirements, words_of
from wrappers.launch.container import find_runtime
from wrappers.launch.environment import SYSTEM_PATH
from wrappers.launch.imaging.building import Build, say

BAD_RECIPE = 2


def main(job: dict[str, Any], folder: Path) -> None:
    """Make the image of one order in `folder`/output. Raises RecipeError."""
    options, base = job["options"], job.get("image")
    wanted = requirements(str(options.get("requirements") or ""))
    packages = debian_packages(str(options.get("packages") or ""))
    if not wanted and not packages:
        raise RecipeError("Name what is to be installed: Python packages, Debian packages, or both.")
    test = words_of(str(options.get("test") or ""))
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
    say(f"Unpacking the image {base['name']}")
    build.unpack(base["path"])
    title = str(options.get("called") or "")[:200]
    build.label(
        {
            "org.opencontainers.image.title": title,
            "gantry.made_by": str(job["job"]["person"]),
            "gantry.made_from": str(base["digest"]),
            "gantry.job": str(job["job"]["number"]),
            "gantry.programs": test[0],
        }
    )
    build.bind()
    resolved = {}
    if packages:
        say(f"Installing Debian packages: {', '.join(packages)}")
        resolved["debian"] = build.install_debian(packages)
    if wanted:
        say(f"Installing Python packages: {', '.join(wanted)}"[:2000])
        resolved["python"] = build.install(wanted)
    build.unbind()
    say("Looking for what would give somebody rights")
    build.look_over()
    say("Packing it")
    build.pack(output / "image.sif", test)
    recipe = {
        "schema": 1,
        "title": title,
        "base": {"name": base["name"], "digest": base["digest"]},
        "requirements": wanted,
        "packages": packages,
        "resolved": resolved,
        "test": test,
        "person": job["job"]["person"],
        "job": job["job"]["number"],
    }
    (output / "recipe.json").write_text(json.dumps(recipe, indent=1) + "\n", encoding="utf-8")
    build.tidy()
    say("Done")


if __name__ == "__main__":
    try:
        main(json.loads(Path(os.environ["GANTRY_JOB"]).read_bytes()), Path(os.environ["GANTRY_FOLDER"]))
    except RecipeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(BAD_RECIPE)
