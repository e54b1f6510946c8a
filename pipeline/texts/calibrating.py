"""Files of clean pairs and clean text, read for `polysieve translate calibrate`."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pyarrow.parquet as pq

from polysieve.filters.quality.encoders import Encoder
from polysieve.translation.calibration import Calibration, calibrate
from polysieve.translation.char_lm import train

LEAST_PAIRS = 100
MOST_CHARACTERS = 20_000_000  # of text for the model: more of it changes little


class PairsError(ValueError):
    """A file of pairs or text that cannot be used; the message names it and the cure."""


def limits(
    source: str,
    target: str,
    pairs_file: Path,
    texts: Sequence[Path],
    encoder: Encoder | None = None,
) -> tuple[Calibration, int]:
    """The limits between two languages, and the characters that the model was trained on.

    Without texts the model is trained on every other pair, and the limits are learned from the rest. Raises PairsError.
    """
    pairs = list(read_pairs(pairs_file))
    if len(pairs) < LEAST_PAIRS:
        raise PairsError(f"{pairs_file}: {len(pairs)} pairs; limits need {LEAST_PAIRS} or more")
    clean = [text for path in texts for text in read_texts(path)]
    if not texts:
        clean, pairs = [own for _, own in pairs[::2]], pairs[1::2]
    taken, size = [], 0
    for text in clean:
        if size >= MOST_CHARACTERS:
            break
        taken.append(text)
        size += len(text)
    embedder, digest = (encoder.encode, encoder.hash) if encoder else (None, None)
    return calibrate(source, target, pairs, train(taken), embedder, digest), size


def read_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Pairs of a TSV file (a source and its translation a line) or of Parquet columns `source` and `target`."""
    try:
        if path.suffix == ".parquet":
            table = pq.read_table(path, columns=["source", "target"])
            yield from zip(*(column.to_pylist() for column in table.columns), strict=True)
            return
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter="\t"), 1):
                if len(row) != 2:
                    raise PairsError(
                        f"{path}: line {number}: a source and its translation, with a tab between"
                    )
                yield row[0], row[1]
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise PairsError(f"{path}: no pairs: {error}") from None


def read_texts(path: Path) -> Iterator[str]:
    """Lines of text of a text file, of `text` in JSONL or Parquet, or of all Parquet files of a folder."""
    if path.is_dir():
        for file in sorted(path.glob("*.parquet")):
            yield from read_texts(file)
        return
    try:
        if path.suffix == ".parquet":
            for batch in pq.ParquetFile(path).iter_batches(columns=["text"]):
                for text in batch.column(0).to_pylist():
                    yield from (text or "").splitlines()
        elif path.suffix in (".jsonl", ".json"):
            for line in path.read_bytes().splitlines():
                yield from orjson.loads(line)["text"].splitlines()
        else:
            yield from path.read_text("utf-8").splitlines()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PairsError(f"{path}: no text: {error}") from None
