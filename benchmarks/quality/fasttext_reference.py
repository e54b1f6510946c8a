"""CPU seconds and scores of datatrove's FastTextClassifierFilter. Runs in datatrove's environment, not in ours.

python fasttext_reference.py MODEL TEXTS.json RESULT.json
"""

import json
import sys
import time

from datatrove.data import Document
from datatrove.pipeline.filters import FastTextClassifierFilter


def main(model: str, texts: str, result: str) -> None:
    block = FastTextClassifierFilter(model, keep_labels=("hq", 0.0), newline_replacement=" ")
    label = "__label__hq"
    with open(texts, encoding="utf-8") as file:
        given = json.load(file)
    best, scores = float("inf"), []
    for _ in range(3):
        documents = [Document(text, str(i)) for i, text in enumerate(given)]
        started = time.process_time()
        for document in documents:
            block.filter(document)
        best = min(best, time.process_time() - started)
        scores = [document.metadata[label] for document in documents]
    with open(result, "w", encoding="utf-8") as file:
        json.dump({"seconds": best, "label": label, "scores": scores}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
