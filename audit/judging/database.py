"""Samples and judgements in one SQLite file that several people and programs use at once.

Nothing that was said is ever changed or taken out: a judgement is a row with a number, and what holds of a document
and rater is the last one. Taking a judgement back is one more row, without a code. Each row has a key that the
sender chose, so that sending it again, after an answer that got lost or a double click, adds nothing.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict, cast

from polysieve.audit.judging.codes import CODES, PAIRS_ONLY
from polysieve.audit.judging.sample import Sample

VERSION = 1
_SCHEMA = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE documents (
    document TEXT PRIMARY KEY, label TEXT NOT NULL, id TEXT NOT NULL, url TEXT, file_path TEXT, offset INTEGER,
    language_score REAL, text TEXT NOT NULL, characters INTEGER NOT NULL, source_language TEXT, source_text TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE samples (
    label TEXT PRIMARY KEY, run TEXT NOT NULL, seed INTEGER NOT NULL, size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE strata (
    label TEXT, stage TEXT, reason TEXT, population INTEGER NOT NULL, PRIMARY KEY (label, stage, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE sampled (
    label TEXT, place INTEGER, document TEXT NOT NULL REFERENCES documents, stage TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (label, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE judgements (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, rater TEXT NOT NULL,
    document TEXT NOT NULL REFERENCES documents, code TEXT, offensive INTEGER NOT NULL, porn INTEGER NOT NULL,
    note TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE INDEX of_rater ON judgements (rater, document);
CREATE VIEW standing AS
    SELECT * FROM judgements
    WHERE number IN (SELECT max(number) FROM judgements GROUP BY rater, document) AND code IS NOT NULL;
"""
_JUDGED = """
SELECT d.label, s.stage, s.reason, t.population, d.document, d.id, d.url, d.file_path, d.offset,
       j.rater, j.code, j.offensive, j.porn, j.note, j.at
FROM standing j JOIN documents d USING (document)
LEFT JOIN sampled s ON s.document = d.document AND s.label = d.label
LEFT JOIN strata t ON t.label = s.label AND t.stage = s.stage AND t.reason = s.reason
ORDER BY d.label, d.document, j.rater
"""


class Queued(TypedDict):
    """A document of a sample, and the rater's judgement of it: all None where nothing was said."""

    document: str
    stage: str
    reason: str
    number: int | None
    code: str | None
    offensive: int | None
    porn: int | None
    note: str | None


class Stored(TypedDict):
    """A document as it is judged."""

    document: str
    label: str
    id: str
    url: str | None
    file_path: str | None
    offset: int | None
    language_score: float | None
    text: str
    characters: int
    """Of the whole text."""
    source_language: str | None
    source_text: str | None
    """Both of a translation."""


class Drawn(TypedDict):
    """A stratum: how many documents it holds, and how many of them are in the sample."""

    label: str
    stage: str
    reason: str
    population: int
    sampled: int


class JudgementError(ValueError):
    """A judgement that cannot be stored; the message says why."""


@dataclass(frozen=True)
class Judgement:
    """What one person says of one document."""

    key: str
    """Chosen by the sender, never used twice for different judgements."""
    rater: str
    document: str
    code: str | None
    """One of CODES; None takes back what was said before."""
    offensive: bool = False
    porn: bool = False
    note: str = ""


class Database:
    """The file; safe to use from several processes, each with its own Database."""

    def __init__(self, path: Path) -> None:
        """Open or make it. Raises JudgementError where it is not one, or a newer version's; OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            # Autocommit, so that a transaction begins where the code says BEGIN and nowhere else.
            self._connection = sqlite3.connect(
                path, timeout=60, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            # A row that was answered for must outlive a power cut: FULL, where WAL's default is less.
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._make()
        except sqlite3.DatabaseError as error:
            raise JudgementError(f"{path}: cannot be used ({error}); name another") from None

    def _make(self) -> None:
        with self._transaction():
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
            elif version != VERSION:
                raise JudgementError(
                    f"{self.path}: of version {version}, this program knows {VERSION}; name another"
                )

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _all(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with closing(self._connection.execute(query, values)) as rows:
            return [dict(row) for row in rows]

    def has_sample(self, label: str, run: str, seed: int, size: int) -> bool:
        """Whether a language's sample is the one of this run, with this seed and size."""
        wanted = {"label": label, "run": run, "seed": seed, "size": size}
        return self._all("SELECT * FROM samples WHERE label = ?", label) == [wanted]

    def set_sample(self, label: str, run: str, seed: int, size: int, sample: Sample) -> None:
        """Make this a language's sample. Judgements stay, of documents that it does not hold too."""
        execute = self._connection.execute
        with self._transaction():
            for table in ("samples", "strata", "sampled"):
                execute(f"DELETE FROM {table} WHERE label = ?", (label,))
            execute("INSERT INTO samples VALUES (?, ?, ?, ?)", (label, run, seed, size))
            for stratum in sample.strata:
                values = (label, stratum.stage, stratum.reason, stratum.population)
                execute("INSERT INTO strata VALUES (?, ?, ?, ?)", values)
            for place, one in enumerate(sample.documents):
                c = one.columns
                execute(
                    "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                    "label = excluded.label, language_score = excluded.language_score, "
                    "source_language = excluded.source_language, source_text = excluded.source_text",
                    (one.document, label, c["id"], c["url"], c["file_path"], c["offset"], c["language_score"],
                     c["text"], c["characters"], c["source_language"], c["source_text"]),
                )  # fmt: skip
                execute(
                    "INSERT INTO sampled VALUES (?, ?, ?, ?, ?)",
                    (label, place, one.document, one.stage, one.reason),
                )

    def progress(self, rater: str) -> dict[str, dict[str, int]]:
        """Label -> `documents` in its sample and how many of them the rater has `judged`."""
        rows = self._all(
            "SELECT s.label, count(*) AS documents, count(j.number) AS judged FROM sampled s "
            "LEFT JOIN standing j ON j.document = s.document AND j.rater = ? GROUP BY s.label",
            rater,
        )
        return {row.pop("label"): row for row in rows}

    def queue(self, label: str, rater: str) -> list[Queued]:
        """A language's sample in its order."""
        rows = self._all(
            "SELECT s.document, s.stage, s.reason, j.number, j.code, j.offensive, j.porn, j.note FROM sampled s "
            "LEFT JOIN standing j ON j.document = s.document AND j.rater = ? WHERE s.label = ? ORDER BY s.place",
            rater, label,
        )  # fmt: skip
        return cast(list[Queued], rows)

    def document(self, document: str) -> Stored | None:
        """A document by its name."""
        found = self._all("SELECT * FROM documents WHERE document = ?", document)
        return cast(Stored, found[0]) if found else None

    def add(self, judgement: Judgement) -> int:
        """Store a judgement; returns the number of its row, the same one where it is sent again.

        Raises JudgementError where the key stands for another judgement, the document is not known, or the code
        does not fit it.
        """
        j = judgement
        said = (j.rater, j.document, j.code, int(j.offensive), int(j.porn), j.note)
        with self._transaction():
            before = self._all(
                "SELECT number, rater, document, code, offensive, porn, note FROM judgements WHERE key = ?",
                j.key,
            )
            if before:
                number, *stored = before[0].values()
                if tuple(stored) != said:
                    raise JudgementError("this key was used for another judgement")
                return int(number)
            document = self.document(j.document)
            if document is None:
                raise JudgementError("no such document")
            if j.code is not None and j.code not in CODES:
                raise JudgementError(f"no such code; give one of {', '.join(CODES)}")
            if j.code in PAIRS_ONLY and document["source_text"] is None:
                raise JudgementError(f"{j.code} is for pairs of texts, and this one has no source")
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            added = self._connection.execute(
                "INSERT INTO judgements (key, rater, document, code, offensive, porn, note, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (j.key, *said, at),
            )
        return int(added.lastrowid or 0)

    def judged(self) -> list[dict[str, Any]]:
        """What stands, a row per document and rater, with the stratum that the sample has the document in.

        stage, reason and population are None for a document that is not in its language's sample any more.
        """
        return self._all(_JUDGED)

    def strata(self) -> list[Drawn]:
        """Every stratum that was drawn from."""
        rows = self._all(
            "SELECT t.*, (SELECT count(*) FROM sampled s WHERE s.label = t.label AND s.stage = t.stage "
            "AND s.reason = t.reason) AS sampled FROM strata t ORDER BY label, stage, reason"
        )
        return cast(list[Drawn], rows)

    def history(self) -> Sequence[Mapping[str, Any]]:
        """Every row ever stored, in order."""
        return self._all("SELECT * FROM judgements ORDER BY number")
