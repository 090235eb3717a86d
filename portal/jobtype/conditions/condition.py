"""A condition in a job type: what somebody wrote, and the tree that is published with it."""

from typing import Annotated, Any

from pydantic import (
    Field,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)

from gantry_formats.conditions import ConditionError, check_tree, names_in
from portal.jobtype.conditions.parse import LONGEST
from portal.jobtype.strict import WRITTEN_NOW, Line, Strict


class WrittenCondition(Strict):
    """The text, and the tree that it was read into: a file has the text alone, what is published has both."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    tree: dict[str, Any] | None = None
    _read: dict[str, Any] | None = PrivateAttr(None)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any, info: ValidationInfo) -> Any:
        if isinstance(given, str):
            return {"text": given}
        if info.context is WRITTEN_NOW:  # else the text that people read could say something else than the tree
            raise ValueError("a condition is written as a text")
        return given

    @field_validator("tree")
    @classmethod
    def _is_tree(cls, tree: dict[str, Any] | None) -> dict[str, Any] | None:
        if tree is not None:
            try:
                check_tree(tree)
            except ConditionError as error:
                raise ValueError(str(error)) from None
        return tree

    def understood(self, tree: dict[str, Any]) -> None:
        """Keeps what the text was read into, where it came without a tree."""
        self._read = tree

    @property
    def means(self) -> dict[str, Any]:
        """The tree. There is one as soon as the job type has been checked."""
        tree = self.tree or self._read
        assert tree is not None, self.text
        return tree

    def names(self, op: str) -> tuple[str, ...]:
        """Names of the options, parameters or facts that it asks for."""
        return tuple(str(node["name"]) for node in names_in(self.means) if node["op"] == op)

    @model_serializer
    def _both(self) -> dict[str, Any]:
        return {"text": self.text, "tree": self.tree or self._read}


Condition = Annotated[
    WrittenCondition,
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST}),
]
"""In a file a text: "wavelength > 500 nm && !tiled"."""


class Need(Strict):
    """What must hold of the datasets: else the whole analysis does not fit them."""

    when: Condition
    """What must hold, of the datasets' parameters and files: angles > 1."""
    because: Line | None = Field(
        None, description='Why it does not fit, where it does not hold: "needs more than one angle".'
    )
