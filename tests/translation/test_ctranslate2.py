"""Converted models of three families, whose weights are a dictionary (word_models)."""

import json
from pathlib import Path

import pytest

from polysieve.translation.documents import translate
from polysieve.translation.engines import EngineDown, EngineError
from polysieve.translation.engines.ctranslate2 import CTranslate2
from tests.translation.word_models import POSITIONS, sentence_pieces, word_model

tokenizers = pytest.importorskip("tokenizers", reason="needs the extra ctranslate2")

TEXT = "the old river sings"
IN = {"por": "o velho rio canta", "cat": "el vell riu canta."}


def said(engine: CTranslate2, text: str = TEXT, target: str = "por_Latn") -> str:
    return engine.translate([text], "eng_Latn", target)[0].text


@pytest.fixture(scope="module")
def marian(tmp_path_factory):
    folder = word_model(tmp_path_factory.mktemp("marian") / "model", {"por": "por"}, "nobody")
    for name in ("source.spm", "target.spm"):
        sentence_pieces(folder / name)
    return str(folder)


@pytest.mark.parametrize("options", [{}, {"beams": 4}, {"compute_type": "int8"}])
def test_a_marian_model_translates_by_beams_and_in_eight_bits(marian, options) -> None:
    engine = CTranslate2(model=marian, family="marian", max_target_tokens=POSITIONS, **options)
    texts = [TEXT, "ወንዝ", " ".join(["mill"] * 30)]
    found = engine.translate(texts, "eng_Latn", "por_Latn")
    assert [s.text for s in found] == [IN["por"], "águas", " ".join(["moinho"] * 30)]
    assert all(s.status == "translated" and s.score > 0.99 for s in found)


def test_words_that_the_model_lacks_lower_the_score_or_fail(marian) -> None:
    engine = CTranslate2(model=marian, family="marian")
    some, none = engine.translate(["the 河 sings", "河"], "eng_Latn", "por_Latn")
    assert some.text == "o canta"
    assert (none.text, none.status) == ("", "failed")


def test_a_text_beyond_what_the_model_reads_fails_alone(marian) -> None:
    engine = CTranslate2(model=marian, family="marian", max_source_tokens=20)
    found = engine.translate([TEXT, "mill " * 30, "river"], "eng_Latn", "por_Latn")
    assert [s.status for s in found] == ["translated", "failed", "translated"]
    assert found[2].text == "rio"


def test_limits_beyond_the_models_positions_are_told_with_the_cure(marian) -> None:
    engine = CTranslate2(model=marian, family="marian", max_source_tokens=100)
    with pytest.raises(EngineDown, match=rf"position encodings.* {POSITIONS}.*max_source_tokens"):
        engine.translate(["mill " * 50], "eng_Latn", "por_Latn")


def test_a_documents_marks_links_and_code_stay(marian) -> None:
    engine = CTranslate2(model=marian, family="marian")
    text = "# the river\n\n- the [old mill](https://mill.example/a?b=1)\n- `code` the mill\n"
    (found,) = translate([text], engine, "eng_Latn", "por_Latn")
    assert (
        found.text
        == "# o rio\n\n- o [velho moinho](https://mill.example/a?b=1)\n- `code` o moinho\n"
    )


def test_a_converter_that_ends_sources_itself_is_not_doubled(tmp_path) -> None:
    """OPUS-MT's own converter writes `add_source_eos`. A text that fills the model's positions shows a second end."""
    folder = word_model(tmp_path / "model", {"por": "por"}, "nobody", add_source_eos=True)
    for name in ("source.spm", "target.spm"):
        sentence_pieces(folder / name)
    engine = CTranslate2(model=str(folder), family="marian", max_target_tokens=POSITIONS)
    assert said(engine, " ".join(["river"] * (POSITIONS - 1))) == " ".join(
        ["rio"] * (POSITIONS - 1)
    )


def test_a_marian_model_of_several_targets_is_told_which(tmp_path) -> None:
    folder = word_model(tmp_path / "model", {"por": ">>pt<<", "cat": ">>cat<<"}, "source")
    for name in ("source.spm", "target.spm"):
        sentence_pieces(folder / name)
    engine = CTranslate2(model=str(folder), family="marian")
    assert (said(engine), said(engine, target="cat_Latn")) == (IN["por"], IN["cat"])
    assert engine.problem("eng_Latn", "cat_Latn") is None
    assert "yor_Latn" in (engine.problem("eng_Latn", "yor_Latn") or "")


@pytest.mark.parametrize("tokenizer", ["tokenizer.json", "sentencepiece.bpe.model"])
def test_an_nllb_model_is_told_both_languages(tmp_path, tokenizer) -> None:
    folder = word_model(tmp_path / "model", {"por": "por_Latn", "cat": "cat_Latn"}, "prefix")
    if tokenizer == "tokenizer.json":
        whole_words(folder)
    else:
        sentence_pieces(folder / tokenizer)
    engine = CTranslate2(model=str(folder), family="nllb")
    assert (said(engine), said(engine, target="cat_Latn")) == (IN["por"], IN["cat"])
    assert engine.problem("eng_Latn", "por_Latn") is None
    assert "yor_Latn" in (engine.problem("eng_Latn", "yor_Latn") or "")
    assert "fra_Latn" in (engine.problem("fra_Latn", "por_Latn") or "")


def whole_words(folder: Path) -> None:
    """A tokenizer.json of the model's words that asks for short texts, as published files may."""
    vocabulary = json.loads((folder / "shared_vocabulary.json").read_text("utf-8"))
    numbers = {piece: i for i, piece in enumerate(vocabulary)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(numbers, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    made.decoder = tokenizers.decoders.Metaspace()
    made.add_special_tokens(["</s>", "<unk>", "por_Latn", "cat_Latn", "eng_Latn"])
    made.enable_truncation(3)
    made.save(str(folder / "tokenizer.json"))


def test_a_madlad_model_is_told_the_target(tmp_path) -> None:
    folder = word_model(tmp_path / "model", {"por": "▁<2pt>", "cat": "▁<2ca>"}, "source")
    sentence_pieces(tmp_path / "pieces" / "spiece.model", ["▁<2pt>", "▁<2ca>"])
    engine = CTranslate2(model=str(folder), family="madlad", tokenizer=str(tmp_path / "pieces"))
    assert (said(engine), said(engine, target="cat_Latn")) == (IN["por"], IN["cat"])
    assert engine.problem("eng_Latn", "cat_Latn") is None
    assert "zul_Latn" in (engine.problem("eng_Latn", "zul_Latn") or "")


def test_the_hash_changes_with_model_tokeniser_and_options(marian, tmp_path) -> None:
    base = CTranslate2(model=marian, family="marian").hash
    assert CTranslate2(model=marian, family="marian").hash == base
    sentence_pieces(tmp_path / "spiece.model")
    others = ({"beams": 4}, {"compute_type": "int8"}, {"tokenizer": str(tmp_path)})
    hashes = {CTranslate2(model=marian, family="marian", **options).hash for options in others}
    assert len(hashes | {base}) == 4


def test_what_is_no_model_is_told(tmp_path) -> None:
    with pytest.raises(EngineError, match="ct2-transformers-converter"):
        CTranslate2(model=str(tmp_path), family="marian")
    with pytest.raises(EngineError, match="no such folder"):
        CTranslate2(model="/nowhere/at/all", family="marian")
    folder = word_model(tmp_path / "model", {"por": "por"}, "nobody")
    with pytest.raises(EngineError, match=r"no tokeniser.*tokenizer\.json"):
        CTranslate2(model=str(folder), family="marian")
    for name in ("spiece.model", "tokenizer.json"):
        (folder / name).write_text("no model")
        with pytest.raises(EngineError, match=name):
            CTranslate2(model=str(folder), family="marian")


def test_a_device_that_is_not_there_leaves_the_work_for_later(marian) -> None:
    engine = CTranslate2(model=marian, family="marian", device="cuda")
    with pytest.raises(EngineDown, match="ctranslate2"):
        engine.translate([TEXT], "eng_Latn", "por_Latn")


def test_a_model_that_the_hub_does_not_give_is_down(monkeypatch) -> None:
    import huggingface_hub

    def refuse(name: str, **options: object) -> str:
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(EngineDown, match="no network"):
        CTranslate2(model="someone/model", family="nllb")


def test_a_missing_package_is_told_with_its_cure(marian, monkeypatch) -> None:
    for module in ("sentencepiece", "ctranslate2"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
        with pytest.raises(ImportError, match=r"pip install 'polysieve\[ctranslate2\]'"):
            CTranslate2(model=marian, family="marian")
