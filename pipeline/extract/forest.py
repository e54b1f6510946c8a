"""A gradient-boosted ensemble of small trees as arrays, and its compiled evaluation.

The nodes of all trees lie one after the other. A node sends a row left where its feature is not above the
threshold; the right child follows the left one. A leaf is its own left child under an infinite threshold, so
that every row takes the same number of steps through a tree and none has to be asked whether it has arrived.
"""

from typing import Any, NamedTuple

import numpy as np

from filters.compiling import leaf

# A row whose log-odds are under GIVEN_UP after this many trees will not come back; the rest are not asked.
FIRST_TREES = 24
GIVEN_UP = -3.0


class Forest(NamedTuple):
    """Trees over rows of float32 features; the sum of the leaves is the log-odds of the label."""

    feature: np.ndarray
    """int16[nodes]"""
    threshold: np.ndarray
    """float32[nodes]"""
    left: np.ndarray
    """int16[nodes]: how many nodes further the left child is."""
    value: np.ndarray
    """float32[nodes]: of a leaf, what it adds."""
    roots: np.ndarray
    """int32[trees]"""
    depths: np.ndarray
    """int32[trees]: steps from root to the deepest leaf."""


def from_lightgbm(dump: dict[str, Any]) -> Forest:
    """The forest that LightGBM's `Booster.dump_model()` describes. Numeric features without gaps only."""
    rows: list[tuple[int, float, int, float]] = []
    roots, depths = [], []
    for tree in dump["tree_info"]:
        roots.append(len(rows))
        rows.append((0, 0.0, 0, 0.0))
        level = [(len(rows) - 1, tree["tree_structure"])]
        depth = 0
        while level:
            following = []
            for place, node in level:
                if "leaf_value" in node:
                    rows[place] = (0, np.inf, 0, node["leaf_value"])
                    continue
                left = len(rows)
                rows[place] = (node["split_feature"], node["threshold"], left - place, 0.0)
                rows += [(0, 0.0, 0, 0.0)] * 2
                following += [(left, node["left_child"]), (left + 1, node["right_child"])]
            level = following
            depth += bool(level)
        depths.append(depth)
    return Forest(
        np.array([row[0] for row in rows], np.int16),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[2] for row in rows], np.int16),
        np.array([row[3] for row in rows], np.float32),
        np.array(roots, np.int32),
        np.array(depths, np.int32),
    )


def scores(forest: Forest, features: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """float32[n]: the log-odds of the chosen rows (bool[n]) of float32[n, features]; -inf for the others."""
    sums = np.full(len(features), -np.inf, np.float32)
    _add_trees(features, np.flatnonzero(chosen), sums, *forest)
    return sums


@leaf
def _add_trees(features, rows, sums, feature, threshold, left, value, roots, depths):
    for k in range(rows.size):
        row = features[rows[k]]
        total = np.float32(0)
        for tree in range(roots.size):
            if tree == FIRST_TREES and total < GIVEN_UP:
                break
            node = np.int64(roots[tree])
            for _ in range(depths[tree]):
                node += left[node] + np.int64(row[feature[node]] > threshold[node])
            total += value[node]
        sums[rows[k]] = total


def probabilities(log_odds: np.ndarray) -> np.ndarray:
    """float32[n]: rounded to 1e-4, so that no later decision hangs on a machine's last bit."""
    with np.errstate(over="ignore"):
        return np.round(1 / (1 + np.exp(-log_odds.astype(np.float64))), 4).astype(np.float32)
