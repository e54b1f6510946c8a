"""polysieve turns web-crawl snapshots into clean training corpora in every language.

The folders `pipeline`, `filters`, `language_id`, `dedup`, `translation`, `audit` and `recipes` of the repository are
its subpackages once it is installed. `polysieve.run` makes a corpus from Python (pipeline/run/from_python.py).
"""

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """`run`, loaded when it is first asked for. An import statement would make all of the pipeline a part of each
    module's closure (closure.py), since all of them lie in this package."""
    if name == "run":
        return import_module(f"{__name__}.pipeline.run.from_python").run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
