"""Snapshots one after another, through an index, against all of them at once."""

import json
import random
from pathlib import Path

import polars as pl
import pytest

from polysieve.pipeline.run import increment
from tests.pipeline.prose import PROSE
from tests.pipeline.runs import digest, file_bytes, polysieve, record

SNAPSHOTS = ("2024-10", "2024-26", "2024-51")
FEW = ("--set", "rebalance.min_clusters=1", "--set", "rebalance.min_documents=1")


def _edited(text: str, chance: random.Random, share: float) -> str:
    """The text with a share of its characters' places taken by others of its own."""
    letters = list(text)
    for _ in range(int(len(letters) * share)):
        letters[chance.randrange(len(letters))] = chance.choice(letters)
    return "".join(letters)


@pytest.fixture(scope="module")
def crawl(tmp_path_factory) -> Path:
    """Three snapshots of real prose in six scripts: pages come back as they were, edited, or not at all."""
    folder = tmp_path_factory.mktemp("crawl")
    chance = random.Random(4)
    pages = [article for articles in PROSE for article in articles if "\n\n" in article.strip()]
    for number, snapshot in enumerate(SNAPSHOTS):
        lines = []
        for page, article in enumerate(pages):
            text = article.split("\n\n", 1)[1].strip()
            for copy in range(3):
                if chance.random() < 0.5:
                    shown = _edited(text, chance, chance.choice([0, 0, 0.002, 0.01, 0.05]))
                    name = f"{page:03d}-{number}-{copy}"
                    lines.append(
                        {"text": shown, "id": name, "date": f"2024-{12 - 3 * number:02d}-01",
                         "dump": f"CC-MAIN-{snapshot}"}
                    )  # fmt: skip
        path = folder / f"{snapshot}.jsonl"
        path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    return folder


def run(crawl: Path, output: Path, pattern: str, *more: str) -> None:
    code, said = polysieve(
        "run", "minimal", "-i", str(crawl / pattern), "-o", str(output), "--engine", "inline",
        "--keep-steps", *more,
    )  # fmt: skip
    assert code == 0, said


def one_by_one(crawl: Path, folder: Path, *more: str) -> dict[str, Path]:
    outputs = {snapshot: folder / snapshot for snapshot in SNAPSHOTS}
    for snapshot, output in outputs.items():
        run(crawl, output, f"{snapshot}.jsonl", "--index", str(folder / "index"), *more)
    return outputs


@pytest.fixture(scope="module")
def grown(crawl, tmp_path_factory) -> dict[str, Path]:
    """The outputs of three runs with one index; `index` is that."""
    folder = tmp_path_factory.mktemp("grown")
    return one_by_one(crawl, folder) | {"index": folder / "index"}


def corpus(*outputs: Path) -> pl.DataFrame:
    """Rows of corpora."""
    frames = [pl.read_parquet(output / "corpus" / "**" / "*.parquet") for output in outputs]
    return pl.concat(frames).sort("id")


def clusters(index: Path) -> set[frozenset[str]]:
    """The sets of ids that an index has as components."""
    current = json.loads((index / "current.json").read_text())["version"]
    version = json.loads((index / "versions" / f"{current}.json").read_text())
    found: dict[tuple[str, int], set[str]] = {}
    for label, tables in version["labels"].items():

        def rows(table: str, tables=tables) -> pl.DataFrame:
            parts = [pl.read_parquet(index / f).slice(start, n) for f, start, n in tables[table]]
            return pl.concat(parts)

        components = rows("components")["component"]
        for content, id in rows("members").select("content", "id").iter_rows():
            found.setdefault((label, components[content]), set()).add(id)
    return {frozenset(ids) for ids in found.values()}


def test_components_of_snapshots_one_by_one_are_those_of_all_at_once(crawl, grown, tmp_path):
    run(crawl, tmp_path / "all", "*.jsonl", "--index", str(tmp_path / "index"))
    found = clusters(tmp_path / "index")
    assert clusters(grown["index"]) == found
    assert max(map(len, found)) > 3
    # Without an index, the same clusters again.
    run(crawl, tmp_path / "plain", "*.jsonl")
    table = pl.read_parquet(tmp_path / "plain" / "clusters-*" / "unit-*.parquet")
    plain = table.group_by("cluster_id").agg("id")["id"].to_list()
    assert {frozenset(ids) for ids in plain} == found


def test_the_order_of_snapshots_does_not_change_the_components(crawl, grown, tmp_path):
    for snapshot in reversed(SNAPSHOTS):
        run(crawl, tmp_path / snapshot, f"{snapshot}.jsonl", "--index", str(tmp_path / "index"))
    assert clusters(tmp_path / "index") == clusters(grown["index"])


def test_labels_cut_into_partitions_grow_an_index_to_the_same_components(crawl, grown, tmp_path):
    outputs = one_by_one(crawl, tmp_path, "--set", "dedup.task_memory=3000")
    assert clusters(tmp_path / "index") == clusters(grown["index"])
    for snapshot in SNAPSHOTS:
        assert corpus(outputs[snapshot]).equals(corpus(grown[snapshot]))


def test_a_page_that_was_published_stays_and_its_new_copies_are_duplicates(grown):
    outputs = [grown[snapshot] for snapshot in SNAPSHOTS]
    kept = corpus(*outputs)
    of = {id: number for number, ids in enumerate(clusters(grown["index"])) for id in ids}
    per_cluster = [of[id] for id in kept["id"]]
    assert len(set(per_cluster)) == len(per_cluster)
    assert set(per_cluster) == set(of.values())


def test_sizes_count_the_members_of_all_snapshots_so_far(grown):
    sizes = {id: len(ids) for ids in clusters(grown["index"]) for id in ids}
    last = corpus(grown[SNAPSHOTS[-1]])
    assert [sizes[id] for id in last["id"]] == last["minhash_cluster_size"].to_list()


def test_an_old_output_decided_by_the_index_has_the_sizes_and_weights_of_all(crawl, tmp_path):
    outputs = one_by_one(crawl, tmp_path, "--set", "rebalance={max_repetitions: 5}", *FEW)
    first, index = outputs[SNAPSHOTS[0]], tmp_path / "index"
    before, old = file_bytes(index), corpus(first)
    code, said = polysieve("decide", str(first), "--index", str(index))
    assert code == 0, said
    now = corpus(first)
    assert now["id"].to_list() == old["id"].to_list()  # what was published stays
    assert now["minhash_cluster_size"].sum() > old["minhash_cluster_size"].sum()
    sizes = {id: len(ids) for ids in clusters(index) for id in ids}
    assert [sizes[id] for id in now["id"]] == now["minhash_cluster_size"].to_list()
    versions = {name for name in file_bytes(index) if name.startswith("versions/")}
    assert versions == {name for name in before if name.startswith("versions/")}


def test_rekeep_chooses_anew_and_the_old_output_follows(crawl, grown, tmp_path):
    outputs = list(one_by_one(crawl, tmp_path, "--rekeep").values())
    index = tmp_path / "index"
    # Later snapshots have earlier dates here, so some of their pages come before published ones.
    assert len(corpus(outputs[-1])) > len(corpus(grown[SNAPSHOTS[-1]]))
    for output in outputs[:-1]:
        assert polysieve("decide", str(output), "--index", str(index))[0] == 0
    run(crawl, tmp_path / "all", "*.jsonl")
    together = corpus(*outputs)
    assert together["id"].to_list() == corpus(tmp_path / "all")["id"].to_list()


def test_the_same_command_again_changes_nothing(crawl, grown):
    before = file_bytes(grown["index"]), digest(grown[SNAPSHOTS[-1]])
    code, said = polysieve(
        "run", "minimal", "-i", str(crawl / f"{SNAPSHOTS[-1]}.jsonl"), "-o", str(grown[SNAPSHOTS[-1]]),
        "--engine", "inline", "--keep-steps", "--index", str(grown["index"]),
    )  # fmt: skip
    assert (code, "nothing to do" in said) == (0, True)
    assert (file_bytes(grown["index"]), digest(grown[SNAPSHOTS[-1]])) == before


def test_a_run_that_was_stopped_before_it_reached_the_index_reaches_it_later(
    crawl, tmp_path, monkeypatch
):
    def stop(*arguments):
        raise KeyboardInterrupt

    index, output = tmp_path / "index", tmp_path / "out"
    command = [
        "run", "minimal", "-i", str(crawl / "2024-10.jsonl"), "-o", str(output), "--engine", "inline",
        "--index", str(index),
    ]  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(increment, "finish", stop)
        assert polysieve(*command)[0] == 130
    assert not (index / "current.json").exists()
    assert polysieve(*command)[0] == 0
    run(crawl, tmp_path / "undisturbed", "2024-10.jsonl", "--index", str(tmp_path / "other"))
    assert clusters(index) == clusters(tmp_path / "other")
    assert record(output)["accounting"] == record(tmp_path / "undisturbed")["accounting"]


def test_a_compacted_index_holds_the_same_and_goes_on(crawl, grown, tmp_path):
    index = tmp_path / "index"
    for snapshot in SNAPSHOTS[:2]:
        run(crawl, tmp_path / snapshot, f"{snapshot}.jsonl", "--index", str(index))
    before = clusters(index)
    code, said = polysieve("index", "compact", str(index))
    assert code == 0, said
    assert clusters(index) == before
    assert polysieve("index", "verify", str(index))[0] == 0
    run(crawl, tmp_path / "last", f"{SNAPSHOTS[2]}.jsonl", "--index", str(index))
    assert clusters(index) == clusters(grown["index"])
    assert corpus(tmp_path / "last").equals(corpus(grown[SNAPSHOTS[2]]))


def test_info_counts_runs_documents_and_clusters(grown):
    code, said = polysieve("index", "info", str(grown["index"]), "--json")
    assert code == 0
    found = json.loads(said)
    assert [run["snapshots"] for run in found["runs"]] == [[f"CC-MAIN-{s}"] for s in SNAPSHOTS]
    sets = clusters(grown["index"])
    assert found["documents"] == sum(map(len, sets))
    assert sum(entry["clusters"] for entry in found["labels"].values()) == len(sets)
    assert max(entry["largest_cluster"] for entry in found["labels"].values()) == max(
        map(len, sets)
    )


def test_verify_names_a_file_that_is_gone_and_one_that_was_changed(crawl, tmp_path):
    index = tmp_path / "index"
    run(crawl, tmp_path / "out", "2024-10.jsonl", "--index", str(index))
    assert polysieve("index", "verify", str(index)) == (0, f"{index}: in order\n")
    members = next(index.rglob("*-members.parquet"))
    table = pl.read_parquet(members)
    table.with_columns(content=pl.lit(10**6, pl.Int64)).write_parquet(members)
    code, said = polysieve("index", "verify", str(index))
    assert (code, "a member has no content" in said) == (1, True)
    members.unlink()
    code, said = polysieve("index", "verify", str(index))
    assert (code, "members.parquet: not there" in said) == (1, True)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--set", "dedup.minhash.bands=10"], "bands: 14 there, 10 here"),
        (["--set", "dedup.kept=[-text_bytes]"], "['-text_bytes'] here"),
        (["--set", "dedup.minhash.verify_by=texts"], "use verify_by: signatures"),
    ],
)
def test_a_run_that_does_not_fit_the_index_is_refused(crawl, grown, tmp_path, more, message):
    code, said = polysieve(
        "run", "minimal", "-i", str(crawl / "2024-10.jsonl"), "-o", str(tmp_path / "out"),
        "--engine", "inline", "--index", str(grown["index"]), *more,
    )  # fmt: skip
    assert (code, message in said) == (2, True), said


def test_inputs_that_are_in_the_index_are_refused_in_a_new_run(crawl, grown, tmp_path):
    code, said = polysieve(
        "run", "minimal", "-i", str(crawl / "*.jsonl"), "-o", str(tmp_path / "out"),
        "--engine", "inline", "--index", str(grown["index"]),
    )  # fmt: skip
    assert (code, "are in the index already" in said) == (2, True), said


def test_members_of_all_runs_are_chosen_by_the_columns_that_the_recipe_names(tmp_path):
    words = PROSE[0][0].split()[:200]
    for number, extra in enumerate((["plain"], ["plain", "longer"], ["short"])):
        page = {"text": " ".join(words + extra), "id": str(number), "date": "2024-01-01"}
        (tmp_path / f"{number}.jsonl").write_text(json.dumps(page), "utf-8")
    order = (
        "--index",
        str(tmp_path / "index"),
        "--rekeep",
        "--set",
        "dedup.kept=[-character_count, text_bytes, url]",
    )
    for number in range(3):
        run(tmp_path, tmp_path / f"out-{number}", f"{number}.jsonl", *order)
    assert [len(list((tmp_path / f"out-{n}" / "corpus").rglob("*.parquet"))) for n in range(3)] == [
        1,
        1,
        0,
    ]
    assert polysieve("index", "compact", str(tmp_path / "index"))[0] == 0
    assert polysieve("index", "verify", str(tmp_path / "index"))[0] == 0
