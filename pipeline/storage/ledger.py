"""What has been done, so that no result is stale and nothing is done twice.

A step's folder is named `<step>-<fingerprint>`. The fingerprint is a hash of the sources and assets behind the step,
the fields of the recipe that it depends on, the hashes of model files, and the fingerprints of the steps that it needs.
Inside, every task of work is committed by a manifest: the data files first, then `done/<task>.json`.
A task whose manifest is there is finished; everything else is done again.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from polysieve.pipeline.storage.store import Store

Manifest: TypeAlias = Mapping[str, object]
"""What a task of work says of itself when it is done; plain JSON. Each step declares what its own hold."""


def fingerprint(step: str, **depends_on: Any) -> str:
    """16 hexadecimal digits that change with the step's name and with anything in `depends_on`."""
    data = {"step": step, **depends_on}
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
    is_durable: bool = True
    """Whether a manifest waits until the files that it names are on the disk, and outlives a power cut."""

    @property
    def name(self) -> str:
        return f"{self.step}-{self.fingerprint}"

    def file(self, name: str) -> str:
        """The name, inside the store, of a file of this step."""
        return f"{self.name}/{name}"

    def commit(self, task: str, manifest: Manifest) -> None:
        """Say that `task` is finished; call it after the task's data files are in place."""
        if self.is_durable:
            self.store.sync()
        self.store.write_json(self.file(f"done/{task}.json"), manifest)

    def manifest(self, task: str) -> Manifest | None:
        """What `commit` was given for `task`, or None where it is not finished."""
        try:
            return self.store.read_json(self.file(f"done/{task}.json"))
        except FileNotFoundError:
            return None


def step_folders(store: Store, *steps: str) -> list[StepFolder]:
    """The folders of some steps that are in a store, under whatever fingerprint, sorted by name."""
    names = re.compile(rf"({'|'.join(steps)})-([0-9a-f]{{16}})")
    found = map(names.fullmatch, store.folders())
    return [StepFolder(store, one[1], one[2]) for one in found if one]
