"""The same corpus from files, from a crawl's web host with its troubles, and from S3 into S3."""

from pathlib import Path

import fsspec
import polars as pl
import yaml

from tests.pipeline.runs import CRAWL, polysieve, record
from tests.pipeline.sources.servers import SNAPSHOT, common_crawl_tree, s3_server, serve


def corpus(output: Path) -> pl.DataFrame:
    """Kept and removed documents with every column but `file_path`, in the order of their ids."""
    kept = pl.read_parquet(output / "corpus" / "**" / "*.parquet")
    removed = pl.read_parquet(output / "removed" / "**" / "*.parquet")
    both = pl.concat([kept, removed], how="diagonal")
    return both.drop("file_path").sort("id", "offset", "date")


def test_a_crawl_host_with_troubles_gives_the_corpus_of_the_files(tmp_path, sample_run) -> None:
    files = {path.name: path for path in sorted((CRAWL / "crawl").glob("*.gz"))}
    tree = common_crawl_tree(
        wet={name: path.read_bytes() for name, path in files.items() if ".wet." in name},
        warc={name: path.read_bytes() for name, path in files.items() if ".wet." not in name},
    )
    output = tmp_path / "out"
    with serve(tree) as host:
        shards = sorted(path for path in tree if path.endswith(".gz") and "paths" not in path)
        host.unavailable[shards[0]] = 2
        host.cut[shards[1]] = 1
        code, said = polysieve(
            "run", "fineweb2", "--output", str(output), "--engine", "inline",
            "--input", f"commoncrawl://{SNAPSHOT}/warc", "--input", f"commoncrawl://{SNAPSHOT}/wet",
            "--set", f"input.commoncrawl_base={host.url}", "--set", "quarantine.max_share=1",
        )  # fmt: skip
    assert code == 0, said
    assert not host.unavailable[shards[0]]
    assert not host.cut[shards[1]]
    assert corpus(output).drop("dump").equals(corpus(sample_run).drop("dump"))
    assert record(output)["accounting"] == record(sample_run)["accounting"]


def test_s3_in_and_out_gives_the_corpus_of_the_files(tmp_path, pages) -> None:
    command = ["run", "minimal", "--engine", "inline", "--set", "rules.gopher_short_doc=150"]
    near = ["--input", str(pages), "--output", str(tmp_path / "local")]
    assert polysieve(*command, *near)[0] == 0
    with s3_server() as options:
        store = fsspec.filesystem("s3", **options)
        store.mkdir("main-job-in")
        store.mkdir("main-job-out")
        store.put(str(pages), "main-job-in/pages.jsonl")
        reach = yaml.safe_dump(options, default_flow_style=True, width=10**6)
        far = ["--input", "s3://main-job-in/*.jsonl", "--output", "s3://main-job-out/run"]
        command += [*far, "--set", f"input.storage_options={reach}"]
        code, said = polysieve(*command)
        assert code == 0, said
        assert "up to date" in polysieve(*command)[1]
        store.invalidate_cache()
        store.get("main-job-out/run/", str(tmp_path / "out") + "/", recursive=True)
    assert corpus(tmp_path / "out").equals(corpus(tmp_path / "local"))
    assert record(tmp_path / "out")["accounting"] == record(tmp_path / "local")["accounting"]
