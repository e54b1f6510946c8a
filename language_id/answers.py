"""What models answer, as Arrow arrays."""

from collections.abc import Mapping, Sequence

import pyarrow as pa


def answers(
    labels: Sequence[str], scores: Sequence[float], candidates: Sequence[str]
) -> pa.StructArray:
    """What `language_id.identify` returns, of n labels, scores and JSON objects of candidates."""
    return pa.StructArray.from_arrays(
        [
            pa.array(labels, type=pa.string()),
            pa.array(scores, type=pa.float64()),
            pa.array(candidates, type=pa.string()),
        ],
        names=["label", "score", "candidates"],
    )


def as_json(scores: Mapping[str, float]) -> str:
    """A JSON object of labels and scores to 1e-4, in their order."""
    return "{" + ",".join(f'"{name}":{round(score, 4)}' for name, score in scores.items()) + "}"
