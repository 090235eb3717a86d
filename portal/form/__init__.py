"""Job type -> fields; what was typed -> typed options. The one validator of web, API and command line.

It knows no database: datasets come in as `InputDataset`. Raw values are strings as a browser sends them or JSON
values as the API gets them; both go through the same checks, and nothing that was typed is ever changed or lost.
"""

from portal.form.build import build_form, damage_words
from portal.form.command import as_command, as_python
from portal.form.fields import Field, Form, Group, PresetChoice, SlotField, VariantChoice
from portal.form.html import raw_of_html
from portal.form.inputs.dataset import InputDataset, Inputs, Quantity
from portal.form.inputs.slots import check_slots
from portal.form.plan import Planned, plan, typed
from portal.form.target import TargetField
from portal.form.titles import result_title

__all__ = [
    "Field",
    "Form",
    "Group",
    "InputDataset",
    "Inputs",
    "Planned",
    "PresetChoice",
    "Quantity",
    "SlotField",
    "TargetField",
    "VariantChoice",
    "as_command",
    "as_python",
    "build_form",
    "check_slots",
    "damage_words",
    "plan",
    "raw_of_html",
    "result_title",
    "typed",
]
