"""The installed datatrove's MinHash module, ready to be compared with."""

import importlib.util
from pathlib import Path
from typing import Any

import datatrove
import xxhash


class _WhiteSpace:
    """Stands in for datatrove's tokenisers, which are large packages of their own."""

    def word_tokenize(self, text: str) -> list[str]:
        return text.split()


def datatrove_minhash(*, white_space: bool = True) -> Any:
    """datatrove.pipeline.dedup.minhash, read from its file: its package imports tokenisers at once.

    white_space: words are cut at white space; else by datatrove's own tokenisers, which must be
    installed.
    """
    path = Path(datatrove.__file__).parent / "pipeline" / "dedup" / "minhash.py"
    spec = importlib.util.spec_from_file_location("datatrove_minhash", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if white_space:
        module.load_word_tokenizer = lambda language: _WhiteSpace()
    # xxhash 4 takes bytes only; what xxhash 3 does with text is to encode it.
    module.create_hash_func = lambda config: lambda text: xxhash.xxh64_intdigest(text.encode())
    return module
