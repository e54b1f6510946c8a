"""What every section of a recipe is made of: the base class, and sizes, shares and thresholds."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

UNITS = {
    "": 1,
    "B": 1,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
}


class RecipeError(ValueError):
    """A recipe that cannot be used; the message names the file, the key and the cure."""


def _parse_size(value: Any) -> Any:
    """Bytes of `67108864`, `"64 MiB"` or `"64MiB"`."""
    if not isinstance(value, str):
        return value
    number = value.rstrip("BKMGTibk ")
    unit = value[len(number) :].strip()
    if unit not in UNITS:
        raise ValueError(
            f"a size is a number of bytes or a number with one of {', '.join(UNITS)[2:]}"
        )
    try:
        return int(float(number) * UNITS[unit])
    except (ValueError, OverflowError):
        raise ValueError("a size is a number of bytes, as in 67108864 or 64MiB") from None


Size = Annotated[int, BeforeValidator(_parse_size), Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
# Strict, or YAML's `off` would be the number 0, the strictest threshold of many rules.
Threshold = Annotated[float, Field(strict=True, allow_inf_nan=False)]


@dataclass(frozen=True)
class Affects:
    """Beside a field's type: the first step whose result changes with the value; later steps depend on that result.

    A field without it affects the step of its section, `class Clean(Section, step="translate")`, or, where the section
    names none, what the field affects that holds the section.
    """

    step: str
    ordered: bool = False
    """Of a dict: the order of its names is a value, too."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)

    affected: ClassVar[str | None] = None
    """The step that the fields affect which name none of their own."""

    def __init_subclass__(cls, step: str | None = None, **config: Any) -> None:
        super().__init_subclass__(**config)
        if step is not None:
            cls.affected = step


class Block(Section):
    """A datatrove filter or formatter, or one of the user's own, by the import path of its class."""

    datatrove: str
    """The import path, `datatrove.pipeline.filters.C4QualityFilter` say."""
    arguments: dict[str, JsonValue] = {}
    """Its arguments by name."""
