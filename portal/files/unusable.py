"""Why a file is known to be of no use as it is; what could not be looked into to its end is not known to be."""

from enum import StrEnum


class Unusable(StrEnum):
    """As the catalogue keeps it."""

    DAMAGED = "damaged"
    OTHER_KIND = "other kind"
