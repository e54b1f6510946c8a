"""What is decided of the documents of one label, from what was measured and found of them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from polysieve.filters import parameters
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.cluster.clusters import Numbering
from polysieve.pipeline.steps.decide.decisions import LabelDecision, Sources, decide_label
from polysieve.pipeline.steps.decide.reasons import in_order, text_rule_names
from polysieve.pipeline.steps.fit.fit import Fitted
from polysieve.pipeline.steps.host_lines import lines
from polysieve.pipeline.steps.score import scores
from polysieve.pipeline.storage.schema import DECISIONS
from tests.pipeline.steps.measured import LABEL, clustered, folder, labels, measured, window

DEFAULTS = Fitted(parameters.defaults(LABEL), "defaults")


def recipe(**sections: Any) -> Recipe:
    """A recipe without rules, but for what a test says."""
    sections.setdefault("rules", {})
    sections.setdefault("dedup", {"minhash": None, "kept": ["-text_bytes", "id"]})
    return Recipe.model_validate({"language": {"cut": 0.5}, **sections})


@pytest.fixture
def decide(tmp_path: Path):
    """Decide documents of one segment; clusters: of each the first of its cluster, none where they are left out."""

    def decided(
        documents: list[dict[str, Any]],
        asked: Recipe,
        clusters: list[int] | None = None,
        contents: list[int] | None = None,
        **found: Any,
    ) -> LabelDecision:
        (label,) = labels(measured(tmp_path, {"a": documents}))
        if "verdicts" in found:
            found["rule_names"] = text_rule_names(found["verdicts"], "unit-00000", [label], asked)
        folders = {
            "fit": folder(tmp_path, "fit"),
            "clusters": clustered(tmp_path, clusters or list(range(len(documents))), contents),
        }
        sources = Sources("unit-00000", **folders, **found)
        return decide_label(label, DEFAULTS, Numbering(0, 0, 0), sources, asked)

    return decided


def reasons(decided: LabelDecision) -> list[str | None]:
    return decided.reasons.column().to_pylist()


def test_what_left_before_its_language_was_told_keeps_its_reason(decide):
    documents = [
        {"prefilter_reason": "url_word", "language_score": None},
        {"language_score": 0.4},
        {},
    ]
    decided = decide(documents, recipe())
    assert reasons(decided) == ["url_word", "language_score", None]
    assert decided.size.tolist() == [0, 0, 1]


def test_a_score_that_equals_the_cut_stays(decide):
    assert reasons(decide([{"language_score": 0.5}], recipe())) == [None]


def test_without_a_cut_every_score_stays(decide):
    assert reasons(decide([{"language_score": 0.01}], recipe(language={"cut": None}))) == [None]


def test_the_first_by_the_recipes_order_represents_a_cluster(decide):
    documents = [{"text_bytes": size} for size in (10, 30, 20)]
    decided = decide(documents, recipe(), clusters=[0, 0, 0], contents=[0, 1, 1])
    # The third has the content of the representative.
    assert reasons(decided) == ["near_duplicate", None, "exact_duplicate"]
    assert decided.size.tolist() == [3, 3, 3]


def test_what_is_under_the_cut_is_no_member_of_a_cluster(decide):
    documents = [{"text_bytes": 99, "language_score": 0.1}, {}, {}]
    decided = decide(documents, recipe(), clusters=[0, 0, 0])
    assert reasons(decided) == ["language_score", None, "exact_duplicate"]
    assert decided.size.tolist() == [0, 2, 2]


def test_the_first_rule_that_fails_is_the_reason_and_duplicates_are_not_asked(decide):
    rules = {"gopher_short_doc": 50, "gopher_stop_words": 2}
    documents = [
        {"word_count": 10, "stop_words": 0},
        {"word_count": 60, "stop_words": 0},
        {"word_count": 60, "stop_words": None},
        {"word_count": 60, "stop_words": 2, "text_bytes": 20},
        {"word_count": 10, "stop_words": 0},
    ]
    decided = decide(documents, recipe(rules=rules), clusters=[0, 1, 2, 3, 3])
    assert reasons(decided) == [
        "gopher_short_doc", "gopher_stop_words", None, None, "exact_duplicate",
    ]  # fmt: skip
    other = decide(documents, recipe(rules=dict(reversed(rules.items()))), clusters=[0, 1, 2, 3, 3])
    assert reasons(other)[0] == "gopher_stop_words"


def test_counts_are_of_the_label(decide):
    documents = [{"word_count": n, "text_bytes": 2 * n} for n in (10, 60, 70)]
    decided = decide(documents, recipe(rules={"gopher_short_doc": 50}), clusters=[0, 1, 1])
    wanted = {
        "documents": 3, "kept": 1, "removed": {"gopher_short_doc": 1}, "duplicates": 1,
        "exact_duplicates": 1, "words": 140, "kept_words": 70, "text_bytes": 280, "kept_bytes": 140,
        "clusters": 2, "cluster_sizes": {"1": 1, "2": 1}, "cut": 0.5, "thresholds": {"gopher_short_doc": 50.0},
    }  # fmt: skip
    assert {name: decided.figures[name] for name in wanted} == wanted


def test_documents_with_nothing_but_lines_of_their_host_go(decide, tmp_path):
    marks = folder(tmp_path, "lines")
    columns = {f.name: pa.nulls(3, f.type) for f in lines.MARKS}
    columns |= {
        "host_repeated_line_share": pa.array([1.0, 0.5, 0.0]),
        "repeated": pa.array([4, 2, 0], pa.int32()),
        "nothing_else": pa.array([True, False, False]),
    }
    marks.store.write_table(marks.file("marks/a.parquet"), pa.table(columns))
    kept_lines = recipe(host_lines={"remove": False}, rules={"host_repeated_lines": 0.9})
    decided = decide([{}, {}, {}], kept_lines, host_lines=marks)
    assert reasons(decided) == ["host_repeated_lines", None, None]
    decided = decide([{}, {}, {}], recipe(host_lines={}), host_lines=marks)
    assert reasons(decided) == ["host_lines_only", None, None]
    assert decided.figures["lines_removed"] == {"documents": 1, "lines": 2}


@pytest.mark.parametrize(("remove", "gone"), [("contained", 1), ("containing", 0)])
def test_of_a_pair_that_the_rules_keep_one_goes(decide, tmp_path, remove, gone):
    found = folder(tmp_path, "containment")
    pairs = {
        "outer_row": pa.array([0, 2]),
        "segment": pa.array(["a", "a"]),
        "inner_row": pa.array([1, 3]),
        "share": pa.array([0.95, 0.95]),
    }
    found.store.write_table(found.file("answers/a.parquet"), pa.table(pairs))
    asked = recipe(
        dedup={"kept": ["id"], "containment": {"remove": remove}}, rules={"gopher_short_doc": 50}
    )
    documents = [{}, {}, {"word_count": 10}, {}]
    wanted = [None, None, "gopher_short_doc", None]
    wanted[gone] = remove
    assert reasons(decide(documents, asked, containment=found)) == wanted


REGEX = "datatrove.pipeline.filters.RegexFilter"


def test_verdicts_of_rules_that_read_text_come_after_the_other_rules(decide, tmp_path):
    rules = {"gopher_short_doc": 50} | {
        name: {"datatrove": REGEX, "arguments": {"regex_exp": name}} for name in ("one", "two")
    }
    verdicts = window(
        folder(tmp_path, "text_rules"),
        {
            "one.passed": pa.array([None, False, False, True, True]),
            "one.reason": pa.array([None, "casino", None, None, None]),
            "two.passed": pa.array([None, None, None, False, True]),
            "two.reason": pa.array([None, None, None, "casino", None]),
        },
    )
    documents = [{"word_count": 10}, {}, {}, {}, {}]
    decided = decide(documents, recipe(rules=rules), verdicts=verdicts)
    assert reasons(decided) == ["gopher_short_doc", "one:casino", "one", "two:casino", None]


def test_rare_reasons_of_a_rule_that_reads_text_become_one(tmp_path):
    n = 60
    asked = recipe(rules={"one": {"datatrove": REGEX, "arguments": {"regex_exp": "x"}}})
    said = [f"{number:02d}" for number in range(n)] + ["59", "59"]
    verdicts = window(
        folder(tmp_path, "text_rules"),
        {"one.passed": pa.array([False] * len(said)), "one.reason": pa.array(said)},
    )
    (label,) = labels(measured(tmp_path, {"a": [{}] * len(said)}))
    names = text_rule_names(verdicts, "unit-00000", [label], asked)
    assert names["one"]["59"] == "one:59"  # the most frequent
    assert names["one"]["48"] == "one:48"
    assert names["one"]["49"] == names["one"]["58"] == "one:other"
    assert in_order(names) == ["one:59", *(f"one:{k:02d}" for k in range(49)), "one:other"]


def scored(root: Path, values: dict[str, list[float | None]], **columns: pa.Array):
    n = len(next(iter(values.values())))
    found = window(
        folder(root, "scores"),
        {
            "asked": pa.array([True] * n),
            **{f"score.{k}": pa.array(v, pa.float32()) for k, v in values.items()},
            "contaminated": columns.get("contaminated", pa.nulls(n, pa.string())),
        },
    )
    found.commit(scores.MODELS, {"models": {}})
    return found


@pytest.fixture
def quality(tmp_path: Path):
    words = tmp_path / "words.txt"
    words.write_text("x\n")

    def section(**actions: str) -> dict[str, Any]:
        return {
            name: {"words": str(words), "at_most": 0.5, "action": action}
            for name, action in actions.items()
        }

    return section


def test_models_remove_and_flag_what_the_rules_keep(decide, tmp_path, quality):
    asked = recipe(
        quality={"scores": quality(bad="remove", odd="flag")}, rules={"gopher_short_doc": 50}
    )
    folder_of_scores = scored(
        tmp_path, {"bad": [None, 0.9, 0.5, 0.1], "odd": [None, 0.9, 0.9, 0.1]}
    )
    documents = [{"word_count": 10}, {}, {}, {}]
    decided = decide(documents, asked, scores=folder_of_scores)
    assert reasons(decided) == ["gopher_short_doc", "quality:bad", None, None]
    assert decided.selected is not None
    assert decided.selected.failed.tolist() == [0, 3, 2, 0]
    assert decided.figures["models"]["scores"]["bad"]["failed"] == 1
    assert decided.weight.tolist() == [0, 0, 1, 1]


def test_a_benchmarks_passage_comes_before_scores(decide, tmp_path, quality):
    benchmark = tmp_path / "exam.txt"
    benchmark.write_text("What is the capital of France?\n")
    section = {
        "scores": quality(bad="remove"),
        "decontaminate": {"benchmarks": {"exam": str(benchmark)}},
    }
    found = scored(tmp_path, {"bad": [0.9, 0.9, 0.1]}, contaminated=pa.array(["exam", None, None]))
    decided = decide([{}, {}, {}], recipe(quality=section), scores=found)
    assert reasons(decided) == ["contaminated:exam", "quality:bad", None]
    assert decided.figures["models"]["contaminated"] == {"exam": 1}


def test_weights_are_of_the_rules_and_once_makes_them_one_at_most(decide, tmp_path, quality):
    table = {"method": "table", "table": {1: 1, 2: 5}}
    documents = [{"text_bytes": 30}, {}, {"text_bytes": 30}, {}, {}]
    clusters = [0, 0, 2, 2, 4]
    decided = decide(documents, recipe(rebalance=table), clusters=clusters)
    assert decided.weight.tolist() == [5, 0, 5, 0, 1]
    found = scored(tmp_path, {"often": [0.9, None, 0.1, None, 0.1]})
    once = recipe(rebalance=table, quality={"scores": quality(often="once")})
    decided = decide(documents, once, clusters=clusters, scores=found)
    assert decided.weight.tolist() == [1, 0, 5, 0, 1]
    assert (
        decided.reasons.outcomes().dtype
        == DECISIONS.field("outcome").type.index_type.to_pandas_dtype()
    )
