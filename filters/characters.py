"""What the kernels know about each code point: tables of 0x110000 entries, made once per process from ICU.

`tables()` returns them as one tuple that every kernel takes. White space, line ends and the two sets of
punctuation are fixed here, because the definitions of the metrics rest on them (Python's `str.isspace` and
`str.splitlines`, datatrove 0.10.1's PUNCTUATION and TERMINAL_PUNCTUATION); letters, case, scripts, foldings
and decompositions are those of ICU's version of Unicode.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from polysieve.compiling import kernel
from polysieve.filters import icu

CODE_POINTS = 0x110000

# KIND: what a code point does to a word. The order matters: kernels compare ranges.
SPACE = 0  # ends a word and is no token: white space, controls, zero-width space, wordspace
JOINER = 1  # format characters: inside a word they do not end it, elsewhere they are nothing
LETTER = 2
DIGIT = 3  # any number: decimal digits, Roman numerals, fractions
MARK = 4  # continues whatever it stands after
DICTIONARY = 5  # letters of scripts without spaces that ICU has a dictionary for
CLUSTER = 6  # letters of scripts without spaces or dictionary: a token with its marks
TSHEG = 7  # Tibetan's syllable mark: ends a word and belongs to it
SYMBOL = 8  # a token by itself: punctuation, symbols, private use, what is not assigned

# PROPERTIES: what a code point adds to a metric, as bits.
IS_LETTER = 1
IS_UPPER = 2  # upper or title case
IS_LOWER = 4
IS_DIGIT = 8  # decimal digit
NOT_PUNCTUATION = 16  # outside datatrove's PUNCTUATION_SET
IS_SPACE = 32  # str.isspace
ENDS_LINE = 64  # str.splitlines
ENDS_SENTENCE = 128  # datatrove's TERMINAL_PUNCTUATION
IS_INVISIBLE = 256  # takes no room and no part in the spelling
IS_HANGUL = 512
IS_MARK = 1024
IS_NUMBER = 2048
IS_RARE = 4096  # counted or acted upon one by one: line ends, '#', '.', '…', U+FFFD, invisible ones

# FOLD: a code point ≥ 0 stands for itself folded; NOTHING is left out; below that, a sequence.
NOTHING = -1

_DICTIONARY_SCRIPTS = ("Thai", "Laoo", "Khmr", "Mymr", "Hani", "Hira", "Kana")
# Script "Common" in Unicode, but parts of Japanese and Chinese words (prolonged sound, iteration).
_DICTIONARY_EXTRA = (0x3006, *range(0x3031, 0x3036), 0x303C, 0x30FC, 0xFF70, 0xFF9E, 0xFF9F)
_CLUSTER_SCRIPTS = (
    "Lana", "Talu", "Tale", "Tavt", "Ahom", "Java", "Bali", "Yiii", "Nshu", "Tang", "Kits",
)  # fmt: skip

_ISSPACE = (
    *range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
    0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
)  # fmt: skip
_LINE_ENDS = (*range(0x0A, 0x0E), *range(0x1C, 0x1F), 0x85, 0x2028, 0x2029)
# Modifier symbols (category Sk) that orthographies use as letters: tone letters, U+A789 "꞉" for length.
_LETTER_LIKE = ((0x02C2, 0x02DF), (0x02E5, 0x02FF), (0xA700, 0xA721), (0xA789, 0xA78A))
_ZERO_WIDTH_SPACE, _ETHIOPIC_WORDSPACE = 0x200B, 0x1361
_TSHEGS = (0x0F0B, 0x0F0C)
# Characters that change how neighbours look in many orthographies, so no sign of anything.
_ORTHOGRAPHIC_JOINERS = (0x200C, 0x200D)

_PUNCTUATION = (
    "!/—”:％１〈&(、━\\【#%「」，】；+^]~“《„';’{|∶´[=-`*．（–？！：$～«〉,><》)?）。…@_.\"}►»"
)
_PUNCTUATION_CONTROLS = (*range(0, 9), *range(11, 32), *range(127, 160))
# First and last code point of each range of datatrove's TERMINAL_PUNCTUATION.
_TERMINAL_RANGES: tuple[tuple[int, int], ...] = (
    (0x0021, 0x0021), (0x002E, 0x002E), (0x003F, 0x003F), (0x0589, 0x0589), (0x061D, 0x061F),
    (0x06D4, 0x06D4), (0x0700, 0x0702), (0x07F9, 0x07F9), (0x0837, 0x0837), (0x0839, 0x0839),
    (0x083D, 0x083E), (0x0964, 0x0965), (0x104A, 0x104B), (0x1362, 0x1362), (0x1367, 0x1368),
    (0x166E, 0x166E), (0x1735, 0x1736), (0x17D4, 0x17D6), (0x17D9, 0x17DA), (0x1803, 0x1803),
    (0x1809, 0x1809), (0x1944, 0x1945), (0x1AA8, 0x1AAB), (0x1B5A, 0x1B5B), (0x1B5E, 0x1B5F),
    (0x1B7D, 0x1B7E), (0x1C3B, 0x1C3C), (0x1C7E, 0x1C7F), (0x203C, 0x203D), (0x2047, 0x2049),
    (0x2E2E, 0x2E2E), (0x2E3C, 0x2E3C), (0x2E53, 0x2E54), (0x3002, 0x3002), (0xA4FF, 0xA4FF),
    (0xA60E, 0xA60F), (0xA6F3, 0xA6F3), (0xA6F7, 0xA6F7), (0xA876, 0xA877), (0xA8CE, 0xA8CF),
    (0xA92F, 0xA92F), (0xA9C8, 0xA9C9), (0xAA5D, 0xAA5F), (0xAAF0, 0xAAF1), (0xABEB, 0xABEB),
    (0xFE52, 0xFE52), (0xFE56, 0xFE57), (0xFF01, 0xFF01), (0xFF0E, 0xFF0E), (0xFF1F, 0xFF1F),
    (0xFF61, 0xFF61), (0x10A56, 0x10A57), (0x10F55, 0x10F59), (0x10F86, 0x10F89),
    (0x11047, 0x11048), (0x110BE, 0x110C1), (0x11141, 0x11143), (0x111C5, 0x111C6),
    (0x111CD, 0x111CD), (0x111DE, 0x111DF), (0x11238, 0x11239), (0x1123B, 0x1123C),
    (0x112A9, 0x112A9), (0x1144B, 0x1144C), (0x115C2, 0x115C3), (0x115C9, 0x115D7),
    (0x11641, 0x11642), (0x1173C, 0x1173E), (0x11944, 0x11944), (0x11946, 0x11946),
    (0x11A42, 0x11A43), (0x11A9B, 0x11A9C), (0x11C41, 0x11C42), (0x11EF7, 0x11EF8),
    (0x11F43, 0x11F44), (0x16A6E, 0x16A6F), (0x16AF5, 0x16AF5), (0x16B37, 0x16B38),
    (0x16B44, 0x16B44), (0x16E98, 0x16E98), (0x1BC9F, 0x1BC9F), (0x1DA88, 0x1DA88),
)  # fmt: skip


def terminal_punctuation() -> list[int]:
    """The code points that end a sentence, in order."""
    return [code for first, last in _TERMINAL_RANGES for code in range(first, last + 1)]


class Tables(NamedTuple):
    """Arrays indexed by code point, and the sequences that FOLD refers to."""

    kind: np.ndarray
    """uint8: one of the kinds above."""
    properties: np.ndarray
    """uint16: bits."""
    script: np.ndarray
    """uint8: ICU's script number; Hiragana and Katakana count as Han, which Japanese mixes."""
    fold: np.ndarray
    """int32: a code point, NOTHING, or -2 - i for sequence i."""
    sequence_offsets: np.ndarray
    """int32: sequence i is sequences[offsets[i]:offsets[i + 1]]."""
    sequences: np.ndarray
    """uint32: code point + canonical combining class << 24."""


@kernel
def _query(category, script, folded, decomposed, combining, nfd, nfkc, units, lengths):
    """Fill per-code-point arrays from ICU; `units` receives decompositions as UTF-16, `lengths` theirs."""
    status = np.zeros(1, np.int32)
    used = 0
    for code in range(0x110000):
        category[code] = icu.general_category(code)
        status[0] = 0
        script[code] = icu.script_of(code, status.ctypes.data)
        folded[code] = icu.simple_fold(code, np.uint32(0))
        combining[code] = icu.combining_class(code)
        status[0] = 0
        room = units[used : used + 32]
        if 0xFF00 <= code <= 0xFFEF:  # half and full width: their only compatibility mappings
            n = icu.raw_decomposition(nfkc, code, room.ctypes.data, 32, status.ctypes.data)
        else:
            n = icu.decomposition(nfd, code, room.ctypes.data, 32, status.ctypes.data)
        decomposed[code] = used
        lengths[code] = n
        if n > 0:
            used += n


def _sequence(units: np.ndarray) -> list[int]:
    text = units.tobytes().decode("utf-16-le", "surrogatepass")
    return [ord(c) for c in text]


def _ranges(scripts: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return np.isin(scripts, [icu.script_code(name) for name in names])


def _foldings(
    folded: np.ndarray, starts: np.ndarray, lengths: np.ndarray, combining: np.ndarray,
    units: np.ndarray, skipped: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """FOLD and its sequences: width, then canonical decomposition, then simple case folding of each part.

    U+0345 stays as it is: its folding is a letter, and would no longer commute with reordering.
    """
    fold = folded.astype(np.int32)
    fold[0x0345] = 0x0345
    simple = fold.copy()
    sequences: list[int] = []
    offsets = [0]

    def parts(code: int) -> list[int]:
        if lengths[code] <= 0:
            return [int(simple[code])]
        found = _sequence(units[starts[code] : starts[code] + lengths[code]])
        found = [int(simple[part]) for part in found]
        nested = [parts(part) if lengths[part] > 0 else [part] for part in found]
        return [part for inner in nested for part in inner]

    # What folds to a letter that decomposes, decomposes as well.
    affected = (lengths > 0) | (combining > 0) | (lengths[simple] > 0)
    for code in np.flatnonzero(affected & ~skipped).tolist():
        found = parts(code) if lengths[code] > 0 else parts(int(simple[code]))
        if len(found) == 1 and combining[found[0]] == 0:
            fold[code] = found[0]
        else:
            fold[code] = -2 - (len(offsets) - 1)
            sequences += [part | int(combining[part]) << 24 for part in found]
            offsets.append(len(sequences))
    fold[skipped] = NOTHING
    fold[0x2019] = ord("'")  # the typographic apostrophe is the typewriter's
    return fold, np.array(offsets, np.int32), np.array(sequences, np.uint32)


@cache
def tables() -> Tables:
    """The tables, made on first use (about a tenth of a second) and kept for the process."""
    category = np.zeros(CODE_POINTS, np.int8)
    scripts = np.zeros(CODE_POINTS, np.int32)
    folded = np.zeros(CODE_POINTS, np.int32)
    starts = np.zeros(CODE_POINTS, np.int32)
    lengths = np.zeros(CODE_POINTS, np.int32)
    combining = np.zeros(CODE_POINTS, np.uint8)
    units = np.zeros(1 << 18, np.uint16)
    nfd, nfkc = icu.normalizer("NFD"), icu.normalizer("NFKC")
    _query(category, scripts, folded, starts, combining, nfd, nfkc, units, lengths)

    # Numbers of ICU's u_charType: Lu Ll Lt Lm Lo are 1-5, Mn Me Mc 6-8, Nd Nl No 9-11, Cc 15, Cf 16, Sk 26.
    letter = (category >= 1) & (category <= 5)
    mark = (category >= 6) & (category <= 8)
    digit = (category >= 9) & (category <= 11)
    control, form = category == 15, category == 16
    variation = np.zeros(CODE_POINTS, bool)
    variation[0xFE00:0xFE10] = variation[0xE0100:0xE01F0] = variation[0x180B:0x180E] = True

    kind = np.full(CODE_POINTS, SYMBOL, np.uint8)
    kind[letter] = LETTER
    for first, last in _LETTER_LIKE:
        part = slice(first, last + 1)
        kind[part][category[part] == 26] = LETTER
    kind[digit] = DIGIT
    in_dictionary = _ranges(scripts, _DICTIONARY_SCRIPTS) & (letter | (category == 10))
    in_dictionary[list(_DICTIONARY_EXTRA)] = True
    kind[in_dictionary] = DICTIONARY
    kind[_ranges(scripts, _CLUSTER_SCRIPTS) & letter] = CLUSTER
    kind[mark] = MARK
    kind[form] = JOINER
    kind[control] = SPACE
    kind[list(_ISSPACE)] = SPACE
    kind[[_ZERO_WIDTH_SPACE, _ETHIOPIC_WORDSPACE]] = SPACE
    kind[list(_TSHEGS)] = TSHEG

    properties = np.zeros(CODE_POINTS, np.uint16)
    properties[letter] |= IS_LETTER
    properties[(category == 1) | (category == 3)] |= IS_UPPER
    properties[category == 2] |= IS_LOWER
    properties[category == 9] |= IS_DIGIT
    not_punctuation = np.ones(CODE_POINTS, bool)
    terminal = terminal_punctuation()
    not_punctuation[[*map(ord, _PUNCTUATION), *_PUNCTUATION_CONTROLS, *terminal]] = False
    properties[not_punctuation] |= NOT_PUNCTUATION
    properties[list(_ISSPACE)] |= IS_SPACE
    properties[list(_LINE_ENDS)] |= ENDS_LINE
    properties[terminal] |= ENDS_SENTENCE
    invisible = form | control
    invisible[[*_ISSPACE, *_ORTHOGRAPHIC_JOINERS]] = False
    invisible[[_ZERO_WIDTH_SPACE]] = False  # Khmer and Burmese write it between words
    properties[invisible] |= IS_INVISIBLE
    properties[_ranges(scripts, ("Hang",))] |= IS_HANGUL
    properties[mark] |= IS_MARK
    properties[digit] |= IS_NUMBER
    properties[invisible] |= IS_RARE
    properties[[*_LINE_ENDS, ord("#"), ord("."), ord("…"), 0xFFFD]] |= IS_RARE

    script = scripts.astype(np.uint8)
    script[_ranges(scripts, ("Hira", "Kana"))] = icu.script_code("Hani")
    script[list(_DICTIONARY_EXTRA)] = icu.script_code("Hani")

    skipped = form | control | variation
    fold, offsets, sequences = _foldings(folded, starts, lengths, combining, units, skipped)
    return Tables(kind, properties, script, fold, offsets, sequences)
