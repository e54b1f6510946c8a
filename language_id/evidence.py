"""What the lexicon, CLD2 and the characters say about a batch of texts.

Both classifiers read the same bounded sample of a document. Candidates are the lexicon's best
labels and CLD2's, without those whose script the text does not have.
"""

import numpy as np
import pyarrow as pa
import pycld2

from polysieve.compiling import kernel
from polysieve.language_id import lexicon
from polysieve.language_id.classifiers import (  # fmt: skip
    ALIKE,
    CLD2_NUMBER,
    IN_CLD2,
    IN_LEXICON,
    LABEL_SCRIPT,
    LABELS,
    NOISE,
    POSTING_WEIGHTS,
    TAG_LABEL,
    Usual,
)
from polysieve.language_id.features import (  # fmt: skip
    CLASSES,
    LANGUAGE_FEATURES,
    NOISE_FEATURES,
    UNKNOWN_FEATURES,
    features,
    profile,
)
from polysieve.language_id.scripts import HAN_FORM
from polysieve.language_id.text import LOWER_TABLE, SCRIPT_NAMES, SCRIPT_TABLE, sample, utf8_buffer

HEAD = 1200  # characters from the beginning of a text that are always read
WINDOWS = 3  # pieces from the rest
WINDOW_LENGTH = 300  # characters of each
CLD2_BYTES = 1600  # CLD2 reads the beginning and the end of the sample up to this many bytes
TOP = 8  # the lexicon's labels that become candidates
CANDIDATES = TOP + 3  # and CLD2's three


@kernel
def _encode(codes, starts, table, limit, out, bounds):
    """UTF-8 of the samples for CLD2; characters that it rejects become blanks.

    Of a sample longer than `limit` bytes, the first two thirds of `limit` and the last third.
    """
    n = 0
    for i in range(len(starts) - 1):
        bounds[i] = n
        begin, end = starts[i], starts[i + 1]
        size = 0
        for at in range(begin, end):
            size += _width(codes[at])
        skip = size - limit
        before = n + 2 * limit // 3
        for at in range(begin, end):
            code = codes[at]
            if skip > 0 and n >= before:
                skip -= _width(code)
                continue
            if code < 0x20 or 0x7F <= code < 0xA0 or table[code] == 0:
                code = 0x20
            if code < 0x80:
                out[n] = code
                n += 1
            elif code < 0x800:
                out[n] = 0xC0 | (code >> 6)
                out[n + 1] = 0x80 | (code & 0x3F)
                n += 2
            elif code < 0x10000:
                out[n] = 0xE0 | (code >> 12)
                out[n + 1] = 0x80 | ((code >> 6) & 0x3F)
                out[n + 2] = 0x80 | (code & 0x3F)
                n += 3
            else:
                out[n] = 0xF0 | (code >> 18)
                out[n + 1] = 0x80 | ((code >> 12) & 0x3F)
                out[n + 2] = 0x80 | ((code >> 6) & 0x3F)
                out[n + 3] = 0x80 | (code & 0x3F)
                n += 4
    bounds[len(starts) - 1] = n


@kernel
def _width(code):
    return 1 if code < 0x80 else (2 if code < 0x800 else (3 if code < 0x10000 else 4))


@kernel
def _best(
    found, ends, windows, first, tags, weights, tag_label, tag_sum, label_sum, labels, scores
):  # fmt: skip
    """The TOP labels of each text by weighted score, several tags of one label by the best of them."""
    begin = 0
    for i in range(len(ends)):
        tag_sum[:] = 0
        label_sum[:] = 0
        for at in range(begin, ends[i]):
            gram = found[at]
            for k in range(first[gram], first[gram + 1]):
                tag_sum[tags[k]] += weights[k]
        begin = ends[i]
        for t in range(len(tag_sum)):
            if tag_label[t] >= 0 and tag_sum[t] > label_sum[tag_label[t]]:
                label_sum[tag_label[t]] = tag_sum[t]
        size = 0
        for label in range(len(label_sum)):
            score = label_sum[label]
            if score <= 0 or (size == labels.shape[1] and score <= scores[i, size - 1]):
                continue
            at = size if size < labels.shape[1] else size - 1
            size = max(size, at + 1)
            while at > 0 and scores[i, at - 1] < score:
                scores[i, at], labels[i, at] = scores[i, at - 1], labels[i, at - 1]
                at -= 1
            scores[i, at], labels[i, at] = score, label
        for at in range(size):
            scores[i, at] /= max(windows[i], 1)


def _cld2(
    texts: bytes, bounds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """CLD2's labels int32[n, 3] (-1:

    none), their shares, the logarithm of their scores, and whether it is reliable.
    """
    n = len(bounds) - 1
    labels = np.full((n, 3), -1, dtype=np.int32)
    shares = np.zeros((n, 3))
    strengths = np.zeros((n, 3))
    reliable = np.zeros(n)
    detect, number, error = pycld2.detect, CLD2_NUMBER, pycld2.error
    limits = bounds.tolist()
    for i in range(n):
        piece = texts[limits[i] : limits[i + 1]]
        try:
            sure, _, details = detect(piece, isPlainText=True, bestEffort=True)
        except error:  # characters that are newer than its tables
            piece = piece.decode().encode("ascii", "replace")
            sure, _, details = detect(piece, isPlainText=True, bestEffort=True)
        reliable[i] = sure
        for k in range(3):
            label = number.get(details[k][1], -1)
            if label >= 0:
                labels[i, k] = label
                shares[i, k] = details[k][2] / 100
                strengths[i, k] = details[k][3]
    return labels, shares, np.log1p(strengths / 100), reliable


class Evidence:
    """What is known about a batch of texts:

    candidates int32[n, CANDIDATES] (index into LABELS, -1 none) and features.
    """

    def __init__(
        self,
        texts: pa.Array,
        head: int,
        windows: int,
        length: int,
        usual: Usual,
        tag_label: np.ndarray = TAG_LABEL,
    ) -> None:
        """tag_label: int32[tags], the label of each of the lexicon's tags; -1 leaves one out, so that its language is
        an unknown one."""
        data, bounds = utf8_buffer(texts)
        codes, starts = sample(data, bounds, head, windows, length)
        n = len(starts) - 1
        found, ends, self.windows = lexicon.matches(codes, starts)
        labels = np.full((n, TOP), -1, dtype=np.int32)
        scores = np.zeros((n, TOP))
        _best(
            found, ends, self.windows, lexicon.POSTING_FIRST, lexicon.POSTING_LABELS, POSTING_WEIGHTS,
            tag_label, np.zeros(len(lexicon.TAGS)), np.zeros(len(LABELS)),
            labels, scores,
        )  # fmt: skip
        encoded = np.empty(4 * len(codes) + 4, dtype=np.uint8)
        pieces = np.empty(n + 1, dtype=np.int64)
        _encode(codes, starts, SCRIPT_TABLE, CLD2_BYTES, encoded, pieces)
        cld, shares, strengths, reliable = _cld2(encoded[: pieces[-1]].tobytes(), pieces)
        self.scripts = np.zeros((n, len(SCRIPT_NAMES)), dtype=np.int32)
        self.forms = np.zeros(n, dtype=np.int32)
        self.classes = np.zeros((n, CLASSES), dtype=np.int32)
        profile(
            codes,
            starts,
            SCRIPT_TABLE,
            LOWER_TABLE,
            HAN_FORM,
            self.scripts,
            self.forms,
            self.classes,
        )
        self.candidates = np.full((n, CANDIDATES), -1, dtype=np.int32)
        self.language = np.zeros((n, CANDIDATES, LANGUAGE_FEATURES))
        self.no_language = np.zeros((n, NOISE_FEATURES))
        self.unknown = np.zeros((n, UNKNOWN_FEATURES))
        features(
            labels, scores, self.windows, cld, shares, strengths, reliable, self.scripts, self.classes,
            LABEL_SCRIPT, ALIKE, usual.scores, usual.strengths, IN_CLD2, IN_LEXICON, NOISE,
            self.candidates, self.language, self.no_language, self.unknown,
        )  # fmt: skip
        self.cld, self.strengths = cld, strengths
