"""What has been done, so that no result is stale and nothing is done twice.

A step's folder is named `<step>-<fingerprint>`. The fingerprint is a hash of the step's version, the part
of the recipe that it depends on, the hashes of model files, and the fingerprints of the steps before it.
Inside, every piece of work is committed by a manifest: the data files first, then `done/<piece>.json`.
A piece whose manifest is there is finished; everything else is done again.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from polysieve.pipeline.storage.store import Store

# A step's version. It is raised when the step's output changes; tests/pipeline/test_ledger.py holds
# a hash of the modules behind each step and fails until version or hash has been renewed on purpose.
VERSIONS = {
    "measure": 13,
    "fit": 3,
    "clusters": 4,
    "lines": 1,
    "containment": 1,
    "judgements": 1,
    "embeddings": 2,
    "scores": 2,
    "decisions": 8,
    "choice": 2,
    "translate": 6,
    "admit": 3,
    "write": 8,
    "audit": 2,
    "render": 1,
    "survey": 1,
    "cut": 1,
    "draw": 1,
    "shuffle": 1,
}
STEPS = tuple(VERSIONS)
DURABLE = {
    "measure", "clusters", "lines", "containment", "judgements", "embeddings", "scores",
    "decisions", "translate", "admit",
}  # fmt: skip


def fingerprint(step: str, **depends_on: Any) -> str:
    """16 hexadecimal digits that change with the step's version and with anything in `depends_on`."""
    data = {"step": step, "version": VERSIONS[step], **depends_on}
    canonical = json.dumps(
        data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class StepFolder:
    """The folder of one step under one fingerprint."""

    store: Store
    step: str
    fingerprint: str

    @property
    def name(self) -> str:
        return f"{self.step}-{self.fingerprint}"

    def file(self, name: str) -> str:
        """The name, inside the store, of a file of this step."""
        return f"{self.name}/{name}"

    def commit(self, piece: str, manifest: dict[str, Any]) -> None:
        """Say that `piece` is finished; call it after the piece's data files are in place.

        What the steps measured and decided outlives a power cut. What is written from it does not
        wait for the disk file by file: it can be written again in no time.
        """
        if self.step in DURABLE:
            self.store.sync()
        self.store.write_json(self.file(f"done/{piece}.json"), manifest)

    def manifest(self, piece: str) -> dict[str, Any] | None:
        """What `commit` was given for `piece`, or None where it is not finished."""
        try:
            return self.store.read_json(self.file(f"done/{piece}.json"))
        except FileNotFoundError:
            return None


def step_folders(store: Store, *steps: str) -> list[StepFolder]:
    """The folders of some steps that are in a store, under whatever fingerprint, sorted by name."""
    names = re.compile(rf"({'|'.join(steps)})-([0-9a-f]{{16}})")
    found = map(names.fullmatch, store.folders())
    return [StepFolder(store, *one.groups()) for one in found if one]
