"""The classifier on pages of sites that it was not trained on, beside other engines, by set and by language.

    python benchmarks/extraction/cross_validate.py FOLDER PAGES.parquet [--engine NAME ...]

FOLDER holds the evaluation sets (see gold.py), PAGES.parquet is what training_pages.py made of them. Five folds;
pages of one group are never on both sides. Measures as in compare.py. By language: F1 over words on the sets that
have whole texts, over snippets on trafilatura-eval; a page's language is what its `<html>` says, else that of
the text's script.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from compare import MEASURES, GoldPage, mean_word_scores, snippet_scores
from gold import read_gold

from polysieve.pipeline.extract import ENGINES, ExtractionError, classifier, extract
from polysieve.pipeline.extract.assemble import plain
from polysieve.pipeline.extract.text import tidy
from polysieve.pipeline.extract.training import Example, examples, folds, read_pages, train

Texts = list[tuple[GoldPage, str]]


def by_engine(name: str, pages: list[GoldPage]) -> Texts:
    texts = []
    for page in pages:
        try:
            texts.append((page, extract(page.html, engine=name).text))
        except ExtractionError:
            texts.append((page, ""))
    return texts


def cross_validated(pages: list[Example], count: int = 5, seed: int = 0) -> list[np.ndarray]:
    """The blocks of each page (bool[n]) that a model chooses which saw no page of its group."""
    chosen: list[np.ndarray] = [np.zeros(0, np.bool_)] * len(pages)
    where = folds(pages, count, seed)
    for k in range(count):
        model = train([page for page, fold in zip(pages, where, strict=True) if fold != k], seed)
        for i in map(int, np.flatnonzero(where == k)):
            chosen[i] = classifier.choose(model, pages[i].parsed, pages[i].features)
    return chosen


def by_classifier(pages: list[GoldPage], parquet: str) -> Texts:
    rows = read_pages(parquet)
    learned = examples(rows)
    chosen = cross_validated(learned)
    texts = {
        (row["set"], row["name"]): tidy(plain(example.parsed, keep))
        for row, example, keep in zip(rows, learned, chosen, strict=True)
    }
    return [(page, texts[page.collection, page.name]) for page in pages]


def language(page: GoldPage) -> str:
    declared = (extract(page.html, engine="polysieve").metadata.language or "").lower()
    return declared.replace("_", "-").split("-")[0] or "not said"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("pages")
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    options = parser.parse_args()
    pages = list(read_gold(options.folder))
    found = {"polysieve, cross-validated": by_classifier(pages, options.pages)}
    found |= {name: by_engine(name, pages) for name in options.engine or ["trafilatura"]}

    print("| engine | " + " | ".join(MEASURES) + " | mean of sets |")
    print("|---|" + "---|" * (len(MEASURES) + 1))
    for name, texts in found.items():
        scores = {
            measure: score((page, text) for page, text in texts if page.collection == collection)
            for measure, (collection, score) in MEASURES.items()
        }
        sets = [score[2] for measure, score in scores.items() if "shingles" not in measure]
        cells = (f"{f1:.3f} ({p:.3f}/{r:.3f})" for p, r, f1 in scores.values())
        print(f"| {name} | {' | '.join(cells)} | {sum(sets) / len(sets):.3f} |")

    languages = {(page.collection, page.name): language(page) for page in pages}
    for title, has_text, score in (
        ("words", True, mean_word_scores),
        ("snippets", False, snippet_scores),
    ):
        print(f"\n| language | pages | {' | '.join(f'{name} {title}' for name in found)} |")
        print("|---|---|" + "---|" * len(found))
        groups: dict[str, list[int]] = defaultdict(list)
        for i, page in enumerate(pages):
            if (page.text is not None) == has_text:
                groups[languages[page.collection, page.name]].append(i)
        for name, members in sorted(groups.items(), key=lambda item: -len(item[1])):
            cells = (f"{score([texts[i] for i in members])[2]:.3f}" for texts in found.values())
            print(f"| {name} | {len(members)} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
