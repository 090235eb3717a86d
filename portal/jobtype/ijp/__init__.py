"""Job types of the ICAT Job Portal (IJP): its XML in our words, with all that is not carried over named."""

from portal.jobtype.ijp.convert import Converted, convert
from portal.jobtype.ijp.read import IjpError, read_ijp

__all__ = ["Converted", "IjpError", "convert", "read_ijp"]
