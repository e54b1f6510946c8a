"""What is told of a fault in a recipe: the file, the key and the cure."""

import difflib
from typing import Any

from pydantic import BaseModel

from polysieve.pipeline.recipe.translating import ENGINE_SECTIONS

ENGINES = [section.model_fields["engine"].annotation.__args__[0] for section in ENGINE_SECTIONS]  # type: ignore[union-attr]


def message(source: str, error: Any, root: type[BaseModel]) -> str:
    """A line for one of pydantic's errors. source: what is at fault, a file say; root: the model that was validated."""
    path = [
        str(part)
        for part in error["loc"]
        if not str(part).startswith(("function-", "constrained-"))
    ]
    # What follows a rule's name in pydantic's place names the kinds of value that it tried.
    if path[:1] == ["rules"] and len(path) > 2:
        if path[2] == "threshold":
            return f"{source}: {'.'.join(path[:2])}: a threshold is a number, or a map from label to number"
        path.remove("block")
    if path[:2] == ["language", "model"]:
        path = [part for part in path if part not in ("name", "ensemble")]
    if path[:2] == ["language", "cut"]:
        return f"{source}: language.cut: write parameters, or a score from 0 to 1"
    if path[:1] == ["translate"] and path[3:4] == ["engine"]:
        path = path[:5] + [part for part in path[5:6] if part not in ENGINES] + path[6:]
    if path[:2] == ["quality", "scores"] and path[3:4] == ["keep"]:
        return f"{source}: {'.'.join(path[:4])}: write a share from 0 to 1, or a map from label to share"
    if path[:2] == ["quality", "scores"] and path[3:4] == ["ngrams"]:
        if not path[4:]:
            return f"{source}: {'.'.join(path[:4])}: write a model's path, or {{train: survivors}}"
        path = [part for part in path if part != "TrainedNgrams"]
    key = ".".join(path)
    if error["type"] == "extra_forbidden":
        known = _keys_at([str(part) for part in error["loc"][:-1]], root)
        close = difflib.get_close_matches(path[-1], known, n=1)
        hint = f"; did you mean {close[0]}?" if close else f"; keys here: {', '.join(known)}"
        return f"{source}: unknown key {key}{hint}"
    if error["type"] == "value_error":
        return ": ".join(part for part in (source, key, str(error["ctx"]["error"])) if part)
    if error["type"] == "union_tag_invalid":
        return (
            f"{source}: {key}: unknown engine {error['ctx']['tag']!r}; known: {', '.join(ENGINES)}"
        )
    if error["type"] == "union_tag_not_found":
        return f"{source}: {key}: name the engine, as in engine: {ENGINES[0]}"
    if error["type"] == "missing":
        return f"{source}: {key}: is missing; give it a value"
    if error["input"] is None:
        return f"{source}: {key}: nothing is given; leave the key out, or give it a value"
    return f"{source}: {key}: {error['msg'].lower()}, not {error['input']!r}"


def _keys_at(path: list[str], root: type[BaseModel]) -> list[str]:
    """The keys of the sections that may stand at a place."""
    models: list[type[BaseModel]] = [root]
    for name in path:
        annotations = [m.model_fields[name].annotation for m in models if name in m.model_fields]
        if annotations:  # else a number, a key of a map, or the name of one of several kinds
            models = [model for annotation in annotations for model in _sections(annotation)]
        else:
            models = [m for m in models if name in _kinds(m)] or models
    return list(dict.fromkeys(key for model in models for key in model.model_fields))


def _sections(annotation: Any) -> list[type[BaseModel]]:
    """The sections that an annotation holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = [*getattr(annotation, "__args__", ()), getattr(annotation, "__origin__", None)]
    return [model for part in inner if part is not None for model in _sections(part)]


def _kinds(model: type[BaseModel]) -> tuple[str, ...]:
    """The names of an engine's section."""
    field = model.model_fields.get("engine")
    return getattr(field and field.annotation, "__args__", ())
