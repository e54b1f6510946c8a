"""Settings of the command line, `key.path=value`, that change a recipe before it is validated."""

from typing import Any

import yaml

from polysieve.pipeline.recipe.paths import of_setting
from polysieve.pipeline.recipe.section import RecipeError


def apply_settings(data: dict[str, Any], settings: list[str]) -> dict[str, Any]:
    """A copy of `data` with each `key.path=value` set, the value read as YAML. `key.path-` takes the key out.

    Strings of values are SettingText, by which paths among them are known to be relative to the working directory.
    Raises RecipeError.
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
        node[last] = of_setting(value)
    return result


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
