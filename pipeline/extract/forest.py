"""A gradient-boosted ensemble of small trees as arrays, and its compiled evaluation.

The nodes of all trees lie one after the other, children behind their parents. A node sends a row left where its
feature is not above the threshold; the right child follows the left one.
"""

from typing import Any, NamedTuple

import numpy as np

from polysieve.compiling import leaf

# A row whose log-odds are under GIVEN_UP after this many trees will not come back; the rest are not asked.
FIRST_TREES = 24
GIVEN_UP = -3.0
_WIDTH = 64  # rows that go through a tree side by side


class Forest(NamedTuple):
    """Trees over rows of float32 features; the sum of the leaves is the log-odds of the label."""

    feature: np.ndarray
    """int16[nodes]"""
    threshold: np.ndarray
    """float32[nodes]"""
    left: np.ndarray
    """int16[nodes]: how many nodes further the left child is; 0 of a leaf."""
    value: np.ndarray
    """float32[nodes]: of a leaf, what it adds."""
    roots: np.ndarray
    """int32[trees]"""


def from_lightgbm(dump: dict[str, Any]) -> Forest:
    """The forest that LightGBM's `Booster.dump_model()` describes. Numeric features without gaps only."""
    rows: list[tuple[int, float, int, float]] = []
    roots: list[int] = []
    for tree in dump["tree_info"]:
        roots.append(len(rows))
        rows.append((0, 0.0, 0, 0.0))
        level = [(len(rows) - 1, tree["tree_structure"])]
        while level:
            following = []
            for place, node in level:
                if "leaf_value" in node:
                    rows[place] = (0, 0.0, 0, node["leaf_value"])
                    continue
                left = len(rows)
                rows[place] = (node["split_feature"], node["threshold"], left - place, 0.0)
                rows += [(0, 0.0, 0, 0.0)] * 2
                following += [(left, node["left_child"]), (left + 1, node["right_child"])]
            level = following
    return Forest(
        np.array([row[0] for row in rows], np.int16),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[2] for row in rows], np.int16),
        np.array([row[3] for row in rows], np.float32),
        np.array(roots, np.int32),
    )


def scores(forest: Forest, features: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """float32[n]: the log-odds of the chosen rows (bool[n]) of float32[n, features]; -inf for the others."""
    sums = np.full(len(features), -np.inf, np.float32)
    ends = np.append(forest.roots[1:], np.int32(len(forest.value)))
    columns = np.zeros((features.shape[1], _WIDTH), np.float32)
    values = np.empty((np.max(ends - forest.roots, initial=1), _WIDTH), np.float32)
    _add_trees(features, np.flatnonzero(chosen), sums, columns, values, *forest, ends)
    return sums


@leaf
def _add_trees(
    features, rows, sums, columns, values, feature, threshold, left, value, roots, ends
):  # fmt: skip
    """Adds what the trees say of `rows`, which are sorted anew: those that are still asked lie first."""
    width = columns.shape[1]
    for k in range(rows.size):
        sums[rows[k]] = 0
    asked = rows.size
    middle = min(FIRST_TREES, roots.size)
    for first_tree, end_tree in ((0, middle), (middle, roots.size)):
        for first in range(0, asked, width):
            count = min(width, asked - first)
            for r in range(count):
                row = features[rows[first + r]]
                for f in range(row.size):
                    columns[f, r] = row[f]
            for tree in range(first_tree, end_tree):
                root = np.int64(roots[tree])
                _climb(columns, values, feature, threshold, left, value, root, np.int64(ends[tree]))
                for r in range(count):
                    sums[rows[first + r]] += values[0, r]
        kept = 0
        for k in range(asked):
            if sums[rows[k]] >= GIVEN_UP:
                rows[kept] = rows[k]
                kept += 1
        asked = kept


@leaf
def _climb(columns, values, feature, threshold, left, value, root, end):
    """values[0]: the leaf of the tree at `root` that each column of `columns` comes to.

    From the last node to the first, each takes the value of its left or right child for all columns at once, which
    is a few vector instructions where a walk down from the root would mispredict branches for every row.
    """
    for node in range(end - 1, root - 1, -1):
        own = values[node - root]
        step = np.int64(left[node])
        if step == 0:
            own[:] = value[node]
            continue
        column, limit = columns[feature[node]], threshold[node]
        lefts, rights = values[node - root + step], values[node - root + step + 1]
        for r in range(columns.shape[1]):
            low, high = lefts[r], rights[r]  # both read first, or the loop is not vectorised
            own[r] = high if column[r] > limit else low


def probabilities(log_odds: np.ndarray) -> np.ndarray:
    """float32[n]: rounded to 1e-4, so that no later decision hangs on a machine's last bit."""
    with np.errstate(over="ignore"):
        return np.round(1 / (1 + np.exp(-log_odds.astype(np.float64))), 4).astype(np.float32)
