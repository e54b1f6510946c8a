"""Modules that only some of the work needs: optional, and asked for by name where they are missing."""

import importlib
from typing import Any


def needed(module: str, extra: str, error: type[Exception] = ImportError) -> Any:
    """The module; `error`, with the command that installs it, where it cannot be imported."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        name = (missing.name or module).partition(".")[0]
        raise error(f"{name} is not installed; run: pip install 'polysieve[{extra}]'") from None
    except ImportError as broken:
        raise error(
            f"{module} cannot be imported ({broken}); run: pip install 'polysieve[{extra}]'"
        ) from None
