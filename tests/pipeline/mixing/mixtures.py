"""Specs of mixtures, mixed in this process."""

from pathlib import Path

import polars as pl
import yaml

from polysieve.pipeline.engines.engine import Inline
from polysieve.pipeline.engines.watch import Watch
from polysieve.pipeline.mixing.finding import find
from polysieve.pipeline.mixing.run import Plan, execute
from polysieve.pipeline.mixing.spec import load
from polysieve.pipeline.storage.store import Store

STAGES = [
    {"name": "main", "budget": 6000, "parts": {"all": {"alpha": 0.3}}},
    {"name": "anneal", "budget": 1500, "parts": {"all": {"unimax": 8, "labels": ["tha_Thai", "fra_Latn"]}}},
]  # fmt: skip


def spec_at(folder: Path, **keys) -> Path:
    """A spec beside the corpus `web`, whose shards and windows are small."""
    data = {
        "sources": {"web": {"path": "web"}},
        "stages": STAGES,
        "output": {"shard_bytes": 20_000, "window_bytes": 4000},
        **keys,
    }
    path = folder / "mix.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def made(spec: Path, output: Path, *settings: str) -> tuple[dict, str]:
    """mix.json and what was done, in this process."""
    loaded = load(str(spec), list(settings))
    output.mkdir(exist_ok=True)
    store = Store(str(output))
    return execute(Plan.of(loaded, find(loaded), store), Inline(), Watch(store, quiet=True))


def shards(output: Path, stage: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(p) for p in sorted((output / "mix" / stage).glob("*"))])
