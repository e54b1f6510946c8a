"""Sentences that were translated before: on disk, shared by the processes of a machine, whole after kill -9.

A SQLite file for each engine and pair of languages (`<folder>/<digest>.sqlite`), in write-ahead mode: several
processes read and write it at once. The digest stands for the engine's name, its hash and the pair, so a changed
model or setting begins a new file. The folder must be on a local disk; SQLite's locks do not hold on network
file systems.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from polysieve.translation.engines import FAILED, Engine, Segment, digest

_AT_ONCE = 500  # keys of one query
_WAIT_SECONDS = 120


class SentenceCache:
    """The translations of one engine and pair. Not to be shared between threads."""

    def __init__(self, folder: str | Path, engine: Engine, source: str, target: str) -> None:
        self.path = (
            Path(folder)
            / f"{digest(name=engine.name, hash=engine.hash, pair=[source, target])}.sqlite"
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS sentences"
            "(key BLOB PRIMARY KEY, translation TEXT NOT NULL, status TEXT NOT NULL, score REAL) WITHOUT ROWID"
        )

    def get(self, texts: Sequence[str]) -> dict[str, Segment]:
        """The segments of those texts that are known."""
        found: dict[str, Segment] = {}
        by_key = {_key(text): text for text in texts}
        for keys in _groups(list(by_key)):
            marks = ",".join("?" * len(keys))
            rows = self._database.execute(
                f"SELECT key, translation, status, score FROM sentences WHERE key IN ({marks})",
                keys,
            )
            for key, translation, status, score in rows:
                found[by_key[key]] = Segment(translation, status, score)
        return found

    def put(self, segments: Mapping[str, Segment]) -> dict[str, Segment]:
        """Keep segments by text, but for failed ones; returns what is kept now.

        Where another process was first its translation holds, so that all documents agree.
        """
        rows = [
            (_key(t), s.text, s.status, s.score) for t, s in segments.items() if s.status != FAILED
        ]
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR IGNORE INTO sentences VALUES (?, ?, ?, ?)", rows)
        self._database.execute("COMMIT")
        return {**segments, **self.get(list(segments))}

    def count(self) -> int:
        """How many sentences are known."""
        return int(self._database.execute("SELECT count(*) FROM sentences").fetchone()[0])

    def close(self) -> None:
        self._database.close()


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _groups(keys: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]
