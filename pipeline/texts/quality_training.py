"""`polysieve quality`: models of good text, one per language, from examples in Parquet and JSONL."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.filters.quality import examples
from polysieve.filters.quality.evaluation import Card
from polysieve.filters.quality.examples import Part, Pool
from polysieve.pipeline.texts import labelled

SUMMARY, CARD = "training.json", "README.md"
LEAST = 20  # examples of each class; with fewer the test part would hold one or none


class About(TypedDict):
    """How all models of a folder were trained."""

    settings: dict[str, object]
    seed: int
    positives: list[str]
    negatives: list[str]


Trainer = Callable[[Path, str, dict[str, Part]], Card]
"""From the model's path, the language and its parts to its card."""


def gather(
    paths: Sequence[str], seed: int, most: int, language: str | None = None
) -> dict[str, Pool]:
    """Label -> its examples. Raises TextFileError."""
    pools: dict[str, Pool] = {}
    for texts, labels, _ in labelled.read(paths, language):
        for label in sorted(pc.unique(labels).to_pylist()):
            own = texts.filter(pc.equal(labels, pa.scalar(label)))
            pools.setdefault(label, Pool(seed, most)).add(own)
    return pools


def train(
    positives: dict[str, Pool],
    negatives: dict[str, Pool],
    output: Path,
    suffix: str,
    trainer: Trainer,
    all_positives: bool = False,
) -> tuple[dict[str, Card], dict[str, str]]:
    """Write `<label><suffix>` for every language with enough examples of both classes.

    all_positives: the training part is of positives alone, all that the other parts leave.

    Returns the cards by label, and for each other language why it has no model.
    """
    cards: dict[str, Card] = {}
    left: dict[str, str] = {}
    for label in sorted({*positives, *negatives}):
        pools = [found.get(label) for found in (positives, negatives)]
        counts = [len(pool) if pool else 0 for pool in pools]
        if min(counts) < LEAST:
            left[label] = f"{counts[0]} positives and {counts[1]} negatives, fewer than {LEAST}"
            continue
        good, bad = (pool.take() for pool in pools if pool)
        parts = examples.divide(good, bad)
        if min(len(part.texts) for part in parts.values()) == 0:
            left[label] = "positives and negatives are the same texts"
            continue
        if all_positives:
            tested = [text for name in ("validate", "test") for text in parts[name].texts]
            others = {*tested, *bad}
            rest = [text for text in good if text not in others]
            parts["train"] = Part(rest, np.ones(len(rest), bool))
        cards[label] = trainer(output / f"{label}{suffix}", label, parts)
    return cards, left


def write_cards(output: Path, cards: Mapping[str, Card], about: About) -> None:
    """Write what was trained from what and how good it is, for programs and for people."""
    output.mkdir(parents=True, exist_ok=True)
    summary = json.dumps({**about, "languages": cards}, indent=1, ensure_ascii=False)
    (output / SUMMARY).write_text(summary + "\n", "utf-8")
    rows = [
        f"| {label} | {card['examples']['train']:,} | {card['test']['texts']:,} | {_figure(card['test']['auc'])} | "
        f"{_figure(card['test']['precision_at'])} | {_figure(card['test'].get('perplexity'))} | "
        f"`{card['sha256'][:12]}` |"
        for label, card in cards.items()
    ]
    codes = "".join(f"\n- {code}" for code in sorted({label.partition("_")[0] for label in cards}))
    lines = [
        "---", f"language:{codes}" if codes else "language: []", "tags:", "- text-classification", "- data-filtering",
        "---", "", "# Models of good text", "",
        "One model per language, made with `polysieve quality train`; a higher score is more like the positives.", "",
        f"- {', '.join(f'{k} {v}' for k, v in about['settings'].items())}, seed {about['seed']}",
        f"- positives: {', '.join(f'`{p}`' for p in about['positives'])}",
        f"- negatives: {', '.join(f'`{p}`' for p in about['negatives'])}",
        "- examples are without repetition, divided 80/10/10 by class; figures are of the last tenth, half good", "",
        "| language | trained on | tested on | AUC | precision of the best tenth | perplexity of the good | SHA-256 |",
        "|---|---:|---:|---:|---:|---:|---|", *rows, "",
        "A model knows text like its examples. Scores of other kinds of text, of machine translations above all, mean "
        "nothing.", "",
    ]  # fmt: skip
    (output / CARD).write_text("\n".join(lines), "utf-8")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
