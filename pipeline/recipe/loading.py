"""Reading recipes: from YAML, with settings. Every fault is told with the file, the key and the cure."""

import difflib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from polysieve.language_id.hub import is_file_name
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.recipe.quality import HUB_KINDS, KINDS
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.recipe.translating import ENGINE_SECTIONS

ENGINES = [section.model_fields["engine"].annotation.__args__[0] for section in ENGINE_SECTIONS]  # type: ignore[union-attr]


def bundled() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    folder = Path(str(resources.files("polysieve.recipes")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load(recipe: str, settings: list[str] | None = None) -> Recipe:
    """The recipe at a path, or the bundled one of that name, with `key.path=value` settings applied.

    Relative paths inside a recipe are relative to its folder. Raises RecipeError.
    """
    path = Path(recipe)
    if recipe in bundled() and not path.is_file():
        path = bundled()[recipe]
    if not path.is_file():
        names = ", ".join(bundled())
        raise RecipeError(f"{recipe}: no such recipe; name a YAML file or one of: {names}")
    data = _resolve_paths(_read(path, "a recipe; see `polysieve recipe schema`"), path.parent)
    return validate(apply_settings(data, settings or []), str(path))


Model = TypeVar("Model", bound=BaseModel)


def read_model(
    path: Path,
    model: type[Model],
    what: str,
    resolve: Callable[[dict[str, Any], Path], dict[str, Any]],
    settings: list[str],
) -> Model:
    """A typed model of another kind than a recipe, read from YAML with the same messages for what is wrong.

    what: names the kind and where its keys are shown. resolve: makes relative paths absolute. Raises RecipeError.
    """
    if not path.is_file():
        raise RecipeError(f"{path}: no such file; name a YAML file with {what}")
    data = resolve(_read(path, what), path.parent)
    return _validated(resolve(apply_settings(data, settings), Path.cwd()), str(path), model)


def _read(path: Path, what: str) -> dict[str, Any]:
    """The mapping of a YAML file. Raises RecipeError."""
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        where = str(error)
        if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
            mark = error.problem_mark
            where = f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
        raise RecipeError(f"{path}: not valid YAML: {where}; correct it there") from None
    if not isinstance(data, dict):
        kind, _, rest = what.partition(";")
        raise RecipeError(f"{path}: {kind} is a mapping of keys{';' if rest else ''}{rest}")
    return data


def change(recorded: dict[str, Any], settings: list[str], source: str) -> Recipe:
    """The recipe that a run recorded, with settings applied. Raises RecipeError."""
    return validate(apply_settings(recorded, settings), source)


def validate(data: dict[str, Any], source: str) -> Recipe:
    """A Recipe of plain data; `source` names it in the error. Raises RecipeError, one line a fault."""
    return _validated(data, source, Recipe)


def _validated(data: dict[str, Any], source: str, model: type[Model]) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as errors:
        lines = dict.fromkeys(_message(source, e, model) for e in errors.errors())
        raise RecipeError("\n".join(lines)) from None


def apply_settings(data: dict[str, Any], settings: list[str]) -> dict[str, Any]:
    """`data` with each `key.path=value` set, the value read as YAML. `key.path-` takes the key out.

    Relative paths in values are relative to the working directory. Raises RecipeError.
    """
    result = _copy(data)
    for setting in settings:
        if setting.endswith("-") and "=" not in setting:
            _take_out(result, setting[:-1].split("."), setting)
            continue
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise RecipeError(
                f"--set {setting}: write key.path=value, as in rules.gopher_short_doc=30"
            )
        try:
            value = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError):
            raise RecipeError(f"--set {setting}: {text!r} is not valid YAML; quote it") from None
        node = result
        *parents, last = key.split(".")
        for name in parents:
            child = node.get(name)
            if child is None:
                child = node[name] = {}
            if not isinstance(child, dict):
                raise RecipeError(f"--set {setting}: {name} is a value, not a section")
            node = child
        node[last] = value
    return _resolve_paths(result, Path.cwd())


def _take_out(data: dict[str, Any], path: list[str], setting: str) -> None:
    *parents, last = path
    node: Any = data
    for name in parents:
        node = node.get(name) if isinstance(node, dict) else None
    if not isinstance(node, dict) or last not in node:
        raise RecipeError(f"--set {setting}: the recipe has no key {'.'.join(path)}")
    del node[last]


def _copy(data: Any) -> Any:
    if isinstance(data, list):
        return [_copy(item) for item in data]
    return {k: _copy(v) for k, v in data.items()} if isinstance(data, dict) else data


def _resolve_paths(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Relative paths in the file become absolute, so that a run does not depend on where it starts."""

    def absolute(value: Any) -> Any:
        if isinstance(value, str) and "://" not in value and not Path(value).is_absolute():
            return str((folder / value).resolve())
        return value

    data = _copy(data)
    if isinstance(data.get("parameters"), str):
        data["parameters"] = {"folder": data["parameters"]}
    if isinstance(section := data.get("parameters"), dict):
        for key in ("folder", "fineweb2"):
            if key in section:
                section[key] = absolute(section[key])
        if isinstance(lists := section.get("precision"), dict):
            for key in ("wordlists", "contamination", "url_whitelist"):
                if key in lists:
                    lists[key] = absolute(lists[key])
    if isinstance(section := data.get("language"), dict):

        def model(name: Any) -> Any:
            is_path = isinstance(name, str) and (is_file_name(name) or (folder / name).is_file())
            return absolute(name) if is_path else name

        named = section.get("model")
        if isinstance(named, dict) and isinstance(named.get("models"), dict):
            named["models"] = {model(name): weight for name, weight in named["models"].items()}
        elif named is not None:
            section["model"] = model(named)
    if isinstance(section := data.get("translate"), dict):
        if section.get("cache"):
            section["cache"] = absolute(section["cache"])
        for checks in _checks(section):
            if checks.get("calibration"):
                checks["calibration"] = absolute(checks["calibration"])
            comet = found if isinstance(found := checks.get("comet"), dict) else {}
            for one, key in ((checks, "embedding"), (comet, "model"), (comet, "encoder")):
                if isinstance(named := one.get(key), str) and (folder / named).is_dir():
                    one[key] = absolute(named)
        for hop in _hops(section):
            if "table" in hop:
                hop["table"] = absolute(hop["table"])
            if isinstance(named := hop.get("model"), str) and (folder / named).exists():
                hop["model"] = absolute(named)
    if isinstance(section := data.get("quality"), dict):
        for named in (section.get("scores"), section.get("attributes")):
            for one in named.values() if isinstance(named, dict) else ():
                for kind in KINDS if isinstance(one, dict) else ():
                    if kind in one and _is_path(one[kind], kind, folder):
                        one[kind] = absolute(one[kind])
        vectors = section.get("embeddings")
        if isinstance(vectors, dict) and isinstance(named := vectors.get("encoder"), str):
            is_path = named.startswith(".") or (folder / named).is_dir()
            vectors["encoder"] = absolute(named) if is_path else named
        benchmarks = section.get("decontaminate")
        if isinstance(benchmarks, dict) and isinstance(benchmarks.get("benchmarks"), dict):
            named = benchmarks["benchmarks"]
            benchmarks["benchmarks"] = {name: absolute(path) for name, path in named.items()}
    if isinstance(section := data.get("output"), dict) and section.get("tokenizer"):
        section["tokenizer"] = absolute(section["tokenizer"])
    if isinstance(section := data.get("url_filter"), dict):
        if section.get("ut1"):
            section["ut1"] = absolute(section["ut1"])
        for key in ("domains", "urls", "words", "soft_words", "subwords"):
            if isinstance(section.get(key), list):
                section[key] = [absolute(v) for v in section[key]]
    return data


def _is_path(given: Any, kind: str, folder: Path) -> bool:
    """Whether what stands for a model is a path: of some kinds it may be a repository of the hub, `owner/name`."""
    if kind not in HUB_KINDS or not isinstance(given, str):
        return True
    return "{label}" in given or given.startswith(".") or (folder / given).exists()


def _checks(section: dict[str, Any]) -> list[dict[str, Any]]:
    """The checks of a section `translate`, as far as it has the form."""
    targets = section.get("targets")
    own = (
        [t.get("checks") for t in targets.values() if isinstance(t, dict)]
        if isinstance(targets, dict)
        else []
    )
    return [checks for checks in own if isinstance(checks, dict)]


def _hops(section: dict[str, Any]) -> list[dict[str, Any]]:
    """The engines of a section `translate`, as far as it has the form."""
    targets = section.get("targets")
    users = (
        [t for t in targets.values() if isinstance(t, dict)] if isinstance(targets, dict) else []
    )
    trips = [checks.get("round_trip") for checks in _checks(section)]
    users += [trip for trip in trips if isinstance(trip, dict)]
    found = []
    for user in users:
        named = user.get("engine")
        listed = named if isinstance(named, list) else [named]
        found += [hop for hop in listed if isinstance(hop, dict)]
    return found


def _message(source: str, error: Any, root: type[BaseModel]) -> str:
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
        if path[4:] == ["str"]:
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
