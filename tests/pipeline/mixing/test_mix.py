"""`polysieve mix` from spec to shards."""

import hashlib
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import fsspec
import orjson
import polars as pl
import pytest
import zstandard
from click.testing import Result

from polysieve.pipeline.engines.engine import Inline
from polysieve.pipeline.engines.watch import Watch
from polysieve.pipeline.mixing.finding import find
from polysieve.pipeline.mixing.run import Plan, execute
from polysieve.pipeline.mixing.spec import Mix, MixError, load
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.storage.store import Store
from tests.pipeline.killing import Killed, dying_in_every_step, until_it_ends
from tests.pipeline.mixing import corpora
from tests.pipeline.mixing.mixtures import made, shards, spec_at
from tests.pipeline.runs import polysieve_process, polysieve_result


def mix(*arguments: object) -> Result:
    return polysieve_result("mix", *map(str, arguments))


def digest(output: Path) -> dict[str, str]:
    files = [p for p in (output / "mix").rglob("*") if p.is_file()] + [output / "mix.json"]
    return {
        p.relative_to(output).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    """Seven scripts, some documents of weight 3, mixed in two stages."""
    folder = tmp_path_factory.mktemp("mixed")
    counts = {label: 40 + 60 * i for i, label in enumerate(corpora.SENTENCES)}
    documents = [
        {"label": label, "weight": 3 if n % 10 == 0 else 1}
        for label, count in counts.items()
        for n in range(count)
    ]
    corpora.write(folder / "web", documents)
    done = mix(spec_at(folder), "--output", folder / "out", "--engine", "inline", "--quiet")
    assert done.exit_code == 0, done.stderr
    return folder


def test_the_ledger_is_what_the_shards_hold(mixed) -> None:
    record = json.loads((mixed / "out" / "mix.json").read_text())
    for stage in ("main", "anneal"):
        rows = shards(mixed / "out", stage)
        told = {r["label"]: r["realised"] for r in record["exposure"] if r["stage"] == stage}
        found = rows.group_by(pl.col("language") + "_" + pl.col("language_script")).agg(
            pl.len(),
            pl.col("id").n_unique(),
            pl.col("word_count").sum(),
            pl.col("repetition").max(),
        )
        assert {
            label: (n, documents, words, most + 1) for label, n, documents, words, most in found.iter_rows()
        } == {
            label: (r["exposures"], r["documents"], r["words"], r["repetitions"]) for label, r in told.items()
        }  # fmt: skip


def test_what_is_realised_is_within_a_document_of_what_was_planned(mixed) -> None:
    record = json.loads((mixed / "out" / "mix.json").read_text())
    longest = pl.read_parquet(mixed / "web" / "**" / "*.parquet")["word_count"].max()
    assert sum(r["predicted"]["words"] for r in record["exposure"]) == 7500
    for row in record["exposure"]:
        assert abs(row["predicted"]["words"] - row["realised"]["words"]) <= longest, row


def test_every_document_comes_as_it_was_and_repetitions_run_through_all_stages(mixed) -> None:
    texts = dict(
        pl.read_parquet(mixed / "web" / "**" / "*.parquet").select("id", "text").iter_rows()
    )
    shown: dict[str, list[int]] = {}
    for stage in ("main", "anneal"):
        for id, text, repetition in (
            shards(mixed / "out", stage).select("id", "text", "repetition").iter_rows()
        ):
            assert texts[id] == text
            shown.setdefault(id, []).append(repetition)
    assert all(own == list(range(len(own))) for own in shown.values())


def test_documents_are_shuffled(mixed) -> None:
    """Neighbours share a language about as often as chance has it, in each half of a stage alike."""
    languages = shards(mixed / "out", "main")["language"].to_list()
    counts = Counter(languages)
    chance = sum((n / len(languages)) ** 2 for n in counts.values())
    together = sum(a == b for a, b in pairwise(languages)) / (len(languages) - 1)
    assert together == pytest.approx(chance, abs=0.05)
    half = Counter(languages[: len(languages) // 2])
    for language, n in counts.items():
        assert half[language] == pytest.approx(n / 2, abs=3 * (n / 4) ** 0.5)


def test_other_workers_and_windows_write_the_same_bytes(mixed) -> None:
    arguments = ("mix", f"{mixed}/mix.yaml", "-o", f"{mixed}/ray", "--workers", "2", "--quiet")
    done = polysieve_process(*arguments)
    assert done.returncode == 0, done.stderr
    assert digest(mixed / "ray") == digest(mixed / "out")
    made(mixed / "mix.yaml", mixed / "wide", "output.window_bytes=1MiB")
    names = {name for name in digest(mixed / "wide") if name.endswith(".parquet")}
    assert names and {n: digest(mixed / "wide")[n] for n in names} == {
        n: digest(mixed / "out")[n] for n in names
    }


def test_killed_in_every_step_it_ends_in_the_same_bytes(mixed) -> None:
    output = mixed / "killed"
    with dying_in_every_step() as tasks:
        deaths = until_it_ends(lambda: made(mixed / "mix.yaml", output))
    assert deaths == len(tasks)
    assert {kind.split()[0] for kind in tasks} == {"survey", "cut", "draw", "shuffle"}
    assert digest(output) == digest(mixed / "out")
    assert not list(output.glob("draw-*")) and not list(output.glob("shuffle-*"))


def test_killed_while_it_publishes_it_ends_in_the_same_bytes(mixed, monkeypatch) -> None:
    output, write_json = mixed / "swapped", Store.write_json

    def dies(store: Store, name: str, value: object) -> None:
        if name == "mix.json":
            raise Killed
        write_json(store, name, value)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Store, "write_json", dies)
        made(mixed / "mix.yaml", output)
    assert (output / "mix").exists() and not (output / "mix.json").exists()
    made(mixed / "mix.yaml", output)
    assert digest(output) == digest(mixed / "out")


def test_nothing_is_done_again_and_nothing_is_stale(tmp_path) -> None:
    corpora.languages(tmp_path / "web", fra_Latn=30, tha_Thai=30)
    stage = {"name": "main", "budget": 100}
    spec = spec_at(tmp_path, stages=[stage])
    output = tmp_path / "out"

    def surveyed() -> dict[str, int]:
        return {p.name: p.stat().st_mtime_ns for p in output.glob("survey-*/*.parquet")}

    assert made(spec, output)[1] == "done"
    before, first = digest(output), surveyed()
    assert made(spec, output)[1].startswith("nothing to do")
    assert made(spec, output, "max_epochs=2")[1] == "done"
    assert surveyed() == first
    corpora.languages(tmp_path / "web", fra_Latn=31)
    assert made(spec, output)[1] == "done"
    assert len(surveyed()) == 2 and len(first.items() & surveyed().items()) == 1
    assert digest(output) != before


def test_lines_of_json_hold_what_parquet_holds(tmp_path) -> None:
    corpora.languages(tmp_path / "web", fra_Latn=30, tha_Thai=30, amh_Ethi=9)
    stages = [{"name": "main", "budget": 300}]
    spec = spec_at(tmp_path, stages=stages, output={"columns": ["text", "id"]})
    for kind in ("parquet", "jsonl.zst"):
        made(spec, tmp_path / kind, f"output.format={kind}")
    with zstandard.open(
        tmp_path / "jsonl.zst" / "mix" / "main" / "train-00000.jsonl.zst", "rb"
    ) as file:
        lines = [orjson.loads(line) for line in file.read().splitlines()]
    assert lines == shards(tmp_path / "parquet", "main").to_dicts()
    assert list(lines[0]) == ["text", "id", "source", "repetition"]


def test_a_folder_of_plain_parquet_needs_only_five_columns(tmp_path) -> None:
    (tmp_path / "web").mkdir()
    columns = {
        "text": ["ስም አንድ", "two three", "four"], "id": [1, 2, 3], "language": ["amh", "eng", None],
        "language_script": ["Ethi", "Latn", None], "word_count": [2, 2, 1],
    }  # fmt: skip
    pl.DataFrame(columns).write_parquet(tmp_path / "web" / "any.parquet")
    made(spec_at(tmp_path, stages=[{"name": "main", "budget": 10}]), tmp_path / "out")
    found = shards(tmp_path / "out", "main")
    assert Counter(found["id"]) == {"1": 2, "2": 2, "3": 2}
    assert set(found["text"]) == set(columns["text"])


def test_an_object_store_holds_the_same_bytes(tmp_path) -> None:
    corpora.languages(tmp_path / "web", fra_Latn=30, tha_Thai=50)
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "web"), "/mixing/web", recursive=True)
    spec = spec_at(tmp_path)
    made(spec, tmp_path / "out")
    loaded = load(str(spec), ["sources.web.path=memory://mixing/web"])
    store = Store("memory://mixing/out")
    for message in ("done", "nothing to do: the mixture is up to date"):
        plan = Plan.of(loaded, find(loaded), store)
        assert execute(plan, Inline(), Watch(store, quiet=True))[1] == message
    written = {name: memory.cat(f"/mixing/out/{name}") for name in store.files("mix")}
    local = tmp_path / "out" / "mix"
    assert written == {
        f"mix/{p.relative_to(local).as_posix()}": p.read_bytes()
        for p in local.rglob("*")
        if p.is_file()
    }


def test_one_rendering_of_a_document_is_taken_whatever_the_others_are(tmp_path) -> None:
    labels = ("fra_Latn", "hin_Deva", "amh_Ethi")
    corpora.write(
        tmp_path / "web",
        [
            {"label": label, "origin": "mt", "doc_group_id": f"g{group}"}
            for label in labels
            for group in range(60)
        ],
    )
    for path in (tmp_path / "web").rglob("train-*.parquet"):
        path.rename(path.with_name(path.name.replace("train", "translated")))
    corpora.languages(tmp_path / "web", fra_Latn=10)
    sources = {"web": {"path": "web", "one_rendering": True}}
    stages = [{"name": "main", "budget": 10**5}]
    made(spec_at(tmp_path, sources=sources, stages=stages, max_epochs=1), tmp_path / "out")
    found = shards(tmp_path / "out", "main")
    assert len(found.filter(origin="web")) == 10
    translated = found.filter(origin="mt")
    assert len(translated) == translated["doc_group_id"].n_unique() == 60
    assert min(Counter(translated["language"]).values()) > 10


def test_budgets_in_tokens(tmp_path) -> None:
    documents = [{"label": "tha_Thai", "token_count": 7} for _ in range(50)]
    corpora.write(tmp_path / "web", documents)
    stages = [{"name": "main", "budget": "0.1K"}]
    record, _ = made(spec_at(tmp_path, unit="tokens", stages=stages), tmp_path / "out")
    (row,) = record["exposure"]
    assert row["predicted"] == {"tokens": 100, "epochs": pytest.approx(100 / 350, abs=1e-6)}
    assert row["realised"]["tokens"] == 98 and row["realised"]["exposures"] == 14


def test_documents_without_words_take_nothing_of_a_budget(tmp_path) -> None:
    empty = [{"label": "fra_Latn", "text": " "} for _ in range(5)]
    corpora.write(tmp_path / "web", [*empty, *({"label": "tha_Thai"} for _ in range(5))])
    stages = [{"name": "main", "budget": 20, "parts": {"all": {"alpha": 0}}}]
    made(spec_at(tmp_path, stages=stages), tmp_path / "out")
    assert set(shards(tmp_path / "out", "main")["language"]) == {"tha"}


def test_a_document_is_the_first_source_s_that_takes_it(tmp_path) -> None:
    tiers = ("high", "mid", None)
    corpora.write(
        tmp_path / "web",
        [{"label": "fra_Latn", "tier": tiers[i % 3], "quality_score": i / 60} for i in range(60)],
    )
    sources = {
        "best": {"path": "web", "tiers": ["high"]},
        "good": {"path": "web", "min_quality": 0.5},
        "rest": {"path": "web"},
    }
    parts = {"all": {"by": ["source"], "alpha": 1}}
    stages = [{"name": "main", "budget": 10**6, "parts": parts}]
    spec = spec_at(tmp_path, sources=sources, stages=stages, max_epochs=1)
    made(spec, tmp_path / "out")
    found = shards(tmp_path / "out", "main")
    assert len(found) == found["id"].n_unique() == 60
    assert Counter(found["source"]) == {"best": 20, "good": 20, "rest": 20}
    assert set(found.filter(source="best")["tier"]) == {"high"}
    assert found.filter(source="good")["quality_score"].min() >= 0.5


def test_the_plan_names_groups_and_starts_nothing(tmp_path) -> None:
    corpora.languages(tmp_path / "web", fra_Latn=30, tha_Thai=30)
    before = sorted(tmp_path.rglob("*"))
    spec = spec_at(tmp_path)
    found = mix("plan", spec, "--json")
    stages = json.loads(found.stdout)
    assert [stage["name"] for stage in stages] == ["main", "anneal"]
    assert stages[0]["taken"] == 6000
    assert [g["group"] for g in stages[0]["groups"]] == ["fra_Latn", "tha_Thai"]
    assert sum(g["share"] for g in stages[0]["groups"]) == pytest.approx(1, abs=1e-5)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, spec])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"sourcs": {}}, "unknown key sourcs; did you mean sources?"),
        ({"stages": [{"name": "a", "budget": "much"}]}, "stages.0.budget: an amount is a number"),
        ({"stages": [{"name": "a", "budget": 5, "parts": {"p": {"alfa": 1}}}]}, "parts.p.alfa; did you mean alpha?"),
        ({"stages": [{"name": "a", "budget": 5}] * 2}, "two stages are named a"),
        ({"stages": [{"name": "a", "budget": 5, "parts": {"p": {"fixed": {"x": 0.4}}}}]}, "add up to 0.4"),
        ({"stages": [{"name": "a", "budget": 5, "parts": {"p": {"alpha": 1, "unimax": 2}}}]}, "keep one"),
        ({"stages": [{"name": "a", "budget": 5, "parts": {"p": {"sources": ["x"]}}}]}, "'x' is no source; known: web"),
        ({"output": {"columns": ["txt"]}}, "'txt' is no column"),
    ],
)  # fmt: skip
def test_a_wrong_spec_is_told_by_file_key_and_cure(tmp_path, keys, message) -> None:
    path = spec_at(tmp_path, **keys)
    with pytest.raises(RecipeError) as error:
        load(str(path))
    assert message in str(error.value) and str(path) in str(error.value)


def test_what_cannot_be_mixed_ends_with_exit_code_2(tmp_path) -> None:
    corpora.languages(tmp_path / "web", fra_Latn=3)
    with pytest.raises(MixError, match="3 documents have no token_count"):
        made(spec_at(tmp_path, unit="tokens"), tmp_path / "out")
    nowhere = mix("plan", spec_at(tmp_path, sources={"web": {"path": "nowhere"}}))
    assert nowhere.exit_code == 2 and "sources.web.path: " in nowhere.stderr
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    over_a_run = mix(spec_at(tmp_path), "-o", tmp_path / "run")
    assert over_a_run.exit_code == 2 and "a run is there" in over_a_run.stderr


def test_every_key_has_a_meaning_in_the_schema() -> None:
    schema = Mix.model_json_schema()
    for model in [schema, *schema["$defs"].values()]:
        for name, field in model.get("properties", {}).items():
            assert "description" in field or "$ref" in str(field), name
