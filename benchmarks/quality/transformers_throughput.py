"""What models of transformers cost on the CPU, beside n-grams: the same documents, one thread, CPU time.

    python -m benchmarks.quality.transformers_throughput GOLD_TEXT.jsonl.xz [--documents 32]

Models have the sizes named and random weights, which cost what trained ones do, and a tokenizer made of the documents,
so that only the widths and layers differ. Language models score 1,024 tokens after the first 10; classifiers read 512.
Prints documents and tokens a CPU second, tokens being those that a model reads, and how many times longer a document
takes than with n-grams.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import transformers

from benchmarks.signals.throughput import read
from polysieve.filters.quality import (
    encoder_files,
    ngrams,
    sequence_classifier,
    torch_models,
    transformer_lm,
    transformer_training,
)

LANGUAGE_MODELS = {"language model, 2 × 128": (2, 128), "language model, 12 × 512": (12, 512)}
CLASSIFIERS = {
    "classifier, 6 × 384 (MiniLM)": (6, 384),
    "classifier, 12 × 768 (BERT base)": (12, 768),
}


def timed(score: Callable[[pa.Array], object], texts: pa.Array) -> float:
    """CPU seconds, after a first call on two texts."""
    score(texts.slice(0, 2))
    started = time.process_time()
    score(texts)
    return time.process_time() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("texts", type=Path)
    parser.add_argument("--documents", type=int, default=32)
    given = parser.parse_args()
    whole = [text.strip() for _, text in read(given.texts) if text.strip()]
    step = max(1, len(whole) // given.documents)
    own = whole[::step][: given.documents]
    texts = pa.array(own, pa.large_string())
    print(f"{len(own)} documents, {sum(len(text.encode()) for text in own) / 1e6:.2f} MB")
    print(f"{'model':34} {'documents/s':>11} {'tokens/s':>10} {'of n-grams':>10}")
    many = pa.concat_arrays([texts] * 50)  # enough to take a while
    base = timed(ngrams.train(texts, 3).scores, many) / 50
    print(f"{'n-grams of three words':34} {len(own) / base:11,.0f}")
    with tempfile.TemporaryDirectory() as name:
        for kind, (layers, width) in LANGUAGE_MODELS.items():
            folder = Path(name, kind)
            how = transformer_training.Training(1, width, layers)
            transformer_training.train(folder, whole[:2000], [], how)
            show(kind, folder, transformer_lm.load(str(folder)).scores, texts, 1034, base)
        for kind, (layers, width) in CLASSIFIERS.items():
            tokenizer = folder / "tokenizer.json"
            folder = Path(name, kind)
            config = transformers.BertConfig(
                vocab_size=4096, hidden_size=width, num_hidden_layers=layers,
                num_attention_heads=width // 64, intermediate_size=4 * width, num_labels=2,
            )  # fmt: skip
            transformers.BertForSequenceClassification(config).save_pretrained(folder)
            (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())
            model = sequence_classifier.load(str(folder))
            show(kind, folder, lambda own, m=model: m.scores(own, 1), texts, 512, base)
    return 0


def show(
    kind: str,
    folder: Path,
    score: Callable[[pa.Array], object],
    texts: pa.Array,
    most: int,
    base: float,
) -> None:
    files = encoder_files.of_weights(str(folder))
    tokens = sum(map(len, torch_models.Tokens(kind, files, 4096).ids(texts, most, marks=False)))
    seconds = timed(score, texts)
    n = len(texts)
    print(
        f"{kind:34} {n / seconds:11,.1f} {tokens / seconds:10,.0f} {seconds / base:10,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
