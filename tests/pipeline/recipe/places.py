"""Every place of a recipe at which a value may stand, by the types of its sections."""

from collections.abc import Iterator

from polysieve.pipeline.recipe.owners import Kind, fields_of
from polysieve.pipeline.recipe.section import Section


def places(section: type[Section], owner: str | None = None) -> Iterator[tuple[str, Kind]]:
    """The dotted keys, with `*` for names and numbers, of what a section and all that it holds allow.

    owner: the step that what holds the section affects.
    """
    for name, kinds in fields_of(section, owner):
        yield from _of_field(name, kinds)


def _of_field(place: str, kinds: list[Kind]) -> Iterator[tuple[str, Kind]]:
    for kind in kinds:
        if kind.section:
            yield from ((f"{place}.{key}", own) for key, own in places(kind.section, kind.owner))
        elif kind.is_walked:
            yield from _of_field(f"{place}.*", kind.items)
        elif not kind.is_none:
            yield place, kind
