"""What a job type that is made in the browser may ask for at most, for trials too. Pure."""

from collections.abc import Collection

from portal.config.publisher import PublisherSettings
from portal.jobtype.kind import Kind
from portal.jobtype.model import JobType, Variant

OPERATORS = frozenset({"image_builder"})
"""Programs that no draft may have."""
RESOURCES = ("cpus", "memory_mb", "time_s", "gpus", "ranks")


def objections(
    jobtype: JobType, most: PublisherSettings, images: Collection[str], *, containers: bool
) -> list[str]:
    """Why it may not run here, in sentences; none where it may.

    `images` are the names of those that are staged. `containers`: an image is needed. A retry that raises memory
    or time counts as what it may come to.
    """
    found = []
    if jobtype.kind is not Kind.RUN:
        found.append("Only programs that end by themselves can be registered.")
    if jobtype.program.module in OPERATORS:
        found.append(f"The program {jobtype.program.module} runs outside containers: an operator alone offers it.")
    allowed = [name for name in images if not most.images or name in most.images]
    if jobtype.image is None:
        if containers:
            found.append("It names no software image, and needs one here.")
    elif jobtype.image not in allowed and (containers or images or most.images):
        found.append(f"The software image {jobtype.image} is not one of those that may be used.")
    if jobtype.network and not most.network:
        found.append("It wants the network, which is not allowed here.")
    found += [
        f"It asks for a licence of {one.name}, which is not allowed here."
        for one in jobtype.licences
        if one.name not in most.licences
    ]
    found += [
        f"It wants the licence server {one.name}, which is not allowed here."
        for one in jobtype.licence_servers
        if one.name not in most.licence_servers
    ]
    kinds = dict.fromkeys(one.constraint for one in jobtype.resources.variants if one.constraint)
    found += [
        f"It asks for nodes of the kind {one}, which is not allowed here."
        for one in kinds
        if one not in most.constraints
    ]
    for variant in jobtype.resources.variants:
        found += _above(variant, jobtype, most)
    return found


def _above(variant: Variant, jobtype: JobType, most: PublisherSettings) -> list[str]:
    retry = jobtype.retry
    factors = {
        "memory_mb": retry.memory.memory_factor**retry.memory.times,
        "time_s": retry.time.time_factor**retry.time.times,
    }
    found = []
    for name in RESOURCES:
        asked, allowed = getattr(variant, name) * factors.get(name, 1), getattr(most, name)
        if asked > allowed:
            more = " after retries" if factors.get(name, 1) > 1 else ""
            found.append(
                f"{variant.label} asks for {name} {asked:,g}{more}; at most {allowed:,} may be asked for."
            )
    return found
