"""The thirty-one datasets of the demo facility: names, samples, recipes and seeds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from portal.demo.generate.cytometry import CytometryRecipe, Population
from portal.demo.generate.lightsheet import Optics, StackRecipe
from portal.demo.generate.plan import CYTOMETRY, LIGHTSHEET_STACK, TOMOGRAPHY_SCAN, DatasetPlan, Recipe
from portal.demo.generate.tomography import ScanRecipe

# -- light-sheet ------------------------------------------------------------------------------------------------

FIVE = Optics((1.5, 0.65, 0.65), 0.16, 509.0, 4.5, 20.0, aberration=1.3)
BEAD_OPTICS = Optics((0.4, 0.15, 0.15), 0.5, 515.0, 1.6, 50.0)
SPHEROID_OPTICS = Optics((2.2, 0.75, 0.75), 0.16, 461.0, 5.0, 30.0, aberration=1.5)
EMBRYO_OPTICS = Optics((3.0, 1.3, 1.3), 0.16, 600.0, 7.0, 20.0, aberration=2.0)

BEADS = StackRecipe("beads", (32, 96, 96), BEAD_OPTICS)
HEART = StackRecipe("heart membranes", (64, 192, 192), FIVE)
HEART_RED = StackRecipe("heart nuclei", (64, 192, 192), replace(FIVE, wavelength_nm=610.0), peak=450.0)
VESSELS = StackRecipe("vessels", (48, 128, 192), FIVE, peak=500.0)
SPHEROID = StackRecipe("spheroid", (48, 160, 160), SPHEROID_OPTICS, peak=350.0, file_format="ome-tiff")
EMBRYO = StackRecipe("embryo blastoderm", (56, 144, 224), EMBRYO_OPTICS, peak=420.0)

# -- cytometry --------------------------------------------------------------------------------------------------

NEUTROPHIL = Population(1.0, 58.0, 0.12, 0.035, 0.40, texture=9.0)
ACTIVATED = Population(1.0, 66.0, 0.17, 0.055, 0.50, texture=10.0)
ERYTHROCYTE = Population(
    0.75, 42.0, 0.12, 0.24, 0.20, asymmetry=0.22, depth=38.0, rim=10.0, halo=18.0, texture=2.0
)
LEUKOCYTE = replace(NEUTROPHIL, share=0.25)
HL60 = Population(1.0, 125.0, 0.13, 0.075, 0.30)
HL60_SOFT = Population(1.0, 131.0, 0.13, 0.120, 0.28)
BEAD = Population(1.0, 143.0, 0.03, 0.002, 0.10, asymmetry=0.0, depth=30.0, rim=30.0, halo=35.0, texture=1.0)

DONOR = CytometryRecipe((NEUTROPHIL,), 320)
BLOOD = CytometryRecipe((ERYTHROCYTE, LEUKOCYTE), 400, flow_rate_ul_s=0.06, two_in_frame=0.15)
CULTURE = CytometryRecipe((HL60,), 300)

# -- tomography -------------------------------------------------------------------------------------------------

MOLAR = ScanRecipe("molar", 72, 232, 42.0, 3.6)
BONE = ScanRecipe("bone", 72, 232, 23.0, 1.75, energy_kev=25.0)
SEED = ScanRecipe("seed", 72, 224, 27.0, -4.3, energy_kev=15.0)
FOAM = ScanRecipe("foam", 72, 232, 26.0, -2.4, invalid=1)

_LS, _DC, _XT = LIGHTSHEET_STACK, CYTOMETRY, TOMOGRAPHY_SCAN

# experiment, name, folder, type, sample, description, recipe, condition
_ROWS: tuple[tuple[str, str, str, str, str, str, Recipe, str], ...] = (
    ("LS-2290-1", "Fluorescent beads, 200 nm", "beads-200nm", _LS, "TetraSpeck, 200 nm, in agarose",
     "Well separated beads at known places, for the point spread function", BEADS, "whole"),
    ("LS-2290-1", "Fluorescent beads, 500 nm", "beads-500nm", _LS, "FluoSpheres, 500 nm, in agarose",
     "Larger, brighter beads", replace(BEADS, bead_um=0.5, peak=1400.0, beads=30), "whole"),
    ("LS-2290-1", "Fluorescent beads, 200 nm, low light", "beads-200nm-low", _LS,
     "TetraSpeck, 200 nm, in agarose", "The same beads with a tenth of the exposure",
     replace(BEADS, peak=60.0, background=4.0, optics=replace(BEAD_OPTICS, exposure_ms=5.0)), "whole"),
    ("LS-2431-1", "Zebrafish heart, GFP", "heart-gfp-48h", _LS, "Zebrafish myl7:mem-GFP, 48 h, fish 3",
     "Membranes of the heart muscle, heart stopped", HEART, "whole"),
    ("LS-2431-1", "Zebrafish heart, mCherry", "heart-mcherry-48h", _LS,
     "Zebrafish myl7:nls-mCherry, 48 h, fish 3",
     "Nuclei of the heart muscle, same fish", HEART_RED, "whole"),
    ("LS-2431-1", "Zebrafish heart, GFP, 72 h", "heart-gfp-72h", _LS, "Zebrafish myl7:mem-GFP, 72 h, fish 5",
     "Membranes of the heart muscle, a day later", replace(HEART, shape=(56, 176, 176)), "whole"),
    ("LS-2431-1", "Zebrafish trunk, kdrl:GFP", "trunk-vessels", _LS, "Zebrafish kdrl:GFP, 48 h, fish 4",
     "Blood vessels of the trunk", VESSELS, "whole"),
    ("LS-2431-1", "Zebrafish trunk, transfer broken off", "trunk-vessels-2", _LS,
     "Zebrafish kdrl:GFP, 48 h, fish 6",
     "The copy from the microscope ended early; the file is damaged", VESSELS, "truncated"),
    ("LS-2431-1", "Zebrafish heart, time lapse", "heart-time-lapse", _LS,
     "Zebrafish myl7:nls-mCherry, 50 h, fish 7",
     "A volume every ten minutes over night; the microscope is still writing",
     replace(HEART_RED, shape=(32, 96, 96), optics=replace(FIVE, voxel_um=(3.0, 1.3, 1.3))), "writing"),
    ("LS-2388-2", "Spheroid, untreated, DAPI", "spheroid-untreated", _LS, "HCT116 spheroid, day 6, well B3",
     "Control, cleared, nuclei", SPHEROID, "whole"),
    ("LS-2388-2", "Spheroid, cisplatin 10 µM, DAPI", "spheroid-cisplatin-10", _LS,
     "HCT116 spheroid, day 6, well C3",
     "Two days with the drug", replace(SPHEROID, structure="spheroid treated"), "whole"),
    ("LS-2388-2", "Spheroid, cisplatin 3 µM, DAPI", "spheroid-cisplatin-3", _LS,
     "HCT116 spheroid, day 6, well D3",
     "Two days with less of the drug", replace(SPHEROID, structure="spheroid treated", peak=420.0), "whole"),
    ("LS-2388-2", "Drosophila embryo, His-RFP, stage 5", "embryo-stage-5", _LS, "Drosophila His2Av-RFP, embryo 11",
     "Front half, nuclei under the surface", EMBRYO, "whole"),
    ("LS-2388-2", "Drosophila embryo, en-GFP", "embryo-engrailed", _LS, "Drosophila en-GFP, embryo 14",
     "Stripes of engrailed", replace(EMBRYO, structure="embryo stripes",
                                     optics=replace(EMBRYO_OPTICS, wavelength_nm=509.0)), "whole"),
    ("DC-0118-1", "Neutrophils, healthy donor 1", "neutrophils-donor-1", _DC, "Neutrophils, donor 1", "Control",
     DONOR, "whole"),
    ("DC-0118-1", "Neutrophils, healthy donor 2", "neutrophils-donor-2", _DC, "Neutrophils, donor 2", "Control",
     DONOR, "whole"),
    ("DC-0118-1", "Neutrophils, healthy donor 3", "neutrophils-donor-3", _DC, "Neutrophils, donor 3", "Control",
     DONOR, "whole"),
    ("DC-0118-1", "Neutrophils, patient 7, day 1", "neutrophils-patient-7", _DC, "Neutrophils, patient 7",
     "First day in intensive care", replace(DONOR, populations=(ACTIVATED,)), "whole"),
    ("DC-0118-1", "Whole blood, patient 7, day 1", "blood-patient-7", _DC, "Whole blood 1:20, patient 7",
     "Red and white cells together", BLOOD, "whole"),
    ("DC-0097-3", "HL60, control", "hl60-control", _DC, "HL60/S4, passage 12", "Untreated reference cells",
     CULTURE, "whole"),
    ("DC-0097-3", "HL60, latrunculin B", "hl60-latrunculin", _DC, "HL60/S4, passage 12, 250 nM latrunculin B",
     "Actin removed: softer cells", replace(CULTURE, populations=(HL60_SOFT,)), "whole"),
    ("DC-0097-3", "Calibration beads, 13.5 µm", "beads-13um", _DC, "Polystyrene beads, 13.5 µm",
     "Round and stiff: deformation should be zero", replace(CULTURE, populations=(BEAD,)), "whole"),
    ("DC-0125-1", "Whole blood, volunteer 12, vaccine arm", "volunteer-12", _DC, "Whole blood 1:20, volunteer 12",
     "Unblinded", replace(BLOOD, events=300), "whole"),
    ("DC-0125-1", "Whole blood, volunteer 13, placebo arm", "volunteer-13", _DC, "Whole blood 1:20, volunteer 13",
     "Unblinded", replace(BLOOD, events=300), "whole"),
    ("XT-0301-1", "Molar, 181 projections", "molar-181", _XT, "Human molar 36, with filling",
     "Before the load", MOLAR, "whole"),
    ("XT-0301-1", "Molar, cracked, 181 projections", "molar-cracked", _XT, "Human molar 46",
     "After 800 N: cracks from the enamel inwards", replace(MOLAR, specimen="cracked molar"), "whole"),
    ("XT-0301-1", "Molar, quick scan, 61 projections", "molar-quick", _XT, "Human molar 36, with filling",
     "To find the region of interest", replace(MOLAR, angles=61, axis_offset=-1.5), "whole"),
    ("XT-0301-1", "Rat femur, distal", "rat-femur", _XT, "Rat femur R4", "Cortical shell and trabeculae",
     BONE, "whole"),
    ("XT-0288-1", "Poppy seed", "poppy-seed", _XT, "Papaver rhoeas", "Coat, cotyledons and axis", SEED, "whole"),
    ("XT-0288-1", "Flax seed, Data Exchange", "flax-seed", _XT, "Linum usitatissimum",
     "The same kind of scan in Data Exchange format",
     replace(SEED, file_format="Data Exchange", axis_offset=2.5), "whole"),
    ("XT-0288-1", "Aluminium foam", "aluminium-foam", _XT, "AlSi7, 62 % porosity",
     "One projection was lost when the shutter closed", FOAM, "whole"),
)  # fmt: skip


def datasets(visit_start: Mapping[str, datetime]) -> tuple[DatasetPlan, ...]:
    """The datasets in the order they were taken, 47 minutes apart in each visit; seeds count from 1001."""
    taken: dict[str, int] = {}
    plans = []
    for seed, (experiment, name, folder, kind, sample, about, recipe, condition) in enumerate(_ROWS, 1001):
        number = taken.setdefault(experiment, 0)
        taken[experiment] += 1
        start = visit_start[experiment] + timedelta(minutes=47 * number)
        plans.append(DatasetPlan(name, folder, experiment, kind, sample, about, seed, start, recipe, condition))
    return tuple(plans)
