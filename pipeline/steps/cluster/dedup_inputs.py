"""What step C compares: the contents that an index holds, then the documents of a unit, numbered together.

Rows 0 … earlier - 1 are the distinct contents of the unit's labels in the index, label by label, in the
order in which they came; the rows after them are the unit's documents in the unit's order. So a
component is named by its earliest content, and what an index found stays what it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from polysieve.dedup import edges
from polysieve.dedup.mixing import random_words
from polysieve.pipeline.index.versions import Earlier
from polysieve.pipeline.recipe.clustering import MinHash
from polysieve.pipeline.steps.units import Rows, Unit, label_slices

_NO_KEYS = np.empty(0, np.uint64)
SALT_SEED = np.uint64(0x6C6162656C)


@dataclass(frozen=True)
class Population:
    """The rows of a unit, and of its labels in an index where there is one."""

    rows: Rows
    unit: Unit
    minhash: MinHash | None
    index: Earlier | None = None

    @cached_property
    def earlier(self) -> int:
        """Contents that come from the index."""
        return sum(self.index.contents(label) for label in self.unit.labels) if self.index else 0

    @property
    def count(self) -> int:
        return self.earlier + self.unit.documents

    def equal_contents(self, part: int = 0, parts: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """(first, row), int64[e] each: documents whose content came before, and the row that had it first.

        Rows that were cut before clustering are equal to themselves alone.
        """
        numbers, first, second = [np.empty(0, np.int64)], [_NO_KEYS], [_NO_KEYS]

        def add(rows: np.ndarray, table: pa.Table, salt: np.ndarray | np.uint64) -> None:
            key = table["content_0"].to_numpy() ^ salt
            inside = edges.in_partition(key, part, parts)
            numbers.append(rows[inside])
            first.append(key[inside])
            second.append(table["content_1"].to_numpy()[inside])

        columns = ["content_0", "content_1"]
        for rows, table, salt in self._earlier_parts("contents", columns):
            add(rows, table, salt)
        for start, bands, documents in self._own_parts(columns, ["label", "cut"]):
            uncut = np.flatnonzero(documents["cut"].is_null().to_numpy())
            salts = np.broadcast_to(self._salts(documents), len(bands))
            add(uncut + start, bands.take(pa.array(uncut)), salts[uncut])
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

        def add(found: np.ndarray, rows: np.ndarray, salt: np.ndarray | np.uint64) -> None:
            found = found ^ salt
            chosen = edges.in_partition(found, part, parts)
            keys.append(found[chosen])
            numbers.append(rows[chosen])

        if self.index:
            base = 0
            for label, salt in zip(self.unit.labels, self._label_salts, strict=True):
                for found, contents in self.index.keys(label, band):
                    add(found, contents + base, salt)
                base += self.index.contents(label)
        name = f"band_{band}"
        wanted = ["label"] if self._mixed else []
        for first, bands, documents in self._own_parts([name, "has_shingles"], wanted):
            own = bands["has_shingles"].to_numpy() & unpacked(members, first, first + len(bands))
            chosen = np.flatnonzero(own)
            salt = np.broadcast_to(self._salts(documents), len(bands))
            add(bands[name].to_numpy()[chosen], chosen + first, salt[chosen])
        return np.concatenate(keys), np.concatenate(numbers)

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint64[k, bands] and uint8[k, lanes]: band keys, and bytes to verify by, of ascending rows
        that have shingles."""
        assert self.minhash is not None
        bands = self.minhash.bands
        keys = np.zeros((len(rows), bands), np.uint64)
        low = np.zeros((len(rows), bands * self.minhash.rows), np.uint8)
        for numbers, table, _ in self._earlier_parts("contents", ["signature"]):
            start, stop = np.searchsorted(rows, [numbers[0], numbers[-1] + 1])
            wanted = pa.array(rows[start:stop] - numbers[0])
            low[start:stop] = fixed_bytes(table["signature"].take(wanted), low.shape[1])
        if self.index:
            base = 0
            for label in self.unit.labels:
                stop = base + self.index.contents(label)
                low_row, high_row = np.searchsorted(rows, [base, stop])
                if high_row > low_row:
                    own = rows[low_row:high_row] - base
                    for band in range(bands):
                        for found, contents in self.index.keys(label, band):
                            place = np.searchsorted(own, contents)
                            hit = own[np.minimum(place, len(own) - 1)] == contents
                            keys[low_row + place[hit], band] = found[hit]
                base = stop
        names = [f"band_{band}" for band in range(bands)]
        for first, part, _ in self._own_parts([*names, "signature"], []):
            start, stop = np.searchsorted(rows, [first, first + len(part)])
            part = part.take(pa.array(rows[start:stop] - first))
            for band, name in enumerate(names):
                keys[start:stop, band] = part[name].to_numpy()
            low[start:stop] = fixed_bytes(part["signature"], low.shape[1])
        if self._mixed:
            keys ^= self.salts_of(rows)[:, None]
        return keys, low

    def salts_of(self, rows: np.ndarray) -> np.ndarray:
        """uint64[k]: what tells the labels' keys apart, for ascending rows."""
        ends = np.cumsum([*self._earlier_counts, *self._own_counts])
        label = np.searchsorted(ends, rows, side="right") % len(self.unit.labels)
        return self._label_salts[label]

    @cached_property
    def _earlier_counts(self) -> list[int]:
        return [self.index.contents(label) if self.index else 0 for label in self.unit.labels]

    @cached_property
    def own_slices(self) -> list[tuple[str, int, int]]:
        """(label, first, stop) of the documents, counted from the first document."""
        return self.rows.labels(self.unit)

    @cached_property
    def _own_counts(self) -> list[int]:
        return [stop - start for _, start, stop in self.own_slices]

    @property
    def _mixed(self) -> bool:
        """Whether labels share the unit, so that their keys must be told apart."""
        return len(self.unit.labels) > 1

    @cached_property
    def _label_salts(self) -> np.ndarray:
        if not self._mixed:
            return np.zeros(1, np.uint64)
        return random_words(SALT_SEED, len(self.unit.labels))

    def _salts(self, documents: pa.Table) -> np.ndarray | np.uint64:
        if not self._mixed:
            return np.uint64(0)
        counts = [stop - start for _, start, stop in label_slices(documents["label"])]
        return np.repeat(self._label_salts, counts)

    def _earlier_parts(
        self, table: str, columns: list[str]
    ) -> Iterator[tuple[np.ndarray, pa.Table, np.uint64]]:
        """(rows, columns, salt) of the index's contents."""
        base = 0
        for label, salt in zip(self.unit.labels, self._label_salts, strict=True):
            if self.index:
                for part in self.index.parts(label, table, columns):
                    yield np.arange(base, base + len(part)), part, salt
                    base += len(part)

    def _own_parts(
        self, bands: list[str], documents: list[str]
    ) -> Iterator[tuple[int, pa.Table, pa.Table]]:
        """(first row, columns of bands/, columns of documents/) of the unit's documents; see `Rows.stretches`."""
        tables = {"bands": bands, **({"documents": documents} if documents else {})}
        for own, read in self.rows.stretches(tables):
            yield self.earlier + own.start, read["bands"], read.get("documents", pa.table({}))


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
