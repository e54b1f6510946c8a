"""What counts as the same word when documents are compared.

The default, which filters.words computes anyway: canonically equivalent spellings are one, half and full width are
one, upper and lower case are one; punctuation does not count, digits do. No choice strips anything that a
script writes with: vowel signs, viramas, tone marks, dakuten and jamo belong to the word.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filters.characters import CODE_POINTS, NOTHING, Tables, tables
from filters.hashing import describe, finish_all
from filters.words import Words

Form = Literal["width", "nfc", "nfkc"]
_APOSTROPHE = 0x2019
_IOTA_SUBSCRIPT = 0x0345  # folds to a letter, which would not commute with the order of marks


@dataclass(frozen=True)
class Normalisation:
    """form: `nfc` joins canonically equivalent spellings, `width` half and full width besides, `nfkc` all
    compatibility variants (ligatures, superscripts, circled numbers). case: whether it is folded.
    punctuation: whether it counts. digits: whether they differ, or each counts as 0."""

    form: Form = "width"
    case: bool = True
    punctuation: bool = False
    digits: bool = True


def folded_words(words: Words, how: Normalisation) -> np.ndarray:
    """uint64[m]: a hash of each token that is equal where the tokens count as the same, 0 where one does not count."""
    if how == Normalisation():
        return words.folded
    folded = words.folded
    if how != Normalisation(punctuation=how.punctuation):
        folded = np.empty(len(words.folded), np.uint64)
        lengths, hashes = np.empty(len(folded), np.int32), np.empty(len(folded), np.uint64)
        found = folding(how.form, how.case, how.digits)
        describe(
            words.buffer,
            words.starts,
            words.ends,
            lengths,
            hashes,
            folded,
            words.flags.copy(),
            found,
        )
    if how.punctuation:
        written = finish_all(words.hashes)
        folded = np.where(folded == 0, np.where(written == 0, np.uint64(1), written), folded)
    return folded


@cache
def folding(form: Form, case: bool, digits: bool) -> Tables:
    """filters.characters' tables with another folding; made in about a second."""
    found = tables()
    fold = np.arange(CODE_POINTS, dtype=np.int32)
    sequences: list[int] = []
    offsets = [0]
    for code in range(CODE_POINTS):
        if found.fold[code] == NOTHING:
            fold[code] = NOTHING
            continue
        if 0xD800 <= code <= 0xDFFF:
            continue
        parts = _parts(chr(code), form, case, digits)
        if parts == chr(code) and not unicodedata.combining(parts):
            continue
        if len(parts) == 1 and not unicodedata.combining(parts):
            fold[code] = ord(parts)
            continue
        fold[code] = -2 - (len(offsets) - 1)
        sequences += [ord(part) | unicodedata.combining(part) << 24 for part in parts]
        offsets.append(len(sequences))
    fold[_APOSTROPHE] = ord("'")
    return found._replace(
        fold=fold,
        sequence_offsets=np.array(offsets, np.int32),
        sequences=np.array(sequences, np.uint32),
    )


def _parts(character: str, form: Form, case: bool, digits: bool) -> str:
    wide = form == "nfkc" or (form == "width" and "\uff00" <= character <= "\uffef")
    decomposition: Literal["NFD", "NFKD"] = "NFKD" if wide else "NFD"
    parts = unicodedata.normalize(decomposition, character)
    if case:
        parts = unicodedata.normalize(decomposition, "".join(map(_folded, parts)))
    if not digits:
        parts = "".join("0" if unicodedata.category(part) == "Nd" else part for part in parts)
    return parts


def _folded(character: str) -> str:
    """Simple case folding: one character for one."""
    if ord(character) == _IOTA_SUBSCRIPT:
        return character
    folded = character.casefold()
    if len(folded) == 1:
        return folded
    lower = character.lower()
    return lower if len(lower) == 1 else character


def folded_texts(texts: pa.Array, how: Normalisation) -> pa.Array:
    """Texts for character n-grams: NFC or NFKC (of which `width` is a part), lower case, digits as asked.

    Whether punctuation counts is left to `dedup.minhash.character_signatures`.
    """
    texts = pc.utf8_normalize(texts, form="NFC" if how.form == "nfc" else "NFKC")
    if how.case:
        texts = pc.utf8_lower(texts)
    if not how.digits:
        texts = pc.replace_substring_regex(texts, r"\p{Nd}", "0")
    return texts
