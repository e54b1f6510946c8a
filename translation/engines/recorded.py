"""Translations from a table: for tests, for replays, and for what was translated elsewhere."""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

from polysieve.translation.engines import FAILED, EngineError, Local, Segment, digest


class Recorded(Local):
    """A table of source and translation; a text that is not in it fails."""

    name, batch = "recorded", 4096

    def __init__(self, table: str) -> None:
        """table: a TSV file, source and translation a line, quoted as Python's csv module does. Raises EngineError."""
        self.path = Path(table)
        try:
            data = self.path.read_bytes()
            rows = list(csv.reader(data.decode("utf-8").splitlines(), delimiter="\t"))
        except (OSError, ValueError, csv.Error) as error:
            raise EngineError(f"{table}: no table of translations: {error}") from None
        if wrong := next((i for i, row in enumerate(rows, 1) if len(row) != 2), None):
            raise EngineError(
                f"{table}: line {wrong}: a source and its translation, with a tab between"
            )
        self.translations = dict(rows)  # type: ignore[arg-type]
        self.hash = digest(table=hashlib.sha256(data).hexdigest())

    def describe(self) -> list[dict[str, str]]:
        return [{"engine": self.name, "model": self.path.name, "hash": self.hash}]

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        found = [self.translations.get(text) for text in texts]
        return [Segment("", FAILED) if text is None else Segment(text) for text in found]
