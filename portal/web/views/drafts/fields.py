"""The fields of each step of the editor: of which key, called what, explained how."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gantry_formats.commands.servers import VARIABLE
from portal.jobtype.conditions.condition import Need
from portal.jobtype.crop import Box, Crop
from portal.jobtype.licences.model import Licence, LicenceServer
from portal.jobtype.licences.terms import Terms
from portal.jobtype.methods import Part, Reference
from portal.jobtype.model import JobType, Output, Preset, Resources, Slot, Variant
from portal.jobtype.option import ChoiceOption, FloatOption, IntegerOption, TextOption
from portal.jobtype.program import Program
from portal.jobtype.reports.model import ExitCode, FoundParameter, FoundPicture
from portal.jobtype.written.check import Step
from portal.web.views.drafts import kinds, pairs
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
    section: str = ""
    """Of a step's own fields: the heading under which they fold up."""


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
    ("file", "one of the dataset's files"),
)
_CONDITION: Final = "A condition on options before it and on the datasets: "
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
    Spec("icon", "Symbol on its card", kinds.SELECT, "Where there is no picture of it yet."),
    Spec(
        "methods.#.text",
        "Sentence",
        kinds.WORDS,
        "{input}: the dataset; {sigma}: an option; {found centre}: of the result; {cite key}: publications.",
    ),
    Spec(
        "methods.#.when",
        "Said only where",
        pairs.VALUES,
        "One a line, an option by name and its value: psf = gaussian.",
        rare=True,
    ),
    Spec("methods.#.unless", "Not said where", pairs.VALUES, "The same: background = 0.", rare=True),
    Spec(
        "methods.#.found",
        "Said only where the result has",
        pairs.FOUND,
        "One a line, a number of the result and its value: centre found = true.",
        rare=True,
    ),
    Spec(
        "methods.#.tells",
        "It tells also of the options",
        kinds.LIST,
        "By name, with commas between: they are then not listed behind.",
        rare=True,
    ),
    Spec("references.#.title", "Title of the publication"),
    Spec("references.#.authors", "Authors", kinds.LINES, "One a line: Family, Given."),
    Spec("references.#.year", "Year", kinds.INTEGER),
    Spec("references.#.journal", "Journal", help="Its usual abbreviation; of proceedings what they are called."),
    Spec("references.#.doi", "DOI", kinds.DOI, "10.1086/111605"),
    Spec("references.#.key", "Cited as", help="In the sentences above: {cite key}."),
    Spec(
        "references.#.kind",
        "Kind",
        kinds.SELECT,
        choices=(
            ("article", "an article"),
            ("book", "a book"),
            ("proceedings", "in proceedings"),
            ("software", "software"),
        ),
        default="article",
        rare=True,
    ),
    Spec("references.#.volume", "Volume", rare=True),
    Spec("references.#.number", "Number", rare=True),
    Spec("references.#.pages", "Pages", rare=True),
    Spec("references.#.publisher", "Publisher", rare=True),
    Spec("references.#.url", "Address", help="https://…", rare=True),
    Spec("references.#.when", "Cited only where", pairs.VALUES, "One a line: psf = gaussian.", rare=True),
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
    Spec(
        "inputs.#.max",
        "Datasets for one job, at most",
        kinds.INTEGER,
        "More than 1: they go in together.",
        default=1,
    ),
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
    Spec(
        "needs.#.when",
        "It fits only where",
        help="A condition on the datasets: pixel_size > 0.1 µm && files.count > 1",
    ),
    Spec("needs.#.because", "Else people read", help="Why it does not fit: needs more than one angle."),
)
LOG: Final = "What its output tells"
CROP: Final = "A small part, on which values are tried"
COMMAND: Final = (
    Spec("image", "Container image", kinds.SELECT, "The one that holds the program."),
    Spec("network", "May use the network", kinds.TICK, rare=True),
    Spec(
        "program.working_folder",
        "Where it is started",
        kinds.SELECT,
        choices=(
            ("", "in the job's folder"),
            ("output", "where its results lie"),
            ("scratch", "in a folder that is removed at the end"),
        ),
        rare=True,
    ),
    Spec(
        "program.environment",
        "Variables of the environment",
        pairs.PAIRS,
        "One a line: MODE = fast, OMP_NUM_THREADS = {resource: cpus}, SIGMA = {option: sigma}.",
        rare=True,
    ),
    Spec(
        "success_codes",
        "Exit codes that mean success",
        kinds.NUMBERS,
        "With commas between.",
        default=[0],
        rare=True,
    ),
    Spec("figures", "Numbers on the result's card", kinds.LIST, "Up to five of those below, by name.", rare=True),
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
    Spec(
        "parameters.#.take",
        "Of the column",
        kinds.SELECT,
        choices=(
            ("last", "the last value"),
            ("first", "the first value"),
            ("count", "how many values"),
            ("sum", "the sum"),
            ("mean", "the mean"),
            ("min", "the smallest"),
            ("max", "the largest"),
        ),
        default="last",
    ),
    Spec("parameters.#.units", "Unit"),
    Spec("pictures.#.file", "A picture that it makes", help="A pattern beneath the output folder: overlay*.png."),
    Spec("pictures.#.caption", "Said beneath it"),
    Spec("pictures.#.thumbnail", "Stands for the result on its card", kinds.TICK),
    Spec("exit_codes.#.code", "Exit code", kinds.INTEGER),
    Spec("exit_codes.#.means", "What it means", help="A sentence for whoever started the job."),
    Spec(
        "progress.pattern",
        "A line that tells how far it is",
        help="A regular expression with (?<done>…) and (?<total>…), or (?<percent>…): plane (?<done>[0-9]+) of "
        "(?<total>[0-9]+)",
        section=LOG,
    ),
    Spec("progress.stage", "What it does meanwhile", help="As in “iterating: 3 of 20”.", section=LOG),
    Spec(
        "cause",
        "A line that tells why it failed",
        help="A regular expression with (?<cause>…): ERROR: (?<cause>.*)",
        section=LOG,
    ),
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
    Spec(
        "options.#.default_from.factor",
        "Times",
        kinds.NUMBER,
        "Instead of a conversion by the units.",
        types=("integer", "float"),
        rare=True,
    ),
    Spec(
        "options.#.default_from.axis",
        "It is the distance of pixels along",
        kinds.SELECT,
        choices=(("", "no axis"), ("x", "x"), ("y", "y"), ("z", "z")),
        types=("float",),
        rare=True,
    ),
    Spec("options.#.files", "Which files", help="A pattern on their names: *.csv.", types=("file",), default="*"),
    Spec("options.#.slot", "Of the input", help="By its name; the first if left out.", types=("file",), rare=True),
    Spec(
        "options.#.pick.array",
        "Picks an array with the axes",
        help="Of those that the files hold: ZYX for a volume, YX for a picture.",
        types=("text",),
        rare=True,
    ),
    Spec("options.#.pick.beside", "It may have these axes, too", help="Of C, T, R.", types=("text",), rare=True),
    Spec(
        "options.#.pick.along",
        "Picks a place along",
        kinds.SELECT,
        choices=(("", "nothing"), ("C", "the channels"), ("T", "the time points"), ("R", "the positions")),
        types=("integer",),
        rare=True,
    ),
    Spec("options.#.show_when", "Only where", help=f'{_CONDITION}method == "fast" && files.count > 1', rare=True),
    Spec(
        "options.#.because", "Else people read", help="Why it is not asked: needs more than one angle.", rare=True
    ),
    Spec(
        "options.#.only_with",
        "Only with the choices",
        pairs.NAMED_LISTS,
        "One a line, an option before it and its values: method = fast, exact.",
        rare=True,
    ),
    Spec("options.#.choices.#.when", "can be chosen only where", types=("choice",), rare=True),
    Spec("options.#.choices.#.because", "else people read", types=("choice",), rare=True),
    Spec("options.#.name", "Name in the command", rare=True),
    Spec("presets.#.name", "Name of the preset"),
    Spec("presets.#.blurb", "When it is the right one"),
    Spec("presets.#.values", "Its values", pairs.VALUES, "One a line, by the option's name: sigma = 0.5."),
    Spec("presets.#.when", "Only where", help="A condition on the datasets: wavelength > 500 nm", rare=True),
    Spec("presets.#.because", "Else people read", rare=True),
    Spec("crop.words", "The part, in words", help="One slice in the middle.", section=CROP),
    Spec("crop.options", "Options that limit the work", kinds.LIST, "By name, with commas between.", section=CROP),
    Spec("crop.values", "Their values for the part", pairs.VALUES, "One a line: last_plane = 40.", section=CROP),
    Spec(
        "crop.box.option",
        "A text option that takes a box",
        help="By name; it gets z0:z1, y0:y1, x0:x1.",
        section=CROP,
    ),
    Spec("crop.box.size", "Size of the box", kinds.NUMBERS, "Along z, y and x: 16, 256, 256.", section=CROP),
    Spec(
        "crop.whole", "Options that need the whole", kinds.LIST, "A part does not show what they do.", section=CROP
    ),
)
AGAIN: Final = "What the portal tries again by itself"
TERMS: Final = "Terms that people accept"
RESOURCES: Final = (
    Spec("resources.variants.#.label", "What people read"),
    Spec("resources.variants.#.cpus", "Processors", kinds.INTEGER, default=1),
    Spec("resources.variants.#.memory_mb", "Memory", kinds.GIGABYTES, unit="GB", default=1024),
    Spec("resources.variants.#.time_s", "Time at most", kinds.MINUTES, unit="minutes", default=600),
    Spec(
        "resources.variants.#.memory",
        "Memory, by the input",
        help="3 * files.size + 2 GB. What stands above is the most; what cannot be told asks for the most.",
        rare=True,
    ),
    Spec("resources.variants.#.time", "Time, by the input", help="5 min + files.count * 2 s", rare=True),
    Spec("resources.variants.#.gpus", "GPUs", kinds.INTEGER, default=0),
    Spec("resources.variants.#.ranks", "MPI ranks", kinds.INTEGER, rare=True, default=1),
    Spec(
        "resources.variants.#.constraint",
        "Kind of node",
        kinds.SELECT,
        "Of those that the site tells apart.",
        rare=True,
    ),
    Spec("resources.variants.#.name", "Name", rare=True),
    Spec("licences.#.name", "Licence of", kinds.SELECT, "Of those that Slurm counts here."),
    Spec("licences.#.count", "How many a job holds", kinds.INTEGER, default=1),
    Spec(
        "licence_servers.#.name",
        "Licence server",
        kinds.SELECT,
        "Its container reaches this server, and nothing else.",
    ),
    Spec(
        "licence_servers.#.variable",
        "The program finds where in the variable",
        help="Most read LM_LICENSE_FILE, or one of their maker's: MLM_LICENSE_FILE.",
        default=VARIABLE,
    ),
    Spec(
        "licence_servers.#.form",
        "Written as",
        kinds.SELECT,
        choices=(("port@host", "port@host"), ("host:port", "host:port"), ("host", "the host alone")),
        default="port@host",
        rare=True,
    ),
    Spec("resources.default", "The size that is meant unless people choose", kinds.SELECT),
    Spec("grace_s", "Warning before the limit", kinds.INTEGER, unit="seconds", rare=True, default=30),
    Spec("terms.title", "Title of the terms", help="People accept them once.", section=TERMS),
    Spec("terms.text", "The terms", kinds.WORDS, "Another text is asked for anew.", section=TERMS),
    Spec("terms.link", "Where they stand", help="https://…, instead of the text or besides.", section=TERMS),
    Spec(
        "terms.use",
        "What for it may be used",
        kinds.SELECT,
        "With academic or commercial work people are asked, and the other is refused.",
        (("either", "any work"), ("academic", "academic work only"), ("commercial", "commercial work only")),
        default="either",
        section=TERMS,
    ),
    Spec(
        "terms.name",
        "Name in commands",
        help="gantry run --accept-terms NAME. Empty: it is made of the title.",
        section=TERMS,
    ),
    Spec("retry.memory.times", "Out of memory: again, times", kinds.INTEGER, default=0, section=AGAIN),
    Spec("retry.memory.memory_factor", "With so many times the memory", kinds.NUMBER, default=1, section=AGAIN),
    Spec("retry.time.times", "Out of time: again, times", kinds.INTEGER, default=0, section=AGAIN),
    Spec("retry.time.time_factor", "With so many times the time", kinds.NUMBER, default=1, section=AGAIN),
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
    "needs": "condition",
    "outputs": "output",
    "options": "option",
    "presets": "preset",
    "resources.variants": "variant",
    "parameters": "number",
    "pictures": "picture",
    "exit_codes": "exit code",
    "methods": "sentence",
    "references": "publication",
    "licences": "licence",
    "licence_servers": "licence server",
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
    "needs.#": _order(Need),
    "presets.#": _order(Preset),
    "crop": _order(Crop),
    "crop.box": _order(Box),
    "outputs.#": _order(Output),
    "options.#": ("name", "type", "label", "help", *_order(ChoiceOption, IntegerOption, FloatOption, TextOption)),
    "parameters.#": _order(FoundParameter),
    "pictures.#": _order(FoundPicture),
    "exit_codes.#": _order(ExitCode),
    "methods.#": _order(Part),
    "references.#": _order(Reference),
    "resources": _order(Resources),
    "resources.variants.#": _order(Variant),
    "program": _order(Program),
    "licences.#": _order(Licence),
    "licence_servers.#": _order(LicenceServer),
    "terms": _order(Terms),
}
"""In which order keys stand that come new."""


def key_of(path: tuple[str | int, ...]) -> str:
    """`options.#.label` of a path."""
    return ".".join("#" if isinstance(part, int) else part for part in path)


def label_at(path: tuple[str | int, ...]) -> str:
    """What people call the field of a path; empty where it has none."""
    key = key_of(path)
    return next((spec.label for specs in OF_STEP.values() for spec in specs if spec.key == key), "")


def path_of(name: str) -> tuple[str | int, ...]:
    """The path that a field's name says, without its prefix."""
    return tuple(int(part) if part.isdecimal() and len(part) < 6 else part for part in name.split("."))
