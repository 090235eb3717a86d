"""What the portal and the programs that it runs agree on: units as files write them, and limits of a result.

Nothing is guessed: what is not known here has no unit, and it is the caller's to say so.
"""

from gantry_formats.quantities import stated_unit, value_for_all
from gantry_formats.text import decoded, plain_number, plain_quantity, plain_text
from gantry_formats.units import Dimension, Unit, factor_between, unit_of

__all__ = [
    "Dimension",
    "Unit",
    "decoded",
    "factor_between",
    "plain_number",
    "plain_quantity",
    "plain_text",
    "stated_unit",
    "unit_of",
    "value_for_all",
]
