"""What tests of whole runs share: the command, the sample crawl, and what an output holds."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
from click.testing import Result
from typer.testing import CliRunner

from polysieve.pipeline.cli import app

CRAWL = Path(__file__).resolve().parents[2] / "recipes" / "sample"
SAMPLE = f"{CRAWL}/crawl/*.gz"
PAGES = CRAWL.parents[1] / "tools" / "sample_crawl" / "pages"
SAME_BYTES = ("corpus", "removed", "quarantine", "parameters")


def polysieve_result(*arguments: str) -> Result:
    """Exit code, stdout and stderr of a command, run in this process."""
    result = CliRunner().invoke(app, [*arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def polysieve(*arguments: str) -> tuple[int, str]:
    """Exit code and output of a command, run in this process."""
    result = polysieve_result(*arguments)
    return result.exit_code, result.output


def polysieve_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as a user types it, in a process of its own."""
    command = [sys.executable, "-m", "polysieve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def run_sample(output: Path, *more: str, recipe: str = "fineweb2") -> None:
    """A run over the sample crawl, inline and in this process, which ends well."""
    where = ("--input", SAMPLE, "--output", str(output), "--quiet", "--engine", "inline")
    code, said = polysieve("run", recipe, *where, *more)
    assert code == 0, said


def digest(output: Path) -> dict[str, str]:
    """File -> SHA-256 of all that must be the same bytes however often a run was disturbed, and its accounting."""
    folders = [*(output / name for name in SAME_BYTES), *output.glob("clusters-*")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    found = {
        p.relative_to(output).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }
    return found | {"accounting": json.dumps(record(output)["accounting"])}


def record(output: Path) -> dict:
    """A run's `run.json`."""
    return json.loads((output / "run.json").read_text())


def decisions(output: Path) -> dict[str, tuple[str, str]]:
    """id -> (label, "kept" or the reason)."""
    found = {}
    for kind, reason in (("corpus", pl.lit("kept")), ("removed", pl.col("filter_reason"))):
        columns = [
            pl.col("id"),
            pl.col("language") + "_" + pl.col("language_script"),
            reason.alias("reason"),
        ]
        for id, label, why in (
            pl.scan_parquet(output / kind / "**" / "*.parquet")
            .select(columns)
            .collect()
            .iter_rows()
        ):
            found[id] = (label, why)
    return found


def file_bytes(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but locks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }
