"""What counts as the same word when documents are compared.

The default, which filters.words computes anyway: canonically equivalent spellings are one, half and full width are
one, upper and lower case are one; punctuation does not count, digits do. No choice strips anything that a
script writes with: vowel signs, viramas, tone marks, dakuten and jamo belong to the word.

Where punctuation does not count, it does not hold a word together either: "Node.js", "2.4.1" and an address are
several words. Whoever breaks lines after a full stop, or leaves one out, would change them otherwise.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.compiling import kernel, leaf
from polysieve.filters.characters import CODE_POINTS, NOTHING, Tables, tables
from polysieve.filters.hashing import describe, finish_all
from polysieve.filters.words import Words

Form = Literal["width", "nfc", "nfkc"]
_APOSTROPHE = 0x2019
# Bytes that part a word: ASCII but for letters, digits and what writers put for an apostrophe or gershayim.
_SEPARATES = np.array([c < 128 and not (chr(c).isalnum() or chr(c) in "'`\"") for c in range(256)])
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


def compared_words(words: Words, how: Normalisation) -> tuple[np.ndarray, np.ndarray]:
    """What n documents are compared by.

    Returns:
        (folded, documents): uint64[k], a hash of each word that is equal where words count as the same; int64[n + 1],
        document i has `folded[documents[i]:documents[i + 1]]`. A 0 stands for no word and is to be passed over.
    """
    folded = folded_words(words, how)
    if how.punctuation:
        return folded, words.documents
    return parted(words, folded, _tables(how))


def parted(words: Words, folded: np.ndarray, found: Tables) -> tuple[np.ndarray, np.ndarray]:
    """`folded` (uint64[m]) and its documents, without tokens that are no words, and with a word for each part of a
    word that holds ASCII punctuation."""
    documents, hashes, starts, ends = _parted(
        words.buffer, words.documents, words.starts, words.ends, folded, _SEPARATES
    )
    parts = np.flatnonzero(ends)
    if len(parts):
        n = len(parts)
        of_parts = np.empty(n, np.uint64)
        lengths, exact, flags = np.empty(n, np.int32), np.empty(n, np.uint64), np.zeros(n, np.uint8)
        describe(words.buffer, starts[parts], ends[parts], lengths, exact, of_parts, flags, found)
        hashes[parts] = of_parts
    return hashes, documents


@leaf(inline="always")
def _separator(buffer, place, end, separates):
    """The first place of a byte that separates, or `end`."""
    while place < end and not separates[buffer[place]]:
        place += 1
    return place


@leaf
def _part(buffer, documents, starts, ends, folded, separates, hashes, part_starts, part_ends, out):
    """Fill the last four arrays, as `_parted` returns them, as far as there is room; returns how many words there
    are."""
    size = hashes.shape[0]
    m = 0
    for d in range(documents.shape[0] - 1):
        for t in range(documents[d], documents[d + 1]):
            if folded[t] == 0:
                continue
            start = starts[t]
            end = ends[t] if start >= 0 else start  # a word that has no place in the text is whole
            first = start
            while True:
                place = _separator(buffer, first, end, separates)
                whole = first == start and place == end
                if whole or place > first:
                    if m < size:
                        hashes[m] = folded[t]
                        part_starts[m] = first
                        part_ends[m] = 0 if whole else place
                    m += 1
                if place >= end:
                    break
                first = place + 1
        out[d + 1] = m
    return m


@kernel
def _parted(buffer, documents, starts, ends, folded, separates):
    """(documents, hashes, starts, ends): whole words have 0 for their end and their hash, parts of words their
    place."""
    out = np.zeros(documents.shape[0], np.int64)
    size = folded.shape[0] + folded.shape[0] // 8
    while True:
        hashes = np.empty(size, np.uint64)
        part_starts = np.empty(size, np.int64)
        part_ends = np.empty(size, np.int64)
        m = _part(
            buffer, documents, starts, ends, folded, separates, hashes, part_starts, part_ends, out
        )
        if m <= size:
            return out, hashes[:m], part_starts[:m], part_ends[:m]
        size = m


def folded_words(words: Words, how: Normalisation) -> np.ndarray:
    """uint64[m]: a hash of each token that is equal where the tokens count as the same, 0 where one does not count."""
    if how == Normalisation():
        return words.folded
    folded = words.folded
    if how != Normalisation(punctuation=how.punctuation):
        folded = np.empty(len(words.folded), np.uint64)
        lengths, hashes = np.empty(len(folded), np.int32), np.empty(len(folded), np.uint64)
        describe(
            words.buffer,
            words.starts,
            words.ends,
            lengths,
            hashes,
            folded,
            words.flags.copy(),
            _tables(how),
        )
    if how.punctuation:
        written = finish_all(words.hashes)
        folded = np.where(folded == 0, np.where(written == 0, np.uint64(1), written), folded)
    return folded


def _tables(how: Normalisation) -> Tables:
    if how == Normalisation(punctuation=how.punctuation):
        return tables()
    return folding(how.form, how.case, how.digits)


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
