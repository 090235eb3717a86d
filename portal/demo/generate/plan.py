"""The demo facility as data: who is there, what was measured, who may see it.

Everything is frozen and depends on nothing but the day that counts as today. `portal.demo.generate.make` turns
the datasets of the plan into files; whoever fills the catalogue reads the rest.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.demo.generate.cytometry import CytometryRecipe
from portal.demo.generate.lightsheet import StackRecipe
from portal.demo.generate.tomography import ScanRecipe

Recipe = StackRecipe | CytometryRecipe | ScanRecipe

PRINCIPAL_INVESTIGATOR, MEMBER = "principal_investigator", "member"
LIGHTSHEET_STACK = "light-sheet stack"
CYTOMETRY = "deformability cytometry"
TOMOGRAPHY_SCAN = "tomography scan"


@dataclass(frozen=True)
class PersonPlan:
    """Somebody who can sign in. `role` is researcher, instrument scientist or staff."""

    login: str
    name: str
    email: str
    role: str
    about: str


@dataclass(frozen=True)
class InstrumentPlan:
    """An instrument; `scientists` are logins."""

    name: str
    folder: str
    kind: str
    description: str
    scientists: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExperimentPlan:
    """A visit; `team` maps logins to roles; who is not in it sees nothing before the release date."""

    name: str
    visit_id: str
    title: str
    summary: str
    instrument: str
    start: date
    end: date
    release: date
    team: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ParameterSource:
    """Where a parameter of a dataset type is found in a file; the first of `sources` that exists counts.

    A source is `hdf5:PATH` (a scalar dataset), `hdf5:PATH@ATTRIBUTE`, `ome:ELEMENT@ATTRIBUTE` (first such
    element of the OME-XML) or `ome:map@KEY` (a key of a map annotation). `units` are those of the value as
    stored. `kind` is number or text.
    """

    name: str
    units: str
    sources: tuple[str, ...]
    kind: str = "number"


@dataclass(frozen=True)
class DatasetTypePlan:
    """A dataset type; `raw` is false for what analyses make."""

    name: str
    description: str
    parameters: tuple[ParameterSource, ...] = ()
    raw: bool = True


@dataclass(frozen=True)
class DatasetPlan:
    """One dataset to make: `files` are made from `recipe`, in `folder` beneath the visit.

    `condition` is whole, truncated (its file was cut off in transfer) or writing (the instrument has not
    finished; `complete` is then false). `start` is in UTC.
    """

    name: str
    folder: str
    experiment: str
    type: str
    sample: str
    description: str
    seed: int
    start: datetime
    recipe: Recipe
    condition: str = "whole"

    @property
    def complete(self) -> bool:
        """Whether the instrument has finished with it."""
        return self.condition != "writing"


@dataclass(frozen=True)
class FacilityPlan:
    """The whole facility. Datasets name their experiment by `visit_id`, experiments their people by login."""

    name: str
    full_name: str
    description: str
    today: date
    people: tuple[PersonPlan, ...]
    instruments: tuple[InstrumentPlan, ...]
    experiments: tuple[ExperimentPlan, ...]
    dataset_types: tuple[DatasetTypePlan, ...]
    datasets: tuple[DatasetPlan, ...]

    def experiment(self, visit_id: str) -> ExperimentPlan:
        """The experiment of that visit; KeyError if there is none."""
        return {e.visit_id: e for e in self.experiments}[visit_id]

    def location(self, dataset: DatasetPlan) -> str:
        """The dataset's folder relative to the data root: instrument/visit/dataset."""
        experiment = self.experiment(dataset.experiment)
        instrument = {i.name: i for i in self.instruments}[experiment.instrument]
        return f"{instrument.folder}/{experiment.visit_id}/{dataset.folder}"


PEOPLE = (
    PersonPlan("maya", "Maya Lind", "maya.lind@example.org", "researcher", "Heart development and teeth"),
    PersonPlan("tom", "Tom Okafor", "tom.okafor@example.org", "researcher", "Blood cells and their mechanics"),
    PersonPlan("ines", "Inês Duarte", "ines.duarte@example.org", "researcher", "Spheroids, embryos, foams"),
    PersonPlan("ravi", "Ravi Menon", "ravi.menon@example.org", "instrument scientist", "Light-sheet microscopy"),
    PersonPlan("sam", "Sam Keller", "sam.keller@example.org", "staff", "Runs the facility's computing"),
)

LIGHTSHEET = "Light-sheet microscope 2"
CYTOMETER = "Deformability cytometer"
TOMOGRAPH = "X-ray tomograph"

INSTRUMENTS = (
    InstrumentPlan(
        LIGHTSHEET,
        "lightsheet",
        "light-sheet microscope",
        "Two-sided illumination, 5x to 20x water dipping",
        ("ravi",),
    ),
    InstrumentPlan(CYTOMETER, "cytometer", "deformability cytometer", "Real-time imaging of cells in flow, 2 kHz"),
    InstrumentPlan(TOMOGRAPH, "tomograph", "X-ray tomograph", "Parallel beam, 12 to 60 keV"),
)


def _hdf5(name: str, units: str, *places: str, kind: str = "number") -> ParameterSource:
    return ParameterSource(name, units, tuple(f"hdf5:{place}" for place in places), kind)


def _stack(name: str, units: str, attribute: str, ome: str = "") -> ParameterSource:
    sources = (f"hdf5:/entry/data/data@{attribute}", f"ome:{ome or f'map@{attribute}'}")
    return ParameterSource(name, units, (*sources, f"image:{name}") if name.startswith("voxel size") else sources)


DATASET_TYPES = (
    DatasetTypePlan(
        LIGHTSHEET_STACK,
        "A volume of fluorescence, planes along z",
        (
            _stack("voxel size x", "um", "voxel_size_x_um", "Pixels@PhysicalSizeX"),
            _stack("voxel size y", "um", "voxel_size_y_um", "Pixels@PhysicalSizeY"),
            _stack("voxel size z", "um", "voxel_size_z_um", "Pixels@PhysicalSizeZ"),
            _stack("wavelength", "nm", "wavelength_nm", "Channel@EmissionWavelength"),
            _stack("numerical aperture", "", "numerical_aperture"),
            _stack("exposure time", "ms", "exposure_ms"),
            _stack("psf sigma xy", "um", "psf_sigma_x_um"),
            _stack("psf sigma z", "um", "psf_sigma_z_um"),
        ),
    ),
    DatasetTypePlan(
        CYTOMETRY,
        "Images and features of cells in a flow channel",
        (
            _hdf5("events", "", "/@experiment:event count"),
            _hdf5("pixel size", "um", "/@imaging:pixel size"),
            _hdf5("frame rate", "Hz", "/@imaging:frame rate"),
            _hdf5("channel width", "um", "/@setup:channel width"),
            _hdf5("flow rate", "uL/s", "/@setup:flow rate"),
            _hdf5("temperature", "degC", "/@setup:temperature"),
            _hdf5("medium", "", "/@setup:medium", kind="text"),
        ),
    ),
    DatasetTypePlan(
        TOMOGRAPHY_SCAN,
        "Projections over half a turn, with flat and dark fields",
        (
            _hdf5(
                "pixel size",
                "um",
                "/entry/instrument/detector/x_pixel_size",
                "/measurement/instrument/detector/pixel_size_x",
                "**/detector/x_pixel_size",
            ),
            _hdf5(
                "photon energy",
                "keV",
                "/entry/instrument/beam/incident_energy",
                "/measurement/instrument/monochromator/energy",
            ),
            _hdf5(
                "exposure time",
                "s",
                "/entry/instrument/detector/count_time",
                "/measurement/instrument/detector/exposure_time",
            ),
            ParameterSource("rotation range", "deg", ("scan:rotation range",)),
        ),
    ),
    DatasetTypePlan("light-sheet result", "What an analysis made of a light-sheet stack", raw=False),
    DatasetTypePlan("cytometry result", "What an analysis made of a cytometry measurement", raw=False),
    DatasetTypePlan("tomography result", "What an analysis made of a tomography scan", raw=False),
    DatasetTypePlan("quality report", "Statistics, histograms and pictures of a dataset", raw=False),
)


def experiments(today: date) -> tuple[ExperimentPlan, ...]:
    """The visits of the last months; the release date is three years after a visit unless said otherwise."""

    def visit(
        visit_id: str,
        title: str,
        summary: str,
        instrument: str,
        *,
        ago: int,
        days: int,
        team: dict[str, str],
        public: bool = False,
    ) -> ExperimentPlan:
        start = today - timedelta(days=ago)
        end = start + timedelta(days=days)
        release = today - timedelta(days=14) if public else end + timedelta(days=3 * 365)
        name = visit_id.rsplit("-", 1)[0]
        return ExperimentPlan(name, visit_id, title, summary, instrument, start, end, release, tuple(team.items()))

    pi, member = PRINCIPAL_INVESTIGATOR, MEMBER
    return (
        visit("LS-2290-1", "Calibration of light-sheet microscope 2",
              "Beads that show the point spread function. Free for everybody.",
              LIGHTSHEET, ago=96, days=1, team={"ravi": pi}, public=True),
        visit("LS-2431-1", "Heart development in zebrafish",
              "How the chambers of the heart take shape between two and four days.",
              LIGHTSHEET, ago=1, days=3, team={"maya": pi, "tom": member}),
        visit("LS-2388-2", "Growth and shape: spheroids and embryos",
              "What a drug does to tumour spheroids, and how embryos keep their shape.",
              LIGHTSHEET, ago=41, days=4, team={"ines": pi, "maya": member}),
        visit("DC-0118-1", "Neutrophil stiffness in sepsis",
              "Are the neutrophils of patients softer than those of healthy donors?",
              CYTOMETER, ago=23, days=2, team={"tom": pi, "maya": member}),
        visit("DC-0097-3", "Reference cells for deformability cytometry",
              "Cells and beads that every chip is tried with. Free for everybody.",
              CYTOMETER, ago=74, days=1, team={"ines": pi}, public=True),
        visit("DC-0125-1", "Vaccine trial, unblinded (confidential)",
              "Blood of volunteers with the arm of the trial they were in.",
              CYTOMETER, ago=9, days=2, team={"tom": pi, "ines": member}),
        visit("XT-0301-1", "Teeth and bones under load",
              "Where enamel, dentine and bone crack, and what stops a crack.",
              TOMOGRAPH, ago=32, days=3, team={"maya": pi}),
        visit("XT-0288-1", "Open collection: seeds and foams",
              "Scans that anyone may use for teaching.",
              TOMOGRAPH, ago=118, days=2, team={"ines": pi, "tom": member}, public=True),
    )  # fmt: skip
