"""The index of a run, from the manifests of its inputs."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from polysieve.pipeline.steps.measure.manifest import Measured
from polysieve.pipeline.steps.step import manifest_of
from polysieve.pipeline.steps.units import INDEX
from polysieve.pipeline.storage.ledger import StepFolder


def build_index(measure: StepFolder, inputs: Sequence[str]) -> pa.Table:
    """INDEX of the inputs with these keys, in this order, sorted by label and segment. Raises ManifestGone."""
    rows: list[tuple[Any, ...]] = []
    order = 0
    for key in inputs:
        manifest = manifest_of(measure, key, Measured)
        for segment in manifest["segments"]:
            rows += [
                (
                    entry["label"],
                    order,
                    segment["name"],
                    manifest["address"],
                    entry["start"],
                    entry["rows"],
                    entry["text_bytes"],
                    entry["stop_list"],
                )
                for entry in segment["labels"]
            ]
            order += 1
    rows.sort(key=lambda row: (row[0], row[1]))
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [[]] * len(INDEX)
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, INDEX, strict=True)], schema=INDEX
    )
