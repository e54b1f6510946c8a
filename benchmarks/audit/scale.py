"""The report of a made run of many languages: seconds, memory, and the size of the pages.

python -m benchmarks.audit.scale SCRATCH [DOCUMENTS] [LANGUAGES]

Columns are made (10 million documents in 1,000 languages unless told otherwise: signals of beta distributions,
addresses over hosts of unlike size, short texts) as the measuring step would have left them in 50 inputs; the run goes
on from there, with `fineweb2`'s rules and no near duplicates. Then `polysieve audit` makes the report again, in a
process that is timed.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from benchmarks.main_job.common import polysieve
from polysieve.filters.signals import METRICS, SCHEMA
from polysieve.pipeline.engines.engine import Inline
from polysieve.pipeline.engines.watch import Watch
from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.run.plan import make
from polysieve.pipeline.run.run import execute
from polysieve.pipeline.sources import Source
from polysieve.pipeline.storage.schema import DOCUMENTS, bands_schema
from polysieve.pipeline.storage.store import Store

INPUTS = 50
GROUP_ROWS = 2_700
"""Rows of a row group: as many pages of 3 kB as the measuring step would put there; the made texts are shorter."""
SECONDS, BYTES = 300, 4 * 2**30
PAGE_BYTES = 3_000_000


def main() -> None:
    scratch = Path(sys.argv[1])
    documents = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    languages = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000
    output = scratch / "made"
    if not (output / "run.json").exists():
        make_run(output, documents, languages)
    shutil.rmtree(output / "report")
    run = polysieve("audit", str(output), "--quiet")
    if run.code:
        raise SystemExit(run.output)
    pages = [path.stat().st_size for path in (output / "report").glob("*.html")]
    print(
        f"{documents:,} documents, {len(pages) - 1:,} languages: report in {run.seconds:.0f} s, "
        f"peak memory {run.peak / 2**30:.2f} GiB, largest page {max(pages) / 1e6:.2f} MB"
    )
    sys.exit(run.seconds > SECONDS or run.peak > BYTES or max(pages) > PAGE_BYTES)


def make_run(output: Path, documents: int, languages: int) -> None:
    recipe = load(
        "fineweb2", ["dedup.minhash=null", "clean.encoding=null", "clean.table_pipes=false"]
    )
    store = Store(str(output))
    inputs = [Source(f"/made/{i:03}.warc.gz", 1, str(i)) for i in range(INPUTS)]
    plan = make(recipe, inputs, store)
    labels = [
        f"q{chr(97 + i // 26 % 26)}{chr(97 + i % 26)}_{'LCADTGHJK'[i // 676]}atn"
        for i in range(languages)
    ]
    for number, source in enumerate(inputs):
        _measured(plan.context.measure, source, number, sorted(labels), documents // INPUTS)
    execute(plan, Inline(), Watch(store))


def _measured(folder, source: Source, number: int, labels: list[str], n: int) -> None:
    """What the measuring step leaves of one input: a segment of n documents, as many of each label."""
    random = np.random.default_rng(number)
    each = n // len(labels)
    n = each * len(labels)
    row = pl.Series(np.arange(n) + number * n)
    host = pl.Series(random.zipf(1.3, n) % 100_000).cast(pl.String)
    label = pl.Series(labels).repeat_by(each).explode()
    score = random.beta(8, 2, n).round(4)
    words = random.integers(0, 3000, (n, 12))
    frame = pl.DataFrame({"label": label, "row": row, "host": host, "score": score}).with_columns(
        pl.concat_str([pl.Series(words[:, k]).cast(pl.String) for k in range(12)], separator=" word ").alias("text"),
        pl.format("<urn:made:{}>", "row").alias("id"),
        pl.format("https://site{}.example/{}", "host", "row").alias("url"),
        pl.concat_str(
            pl.lit('{"'), "label", pl.lit('":'), "score", pl.lit(',"other'), pl.col("row") % 7, pl.lit('_Latn":'),
            (1 - pl.col("score")).round(4), pl.lit("}"),
        ).alias("top_langs"),
        pl.format("2024-{}-11T00:00:00Z", (pl.col("row") % 9 + 1).cast(pl.String).str.zfill(2)).alias("date"),
        pl.format("CC-MAIN-2024-{}", pl.col("row") % 5 + 10).alias("dump"),
    )  # fmt: skip
    columns = {
        **{
            name: frame[name].to_arrow()
            for name in ("text", "id", "url", "label", "top_langs", "date", "dump")
        },
        "language_score": pa.array(score),
        "offset": pa.array(np.arange(n)),
        "record": pa.array(np.arange(n)),
        "text_bytes": frame["text"].str.len_bytes().to_arrow(),
    }
    documents = pa.table(
        [
            columns[f.name].cast(f.type) if f.name in columns else pa.nulls(n, f.type)
            for f in DOCUMENTS
        ],
        schema=DOCUMENTS,
    )
    signals = pa.table(
        [pa.array(_signal(name, n, random)).cast(SCHEMA.field(name).type) for name in METRICS],
        schema=SCHEMA,
    )
    hashes = random.integers(0, 2**63, (2, n), np.uint64)
    bands = pa.table(list(map(pa.array, hashes)), schema=bands_schema(0, 0))
    name = f"{source.key}-0000"
    for table, rows in (("documents", documents), ("signals", signals), ("bands", bands)):
        groups = [min(GROUP_ROWS, n - start) for start in range(0, n, GROUP_ROWS)]
        folder.store.write_table(folder.file(f"{table}/{name}.parquet"), rows, groups, level=1)
    sizes = frame.group_by("label", maintain_order=True).agg(pl.col("text").str.len_bytes().sum())
    entries = [
        {"label": one, "start": i * each, "rows": each, "text_bytes": size, "stop_list": None}
        for i, (one, size) in enumerate(sizes.iter_rows())
    ]
    folder.commit(
        source.key,
        {
            "address": source.address,
            "size": source.size,
            "segments": [
                {"name": name, "rows": n, "text_bytes": int(sizes["text"].sum()), "labels": entries}
            ],
            "records_read": n,
            "records_skipped": {},
            "quarantined": 0,
            "documents_split": 0,
            "language_model": "made",
            "unreadable": False,
            "quarantine_rows": 0,
        },
    )


def _signal(name: str, n: int, random: np.random.Generator) -> np.ndarray:
    """Values of about the size that the signal has in a crawl; most documents pass its rule."""
    unit = METRICS[name].unit
    if unit.startswith("share") or "per token" in unit:
        high = name in ("line_punct_ratio", "alpha_word_ratio", "script_purity", "type_token_ratio")
        return random.beta(*((9, 1) if high else (0.5, 12)), n).round(4)
    return random.lognormal(5.5, 1, n).round()


if __name__ == "__main__":
    main()
