"""Which step each value of a recipe affects, by what its fields declare (`Affects` in section.py)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic_core import to_jsonable_python

from polysieve.pipeline.recipe.paths import Located
from polysieve.pipeline.recipe.section import Affects, Section


@dataclass(frozen=True)
class Kind:
    """One of the types that a place of a recipe allows."""

    type: Any
    owner: str | None
    """The step that its value affects; None where nothing says so."""
    ordered: bool = False
    """Whether the order of a dict's names is a value."""
    is_path: bool = False

    @property
    def section(self) -> type[Section] | None:
        return self.type if isinstance(self.type, type) and issubclass(self.type, Section) else None

    @property
    def is_none(self) -> bool:
        return self.type is type(None)

    @property
    def items(self) -> list["Kind"]:
        """What a list holds, or a dict as its values."""
        return [kind for one in self._arguments[-1:] for kind in kinds_of(one, self.owner)]

    @property
    def has_paths_for_names(self) -> bool:
        """Whether it is a dict whose names are paths."""
        names = self._arguments[:1] if get_origin(self.type) is dict else ()
        return any(kind.is_path for one in names for kind in kinds_of(one, self.owner))

    @property
    def _arguments(self) -> tuple[Any, ...]:
        return get_args(self.type) if get_origin(self.type) in (list, tuple, dict) else ()

    @property
    def is_walked(self) -> bool:
        """Whether its parts are values of their own: a section's, and those of what holds sections."""
        return bool(self.section or self.ordered or any(kind.is_walked for kind in self.items))


def fields_of(section: type[Section], owner: str | None) -> Iterator[tuple[str, list[Kind]]]:
    """The name of each field of a section and what it allows. owner: the step that what holds the section affects."""
    for name, field in section.model_fields.items():
        yield name, _marked(field.annotation, field.metadata, section.affected or owner)


def kinds_of(annotation: Any, owner: str | None) -> list[Kind]:
    """What an annotation allows, each alternative of a union for itself."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return _marked(inner, marks, owner)
    if get_origin(annotation) in (Union, UnionType):
        return [kind for one in get_args(annotation) for kind in kinds_of(one, owner)]
    return [Kind(annotation, owner)]


def _marked(annotation: Any, marks: Sequence[Any], owner: str | None) -> list[Kind]:
    """`kinds_of` an annotation beside which these marks stand."""
    kinds = kinds_of(annotation, next((m.step for m in marks if isinstance(m, Affects)), owner))
    if any(isinstance(mark, Affects) and mark.ordered for mark in marks):
        kinds = [replace(kind, ordered=True) for kind in kinds]
    if any(isinstance(mark, Located) for mark in marks):
        kinds = [replace(kind, is_path=True) for kind in kinds]
    return kinds


def keys_of(recipe: Section, step: str, paths: bool = False) -> dict[str, Any]:
    """The values of a recipe that affect this step first of all: dotted key -> value that JSON can hold.

    Given values and defaults are alike. Parts of an absent section are left out. Of a dict whose order counts, the
    names are the value of its own key. paths: what stands for a path, or a model's name; without, such a value is only
    `true`, since results depend on the file's content. Raises TypeError for a field that affects no step.
    """
    return {
        key: to_jsonable_python(value if paths else _without_paths(value, kind))
        for key, kind, value in _of_section(recipe, "", None)
        if kind.owner == step
    }


def _without_paths(value: Any, kind: Kind) -> Any:
    if kind.is_path and isinstance(value, str):
        return True
    if isinstance(value, list) and kind.items:
        return [_without_paths(item, _kind_of(item, kind.items)) for item in value]
    if isinstance(value, dict) and kind.items:
        own = {name: _without_paths(one, _kind_of(one, kind.items)) for name, one in value.items()}
        return list(own.values()) if kind.has_paths_for_names else own
    return value


Values = Iterator[tuple[str, Kind, Any]]
"""Key, kind with an owner, value."""


def _of_section(section: Section, before: str, owner: str | None) -> Values:
    for name, kinds in fields_of(type(section), owner):
        yield from _values(getattr(section, name), f"{before}{name}", kinds)


def _values(value: Any, key: str, kinds: list[Kind]) -> Values:
    kind = _kind_of(value, kinds)
    if isinstance(value, Section):
        yield from _of_section(value, f"{key}.", kind.owner)
    elif isinstance(value, dict) and kind.is_walked:
        yield from _of_dict(value, key, kind)
    elif isinstance(value, list) and kind.is_walked:
        for number, item in enumerate(value):
            yield from _values(item, f"{key}.{number}", kind.items)
    elif value is not None or any(not other.section for other in kinds if not other.is_none):
        if kind.owner is None:
            raise TypeError(f"{key}: its field must say which step it affects")
        yield key, kind, value


def _of_dict(values: dict[str, Any], key: str, kind: Kind) -> Values:
    """The parts of a dict; where order counts, the names that stand for parts with the same owner are its value."""
    if kind.ordered:
        owners = {name: _kind_of(value, kind.items).owner for name, value in values.items()}
        for owner in dict.fromkeys([kind.owner, *owners.values()]):
            yield key, Kind(list, owner), [name for name, one in owners.items() if one == owner]
    for name, value in values.items():
        yield from _values(value, f"{key}.{name}", kind.items)


def _kind_of(value: Any, kinds: list[Kind]) -> Kind:
    """Which of the kinds a value is of."""
    if isinstance(value, Section):
        return next(kind for kind in kinds if kind.section and isinstance(value, kind.section))
    plain = [kind for kind in kinds if not kind.section]
    same = [kind for kind in plain if get_origin(kind.type) is type(value)]
    return (same or plain)[0]
