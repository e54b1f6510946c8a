"""Builds `language_id/assets/characters.npz` (the script and the lower case of every character, the one-form
Han characters) and `language_id/assets/scripts.tsv` (ISO 15924 code and Unicode name of every script).

    python -m tools.build_scripts OPENCC_DICTIONARY_FOLDER        (needs fontTools and NumPy)

Script property: Unicode Character Database, Scripts.txt, through fontTools' copy of it. Lower case:
the simple mappings of the `unicodedata` that runs this. Han: a character counts for Hans (or Hant)
if OpenCC's character tables only ever have it on the simplified (or only on the traditional) side;
what is used is the fact, not the tables' text.

Arrays: `starts` int32[r] and `scripts` uint8[r] (ranges of one script, index into `names`), `names`
S4[s] (ISO 15924, the first three are Zzzz, Zyyy, Zinh), `upper` and `lower` int32[m], `hans` and
`hant` int32[k].
"""

import sys
import unicodedata
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[1] / "language_id" / "assets" / "characters.npz"
NAMES = Path(__file__).parents[1] / "language_id" / "assets" / "scripts.tsv"
SPECIAL = ["Zzzz", "Zyyy", "Zinh"]


def script_ranges() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First code points of the ranges, script index of each, the scripts' ISO 15924 codes."""
    from fontTools import unicodedata as ucd

    codes = ucd.Scripts.VALUES
    names = SPECIAL + sorted(set(codes) - set(SPECIAL))
    index = {name: i for i, name in enumerate(names)}
    scripts = np.array([index[code] for code in codes], dtype=np.uint8)
    return np.array(ucd.Scripts.RANGES, dtype=np.int32), scripts, np.array(names, dtype="S4")


def script_names() -> list[tuple[str, str]]:
    """ISO 15924 code and Unicode name of every script."""
    from fontTools import unicodedata as ucd

    return sorted((code, name.replace("_", " ")) for code, name in ucd.Scripts.NAMES.items())


def lower_case() -> tuple[np.ndarray, np.ndarray]:
    """Characters that have a lower case of one character, and that lower case."""
    pairs = []
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        low = chr(code).lower()
        if len(low) == 1 and ord(low) != code:
            pairs.append((code, ord(low)))
    table = np.array(pairs, dtype=np.int32)
    return table[:, 0].copy(), table[:, 1].copy()


def one_form_han(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Characters that occur only in simplified and only in traditional writing."""

    def read(name: str) -> dict[str, list[str]]:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        return {line.split("\t")[0]: line.split("\t")[1].split() for line in lines if "\t" in line}

    simple, traditional = read("STCharacters.txt"), read("TSCharacters.txt")
    simple_side = set(simple) | {c for forms in traditional.values() for c in forms}
    traditional_side = set(traditional) | {c for forms in simple.values() for c in forms}
    hans = [ord(c) for c in simple_side - traditional_side if len(c) == 1]
    hant = [ord(c) for c in traditional_side - simple_side if len(c) == 1]
    return np.array(sorted(hans), dtype=np.int32), np.array(sorted(hant), dtype=np.int32)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    starts, scripts, names = script_ranges()
    upper, lower = lower_case()
    hans, hant = one_form_han(Path(sys.argv[1]))
    NAMES.write_text(
        "".join(f"{code}\t{name}\n" for code, name in script_names()), encoding="utf-8"
    )
    np.savez_compressed(
        TARGET,
        starts=starts,
        scripts=scripts,
        names=names,
        upper=upper,
        lower=lower,
        hans=hans,
        hant=hant,
    )
    print(
        f"{len(starts)} ranges, {len(names)} scripts, {len(upper)} capitals, {len(hans)} + {len(hant)} Han;",
        f"lower case of Unicode {unicodedata.unidata_version}",
    )
