"""What a run needs of a disk, and what is free."""

import shutil
from collections.abc import Sequence

from polysieve.pipeline.sources import Source
from polysieve.pipeline.storage.store import Store

# Rough bytes on disk per byte of input, steps and corpus together, told by the address: an estimate
# to warn by, not a measurement.
_FACTORS = (
    (".wet", 3.5),
    (".warc", 1.5),
    (".jsonl.gz", 4.0),
    (".jsonl.zst", 4.5),
    (".parquet", 3.0),
)


def disk_estimate(sources: Sequence[Source]) -> int:
    """About how many bytes a run over these inputs writes."""
    total = 0.0
    for source in sources:
        factor = next((f for part, f in _FACTORS if part in source.address), 2.0)
        total += max(source.size, 0) * factor
    return int(total)


def disk_free(store: Store) -> int | None:
    """Free bytes where the output goes; None on an object store."""
    if not store.local:
        return None
    folder = store.root
    while True:
        try:
            return shutil.disk_usage(folder).free
        except (FileNotFoundError, NotADirectoryError):
            folder = folder.rpartition("/")[0] or "/"
