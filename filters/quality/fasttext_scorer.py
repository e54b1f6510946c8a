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

from filters.compiling import kernel, leaf
from filters.hashing import hash_bytes, table_size
from filters.quality import fasttext_file
from filters.quality.fasttext_file import ModelError
from filters.words import text_buffer

PREFIX = "__label__"
_PREFIX = np.frombuffer(PREFIX.encode(), np.uint8)
_END_OF_LINE = np.frombuffer(b"</s>", np.uint8)
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
        self._rows = np.concatenate(
            [
                block @ output.T if self._output is None else block.copy()
                for block in fasttext_file.read_matrix(file, self.name)
            ]
        ).astype(np.float32)
        self._words = len(header.words)
        self._table = _dictionary(header.words)
        self._buckets = _buckets(header.arguments["bucket"], header.pruned)
        if len(self._rows) < self._words + int(self._buckets.max(initial=-1)) + 1:
            raise ModelError(f"{self.name}: damaged: its matrix has too few rows")
        self._paths = None
        if header.arguments["loss"] == fasttext_file.HIERARCHICAL:
            self._paths = _tree_paths(header.label_counts)

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
        means = np.zeros((len(texts), self._rows.shape[1]))
        counts = np.zeros(len(texts), np.int64)
        score_texts(
            buffer, offsets, *self._table, self._words, self._rows, self._buckets,
            a["word_ngrams"], a["minn"], a["maxn"], means, counts,
        )  # fmt: skip
        logits = means if self._output is None else means @ self._output.T
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


def _dictionary(words: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """An open-addressing table: hashes (0 in empty slots) and word numbers."""
    joined = np.frombuffer(b"".join(words) or b"\0", np.uint8)
    offsets = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=offsets[1:])
    size = table_size(len(words))
    keys, numbers = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    _fill_dictionary(joined, offsets, keys, numbers)
    return keys, numbers


def _buckets(count: int, pruned: dict[int, int] | None) -> np.ndarray:
    """int32[count]: the row, after the words, of each bucket of n-grams; -1 where it was pruned."""
    if pruned is None:
        return np.arange(count, dtype=np.int32)
    found = np.full(count, -1, np.int32)
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
    return byte == 0x20 or (0x09 <= byte <= 0x0D) or byte == 0


@leaf(inline="always")
def _fnv(h, byte):
    """A step of fastText's FNV-1a, which takes bytes for signed."""
    signed = np.uint32(byte) if byte < 0x80 else np.uint32(byte) | np.uint32(0xFFFFFF00)
    return np.uint32((h ^ signed) * np.uint32(16777619))


@leaf
def _find_word(key, keys, numbers):
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while keys[slot] != 0:
        if keys[slot] == key:
            return np.int64(numbers[slot])
        slot = (slot + np.uint64(1)) & mask
    return np.int64(-1)


@leaf
def _key(buffer, start, end):
    h = hash_bytes(buffer, start, end)
    return h if h != 0 else np.uint64(1)


@kernel
def _fill_dictionary(joined, offsets, keys, numbers):
    mask = np.uint64(len(keys) - 1)
    for i in range(len(offsets) - 1):
        key = _key(joined, offsets[i], offsets[i + 1])
        slot = key & mask
        while keys[slot] != 0 and keys[slot] != key:
            slot = (slot + np.uint64(1)) & mask
        if keys[slot] == 0:
            keys[slot], numbers[slot] = key, i


@leaf
def _add_row(row, rows, mean):
    for k in range(len(mean)):
        mean[k] += rows[row, k]


@leaf
def _add_subwords(buffer, start, end, minn, maxn, words, rows, buckets, mean):
    """Add the character n-grams of `<token>`; returns how many there are."""
    count = 0
    # Position start - 1 stands for "<", position end for ">".
    for i in range(start - 1, end + 1):
        if start <= i < end and buffer[i] & 0xC0 == 0x80:
            continue
        h = np.uint32(2166136261)
        j, n = i, 1
        while j <= end and n <= maxn:
            if j == start - 1:
                h = _fnv(h, 0x3C)
                j += 1
            elif j == end:
                h = _fnv(h, 0x3E)
                j += 1
            else:
                h = _fnv(h, buffer[j])
                j += 1
                while j < end and buffer[j] & 0xC0 == 0x80:
                    h = _fnv(h, buffer[j])
                    j += 1
            if n >= minn and not (n == 1 and (i == start - 1 or j == end + 1)):
                row = buckets[h % np.uint32(len(buckets))]
                if row >= 0:
                    _add_row(words + row, rows, mean)
                    count += 1
            n += 1
    return count


@leaf
def _begins_with(buffer, start, end, given):
    if end - start < len(given):
        return False
    for k in range(len(given)):  # noqa: SIM110 (compiled)
        if buffer[start + k] != given[k]:
            return False
    return True


@leaf
def _add_token(
    buffer, start, end, is_end, keys, numbers, words, rows, buckets, ngrams, minn, maxn, partial, mean
):  # fmt: skip
    """Add a token's features: itself, its character n-grams, the word n-grams that end with it; returns how many."""
    count = 0
    h = np.uint32(2166136261)
    for i in range(start, end):
        h = _fnv(h, buffer[i])
    word = _find_word(_key(buffer, start, end), keys, numbers)
    if word >= 0:
        _add_row(word, rows, mean)
        count += 1
    if maxn > 0 and not is_end:
        count += _add_subwords(buffer, start, end, minn, maxn, words, rows, buckets, mean)
    # partial[k]: the hash of the k + 1 words that end before this one, 0 where there are not so many. fastText
    # takes a word's hash for a signed number.
    signed = np.uint64(np.int64(np.int32(h)))
    for k in range(ngrams - 2, -1, -1):
        if partial[k, 0] != 0:
            joined = partial[k, 1] * np.uint64(116049371) + signed
            row = buckets[joined % np.uint64(len(buckets))]
            if row >= 0:
                _add_row(words + row, rows, mean)
                count += 1
            if k + 1 < ngrams - 1:
                partial[k + 1, 0], partial[k + 1, 1] = np.uint64(1), joined
    if ngrams > 1:
        partial[0, 0], partial[0, 1] = np.uint64(1), signed
    return count


@kernel
def score_texts(
    buffer, offsets, keys, numbers, words, rows, buckets, ngrams, minn, maxn, means, counts
):
    """Fill means float64[n, width] with the mean row of each text's features, and counts int64[n].

    keys, numbers: the dictionary's table; rows float32[words + …, width]; buckets int32: row, after `words`, of
    each bucket of n-grams, or -1; ngrams: longest word n-gram; minn, maxn: lengths of character n-grams.
    """
    partial = np.zeros((max(ngrams, 1), 2), np.uint64)
    for d in range(len(offsets) - 1):
        partial[:] = 0
        mean = means[d]
        i, end, count = offsets[d], offsets[d + 1], 0
        while i < end:
            while i < end and _is_blank(buffer[i]):
                i += 1
            start = i
            while i < end and not _is_blank(buffer[i]):
                i += 1
            if i - start == 4 and _begins_with(buffer, start, i, _END_OF_LINE):
                break
            if i > start and not _begins_with(buffer, start, i, _PREFIX):
                count += _add_token(
                    buffer, start, i, False, keys, numbers, words, rows, buckets, ngrams, minn, maxn,
                    partial, mean,
                )  # fmt: skip
        count += _add_token(
            _END_OF_LINE, 0, 4, True, keys, numbers, words, rows, buckets, ngrams, minn, maxn, partial,
            mean,
        )  # fmt: skip
        counts[d] = count
        if count > 0:
            for k in range(len(mean)):
                mean[k] /= count
