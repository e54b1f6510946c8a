"""What a label's documents are compared with: the contents that an index holds, then the documents, numbered together.

Rows 0 … earlier - 1 are the distinct contents of the label in the index, in the order in which they came; the rows
after them are its documents. So a component is named by its earliest content, and what an index found stays what it
was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from polysieve.dedup import edges
from polysieve.pipeline.index.versions import Earlier
from polysieve.pipeline.recipe.clustering import MinHash
from polysieve.pipeline.steps.labels import Label

_NO_KEYS = np.empty(0, np.uint64)


@dataclass(frozen=True)
class DedupInputs:
    """The contents of a label in an index, where there is one, and its documents."""

    label: Label
    minhash: MinHash | None
    index: Earlier | None = None

    @cached_property
    def earlier(self) -> int:
        """Contents that come from the index."""
        return self.index.contents(self.label.name) if self.index else 0

    @cached_property
    def count(self) -> int:
        return self.earlier + self.label.documents

    def equal_contents(self, part: int = 0, parts: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """(first, row), int64[e] each: documents whose content came before, and the row that had it first.

        Rows that went before clustering (`cut` in documents/) are equal to themselves alone.
        """
        numbers, first, second = [np.empty(0, np.int64)], [_NO_KEYS], [_NO_KEYS]

        def add(rows: np.ndarray, table: pa.Table) -> None:
            key = table["content_0"].to_numpy()
            inside = edges.in_partition(key, part, parts)
            numbers.append(rows[inside])
            first.append(key[inside])
            second.append(table["content_1"].to_numpy()[inside])

        columns = ["content_0", "content_1"]
        for start, table in self._indexed("contents", columns):
            add(np.arange(start, start + len(table)), table)
        for own, read in self.label.stretches(
            {"bands": columns, "documents": ["prefilter_reason"]}
        ):
            uncut = np.flatnonzero(read["documents"]["prefilter_reason"].is_null().to_numpy())
            add(uncut + self.earlier + own.start, read["bands"].take(pa.array(uncut)))
        rows = np.concatenate(numbers)
        a, b = edges.equal_pairs(np.concatenate(first), np.concatenate(second))
        return rows[a], rows[b]

    def band(
        self, band: int, members: np.ndarray, part: int = 0, parts: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """(keys, rows) of one band, uint64[k] and int64[k]: of the rows that have shingles and are in
        `members` (packed bits over all rows), those whose keys lie in partition `part` of `parts`."""
        keys = [_NO_KEYS]
        numbers = [np.empty(0, np.int64)]

        def add(found: np.ndarray, rows: np.ndarray) -> None:
            chosen = edges.in_partition(found, part, parts)
            keys.append(found[chosen])
            numbers.append(rows[chosen])

        for found, contents in self._index_keys(band):
            add(found, contents)
        name = f"band_{band}"
        for own, read in self.label.stretches({"bands": [name, "has_shingles"]}):
            bands, first = read["bands"], self.earlier + own.start
            takes_part = bands["has_shingles"].to_numpy() & unpacked(
                members, first, first + len(bands)
            )
            chosen = np.flatnonzero(takes_part)
            add(bands[name].to_numpy()[chosen], chosen + first)
        return np.concatenate(keys), np.concatenate(numbers)

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint64[k, bands] and uint8[k, lanes]: band keys, and bytes to verify by, of ascending rows
        that have shingles."""
        assert self.minhash is not None
        bands = self.minhash.bands
        keys = np.zeros((len(rows), bands), np.uint64)
        low = np.zeros((len(rows), bands * self.minhash.rows), np.uint8)
        for first, table in self._indexed("contents", ["signature"]):
            start, stop = np.searchsorted(rows, [first, first + len(table)])
            wanted = pa.array(rows[start:stop] - first)
            low[start:stop] = fixed_bytes(table["signature"].take(wanted), low.shape[1])
        known = rows[: np.searchsorted(rows, self.earlier)]
        if len(known):
            for band in range(bands):
                for found, contents in self._index_keys(band):
                    place = np.searchsorted(known, contents)
                    hit = known[np.minimum(place, len(known) - 1)] == contents
                    keys[place[hit], band] = found[hit]
        names = [f"band_{band}" for band in range(bands)]
        for own, read in self.label.stretches({"bands": [*names, "signature"]}):
            first, part = self.earlier + own.start, read["bands"]
            start, stop = np.searchsorted(rows, [first, first + len(part)])
            part = part.take(pa.array(rows[start:stop] - first))
            for band, name in enumerate(names):
                keys[start:stop, band] = part[name].to_numpy()
            low[start:stop] = fixed_bytes(part["signature"], low.shape[1])
        return keys, low

    def _indexed(self, table: str, columns: list[str]) -> Iterator[tuple[int, pa.Table]]:
        """(first row, columns) of the index's contents."""
        first = 0
        for part in self.index.parts(self.label.name, table, columns) if self.index else ():
            yield first, part
            first += len(part)

    def _index_keys(self, band: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if self.index:
            yield from self.index.keys(self.label.name, band)


def packed(mask: np.ndarray) -> np.ndarray:
    """A bit for each bool."""
    return np.packbits(mask, bitorder="little")


def unpacked(bits: np.ndarray, start: int, stop: int) -> np.ndarray:
    """bool[stop - start] of packed bits."""
    return np.unpackbits(bits[start // 8 : -(-stop // 8)], count=None, bitorder="little")[
        start % 8 : start % 8 + stop - start
    ].astype(bool)


def fixed_bytes(column: pa.ChunkedArray, width: int) -> np.ndarray:
    """uint8[n, width] of a column of binary(width)."""
    whole = column.combine_chunks()
    start = whole.offset * width
    if not len(whole):
        return np.empty((0, width), np.uint8)
    flat = np.frombuffer(whole.buffers()[1], np.uint8)[start : start + len(whole) * width]
    return flat.reshape(-1, width)
