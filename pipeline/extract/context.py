"""Second look at each block: what the first verdict was on its neighbours, its containers and its like."""

import math

import numpy as np

from polysieve.compiling import leaf
from polysieve.pipeline.extract.measures import place_of
from polysieve.pipeline.extract.outline import CONTAINER, PARENT, SIGNATURE
from polysieve.pipeline.extract.parser import Parsed

_REACH = 4  # neighbours on either side whose verdict is looked at
_WINDOWS = (2, 5, 12)
_LEVELS = 4
_STRONG, _STRONG_WIDTH = 0.6, 40  # what counts as surely text
_FAR = 60

NAMES = [
    "verdict",
    *(f"verdict{i:+d}" for i in range(-_REACH, _REACH + 1) if i),
    *(f"{what}_within_{reach}" for reach in _WINDOWS for what in ("verdict", "text")),
    *("text_before", "text_until", "text_own", "page_text", "page_verdict"),
    *("since_strong", "until_strong"),
    *(
        f"{w}_up{i}"
        for i in range(_LEVELS)
        for w in ("verdict_width", "text_share", "verdict_mean")
    ),
    *("alike_verdict_width", "alike_verdict_mean"),
]


def extend(parsed: Parsed, features: np.ndarray, verdicts: np.ndarray) -> np.ndarray:
    """float32[n, k + len(NAMES)]: the features (float32[n, k]) and those that follow from first verdicts.

    verdicts: float32[n], the probability of each block to be text.
    """
    n, k = features.shape
    extended = np.empty((n, k + len(NAMES)), np.float32)
    extended[:, :k] = features
    widths = np.expm1(features[:, 0])
    running = np.zeros((n + 1, 2), np.float64)
    np.cumsum(np.stack([verdicts * widths, widths], 1), axis=0, out=running[1:])
    sums = np.zeros((len(parsed.containers), 4), np.float32)
    size = 1 << max(4, (2 * n).bit_length())
    keys, alike = np.zeros(size, np.uint64), np.zeros((size, 4), np.float32)
    _extend(
        parsed.blocks, parsed.containers, widths, verdicts, running, sums, keys, alike, extended[:, k:]
    )  # fmt: skip
    return extended


@leaf
def _extend(blocks, containers, widths, verdicts, running, sums, keys, alike, columns):
    n = blocks.shape[0]
    for b in range(n):
        c = blocks[b, CONTAINER]
        place = place_of(keys, np.uint64(containers[c, SIGNATURE]))
        width, verdict = widths[b], verdicts[b]
        for rows, row in ((sums, np.int64(c)), (alike, place)):
            rows[row, 0] += verdict * width
            rows[row, 1] += width
            rows[row, 2] += verdict
            rows[row, 3] += 1
    for c in range(containers.shape[0] - 1, 0, -1):
        for k in range(4):
            sums[containers[c, PARENT], k] += sums[c, k]
    total = max(running[n, 0], 1.0)
    page_text, page_verdict = math.log1p(total), total / max(running[n, 1], 1.0)
    since = _FAR
    for b in range(n):
        row = columns[b]
        row[0] = verdicts[b]
        column = 1
        for i in range(-_REACH, _REACH + 1):
            if i != 0:
                row[column] = verdicts[b + i] if 0 <= b + i < n else -0.1
                column += 1
        for reach in _WINDOWS:
            low, high = max(b - reach, 0), min(b + reach + 1, n)
            text = running[high, 0] - running[low, 0]
            row[column] = text / max(running[high, 1] - running[low, 1], 1.0)
            row[column + 1] = math.log1p(text)
            column += 2
        row[column] = running[b, 0] / total
        row[column + 1] = running[b + 1, 0] / total
        row[column + 2] = verdicts[b] * widths[b] / total
        row[column + 3] = page_text
        row[column + 4] = page_verdict
        since = min(since + 1, _FAR)
        row[column + 5] = since
        if verdicts[b] > _STRONG and widths[b] >= _STRONG_WIDTH:
            since = 0
        until = column + 6
        column += 7
        c = np.int64(blocks[b, CONTAINER])
        place = place_of(keys, np.uint64(containers[c, SIGNATURE]))
        for _ in range(_LEVELS):
            row[column] = sums[c, 0] / max(sums[c, 1], np.float32(1))
            row[column + 1] = sums[c, 0] / total
            row[column + 2] = sums[c, 2] / max(sums[c, 3], np.float32(1))
            column += 3
            c = containers[c, PARENT]
        row[column] = alike[place, 0] / max(alike[place, 1], np.float32(1))
        row[column + 1] = alike[place, 2] / alike[place, 3]
    since = _FAR
    for b in range(n - 1, -1, -1):
        since = min(since + 1, _FAR)
        columns[b, until] = since
        if verdicts[b] > _STRONG and widths[b] >= _STRONG_WIDTH:
            since = 0
