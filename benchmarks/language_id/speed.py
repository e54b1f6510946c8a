"""The embedded model's rate beside lid.176 in datatrove's language filter, on the same documents in one run.

    python -m benchmarks.language_id.speed DATATROVE_PYTHON lid.176.ftz [--million]

Both take turns, three each, in process time of one thread; the ratio is of the best turns. `--million` identifies a
million documents in one process instead and prints its resident memory as it goes.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.language_id.evaluate import documents_of_three_kilobytes
from benchmarks.language_id.sets import excerpts, ntrex
from polysieve.language_id import load_model

TURNS = 3
MOST = 500  # documents of each kind
BATCH = 2_000

FILTER_NEEDS = "it needs datatrove, fasteners and fasttext-numpy2-wheel"
# In datatrove's own environment.
FILTER = """
import json, sys, time
from datatrove.data import Document
from datatrove.pipeline.filters import LanguageFilter
from fasttext.FastText import _FastText
texts = json.load(open(sys.argv[1]))
found = LanguageFilter(label_only=True)
found.model._model = _FastText(sys.argv[2])
documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]
for document in documents[:50]:
    found.filter(document)
print("ready", flush=True)
for _ in sys.stdin:
    begin = time.process_time()
    for document in documents:
        found.filter(document)
    print(time.process_time() - begin, flush=True)
"""


def documents() -> dict[str, list[str]]:
    """Documents of three kilobytes of news, of 700 characters, and web excerpts."""
    news = ntrex(700)
    found = {
        "news, 3 kB": documents_of_three_kilobytes(news),
        "news, 700 characters": [text for _, text in news],
        "web excerpts": [text for _, text in excerpts()],
    }
    return {name: texts[:: -(-len(texts) // MOST)] for name, texts in found.items()}


def side_by_side(python: str, model: Path, texts: list[str]) -> tuple[float, float]:
    """Best seconds of the embedded model and of datatrove's filter for all texts."""
    embedded = load_model("embedded")
    whole = pa.array(texts, pa.large_string())
    embedded.identify(whole[:50])
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        file.write_text(json.dumps(texts))
        with subprocess.Popen(
            [python, "-c", FILTER, str(file), str(model)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as other:  # fmt: skip
            assert other.stdin and other.stdout
            if other.stdout.readline() != "ready\n":
                raise SystemExit(
                    f"{python}: datatrove's language filter does not run there: {FILTER_NEEDS}"
                )
            for _ in range(TURNS):
                begin = time.process_time()
                embedded.identify(whole)
                ours.append(time.process_time() - begin)
                other.stdin.write("\n")
                other.stdin.flush()
                theirs.append(float(other.stdout.readline()))
            other.stdin.close()
    return min(ours), min(theirs)


def million(texts: list[str]) -> None:
    """Identify a million documents, each another one, and print the resident memory at every tenth."""
    embedded = load_model("embedded")
    page = resource.getpagesize()
    for start in range(0, 1_000_000, BATCH):
        batch = [f"{start + i} {texts[(start + i) % len(texts)]}" for i in range(BATCH)]
        embedded.identify(pa.array(batch, pa.large_string()))
        if (start + BATCH) % 100_000 == 0:
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * page / 2**20
            print(f"| {start + BATCH} | {resident:.0f} |", flush=True)


def main() -> None:
    """Prints a row for each kind of document."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("python", help="Python with datatrove")
    options.add_argument("model", type=Path, help="lid.176.ftz or .bin")
    options.add_argument("--million", action="store_true")
    chosen = options.parse_args()
    if chosen.million:
        print("| documents | resident MiB |\n|---|---|")
        million(documents()["web excerpts"])
        return
    print(
        "| documents | bytes each | embedded MB/s | lid.176 in datatrove MB/s | ratio |\n|---|---|---|---|---|"
    )
    for name, texts in documents().items():
        size = sum(len(text.encode()) for text in texts)
        ours, theirs = side_by_side(chosen.python, chosen.model, texts)
        print(f"| {name} ({len(texts)}) | {size // len(texts)} | {size / ours / 1e6:.1f} | {size / theirs / 1e6:.1f} | "
              f"{theirs / ours:.2f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
