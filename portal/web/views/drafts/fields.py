"""The fields of each step of the editor: of which key, called what, explained how."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from portal.jobtype.model import JobType, Output, Resources, Slot, Variant
from portal.jobtype.option import ChoiceOption, FloatOption, IntegerOption, TextOption
from portal.jobtype.program import Program
from portal.jobtype.reports.model import ExitCode, FoundParameter, FoundPicture
from portal.jobtype.written.check import Step
from portal.web.views.drafts import kinds
from portal.web.views.drafts.kinds import Kind

PREFIX: Final = "f."


@dataclass(frozen=True)
class Spec:
    """A field. `key` is the place, with # for an item's number: options.#.label."""

    key: str
    label: str
    kind: Kind = kinds.LINE
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    types: tuple[str, ...] = ()
    """Of an option's fields: the types that have it; empty for all."""
    rare: bool = False
    """Stands under More."""
    suggest: str = ""
    """The list of suggestions that the page has for it."""
    default: Any = None
    """What holds where the key is not there: the field shows it."""


OPTION_TYPES: Final = (
    ("text", "a line of text"),
    ("integer", "a whole number"),
    ("float", "a number"),
    ("boolean", "a box to tick"),
    ("choice", "one of a few values"),
    ("several", "several of a few values"),
    ("range", "a range, from low to high"),
    ("numbers", "a list of numbers"),
    ("date", "a day"),
    ("long_text", "text of several lines"),
)
_NUMBERS: Final = ("integer", "float", "range", "numbers")
_BOUNDED: Final = (*_NUMBERS, "several", "date")

PURPOSE: Final = (
    Spec("title", "Title", help="What people read on its card."),
    Spec("summary", "In one sentence", help="What it does."),
    Spec("category", "Heading on the Analyses page", suggest="categories"),
    Spec("goes_in", "What goes in", help="In words. Left empty, it is said of the datasets that it takes."),
    Spec("comes_out", "What comes out"),
    Spec("typical_time", "How long it takes", help="In words. Once five runs are measured, these tell."),
    Spec("contact", "Whom to ask"),
    Spec("instruments", "Instruments", kinds.LIST, help="Kinds of instruments it is for, with commas between."),
    Spec("description", "Method, source, limits", kinds.WORDS),
    Spec("name", "Name in addresses and commands", help="Small letters, digits and hyphens.", rare=True),
    Spec("version", "Version", rare=True),
)
DATA: Final = (
    Spec("inputs.#.label", "What people read"),
    Spec(
        "inputs.#.dataset_types",
        "Types of datasets",
        kinds.LIST,
        "With commas between; * for any.",
        suggest="types",
    ),
    Spec("inputs.#.files", "Which files", help="A pattern on their names: *.tif.", default="*"),
    Spec("inputs.#.min", "Datasets for one job, at least", kinds.INTEGER, "0: may be left empty.", default=1),
    Spec("inputs.#.max", "Datasets for one job, at most", kinds.INTEGER, default=1),
    Spec("inputs.#.help", "Explained to people", kinds.WORDS, rare=True),
    Spec(
        "inputs.#.reads",
        "What the program reads",
        kinds.SELECT,
        "Where no file can be read, it is said before Start.",
        (
            ("", "files of any kind"),
            ("arrays", "HDF5, TIFF, MRC, Zarr"),
            ("pictures", "these, and microscopes' own"),
        ),
        rare=True,
    ),
    Spec("inputs.#.accept_incomplete", "Also datasets that are still being written", kinds.TICK, rare=True),
    Spec("inputs.#.name", "Name in the command", rare=True),
)
COMMAND: Final = (
    Spec("image", "Container image", kinds.SELECT, "The one that holds the program."),
    Spec("network", "May use the network", kinds.TICK, rare=True),
    Spec(
        "result_title", "Name of the result", help="{input} is the dataset's name; options stand by name: {sigma}."
    ),
    Spec("outputs.#.pattern", "Files that become a dataset", help="A pattern beneath the output folder: *.tif."),
    Spec("outputs.#.dataset_type", "As a dataset of the type", suggest="types"),
    Spec("outputs.#.required", "Without them the job has failed", kinds.TICK, default=True),
    Spec("outputs.#.name", "Name", rare=True),
    Spec("parameters.#.name", "A number of the result"),
    Spec("parameters.#.file", "In the file", help="JSON or CSV beneath the output folder."),
    Spec("parameters.#.at", "In JSON: at the key", help="Keys with dots between: fit.threshold."),
    Spec("parameters.#.column", "In CSV: in the column"),
    Spec("parameters.#.units", "Unit"),
    Spec("pictures.#.file", "A picture that it makes", help="A pattern beneath the output folder: overlay*.png."),
    Spec("pictures.#.caption", "Said beneath it"),
    Spec("pictures.#.thumbnail", "Stands for the result on its card", kinds.TICK),
    Spec("exit_codes.#.code", "Exit code", kinds.INTEGER),
    Spec("exit_codes.#.means", "What it means", help="A sentence for whoever started the job."),
    Spec("progress.pattern", "How far it is", help="A regular expression of a line of its output.", rare=True),
    Spec("cause", "Why it failed", help="A regular expression of its log, with (?<cause>…).", rare=True),
)
OPTIONS: Final = (
    Spec("options.#.label", "Name on the form"),
    Spec("options.#.type", "Kind", kinds.SELECT, choices=OPTION_TYPES),
    Spec("options.#.help", "Explained to people", kinds.WORDS),
    Spec(
        "options.#.choices",
        "Choices",
        kinds.CHOICES,
        "One a line: what the program gets = what people read.",
        types=("choice", "several"),
    ),
    Spec("options.#.default", "At first"),
    Spec("options.#.units", "Unit", types=_NUMBERS),
    Spec("options.#.min", "At least", kinds.NUMBER, types=_BOUNDED),
    Spec("options.#.max", "At most", kinds.NUMBER, types=_BOUNDED),
    Spec("options.#.required", "Must be given", kinds.TICK),
    Spec("options.#.advanced", "Under More settings", kinds.TICK),
    Spec("options.#.group", "Heading", help="Options of one heading stand together.", rare=True),
    Spec("options.#.step", "Step", kinds.NUMBER, types=("integer", "float"), rare=True),
    Spec("options.#.whole", "Whole numbers alone", kinds.TICK, types=("range", "numbers"), rare=True),
    Spec(
        "options.#.pattern",
        "Must match",
        help="A regular expression of the whole text.",
        types=("text",),
        rare=True,
    ),
    Spec("options.#.pattern_help", "The same in words", types=("text",), rare=True),
    Spec("options.#.max_length", "Characters at most", kinds.INTEGER, types=("text",), rare=True, default=200),
    Spec(
        "options.#.default_from.parameter",
        "At first from the dataset's",
        help="The name of a parameter, as the catalogue has it.",
        suggest="parameters",
        rare=True,
    ),
    Spec("options.#.show_when", "Only where", help='A condition: method == "fast" && files.count > 1', rare=True),
    Spec("options.#.because", "Why it is not asked else", rare=True),
    Spec("options.#.name", "Name in the command", rare=True),
)
RESOURCES: Final = (
    Spec("resources.variants.#.label", "What people read"),
    Spec("resources.variants.#.cpus", "Processors", kinds.INTEGER, default=1),
    Spec("resources.variants.#.memory_mb", "Memory", kinds.GIGABYTES, unit="GB", default=1024),
    Spec("resources.variants.#.time_s", "Time at most", kinds.MINUTES, unit="minutes", default=600),
    Spec("resources.variants.#.gpus", "GPUs", kinds.INTEGER, default=0),
    Spec("resources.variants.#.ranks", "MPI ranks", kinds.INTEGER, rare=True, default=1),
    Spec("resources.variants.#.name", "Name", rare=True),
    Spec("resources.default", "The one that is meant unless people choose", kinds.SELECT),
    Spec("grace_s", "Warning before the limit", kinds.INTEGER, unit="seconds", rare=True, default=30),
)
OF_STEP: Final[Mapping[Step, tuple[Spec, ...]]] = {
    Step.PURPOSE: PURPOSE,
    Step.DATA: DATA,
    Step.COMMAND: COMMAND,
    Step.OPTIONS: OPTIONS,
    Step.RESOURCES: RESOURCES,
    Step.TRY: (),
    Step.PUBLISH: (),
}
LISTS: Final[Mapping[str, str]] = {
    "inputs": "input",
    "outputs": "output",
    "options": "option",
    "resources.variants": "variant",
    "parameters": "number",
    "pictures": "picture",
    "exit_codes": "exit code",
}
"""The lists whose items can be added, moved and taken away, and what one of them is called."""


def _order(*models: type) -> tuple[str, ...]:
    keys: dict[str, None] = {}
    for model in models:
        keys.update(dict.fromkeys(getattr(model, "model_fields", ())))
    return tuple(keys)


ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "": _order(JobType),
    "inputs.#": _order(Slot),
    "outputs.#": _order(Output),
    "options.#": ("name", "type", "label", "help", *_order(ChoiceOption, IntegerOption, FloatOption, TextOption)),
    "parameters.#": _order(FoundParameter),
    "pictures.#": _order(FoundPicture),
    "exit_codes.#": _order(ExitCode),
    "resources": _order(Resources),
    "resources.variants.#": _order(Variant),
    "program": _order(Program),
}
"""In which order keys stand that come new."""


def key_of(path: tuple[str | int, ...]) -> str:
    """`options.#.label` of a path."""
    return ".".join("#" if isinstance(part, int) else part for part in path)


def path_of(name: str) -> tuple[str | int, ...]:
    """The path that a field's name says, without its prefix."""
    return tuple(int(part) if part.isdecimal() and len(part) < 6 else part for part in name.split("."))
