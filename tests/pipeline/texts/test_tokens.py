"""Tokens of what is written, by a tokenizer that the recipe names."""

import json

import polars as pl
import pyarrow as pa
import pytest

from polysieve.pipeline.texts import tokens
from tests.pipeline.runs import polysieve, record

tokenizers = pytest.importorskip("tokenizers", reason="needs the extra tokenizers")

LINES = [
    "The river rises in the hills.",
    "แม่น้ำไหลลงสู่ทะเล",
    "नदी पहाड़ों से निकलती है।",
    "川は山から流れる。",
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    found = tokenizers.Tokenizer(tokenizers.models.BPE())
    found.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>"],
        show_progress=False,
    )
    found.train_from_iterator(LINES, trainer)
    found.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", found.token_to_id("<s>"))]
    )
    found.enable_truncation(8)
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    found.save(str(path))
    return str(path)


def test_every_text_is_counted_whole_without_marks_of_its_ends(tokenizer) -> None:
    found = tokens.count(
        pa.array([LINES[0] * 50, None, "", LINES[1]], pa.large_string()), tokenizer
    )
    whole = tokenizers.Tokenizer.from_file(tokenizer)
    whole.no_truncation()
    expected = [
        len(whole.encode(t, add_special_tokens=False).ids) for t in (LINES[0] * 50, LINES[1])
    ]
    assert found.to_pylist() == [expected[0], None, 0, expected[1]]
    assert expected[0] > 8


def test_a_run_writes_the_tokens_of_its_texts_and_reports_them(tmp_path, tokenizer) -> None:
    pages = [
        {"id": str(i), "text": f"{line} {i}", "url": f"https://a.example/{i}"}
        for i, line in enumerate(LINES)
    ]
    (tmp_path / "pages.jsonl").write_text("\n".join(map(json.dumps, pages)))
    out = tmp_path / "out"
    given = [
        "run",
        "minimal",
        "-i",
        str(tmp_path / "pages.jsonl"),
        "-o",
        str(out),
        "--engine",
        "inline",
        "-q",
    ]
    given += ["--set", "language.cut=null", "--set", "rules={}", "--set"]
    code, said = polysieve(*given, f"output.tokenizer={tokenizer}")
    assert code == 0, said
    corpus = pl.read_parquet(f"{out}/corpus/*/train-*.parquet")
    counted = tokens.count(corpus["text"].to_arrow(), tokenizer)
    assert corpus["token_count"].to_list() == counted.to_pylist()
    per_label = corpus.group_by(
        pl.concat_str("language", "language_script", separator="_").alias("label")
    ).agg(pl.col("token_count").sum())
    assert record(out)["tokens"] == dict(sorted(per_label.iter_rows()))
    label = corpus["language"][0] + "_" + corpus["language_script"][0]
    assert "Tokens kept" in (out / "report" / f"{label}.html").read_text()
    assert "Tokens kept" in (out / "report" / "index.html").read_text()
    code, said = polysieve("audit", str(out), "--quiet")
    assert code == 0, said
    assert "Tokens kept" in (out / "report" / f"{label}.html").read_text()
    code, said = polysieve(*given, "output.tokenizer=null")
    assert code == 0, said
    assert pl.read_parquet(f"{out}/corpus/*/train-*.parquet")["token_count"].is_null().all()


@pytest.mark.parametrize(
    ("content", "why"), [(None, "no such file"), ("{}", "is no tokenizer.json")]
)
def test_a_tokenizer_that_cannot_be_used_is_named_before_the_run(tmp_path, content, why) -> None:
    path = tmp_path / "tokenizer.json"
    if content:
        path.write_text(content)
    (tmp_path / "pages.jsonl").write_text(json.dumps({"text": LINES[0]}))
    code, said = polysieve(
        "run", "minimal", "-i", str(tmp_path / "pages.jsonl"), "-o", str(tmp_path / "out"),
        "--set", f"output.tokenizer={path}",
    )  # fmt: skip
    assert code == 2
    assert f"output.tokenizer: {path}: {why}" in " ".join(said.split())
