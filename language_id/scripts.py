"""The script a text is written in, from the Unicode script property of its characters.

Scripts are ISO 15924 codes in the form that labels have them: Japanese is `Jpan`, Korean `Hang`,
Han without kana `Hans` or `Hant`.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from polysieve.compiling import kernel
from polysieve.language_id.text import (
    HANS,
    HANT,
    SCRIPT_NAMES,
    SCRIPT_TABLE,
    ZINH,
    decode,
    text_array,
    utf8_buffer,
)

_INDEX = {name: i for i, name in enumerate(SCRIPT_NAMES)}
HANI, HIRA, KANA, HANG, BOPO = (_INDEX[s] for s in ("Hani", "Hira", "Kana", "Hang", "Bopo"))

HAN_FORM: np.ndarray = np.zeros(0x110000, dtype=np.int8)  # 1: only simplified, -1: only traditional
HAN_FORM[HANS] = 1
HAN_FORM[HANT] = -1

# Written Japanese has one kana for about one Han character; Chinese text that quotes Japanese stays
# far below.
KANA_SHARE = 0.1


@kernel
def _count(data, bounds, table, han_form, counts, forms):
    for i in range(len(bounds) - 1):
        at, end = bounds[i], bounds[i + 1]
        while at < end:
            code, at = decode(data, at, end)
            counts[i, table[code]] += 1
            forms[i] += han_form[code]


def script_counts(texts: pa.Array | Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Characters of each script, int32[n, len(SCRIPT_NAMES)], and the simplified minus the
    traditional Han, int32[n].
    """
    data, bounds = utf8_buffer(text_array(texts))
    counts = np.zeros((len(bounds) - 1, len(SCRIPT_NAMES)), dtype=np.int32)
    forms = np.zeros(len(bounds) - 1, dtype=np.int32)
    _count(data, bounds, SCRIPT_TABLE, HAN_FORM, counts, forms)
    return counts, forms


@kernel
def main_script(counts, form):
    """Index of the most frequent script of one text, with kana, Han and Hangul weighed as one
    writing system each.

    `counts` is a row of `script_counts`, `form` its surplus of simplified Han. Returns an index
    into SCRIPT_NAMES, or -1 Japanese, -2 Hans, -3 Hant, 0 (Zzzz) for a text without letters. Han
    without evidence of its form counts as Hans. Ties go to the lower index.
    """
    best, most = 0, 0
    for s in range(ZINH + 1, len(counts)):
        if s in (HANI, HIRA, KANA, BOPO):
            continue
        if counts[s] > most:
            best, most = s, counts[s]
    kana = counts[HIRA] + counts[KANA]
    han = counts[HANI] + kana + counts[BOPO]
    if han > most:
        if kana >= KANA_SHARE * han:
            return -1
        return -3 if form < 0 else -2
    return best


def dominant_script(texts: pa.Array | Sequence[str | None]) -> list[str]:
    """The main script of each text as labels write it; `Zzzz` where there is no letter."""
    counts, forms = script_counts(texts)
    return [script_name(main_script(row, form)) for row, form in zip(counts, forms, strict=True)]


def script_name(index: int) -> str:
    """The ISO 15924 code of what `main_script` returns."""
    return ("Hant", "Hans", "Jpan")[index + 3] if index < 0 else SCRIPT_NAMES[index]
