"""Every kind of option, told apart by its `type`."""

from typing import Annotated

from pydantic import Field

from portal.jobtype.kinds.files import FileOption
from portal.jobtype.kinds.lists import NumbersOption, SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.kinds.texts import DateOption, LongTextOption
from portal.jobtype.option import BooleanOption, ChoiceOption, FloatOption, IntegerOption, TextOption

Option = Annotated[
    BooleanOption
    | ChoiceOption
    | SeveralOption
    | IntegerOption
    | FloatOption
    | RangeOption
    | NumbersOption
    | TextOption
    | LongTextOption
    | DateOption
    | FileOption,
    Field(discriminator="type"),
]
KINDS = (
    "boolean",
    "choice",
    "several",
    "integer",
    "float",
    "range",
    "numbers",
    "text",
    "long_text",
    "date",
    "file",
)
"""Their names, as they stand in `type`."""
