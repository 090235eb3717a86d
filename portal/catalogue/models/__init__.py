"""ICAT's entities as SQLAlchemy models.

Class and attribute names are ICAT's (attributes in snake_case: `visitId` is `visit_id`), unique keys and
cascades too. Tables carry the prefix `icat_`, so that ICAT's User and Job are never mistaken for ours.
"""

from portal.catalogue.models.arrays import DatasetArray
from portal.catalogue.models.data import (
    Datafile,
    DatafileFormat,
    Dataset,
    DatasetParameter,
    DatasetPicture,
    DatasetType,
    FolderManifest,
    ParameterCorrection,
    ParameterType,
    ParameterValueType,
    Sample,
    SampleType,
)
from portal.catalogue.models.experiment import (
    Facility,
    Grouping,
    Instrument,
    InstrumentScientist,
    Investigation,
    InvestigationGroup,
    InvestigationInstrument,
    InvestigationType,
    InvestigationUser,
    User,
    UserGroup,
)
from portal.catalogue.models.provenance import (
    Application,
    DataCollection,
    DataCollectionDatafile,
    DataCollectionDataset,
    Job,
)
from portal.catalogue.models.trials import TrialPicture

__all__ = [
    "Application",
    "DataCollection",
    "DataCollectionDatafile",
    "DataCollectionDataset",
    "Datafile",
    "DatafileFormat",
    "Dataset",
    "DatasetArray",
    "DatasetParameter",
    "DatasetPicture",
    "DatasetType",
    "Facility",
    "FolderManifest",
    "Grouping",
    "Instrument",
    "InstrumentScientist",
    "Investigation",
    "InvestigationGroup",
    "InvestigationInstrument",
    "InvestigationType",
    "InvestigationUser",
    "Job",
    "ParameterCorrection",
    "ParameterType",
    "ParameterValueType",
    "Sample",
    "SampleType",
    "TrialPicture",
    "User",
    "UserGroup",
]
