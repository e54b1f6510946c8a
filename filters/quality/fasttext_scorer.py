"""Scoring documents by a fastText classifier, without fastText.

A supervised fastText model (Joulin et al. 2016) is linear: the mean of its features' rows (words, character n-grams,
word n-grams) times the output matrix. So each row is multiplied by the output matrix once, when the model is loaded:
a feature then costs as many additions as there are labels, two for a quality classifier, instead of `dim`, and
the table that is read at random fits into a cache. Where there are more labels than dimensions, rows stay as they are.
One kernel reads the UTF-8 buffer of an Arrow array.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.compiling import kernel, leaf
from polysieve.filters.hashing import table_size
from polysieve.filters.quality import fasttext_file
from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.filters.words import text_buffer

PREFIX = "__label__"
_PREFIX = np.frombuffer(PREFIX.encode(), np.uint8)
_END_OF_LINE = np.frombuffer(b"</s>", np.uint8)
_FNV_START = 2166136261
LINE = 256  # words whose n-grams are added together
_LOG_LEAST = 1e-12


class FastTextScorer:
    """A fastText classifier by path, `.bin` or `.ftz`.

    `labels` are those of the model without `__label__`; `hash` is the SHA-256 of the file. Raises
    fasttext_file.ModelError for what is no supervised model.
    """

    def __init__(self, path: str | Path) -> None:
        self.name = str(path)
        self.hash = fasttext_file.file_hash(path)
        file = fasttext_file.open_file(path)
        header = fasttext_file.read_header(file, self.name)
        self._arguments = header.arguments
        self.labels = [label.removeprefix(PREFIX) for label in header.labels]
        at = file.tell()
        for _ in fasttext_file.read_matrix(file, self.name):
            pass
        output = np.concatenate(list(fasttext_file.read_matrix(file, self.name)))
        file.seek(at)
        self._output = None if len(output) <= header.arguments["dim"] else output
        # Only differences count in a softmax: a model of two labels needs one number for a feature.
        self._relative = self._output is None and header.arguments["loss"] == fasttext_file.SOFTMAX
        if self._relative:
            output = output[1:] - output[0]
        self._rows = np.concatenate(
            [
                (block @ output.T if self._output is None else block).astype(np.float32)
                for block in fasttext_file.read_matrix(file, self.name)
            ]
        )
        self._words = len(header.words)
        self._pruned = _pruned(header.arguments["bucket"], header.pruned)
        needed = header.arguments["bucket"] if header.pruned is None else len(header.pruned)
        if len(self._rows) < self._words + needed:
            raise ModelError(f"{self.name}: damaged: its matrix has too few rows")
        self._table, self._known = self._dictionary(header.words)
        self._paths = None
        if header.arguments["loss"] == fasttext_file.HIERARCHICAL:
            self._paths = _tree_paths(header.label_counts)

    def _dictionary(self, words: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
        """An open-addressing table of hashes (0 in empty slots) and word numbers; see `score_texts`."""
        joined = np.frombuffer(b"".join(words) or b"\0", np.uint8)
        offsets = np.zeros(len(words) + 1, np.int64)
        np.cumsum([len(word) for word in words], out=offsets[1:])
        table = np.zeros((table_size(len(words)), 2), np.uint32)
        _fill_dictionary(joined, offsets, table)
        known = self._rows[: len(words)].astype(np.float64)
        counts = np.ones(len(words), np.int64)
        a = self._arguments
        if a["maxn"] > 0:
            without = [i for i, word in enumerate(words) if word == b"</s>"]
            own = known[without]
            add_characters_of_words(
                joined, offsets, a["minn"], a["maxn"], self._words, self._rows, np.uint64(a["bucket"]),
                self._pruned, known, counts,
            )  # fmt: skip
            known[without], counts[without] = own, 1
        return table, np.column_stack([known, counts]).astype(np.float32)

    def probabilities(self, texts: pa.Array | Sequence[str], lower: bool = False) -> np.ndarray:
        """float64[n, labels]: the probability of each label of each text; NaN for a text without any known feature.

        A text is one line: line feeds count as blanks; `</s>` ends it, as in fastText. `lower`: upper case counts as
        lower. Probabilities are fastText's without its two roundings: `predict` adds 1e-5, and looks logistic
        functions up in a table of 512.
        """
        if not isinstance(texts, pa.Array):
            texts = pa.array(texts, pa.large_string())
        if lower:
            texts = pc.utf8_lower(texts)
        buffer, offsets = text_buffer(texts)
        a = self._arguments
        sums = np.zeros((len(texts), self._rows.shape[1]))
        counts = np.zeros(len(texts), np.int64)
        score_texts(
            buffer, offsets, self._table, self._known, self._words, self._rows,
            np.uint64(a["bucket"]), self._pruned, a["word_ngrams"], a["minn"], a["maxn"],
            np.zeros(LINE + a["word_ngrams"], np.uint64), sums, counts,
        )  # fmt: skip
        means = sums / np.maximum(counts, 1)[:, None]
        logits = means if self._output is None else means @ self._output.T
        if self._relative:
            logits = np.column_stack([np.zeros(len(texts)), logits])
        found = self._activated(logits)
        found[counts == 0] = np.nan
        return found

    def _activated(self, logits: np.ndarray) -> np.ndarray:
        loss = self._arguments["loss"]
        if loss == fasttext_file.SOFTMAX:
            logits = np.exp(logits - logits.max(1, initial=-np.inf, keepdims=True))
            return logits / logits.sum(1, keepdims=True)
        own = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
        if self._paths is None:
            return own
        right, left = (
            np.log(np.maximum(side[:, : self._paths[0].shape[1]], _LOG_LEAST))
            for side in (own, 1 - own)
        )
        return np.exp(right @ self._paths[0].T + left @ self._paths[1].T)


def read_labels(path: str | Path) -> list[str]:
    """The labels of a classifier without `__label__`; its matrices are not read. Raises ModelError."""
    header = fasttext_file.read_header(fasttext_file.open_file(path), str(path))
    return [label.removeprefix(PREFIX) for label in header.labels]


def _pruned(count: int, pruned: dict[int, int] | None) -> np.ndarray:
    """int32[count]: the row, after the words', of each bucket of n-grams, -1 where it was pruned; empty: none was."""
    if pruned is None:
        return np.empty(0, np.int32)
    found = np.full(max(count, 1), -1, np.int32)
    found[list(pruned)] = list(pruned.values())
    return found


def _tree_paths(counts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """(right, left), float64[labels, nodes]: 1 where a label's path takes a node's branch.

    The tree is Huffman's over the labels' counts, built as in fastText (HierarchicalSoftmaxLoss::buildTree).
    """
    n = len(counts)
    weight = [*counts, *[10**15] * (n - 1)]
    parent, is_right = [-1] * (2 * n - 1), [False] * (2 * n - 1)
    leaf_at, node_at = n - 1, n
    for node in range(n, 2 * n - 1):
        children = []
        for _ in range(2):
            if leaf_at >= 0 and weight[leaf_at] < weight[node_at]:
                children.append(leaf_at)
                leaf_at -= 1
            else:
                children.append(node_at)
                node_at += 1
        weight[node] = weight[children[0]] + weight[children[1]]
        parent[children[0]] = parent[children[1]] = node
        is_right[children[1]] = True
    right, left = np.zeros((n, n - 1)), np.zeros((n, n - 1))
    for label in range(n):
        node = label
        while parent[node] >= 0:
            (right if is_right[node] else left)[label, parent[node] - n] = 1
            node = parent[node]
    return right, left


@leaf(inline="always")
def _is_blank(byte):
    """What ends a token for fastText."""
    return byte <= 0x20 and (byte == 0x20 or (0x09 <= byte <= 0x0D) or byte == 0)


@leaf(inline="always")
def _fnv(h, byte):
    """A step of fastText's FNV-1a, which takes bytes for signed."""
    return np.uint32((h ^ np.uint32(np.int8(byte))) * np.uint32(16777619))


@leaf(inline="always")
def _second(h, byte):
    """A step of another hash: both together tell words apart."""
    return np.uint32(h * np.uint32(0x01000193) + np.uint32(byte) + np.uint32(0x9E3779B9))


@leaf(inline="always")
def _slot(first, mask):
    return (first ^ first >> np.uint32(15)) & mask


@leaf(inline="always")
def _find_word(first, second, table):
    """The number of the word with these two hashes, or -1."""
    second |= np.uint32(1)  # 0 is an empty slot
    mask = np.uint32(len(table) - 1)
    slot = _slot(first, mask)
    while table[slot, 0] != 0:
        if table[slot, 0] == second:
            return np.int64(table[slot, 1])
        slot = (slot + np.uint32(1)) & mask
    return np.int64(-1)


@leaf(inline="always")
def _bucket(h, count):
    """h modulo the number of buckets; a division costs more than all else of a feature."""
    return np.int64(
        h & (count - np.uint64(1)) if count & (count - np.uint64(1)) == 0 else h % count
    )


@kernel
def _fill_dictionary(joined, offsets, table):
    mask = np.uint32(len(table) - 1)
    for i in range(len(offsets) - 1):
        first, second = np.uint32(_FNV_START), np.uint32(0)
        for k in range(offsets[i], offsets[i + 1]):
            first, second = _fnv(first, joined[k]), _second(second, joined[k])
        second |= np.uint32(1)
        slot = _slot(first, mask)
        while table[slot, 0] != 0 and table[slot, 0] != second:
            slot = (slot + np.uint32(1)) & mask
        if table[slot, 0] == 0:
            table[slot, 0], table[slot, 1] = second, np.uint32(i)


@leaf(inline="always")
def _add_row(row, rows, sums, d):
    for k in range(rows.shape[1]):
        sums[d, k] += rows[row, k]


@leaf(inline="always")
def _add_bucket(bucket, words, rows, pruned, sums, d):
    """Add the row of a bucket of n-grams; returns 1, or 0 where it was pruned."""
    if len(pruned) > 0:
        bucket = np.int64(pruned[bucket])
        if bucket < 0:
            return 0
    _add_row(words + bucket, rows, sums, d)
    return 1


@leaf
def _add_characters(buffer, start, end, minn, maxn, words, rows, buckets, pruned, sums, d):
    """Add the character n-grams of `<token>`; returns how many there are."""
    added = 0
    # Position start - 1 stands for "<", position end for ">".
    for i in range(start - 1, end + 1):
        if start <= i < end and buffer[i] & 0xC0 == 0x80:
            continue
        h = np.uint32(_FNV_START)
        j = i
        for n in range(1, maxn + 1):
            if j > end:
                break
            h = _fnv(h, 0x3C if j < start else 0x3E if j == end else buffer[j])
            j += 1
            while start < j < end and buffer[j] & 0xC0 == 0x80:
                h = _fnv(h, buffer[j])
                j += 1
            if n >= minn and not (n == 1 and (i < start or i == end)):
                bucket = _bucket(np.uint64(h), buckets)
                added += _add_bucket(bucket, words, rows, pruned, sums, d)
    return added


@kernel
def add_characters_of_words(
    joined, offsets, minn, maxn, words, rows, buckets, pruned, sums, counts
):
    """Add to sums float64[words, width] and counts int64[words] the character n-grams of every word."""
    for i in range(len(offsets) - 1):
        counts[i] += _add_characters(
            joined, offsets[i], offsets[i + 1], minn, maxn, words, rows, buckets, pruned, sums, i
        )


@leaf(inline="always")
def _begins_with(buffer, start, end, given):
    if end - start < len(given):
        return False
    for k in range(len(given)):  # noqa: SIM110 (compiled)
        if buffer[start + k] != given[k]:
            return False
    return True


@leaf
def _add_word_ngrams(line, fresh, stop, ngrams, words, rows, buckets, pruned, sums, d):
    """Add the n-grams of words that end among line[fresh:stop], hashes of words; returns how many there are."""
    added = 0
    for i in range(max(0, fresh - ngrams + 1), stop):
        joined = line[i]
        for j in range(i + 1, min(i + ngrams, stop)):
            joined = joined * np.uint64(116049371) + line[j]
            if j >= fresh:
                bucket = _bucket(joined, buckets)
                added += _add_bucket(bucket, words, rows, pruned, sums, d)
    return added


@leaf
def score_texts(
    buffer, offsets, table, known, words, rows, buckets, pruned, ngrams, minn, maxn, line, sums, counts
):  # fmt: skip
    """Fill sums float64[n, width] with the sum of the rows of each text's features, and counts int64[n].

    table: the dictionary; known float32[words, width + 1]: the sum and the number of each word's features, itself
    and its character n-grams; rows float32[words + …, width]: the words', then the n-grams'; buckets uint64: how
    many there are; pruned int32: the row of each bucket after the words' or -1, or empty where none was pruned;
    ngrams: the longest word n-gram; minn, maxn: lengths of character n-grams; line uint64[LINE + ngrams]: scratch.
    """
    width = rows.shape[1]
    for d in range(len(offsets) - 1):
        i, end, added = offsets[d], offsets[d + 1], 0
        # N-grams of words are added some hundred at a time: their rows, far apart, are then fetched at once.
        fresh, stop = 0, 0
        is_open = True
        while is_open:
            first, second = np.uint32(_FNV_START), np.uint32(0)
            while i < end and _is_blank(buffer[i]):
                i += 1
            start = i
            while i < end:
                byte = buffer[i]
                if _is_blank(byte):
                    break
                first, second = _fnv(first, byte), _second(second, byte)
                i += 1
            if i == start or (i - start == 4 and _begins_with(buffer, start, i, _END_OF_LINE)):
                is_open = False
                if i == start:
                    for k in range(4):
                        first = _fnv(first, _END_OF_LINE[k])
                        second = _second(second, _END_OF_LINE[k])
            elif buffer[start] == 0x5F and _begins_with(buffer, start, i, _PREFIX):
                continue
            word = _find_word(first, second, table)
            if word >= 0:
                for k in range(width):
                    sums[d, k] += known[word, k]
                added += np.int64(known[word, width])
            elif maxn > 0 and is_open:
                added += _add_characters(
                    buffer, start, i, minn, maxn, words, rows, buckets, pruned, sums, d
                )
            if ngrams > 1:
                # fastText takes a word's hash for a signed number.
                line[stop] = np.uint64(np.int64(np.int32(first)))
                stop += 1
                if stop == len(line) or not is_open:
                    added += _add_word_ngrams(
                        line, fresh, stop, ngrams, words, rows, buckets, pruned, sums, d
                    )
                    fresh = min(stop, ngrams - 1)
                    for k in range(fresh):
                        line[k] = line[stop - fresh + k]
                    stop = fresh
        counts[d] = added
