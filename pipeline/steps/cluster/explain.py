"""What the step clusters says of a document: its cluster, and how a duplicate hangs together with the one kept."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from polysieve.dedup import edges
from polysieve.pipeline.steps.cluster.dedup_inputs import DedupInputs
from polysieve.pipeline.steps.explained import Explained, Life

SHOWN_MEMBERS = 20
CHAINED = 5_000  # members of the largest cluster in which a chain is looked for


def explain(document: Explained, life: Life) -> None:
    """Add `cluster`."""
    clusters = document.documents.clusters
    cluster = clusters["cluster_id"][document.row].as_py()
    members = pc.indices_nonzero(pc.equal(clusters["cluster_id"], cluster)).to_pylist()
    life["cluster"] = {
        "cluster_id": cluster,
        "size": document.decision["minhash_cluster_size"],
        "size_before_cut": len(members),
        "chain": _chain(document, members),
        "members": [
            document.another(row) for row in members[:SHOWN_MEMBERS] if row != document.row
        ],
    }


def _chain(document: Explained, members: list[int]) -> list[dict[str, Any]]:
    """How a duplicate hangs together with the representative of its cluster: documents from the one to the other, each
    with its estimated similarity to the one before. Empty where there is nothing to show: for a
    representative, a cluster of another run's, or one of more than CHAINED members."""
    settings = document.recipe.dedup.minhash
    documents, decided = document.documents.measured, document.documents.decisions
    outcomes = pc.take(decided["outcome"].cast(pa.string()), pa.array(members)).to_pylist()
    sizes = pc.take(decided["minhash_cluster_size"], pa.array(members)).to_pylist()
    representatives = [
        place
        for place, (outcome, size) in enumerate(zip(outcomes, sizes, strict=True))
        if outcome != "duplicate" and size is not None
    ]
    start = members.index(document.row)
    if (
        settings is None
        or len(members) > CHAINED
        or not representatives
        or start in representatives
    ):
        return []
    keys, low = DedupInputs(document.label, settings).take(np.array(members))
    near = edges.agreement(low, np.full(len(representatives), start), np.array(representatives))
    end = representatives[int(np.argmax(near))]
    path = edges.chain(keys, low, start, end, settings.verify)
    steps = []
    for before, place in zip([path[0], *path] if path else [], path, strict=False):
        similarity = edges.agreement(low, np.array([before]), np.array([place]))[0]
        steps.append(
            {
                "id": documents["id"][members[place]].as_py(),
                "url": documents["url"][members[place]].as_py(),
                "similarity": None if before == place else round(float(similarity), 4),
            }
        )
    return steps


def show(life: Life, console: Console) -> None:
    """Print the cluster and the chain to its representative."""
    cluster = life["cluster"]
    console.print(
        f"cluster {cluster['cluster_id']}: {cluster['size_before_cut']} members, "
        f"{cluster['size'] or 0} after the language cut"
    )
    for member in cluster["members"]:
        console.print(
            f"  {member['id']} {member['url'] or ''} ({member['outcome']} {member['reason'] or ''})",
            markup=False,
            soft_wrap=True,
        )
    if cluster["chain"]:
        console.print("chain to the representative (estimated similarity to the one before):")
    for link in cluster["chain"]:
        similarity = "" if link["similarity"] is None else f"  {link['similarity']:.2f}"
        console.print(
            f"  {link['id']} {link['url'] or ''}{similarity}", markup=False, soft_wrap=True
        )
