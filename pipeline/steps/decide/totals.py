"""What is summed over a label's documents as they come, a stretch at a time, when they are decided."""

import numpy as np

from polysieve.pipeline.steps.decide.manifest import LinesRemoved


class Totals:
    """Sums over a label's documents, which come a stretch at a time, and where its shards end."""

    def __init__(self, shard_bytes: int) -> None:
        self.words = self.kept_words = self.text_bytes = self.kept_bytes = 0
        self.lines: LinesRemoved = {"documents": 0, "lines": 0}
        self.shards = {"corpus": ShardEnds(shard_bytes), "removed": ShardEnds(shard_bytes)}

    def add(self, kept: np.ndarray, words: np.ndarray, text_bytes: np.ndarray) -> None:
        """The next k documents: whether each is kept, its words and bytes (bool, int, int64[k])."""
        self.words += int(words.sum())
        self.kept_words += int(words[kept].sum())
        self.text_bytes += int(text_bytes.sum())
        self.kept_bytes += int(text_bytes[kept].sum())
        self.shards["corpus"].add(kept, text_bytes)
        self.shards["removed"].add(~kept, text_bytes)

    def add_lines(self, kept: np.ndarray, lines: np.ndarray) -> None:
        """Of the k documents, how many lines each would lose (int[k]): those kept lose them."""
        self.lines["documents"] += int((lines[kept] > 0).sum())
        self.lines["lines"] += int(lines[kept].sum())


class ShardEnds:
    """The row after the last of each shard of about `limit` bytes of chosen rows.

    A shard closes with the row that brings it to `limit`; every shard has a chosen row, and the last takes in the
    rows after it.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.rows = self.bytes = self.base = 0
        self.last = -1  # the last chosen row
        self.ends: list[int] = []

    def add(self, chosen: np.ndarray, text_bytes: np.ndarray) -> None:
        """The next rows (bool and int64[k])."""
        total = self.bytes + np.cumsum(text_bytes * chosen)
        while len(total) and total[-1] >= self.base + self.limit:
            place = int(np.searchsorted(total, self.base + self.limit))
            self.ends.append(self.rows + place + 1)
            self.base = int(total[place])
        here = np.flatnonzero(chosen)
        if len(here):
            self.last = self.rows + int(here[-1])
            self.bytes = int(total[-1])
        self.rows += len(chosen)

    def all(self) -> list[int]:
        """The ends, once all rows were added; none where no row was chosen."""
        if self.last < 0:
            return []
        return [*(end for end in self.ends if end <= self.last), self.rows]
