"""fastText models made for a test."""

from pathlib import Path

import fasttext


def train(folder: Path, labels: dict[str, str]) -> Path:
    """A tiny model that knows the sentences of the given labels by heart."""
    lines = [f"__label__{label} {text}\n" for label, text in labels.items()] * 60
    source = folder / "train.txt"
    source.write_text("".join(lines), encoding="utf-8")
    model = fasttext.train_supervised(
        str(source), dim=16, epoch=40, lr=0.5, minn=2, maxn=3, bucket=2000, thread=1, verbose=0
    )
    model.save_model(str(folder / "tiny.bin"))
    return folder / "tiny.bin"
