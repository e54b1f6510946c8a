"""Make a corpus from Python, and read what came out.

python examples/run_from_python.py 'crawl/*.warc.gz' out

Running it again does nothing: the output is up to date. After a stop it goes on where it was stopped.
"""

import sys
from pathlib import Path

import polars as pl

import polysieve


def make(inputs: str, output: str) -> None:
    # Recipe and settings are those of the command line: `polysieve run fineweb2 --set rules.gopher_short_doc=30`.
    # engine="ray" spreads the tasks over all cores, or over a cluster.
    result = polysieve.run(
        "fineweb2", inputs, output, settings=["rules.gopher_short_doc=30"], engine="inline"
    )
    print(result.message)

    # run.json says what went in and what became of it, in total and for each language.
    assert result.record is not None
    total = result.record["accounting"]["total"]
    print(f"{total['documents_in']} documents in, {total['kept']} kept")
    print(f"removed by reason: {total['removed']}")


def languages(output: str) -> pl.DataFrame:
    """Documents and words of each language of the corpus."""
    # The corpus is plain Parquet, a folder for each language; polars reads all of them as one table.
    corpus = pl.scan_parquet(Path(output) / "corpus" / "**" / "*.parquet")
    label = pl.concat_str("language", "language_script", separator="_").alias("label")
    counts = (pl.len().alias("documents"), pl.sum("word_count").alias("words"))
    return corpus.group_by(label).agg(counts).sort("words", "label", descending=True).collect()


def removed(output: str) -> pl.DataFrame:
    """Every document that did not stay, with its reason; the text is in the column `text`."""
    documents = pl.scan_parquet(Path(output) / "removed" / "**" / "*.parquet")
    return documents.select("id", "url", "filter_reason").collect()


# Workers of Ray import this file, so what it does stands under this line.
if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2])
    print(languages(sys.argv[2]))
    print(removed(sys.argv[2]))
