"""The decision cascade: every document that goes has one reason, the first that was found.

Whatever decides about documents (a cut, a rule, a duplicate, a model) says which ones fail by a mask and names the
reason. `Reasons` keeps of each document the first reason added, so the order of the additions is the order of the
decisions. Native documents and translations are decided by the same cascade.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polysieve.pipeline.steps.decide.manifest import Outcomes

OUTCOMES = ("kept", "removed", "duplicate")
KEPT, REMOVED, DUPLICATE = range(3)
DUPLICATES = EXACT, NEAR = ("exact_duplicate", "near_duplicate")
LANGUAGE_SCORE = "language_score"
BLOCK = 1 << 20  # rows that are renumbered at a time
_EVERY = slice(None)


class Reasons:
    """Why each of n documents goes, in two bytes a document."""

    def __init__(self, n: int) -> None:
        self.codes = np.zeros(n, np.int16)
        """int16[n]: 0 where a document stays, else the place, from 1, of its reason in `names`."""
        self.names: list[str] = []

    @property
    def kept(self) -> np.ndarray:
        """bool[n]: the documents without a reason."""
        return self.codes == 0

    def add(self, name: str, failing: np.ndarray, rows: slice = _EVERY) -> None:
        """Give a reason to the documents that fail and have none. failing: bool[k], for the k documents `rows`."""
        codes, code = self.codes[rows], self._code(name)
        codes[failing & (codes == 0)] = code

    def add_values(self, values: pa.Array | pa.ChunkedArray, rows: slice = _EVERY) -> None:
        """As `add`, with the reason of each of the k documents `rows` (string[k] or a dictionary); null: none."""
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        numbers = np.array([0, *map(self._code, encoded.dictionary.to_pylist())], np.int16)
        codes = self.codes[rows]
        found = numbers[pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False) + 1]
        np.copyto(codes, found, where=codes == 0)

    def number(self, names: Sequence[str]) -> None:
        """Number the reasons as `names` has them; it holds all that were added."""
        place = {name: number for number, name in enumerate(names, 1)}
        numbers = np.array([0, *(place[name] for name in self.names)], np.int16)
        if not np.array_equal(numbers, np.arange(len(numbers))):
            for start in range(0, len(self.codes), BLOCK):
                self.codes[start : start + BLOCK] = numbers[self.codes[start : start + BLOCK]]
        self.names = list(names)

    def counts(self) -> dict[str, int]:
        """Reason → documents, of the reasons that some document has."""
        found = np.bincount(self.codes, minlength=len(self.names) + 1)[1:]
        return {name: n for name, n in zip(self.names, found.tolist(), strict=True) if n}

    def outcomes(self) -> np.ndarray:
        """int8[n]: KEPT, REMOVED or DUPLICATE."""
        of_names = [DUPLICATE if name in DUPLICATES else REMOVED for name in self.names]
        return np.array([KEPT, *of_names], np.int8)[self.codes]

    def column(self, rows: slice = _EVERY) -> pa.DictionaryArray:
        """The reasons of some documents, null where there is none; the dictionary is `names`."""
        codes = self.codes[rows]
        indices = pa.array(codes - np.int16(1), mask=codes == 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(self.names, pa.string()))

    def _code(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name) + 1


def joined(parts: Sequence[Reasons]) -> Reasons:
    """The documents of some parts, at least one, that number their reasons alike, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    found = Reasons(0)
    found.names = parts[0].names
    found.codes = np.concatenate([part.codes for part in parts])
    return found


def decision_counts(reasons: Reasons) -> Outcomes:
    """What manifests say: documents kept, removed by reason, and duplicates."""
    by_name = reasons.counts()
    exact, near = (by_name.pop(name, 0) for name in DUPLICATES)
    return {
        "kept": int(np.count_nonzero(reasons.codes == 0)),
        "removed": dict(sorted(by_name.items())),
        "duplicates": exact + near,
        "exact_duplicates": exact,
    }
