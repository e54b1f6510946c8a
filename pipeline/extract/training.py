"""Training the classifier of main text from pages whose text is known; behind `polysieve extract train`.

Every page counts alike but for its length's square root, within a page a block by its words. Two forests are
boosted: the first from features alone, the second from these and the first one's verdicts. In training, those
verdicts come from forests that did not see the page or any other of its group, as they will in use.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from polysieve.filters.needs import needed
from polysieve.pipeline.extract import classifier, context, features, forest
from polysieve.pipeline.extract.charset import to_utf8
from polysieve.pipeline.extract.classifier import Classifier
from polysieve.pipeline.extract.content import read, title_of
from polysieve.pipeline.extract.labelling import Known, label, tokens
from polysieve.pipeline.extract.parser import Parsed

THRESHOLD = 0.5
TREES, LEAVES, DEPTH, RATE = 120, 15, 6, 0.1
INNER_FOLDS = 3
_WORD_POWER = 0.6  # of a block's words in its weight


class TrainingError(Exception):
    """Pages that cannot be trained on, or a missing library, in words for the user."""


@dataclass(frozen=True)
class Example:
    """A page to learn from. features: float32[n, k]; labels, weights: float64[n]; group: pages of one group are
    never on both sides of a cross-validation."""

    parsed: Parsed
    texts: list[str]
    features: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    group: str


def read_pages(path: str) -> list[dict[str, Any]]:
    """Rows of a Parquet file: `html` (bytes), `group`, and of `text`, `wanted`, `unwanted`, `teachers` any."""
    try:
        table = pq.read_table(path)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read as Parquet: {error}") from error
    missing = [name for name in ("html", "group") if name not in table.column_names]
    if missing or not table.num_rows:
        raise TrainingError(
            f"{path}: needs rows with the columns html and group; missing: {missing or 'rows'}"
        )
    return table.to_pylist()


def examples(pages: Iterable[dict[str, Any]]) -> list[Example]:
    """The pages as examples."""
    found = []
    for page in pages:
        known = Known(
            page.get("text"),
            page.get("wanted") or [],
            page.get("unwanted") or [],
            page.get("teachers") or [],
        )
        source, parsed = read(to_utf8(page["html"])[0])
        text = parsed.text.tobytes()
        texts = [text[start:end].decode() for start, end in parsed.blocks[:, :2]]
        labels, weights = label(texts, known)
        sizes = np.array([max(len(tokens(t)), 1) for t in texts], np.float64) ** _WORD_POWER
        weights = weights * sizes / max(sizes.sum(), 1) * len(texts) ** 0.5
        described = features.describe(parsed, title_of(source, parsed))
        found.append(Example(parsed, texts, described, labels, weights, str(page["group"])))
    return found


def train(pages: Sequence[Example], seed: int = 0) -> Classifier:
    """Both forests, from all pages. Raises TrainingError where LightGBM is missing."""
    halves = folds(pages, INNER_FOLDS, seed + 1)
    unseen: dict[int, np.ndarray] = {}
    for k in range(INNER_FOLDS):
        inside = [page for page, fold in zip(pages, halves, strict=True) if fold != k]
        model = _boost([page.features for page in inside], inside, seed)
        for i in map(int, np.flatnonzero(halves == k)):
            unseen[i] = classifier.first_verdicts(model, pages[i].features)
    first = _boost([page.features for page in pages], pages, seed)
    extended = [
        context.extend(page.parsed, page.features, unseen[i]) for i, page in enumerate(pages)
    ]
    return Classifier(first, _boost(extended, pages, seed), THRESHOLD)


def folds(pages: Sequence[Example], count: int, seed: int) -> np.ndarray:
    """int64[n]: the fold of each page, groups dealt at random and never parted."""
    groups = sorted({page.group for page in pages})
    order = np.random.default_rng(seed).permutation(len(groups))
    fold = {group: place % count for group, place in zip(groups, order, strict=True)}
    return np.array([fold[page.group] for page in pages], np.int64)


def _boost(rows: list[np.ndarray], pages: Sequence[Example], seed: int) -> forest.Forest:
    lightgbm = needed("lightgbm", "training", TrainingError)
    parameters = {
        "objective": "cross_entropy",  # labels lie between 0 and 1 where teachers disagree
        "num_leaves": LEAVES,
        "max_depth": DEPTH,
        "learning_rate": RATE,
        "feature_fraction_bynode": 0.3,
        "lambda_l2": 5.0,
        "min_data_in_leaf": 30,
        "max_bin": 63,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    weights = np.concatenate([page.weights for page in pages])
    labels = np.concatenate([page.labels for page in pages])
    counted = weights > 0
    if not counted.any():
        raise TrainingError("no page has a text, pieces or teachers to learn from")
    data = lightgbm.Dataset(
        np.concatenate(rows)[counted],
        np.clip(labels[counted], 0, 1),
        weight=weights[counted] / weights[counted].mean(),
        params=parameters,
    )
    return forest.from_lightgbm(lightgbm.train(parameters, data, TREES).dump_model())


def card(pages: Sequence[Example], about: str) -> str:
    """The model card, as JSON: what it was trained on and how."""
    return json.dumps(
        {
            "about": about,
            "pages": len(pages),
            "groups": len({page.group for page in pages}),
            "blocks": int(sum(len(page.labels) for page in pages)),
            "main_text_share": round(
                float(np.mean(np.concatenate([page.labels for page in pages]) > 0.5)), 4
            ),
            "features": len(features.NAMES) + len(context.NAMES),
            "trees": [TREES, TREES],
            "leaves": LEAVES,
            "learning_rate": RATE,
            "threshold": THRESHOLD,
        },
        indent=1,
        ensure_ascii=False,
    )
