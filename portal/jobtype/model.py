"""A job type: a form, a program and a resource request, as one strict document.

The names are those of the YAML files in jobtypes/. `document()` is what is published, snapshotted and hashed.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gantry_formats.commands.hyphens import standing_alone
from gantry_formats.commands.servers import MOST_SERVERS
from portal.documents import canonical_json, digest
from portal.jobtype.checks import choices_now, findings, name_now
from portal.jobtype.command.checks import findings_now
from portal.jobtype.conditions.condition import Condition, Need, WrittenCondition
from portal.jobtype.crop import Crop
from portal.jobtype.kind import Kind
from portal.jobtype.kinds.every import Option
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.kinds.lists import MOST_NUMBERS, NumbersOption, SeveralOption
from portal.jobtype.kinds.ranges import Ends, RangeOption
from portal.jobtype.kinds.texts import LongTextOption
from portal.jobtype.licences.model import Licence, LicenceServer
from portal.jobtype.licences.terms import Terms
from portal.jobtype.methods import Reference, Said
from portal.jobtype.option import ChoiceOption, OptionBase
from portal.jobtype.program import Program
from portal.jobtype.reports.model import ExitCode, FoundParameter, FoundPicture, Progress, check_cause
from portal.jobtype.strict import WRITTEN_NOW, Count, Line, Name, Slug, Strict, Words, path_pattern

LATER = (
    *("kind", "methods", "references", "crop", "figures"),
    *("needs", "exit_codes", "cause", "progress", "parameters", "pictures", "licences"),
    *("licence_servers", "terms"),
)
LATER_OF_SLOTS = ("reads",)
LATER_OF_VARIANTS = ("memory", "time", "constraint")
LATER_OF_OPTIONS = ("pick", "unit_of", "only_with", "show_when", "because")
"""Keys that came after job types had been published. At their default they stand in no document, so that what was
published before them keeps its revision."""

Named = TypeVar("Named", bound="Slot | Variant | OptionBase")


def _pattern_beneath(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("must be a pattern beneath the folder, without '..'")
    return text


Reads = Literal["files", "arrays", "pictures"]
"""What a program reads of a dataset, so that what it certainly cannot read is told before a job starts: whatever
there is; HDF5, TIFF, MRC and Zarr; or these and kinds that the portal does not read itself.
"""


class Slot(Strict):
    """A place for datasets."""

    name: Name
    """By what the command and the API name it: {input: data}."""
    label: Line
    """What people read beside it on the form."""
    help: Words | None = None
    """One or two sentences beneath it."""
    dataset_types: Annotated[list[Line], Field(min_length=1)]
    """The types of datasets that fit, or ["*"] for any."""
    min: Annotated[int, Field(ge=0)] = 1
    """So many datasets a job needs at least; 0 where it may stay empty."""
    max: Annotated[int, Field(ge=1)] = 1
    """So many datasets a job takes at most."""
    files: Line = Field("*", description="Which files of a dataset the program gets: a pattern on their names.")
    accept_incomplete: bool = Field(False, description="Takes datasets that are still being written.")
    reads: Reads = Field(
        "files",
        description="What the program reads: files of whatever kind, those with arrays that the portal reads, too "
        "(arrays), or also microscopes' own (pictures). Where no file can be read, it is said before Start.",
    )

    _files_beneath = field_validator("files")(_pattern_beneath)


class Variant(Strict):
    """A resource request: memory in MiB, time in seconds. Where these grow with the input they are the most."""

    name: Name
    """By what commands and the API name it."""
    label: Line
    """What people read on the form."""
    cpus: Annotated[int, Field(ge=1, le=1024)] = 1
    """Cores; a program of several ranks has so many for each."""
    memory_mb: Annotated[int, Field(ge=16, le=16 * 1024 * 1024)] = 1024
    """Memory in MiB; with `memory` the most that is ever asked for."""
    time_s: Annotated[int, Field(ge=1, le=60 * 24 * 3600)] = 600
    """Time limit in seconds; with `time` the most that is ever asked for."""
    gpus: Annotated[int, Field(ge=0, le=64)] = 0
    """GPUs; 0 for none."""
    ranks: Annotated[int, Field(ge=1, le=10_000)] = 1
    """MPI ranks; 1 for a program that is one process."""
    constraint: Slug | None = Field(
        None,
        description="The kind of node that it needs, by the name under which the site offers such nodes: a100.",
    )
    memory: Condition | None = Field(
        None, description="How much memory the input takes, at most memory_mb: 3 * files.size + 2 GB."
    )
    time: Condition | None = Field(
        None, description="How long the input takes, at most time_s: 5 min + files.count * 2 s."
    )

    @property
    def is_sized(self) -> bool:
        """Whether it depends on the input how much is asked for."""
        return self.memory is not None or self.time is not None

    def request(self, grace_s: int) -> dict[str, int]:
        """The `resources` of job.json."""
        return {
            "cpus": self.cpus,
            "memory_mb": self.memory_mb,
            "time_s": self.time_s,
            "gpus": self.gpus,
            "ranks": self.ranks,
            "grace_s": grace_s,
        }


class Resources(Strict):
    """The variants a person may choose from, and which one is meant if she does not."""

    default: Name
    """The variant that is meant where nobody chooses one, by name."""
    variants: Annotated[list[Variant], Field(min_length=1, max_length=20)]
    """The sizes that a person may choose from."""


class Output(Strict):
    """Files of the output folder that become a dataset."""

    name: Name
    """By what the API names this result."""
    pattern: Line = Field("*", description="Pattern on paths beneath the output folder.")
    dataset_type: Line
    """The type of the dataset that its files become."""
    required: bool = True
    """The job fails where no file fits; false: it may be missing."""

    _pattern_inside = field_validator("pattern")(_pattern_beneath)

    _taken_by_the_store = field_validator("pattern")(path_pattern)


Listed = Annotated[list[int | float | str], Field(max_length=MOST_NUMBERS)]
NEVER_TRIED = (SeveralOption, NumbersOption, RangeOption, LongTextOption)
"""Kinds whose values would not be told apart in a list of values to try."""


class Preset(Strict):
    """Values that go together."""

    name: Line
    """What people choose."""
    blurb: Line | None = None
    """A sentence beside it: what it is good for."""
    when: Condition | None = Field(
        None,
        description="Can be chosen only where this holds of the datasets, whose parameters and files it names.",
    )
    because: Line | None = Field(None, description="Why it cannot, where `when` does not hold.")
    values: dict[Name, bool | int | float | str | Listed | Ends] = Field(default_factory=dict)
    """Options by name, and the value that each gets."""


class RetryRule(Strict):
    """What the portal does by itself after one class of failure."""

    times: Annotated[int, Field(ge=0, le=5)] = 0
    """How often at most; 0: never."""
    memory_factor: Annotated[int | float, Field(ge=1, le=8)] = 1
    """The next attempt asks for so many times the memory."""
    time_factor: Annotated[int | float, Field(ge=1, le=8)] = 1
    """The next attempt asks for so many times the time."""


class Retry(Strict):
    """Retries by class of failure. A program that ends with an error is never retried by itself."""

    lost: RetryRule = RetryRule(times=1)
    """After Slurm lost the job, or its folder could not be used."""
    node: RetryRule = RetryRule(times=1)
    """After a failure of its node."""
    preempted: RetryRule = RetryRule(times=3)
    """After it had to make room for another job."""
    memory: RetryRule = RetryRule()
    """After it took more memory than it was granted."""
    time: RetryRule = RetryRule()
    """After it came to its time limit."""


class JobType(Strict):
    """One kind of analysis."""

    name: Slug = Field(description="Unique name, as it stands in addresses and commands.")
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]*$", max_length=50)]
    """The version of the analysis, as its author counts it: 1.2.0."""
    kind: Annotated[Kind, Field(strict=False)] = Field(
        Kind.RUN,
        description="run: a program that ends by itself; interactive: a desktop, which its owner ends.",
    )
    title: Line = Field(description="What people read: Light-sheet deconvolution.")
    summary: Line = Field(description="One sentence on its card: what it does.")
    description: Words | None = Field(None, description="Method, source, limits.")
    category: Line = Field(description="Heading under which its card stands.")
    instruments: list[Line] = Field(default_factory=list, description="Kinds of instruments it is for.")
    icon: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=40)] | None = None
    """Name of an icon for its card."""
    picture: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)] | None = None
    """Name of a picture file, kept for the card, which shows the example picture or a result today."""
    goes_in: Line | None = Field(None, description="What goes in, in words.")
    comes_out: Line | None = Field(None, description="What comes out, in words.")
    typical_time: Line | None = Field(None, description='In words: "about a minute".')
    contact: Line = Field(description="Whom to ask.")
    program: Program
    """What it runs: a command, or a module of ours."""
    image: Slug | None = Field(None, description="Container image that holds the program.")
    network: bool = False
    """Its container reaches the network."""
    inputs: Annotated[list[Slot], Field(max_length=20)] = Field(
        default_factory=list, description="Slots for datasets; none for what works without data."
    )
    needs: Annotated[list[Need], Field(max_length=20)] = Field(
        [], description="What must hold of the datasets, or the analysis does not fit them: {when, because}."
    )
    options: Annotated[list[Option], Field(max_length=200)] = Field(default_factory=list)
    """What people set on the form, in this order."""
    presets: list[Preset] = Field(default_factory=list)
    """Values that go together and are chosen in one piece."""
    crop: Crop | None = Field(
        None, description="The small part on which values of an option are tried; without it they take the whole."
    )
    resources: Resources
    """What it asks of the cluster, in one size or several."""
    licences: Annotated[list[Licence], Field(max_length=10)] = Field(
        [],
        description="Licences that a job holds while it runs, by the names that the site offers: {name, count}.",
    )
    licence_servers: Annotated[list[LicenceServer], Field(max_length=MOST_SERVERS)] = Field(
        [],
        description="Licence servers that its container reaches, by the names that the site offers, with the "
        "variable that tells its program where: {name, variable, form}.",
    )
    terms: Terms | None = Field(
        None, description="Terms that a person accepts once before she runs it, and what for it may be used."
    )
    result_title: Line = Field(description='Name of the result, with placeholders: "{input}, deconvolved".')
    outputs: Annotated[list[Output], Field(max_length=20)] = Field(
        description="What becomes a dataset; an empty list where the log is all that is left."
    )
    methods: Annotated[list[Said], Field(max_length=100)] = Field(
        [],
        description="What was done, in sentences for a paper, with placeholders: {input}, options by name, "
        "{found NAME} of the result, {cite KEY}.",
    )
    references: Annotated[list[Reference], Field(max_length=50)] = Field(
        [], description="The publications that the methods cite."
    )
    figures: Annotated[list[Line], Field(max_length=5)] = Field(
        [],
        description="Up to five of the parameters that the program reports in metadata.json, by name, which say "
        "most about a result: its card shows them.",
    )
    success_codes: Annotated[list[Annotated[int, Field(ge=0, le=89)]], Field(min_length=1)] = Field(
        default_factory=lambda: [0]
    )
    """Exit codes that mean success."""
    exit_codes: Annotated[list[ExitCode], Field(max_length=89)] = Field(
        [], description="What the program's own exit codes mean, in words for people."
    )
    cause: Annotated[Line, AfterValidator(check_cause)] | None = Field(
        None,
        description="A regular expression with a group (?<cause>…), looked for at the end of the log: why the "
        "program failed.",
    )
    progress: Progress | None = Field(None, description="How a line of its output tells how far the program is.")
    parameters: Annotated[list[FoundParameter], Field(max_length=100)] = Field(
        [], description="Quantities of the result, in JSON or CSV files that the program writes."
    )
    pictures: Annotated[list[FoundPicture], Field(max_length=20)] = Field(
        [], description="Pictures that the program makes, shown with the result."
    )
    retry: Retry = Retry()
    """What is tried again by itself, by class of failure."""
    log_limit_bytes: Annotated[int, Field(ge=1024, le=1024**3)] = 10 * 1024**2
    """Each of its logs is kept up to so many bytes."""
    grace_s: Count = Field(30, description="Warning before the time limit, in seconds.")

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> "JobType":
        found = findings(self)
        if info.context is WRITTEN_NOW:
            found += [*findings_now(self.program, self.options), *choices_now(self.options), *name_now(self.name)]
        if found:
            words = "; ".join(message for _, message in found)
            raise PydanticCustomError("fits_together", "{words}", {"words": words, "findings": found})
        return self

    def document(self) -> dict[str, Any]:
        """The whole document as JSON types, defaults filled in but for those of LATER's keys."""
        document = self.model_dump(mode="json")
        for key in LATER:
            if getattr(self, key) == type(self).model_fields[key].default:
                del document[key]
        _without_defaults(document["inputs"], Slot, LATER_OF_SLOTS)
        _without_defaults(document["resources"]["variants"], Variant, LATER_OF_VARIANTS)
        for option in document["options"]:
            _without_later(option)
        for item in (*document["presets"], *document.get("needs", ())):
            _without(item, "when", "because")
        document["program"] = self.program.document()
        return document

    def canonical(self) -> bytes:
        """The published bytes: sorted keys, no spaces, UTF-8."""
        return canonical_json(self.document())

    @property
    def revision(self) -> str:
        """`sha256:<hex>` of the canonical document: what identifies this very revision."""
        return digest(self.canonical())

    @property
    def slot(self) -> Slot | None:
        """The first slot: the one whose datasets are spread over jobs."""
        return self.inputs[0] if self.inputs else None

    def picks(self, slot: str) -> list[OptionBase]:
        """The options that pick an array of a slot's dataset, or a place along its axes."""
        first = self.inputs[0].name if self.inputs else ""
        return [option for option in self.options if option.pick and (option.pick.slot or first) == slot]

    @property
    def picks_arrays(self) -> bool:
        """Whether it matters which arrays the datasets hold."""
        return any(option.pick for option in self.options)

    @property
    def conditions(self) -> list[WrittenCondition]:
        """All that there are: of the whole, of options and their choices, of presets; and of memory and time."""
        of_options = [condition for option in self.options for condition in option.conditions]
        of_variants = [one for variant in self.resources.variants for one in (variant.memory, variant.time) if one]
        of_presets = [preset.when for preset in self.presets if preset.when]
        return [*(need.when for need in self.needs), *of_options, *of_presets, *of_variants]

    @property
    def asked_of_datasets(self) -> set[str]:
        """Names of all parameters of datasets that matter to it."""
        asked = {name for condition in self.conditions for name in condition.names("parameter")}
        return asked.union(*(option.parameters for option in self.options))

    @property
    def looks_at_arrays(self) -> bool:
        """Whether it matters before a job starts what the datasets' files hold."""
        facts = (name for condition in self.conditions for name in condition.names("fact"))
        return (
            self.picks_arrays
            or any(slot.reads != "files" for slot in self.inputs)
            or any(name.startswith("array.") for name in facts)
        )

    @property
    def file_patterns(self) -> frozenset[str]:
        """Which files of datasets options can choose; empty where none does."""
        return frozenset(option.files for option in self.options if isinstance(option, FileOption))

    @cached_property
    def typed_alone(self) -> frozenset[str]:
        """Options whose typed value would be taken for a flag if it began with a hyphen."""
        alone = standing_alone(self.program.document().get("command", ()))
        return frozenset(option.name for option in self.options if option.typed and option.name in alone)

    def option(self, name: str) -> OptionBase:
        """The option of that name. Raises KeyError."""
        return _by_name(self.options, name)

    def can_be_tried(self, option: OptionBase) -> bool:
        """Whether several values of the option make a trial: not of what limits it, or picks what is worked on."""
        cut = self.crop.names if self.crop else ()
        if option.pick is not None or option.name in cut or not self.inputs or isinstance(option, NEVER_TRIED):
            return False
        return not isinstance(option, ChoiceOption) or len(option.items) > 1

    def variant(self, name: str | None = None) -> Variant:
        """The variant of that name, the default one without. Raises KeyError."""
        return _by_name(self.resources.variants, name or self.resources.default)

    def preset(self, name: str) -> Preset:
        """The preset of that name, in whatever case. Raises KeyError."""
        for preset in self.presets:
            if preset.name.casefold() == name.casefold():
                return preset
        raise KeyError(name)

    def modes(self, datasets: int) -> tuple[str, ...]:
        """How so many datasets in the first slot can run, best first: `each` (a job a dataset) or `all` (one)."""
        slot = self.slot
        if slot is None or datasets <= 1:
            return ("each",)
        together = slot.min <= datasets <= slot.max
        each = slot.min <= 1
        return tuple(mode for mode, fits in (("each", each), ("all", together)) if fits)


def _without_later(option: dict[str, Any]) -> None:
    for key in LATER_OF_OPTIONS:
        if option.get(key, "") in (None, {}):
            del option[key]
    for item in option.get("choices", ()):
        if isinstance(item, dict):
            _without(item, "when", "because")
    if option.get("pick"):
        _without(option["pick"], "beside")
    if option["default_from"] is not None:
        _without(option["default_from"], "also")


def _without(item: dict[str, Any], *keys: str) -> None:
    """Takes out what is not said: it stands in no document, as before there were such keys."""
    for key in keys:
        if item.get(key) is None:
            item.pop(key, None)


def _without_defaults(parts: Sequence[dict[str, Any]], kind: type[Strict], keys: Sequence[str]) -> None:
    for part in parts:
        for key in keys:
            if part[key] == kind.model_fields[key].default:
                del part[key]


def _by_name(items: Sequence[Named], name: str) -> Named:
    for item in items:
        if item.name == name:
            return item
    raise KeyError(name)
