"""The compiled scorer gives fastText's own probabilities."""

import fasttext
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.filters.quality.fasttext_scorer import FastTextScorer
from tests.filters.quality.made_text import many

SCRIPTS = [
    "Die Brücke über den Fluß",
    "وزارة التعليم العالي",
    "शिक्षा मंत्रालय की",
    "แม่น้ำไหลผ่านหมู่บ้าน",
    "河流经过村庄",
    "나는 학교에서",
    "የትምህርት ሚኒስቴር",
]
# predict adds 1e-5 to a probability; with ova and ns it looks the logistic function up in a table.
ROUNDING, TABLE = 2e-5, 8e-3
MODELS = {
    "words": ({"wordNgrams": 1}, ROUNDING),
    "word pairs": ({"wordNgrams": 2, "bucket": 5000}, ROUNDING),
    "characters and word n-grams": (
        {"wordNgrams": 4, "minn": 1, "maxn": 4, "bucket": 3000},
        ROUNDING,
    ),
    "one against all": ({"loss": "ova", "wordNgrams": 2, "bucket": 999}, TABLE),
    "hierarchical": ({"loss": "hs", "minn": 2, "maxn": 3, "bucket": 2000}, ROUNDING),
    "more labels than dimensions": ({"dim": 2, "wordNgrams": 2, "bucket": 500}, ROUNDING),
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("fasttext") / "examples.txt"
    lines = [f"__label__{kind} {text}" for kind in ("good", "bad") for text in many(kind, 40)]
    lines += [f"__label__{name} {text}" for name, text in zip("abcdefg", SCRIPTS, strict=True)]
    path.write_text("\n".join(line.replace("\n", " ") for line in lines), "utf-8")
    return str(path)


def trained(examples: str, **given) -> fasttext.FastText._FastText:
    return fasttext.train_supervised(
        examples, **{"dim": 12, "epoch": 10, "lr": 0.5, "thread": 1, "verbose": 0, **given}
    )


def assert_same(scorer: FastTextScorer, model, texts: list[str], tolerance: float) -> None:
    found = scorer.probabilities(pa.array(texts, pa.large_string()))
    for text, row in zip(texts, found, strict=True):
        labels, chances = model.predict(text.replace("\n", " "), k=-1)
        theirs = {
            label.removeprefix("__label__"): p for label, p in zip(labels, chances, strict=True)
        }
        ours = dict(zip(scorer.labels, row, strict=True))
        assert ours == pytest.approx(theirs, abs=tolerance), text


@pytest.mark.parametrize("kind", MODELS)
def test_probabilities_are_fasttext_s(tmp_path, examples, kind) -> None:
    arguments, tolerance = MODELS[kind]
    model = trained(examples, **arguments)
    model.save_model(str(tmp_path / "model.bin"))
    texts = [
        *many("good", 5, 100),
        *many("bad", 5, 100),
        *SCRIPTS,
        "",
        "unseen",
        "a\tb\n\nc",
        "x __label__good y",
    ]
    assert_same(FastTextScorer(tmp_path / "model.bin"), model, texts, tolerance)


@pytest.mark.parametrize("cutoff", [0, 300])
def test_quantised_models_too(tmp_path, examples, cutoff) -> None:
    model = trained(examples, wordNgrams=2, minn=2, maxn=3, bucket=4000)
    model.quantize(input=examples, cutoff=cutoff, qnorm=True, dsub=5, verbose=0)
    model.save_model(str(tmp_path / "model.ftz"))
    texts = [*many("good", 5, 100), *SCRIPTS]
    assert_same(FastTextScorer(tmp_path / "model.ftz"), model, texts, ROUNDING)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_any_text_at_all(tmp_path_factory, examples, texts: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    if not path.exists():
        trained(examples, wordNgrams=3, minn=1, maxn=5, bucket=3000).save_model(str(path))
    assert_same(FastTextScorer(path), fasttext.load_model(str(path)), texts, ROUNDING)


def test_a_document_scores_alone_as_among_others(tmp_path, examples) -> None:
    trained(examples, wordNgrams=2, bucket=500).save_model(str(tmp_path / "model.bin"))
    scorer = FastTextScorer(tmp_path / "model.bin")
    texts = pa.array([*many("good", 8), *SCRIPTS], pa.large_string())
    together = scorer.probabilities(texts)
    for i in range(len(texts)):
        assert np.array_equal(scorer.probabilities(texts.slice(i, 1))[0], together[i])


def test_case_counts_only_where_it_is_asked_for(tmp_path, examples) -> None:
    trained(examples).save_model(str(tmp_path / "model.bin"))
    scorer = FastTextScorer(tmp_path / "model.bin")
    loud, quiet = ["CASINO BONUS"], ["casino bonus"]
    assert not np.allclose(scorer.probabilities(loud), scorer.probabilities(quiet))
    assert np.array_equal(scorer.probabilities(loud, lower=True), scorer.probabilities(quiet))


def test_word_vectors_and_damaged_files_are_refused_by_name(tmp_path, examples) -> None:
    vectors = fasttext.train_unsupervised(
        examples, dim=4, epoch=1, minCount=1, bucket=100, thread=1, verbose=0
    )
    vectors.save_model(str(tmp_path / "vectors.bin"))
    with pytest.raises(ModelError, match=r"vectors\.bin: holds word vectors"):
        FastTextScorer(tmp_path / "vectors.bin")
    trained(examples).save_model(str(tmp_path / "whole.bin"))
    data = (tmp_path / "whole.bin").read_bytes()
    for size in (0, 3, 30, 200, 2000, len(data) - 1):
        (tmp_path / "cut.bin").write_bytes(data[:size])
        with pytest.raises(ModelError, match=r"cut\.bin"):
            FastTextScorer(tmp_path / "cut.bin")
    with pytest.raises(ModelError, match="correct the path"):
        FastTextScorer(tmp_path / "absent.bin")
