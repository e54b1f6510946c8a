"""The recipe's `clean` section: what is written, what is measured, and what is said about it."""

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter, SymbolLinesFormatter
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.recipe.measuring import Clean, Pii
from polysieve.pipeline.recipe.section import RecipeError
from polysieve.pipeline.steps.write.corpus import cleaned
from polysieve.pipeline.storage.schema import REMOVED
from polysieve.pipeline.texts import cleaning
from tests.pipeline.runs import polysieve, record

FINEWEB2 = load("fineweb2").clean
PROSE = (
    "The allotment society collects spare seeds in the hall behind the chapel every spring. "
    "Members bring envelopes with the name of the plant and the year of the harvest. "
)
PAGES = {
    "mail": PROSE + "Write to anna.holt@seeds.example or call +49 30 901820 in the evening.",
    "broken": PROSE + "They say â€œthank youâ€\x9d in every language that they know.",
    "table": PROSE + "\nseed | year\n|\n| |\nbeans | 2019",
    "copy": PROSE + "Write to anna.holt@seeds.example or call +49 30 901820 in the evening.",
    "thai": "สมาคมเก็บเมล็ดพันธุ์ไว้ในห้องโถงหลังโบสถ์ทุกฤดูใบไม้ผลิ สมาชิกนำซองที่เขียนชื่อต้นไม้มาด้วย โทร 02-123-4567",
    "amharic": "ማኅበሩ በየዓመቱ ዘሮችን ይሰበስባል። አባላት የተክሉን ስም የጻፉበትን ፖስታ ያመጣሉ። ማንም አይከፍልም። ስልክ 0911 234567",
}


def run(folder: Path, *more: str) -> dict[str, dict]:
    """id -> row of corpus/ or removed/ of a run of `minimal` over PAGES."""
    pages = folder / "pages.jsonl"
    lines = [json.dumps({"id": k, "text": v}) for k, v in PAGES.items()]
    pages.write_text("\n".join(lines), "utf-8")
    output = folder / "out"
    arguments = ["--input", str(pages), "--output", str(output), "--engine", "inline", "--quiet"]
    code, said = polysieve("run", "minimal", *arguments, *more)
    assert code == 0, said
    rows = {}
    for kind in ("corpus", "removed"):
        for file in (output / kind).rglob("*.parquet"):
            rows |= {row["id"]: row for row in pl.read_parquet(file).to_dicts()}
    return rows


def chain(text: str) -> str:
    """FineWeb2's finishing by datatrove; a new PIIFormatter, for its placeholders go on from text to text."""
    text = PIIFormatter().format(FTFYFormatter().format(text))
    return SymbolLinesFormatter(["|"], replace_char="\n").format(text)


PIECES = [
    "a@b.co",
    "8.8.8.8",
    "|",
    " ",
    "\n",
    "schÃ¶n",
    "é",
    "&amp;",
    "\r",
    "中文",
    "1.",
    "\x1b[0m",
    "x",
]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_the_fineweb2_recipe_writes_what_fineweb2s_finishing_writes(text: str) -> None:
    column, labels = pa.array([text], pa.large_string()), pa.array(["eng_Latn"])
    assert cleaning.of_written(column, labels, FINEWEB2).texts[0].as_py() == chain(text)


def test_without_the_section_every_text_stays_as_it_is(tmp_path) -> None:
    rows = run(tmp_path)
    assert {id: row["text"] for id, row in rows.items()} == PAGES
    assert all(row["pii"] is None for row in rows.values())
    assert record(tmp_path / "out")["pii"] == {}


def test_what_is_written_is_cleaned_removed_documents_too_and_nothing_else_changes(
    tmp_path,
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = run(tmp_path / "a")
    more = [f"--set=clean.pii.{kind}=replace" for kind in ("email", "phone")]
    rows = run(
        tmp_path / "b", "--set=clean.encoding=written", "--set=clean.table_pipes=true", *more
    )
    assert "email@example.com or call +1 202-555-0123" in rows["mail"]["text"]
    assert "“thank you”" in rows["broken"]["text"]
    assert rows["table"]["text"].endswith("seed | year\n\n\nbeans | 2019")
    assert "202-555-0123" in rows["thai"]["text"]
    assert "202-555-0123" in rows["amharic"]["text"]
    copies = [rows["mail"], rows["copy"]]
    assert sum(row.get("filter_reason") == "exact_duplicate" for row in copies) == 1
    assert copies[0]["text"] == copies[1]["text"]
    for id, row in rows.items():
        same = row.keys() - {"text", "file_path"}
        assert {k: row[k] for k in same} == {k: plain[id][k] for k in same}
    assert not any("anna.holt" in row["text"] for row in rows.values())
    whole = record(tmp_path / "b" / "out")
    assert whole["accounting"] == record(tmp_path / "a" / "out")["accounting"]
    assert whole["pii"]["tha_Thai"] == {"phone": 1}
    report = "".join(p.read_text() for p in (tmp_path / "b" / "out" / "report").glob("*.*"))
    assert "anna.holt" not in report
    assert "Personal data in texts kept" in report


def test_titles_are_cleaned_too_and_places_are_those_in_texts() -> None:
    row = {
        "text": "c@d.com",
        "title": "Write to a@b.com",
        "language": "eng",
        "language_script": "Latn",
    }
    table = pa.Table.from_pylist([row], REMOVED)
    for way, title in (("replace", "Write to email@example.com"), ("annotate", row["title"])):
        recipe = load("minimal", [f"clean.pii.email={way}"])
        written, found = cleaned(table, recipe)
        assert written["title"].to_pylist() == [title]
        assert found == {0: {"email": 1}}


def test_annotated_places_are_code_points_of_the_text_beside_them(tmp_path) -> None:
    rows = run(tmp_path, "--set=clean.pii.phone=annotate", "--set=clean.pii.email=replace")
    for id, number in (
        ("thai", "02-123-4567"),
        ("amharic", "0911 234567"),
        ("mail", "+49 30 901820"),
    ):
        (piece,) = rows[id]["pii"]
        assert piece["kind"] == "phone"
        assert rows[id]["text"][piece["start"] : piece["end"]] == number
    assert rows["table"]["pii"] == []


def test_repair_before_measuring_changes_what_is_stored_and_measured(tmp_path) -> None:
    rows = run(tmp_path, "--set=clean.encoding=measured")
    assert "“thank you”" in rows["broken"]["text"]
    stored = pl.read_parquet(tmp_path / "out" / "measure-*" / "documents" / "*.parquet")
    assert stored.filter(pl.col("id") == "broken")["text"].str.contains("“thank you”").all()


def test_deciding_again_with_other_cleaning_writes_anew_without_measuring(tmp_path) -> None:
    run(tmp_path)
    out = tmp_path / "out"
    before = {p: p.stat().st_mtime_ns for p in out.glob("measure-*/**/*.parquet")}
    assert polysieve("decide", str(out), "--set", "clean.pii.email=replace")[0] == 0
    assert {p: p.stat().st_mtime_ns for p in out.glob("measure-*/**/*.parquet")} == before
    texts = pl.read_parquet(out / "corpus" / "eng_Latn" / "*.parquet")["text"]
    assert texts.str.contains("email@example.com").any()
    assert not texts.str.contains("anna.holt").any()
    code, said = polysieve("decide", str(out), "--set", "clean.encoding=measured")
    assert code == 2
    assert "polysieve run" in said


def test_labels_that_are_not_written_again_keep_their_counts(tmp_path) -> None:
    run(tmp_path, "--set=clean.pii.phone=replace")
    before = record(tmp_path / "out")["pii"]
    assert before
    code, said = polysieve("decide", str(tmp_path / "out"), "--set", "rules.gopher_short_doc=1")
    assert code == 0, said
    assert record(tmp_path / "out")["pii"] == before


def test_explain_shows_the_text_as_it_is_written(tmp_path) -> None:
    run(tmp_path, "--set=clean.pii.phone=replace")
    _, said = polysieve("explain", str(tmp_path / "out"), "--id", "thai", "--json")
    life = json.loads(said)[0]
    assert "02-123-4567" not in life["text_start"]
    assert life["pii"] == {"phone": 1}


def test_a_text_is_cleaned_alone_as_among_others() -> None:
    everything = Clean(
        encoding="written",
        table_pipes=True,
        pii=Pii(email="replace", ipv4="replace", ipv6="replace", iban="replace", phone="annotate"),
    )
    texts = [*PAGES.values(), "a@b.de c@d.de", "e@f.de"]
    labels = ["eng_Latn"] * 4 + ["tha_Thai", "amh_Ethi", "deu_Latn", "deu_Latn"]
    whole = cleaning.of_written(pa.array(texts, pa.large_string()), pa.array(labels), everything)
    for i, (text, label) in enumerate(zip(texts, labels, strict=True)):
        alone = cleaning.of_written(
            pa.array([text], pa.large_string()), pa.array([label]), everything
        )
        assert alone.texts[0] == whole.texts[i]
        assert alone.pii[0] == whole.pii[i]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("clean.pii.mail=replace", "unknown key clean.pii.mail; did you mean email?"),
        ("clean.encoding=yes", "clean.encoding: input should be 'measured' or 'written'"),
        ("clean.pii.email=drop", "clean.pii.email: input should be 'replace' or 'annotate'"),
    ],
)
def test_a_wrong_key_is_told(setting: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        load("minimal", [setting])
    assert message in str(error.value)
