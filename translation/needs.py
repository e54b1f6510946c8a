"""Modules that only some engines need: optional, and asked for by name where they are missing."""

import importlib
from types import ModuleType


def needed(module: str, extra: str) -> ModuleType:
    """The module; ImportError that says how to get it where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module.partition('.')[0]} is not installed ({error}); run: pip install 'polysieve[{extra}]'"
        ) from None
