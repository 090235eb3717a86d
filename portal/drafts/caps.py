"""What a job type that is made in the browser may ask for at most, for trials too.

The publisher refuses by it, and the editor says it before anything is asked: one truth for both.
"""

from collections.abc import Collection, Iterator

from portal.config import Settings
from portal.config.publisher import PublisherSettings
from portal.errors import PortalError
from portal.images.places import Places
from portal.jobtype.finding import Finding
from portal.jobtype.kind import Kind
from portal.jobtype.model import JobType, Variant

OPERATORS = frozenset({"image_builder"})
"""Programs that no draft may have."""
RESOURCES = ("cpus", "memory_mb", "time_s", "gpus", "ranks")


def usable_images(settings: Settings) -> list[str]:
    """The images that may be used: none that was withdrawn, or is not what was staged."""
    places = Places(settings.images, settings.made_images)
    staged = []
    for name in places.names():
        try:
            staged += [name] if places.usable(name) is not None else []
        except PortalError:
            continue
    return staged


def staged_names(settings: Settings) -> list[str] | None:
    """The same, for advice; None where programs run without one and none is staged: nothing is missed there."""
    return usable_images(settings) or (None if settings.signs_itself else [])


def name_taken(name: str) -> str:
    """That a file of the site, or what root published, has the name."""
    return f"An analysis of this facility has the name {name} already. Choose another name."


def hindrances(jobtype: JobType, settings: Settings, taken: Collection[str]) -> list[Finding]:
    """Why the publisher would refuse it as things are now, each with its place; none where nothing is in the way.

    `taken`: the names that files of the site have, or root published.
    """
    found: list[Finding] = [(("name",), name_taken(jobtype.name))] if jobtype.name in taken else []
    images = usable_images(settings)
    return found + objections(jobtype, settings.publisher, images, containers=not settings.signs_itself)


def objections(
    jobtype: JobType, most: PublisherSettings, images: Collection[str], *, containers: bool
) -> list[Finding]:
    """Why it may not run here, in sentences with their places; none where it may.

    `images` are the names of those that are staged. `containers`: an image is needed. A retry that raises memory
    or time counts as what it may come to.
    """
    return list(_objections(jobtype, most, images, containers=containers))


def _objections(
    jobtype: JobType, most: PublisherSettings, images: Collection[str], *, containers: bool
) -> Iterator[Finding]:
    if jobtype.kind is not Kind.RUN:
        yield ("kind",), "Only programs that end by themselves can be registered."
    if jobtype.program.module in OPERATORS:
        told = f"The program {jobtype.program.module} runs outside containers: an operator alone offers it."
        yield ("program", "module"), told
    yield from _image(jobtype, most, images, containers=containers)
    if jobtype.network and not most.network:
        yield ("network",), "It wants the network, which is not allowed here."
    yield from _licences(jobtype, most)
    yield from _sizes(jobtype, most)


def _image(
    jobtype: JobType, most: PublisherSettings, images: Collection[str], *, containers: bool
) -> Iterator[Finding]:
    allowed = [name for name in images if not most.images or name in most.images]
    if jobtype.image is None:
        if containers:
            yield ("image",), "It names no software image, and needs one here."
    elif jobtype.image not in allowed and (containers or images or most.images):
        yield ("image",), f"The software image {jobtype.image} is not one of those that may be used."


def _licences(jobtype: JobType, most: PublisherSettings) -> Iterator[Finding]:
    for index, token in enumerate(jobtype.licences):
        if token.name not in most.licences:
            told = f"It asks for a licence of {token.name}, which is not allowed here."
            yield ("licences", index), told
    for index, server in enumerate(jobtype.licence_servers):
        if server.name not in most.licence_servers:
            told = f"It wants the licence server {server.name}, which is not allowed here."
            yield ("licence_servers", index), told


def _sizes(jobtype: JobType, most: PublisherSettings) -> Iterator[Finding]:
    told_of: set[str] = set()
    for index, variant in enumerate(jobtype.resources.variants):
        place = ("resources", "variants", index)
        kind = variant.constraint
        if kind and kind not in most.constraints and kind not in told_of:
            told_of.add(kind)
            yield place, f"It asks for nodes of the kind {kind}, which is not allowed here."
        for words in _above(variant, jobtype, most):
            yield place, words


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
