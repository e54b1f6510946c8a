"""Files of clean pairs and clean text, read for `polysieve translate calibrate`."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from polysieve.filters.quality.encoders import Encoder
from polysieve.pipeline.texts import reading
from polysieve.pipeline.texts.reading import TextFileError
from polysieve.translation.calibration import Calibration, calibrate
from polysieve.translation.char_lm import train

LEAST_PAIRS = 100
MOST_CHARACTERS = 20_000_000  # of text for the model: more of it changes little


def limits(
    source: str,
    target: str,
    pairs_file: Path,
    texts: Sequence[Path],
    encoder: Encoder | None = None,
) -> tuple[Calibration, int]:
    """The limits between two languages, and the characters that the model was trained on.

    Without texts the model is trained on every other pair, and the limits are learned from the rest.
    Raises TextFileError.
    """
    pairs = list(read_pairs(pairs_file))
    if len(pairs) < LEAST_PAIRS:
        raise TextFileError(f"{pairs_file}: {len(pairs)} pairs; limits need {LEAST_PAIRS} or more")
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
                    raise TextFileError(
                        f"{path}: line {number}: a source and its translation, with a tab between"
                    )
                yield row[0], row[1]
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise TextFileError(f"{path}: no pairs: {error}") from None


def read_texts(path: Path) -> Iterator[str]:
    """Lines of the texts of a file, or of all files of a folder. A file of no known form is read as text."""
    for file in reading.files(path) if path.is_dir() else [path]:
        for text in reading.texts(file):
            yield from text.splitlines()
