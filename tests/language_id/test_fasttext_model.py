"""fastText models by path."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from polysieve.language_id import LanguageIdError, identify, load_ensemble, load_model
from polysieve.language_id.labels import is_canonical_form
from tests.language_id.made_models import train
from tests.language_id.sentences import SENTENCES
from tests.shared_data import SHARED


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = {
        "pes_Arab": "این یک جمله کوتاه فارسی است که برای آزمون نوشته شده است",
        "deu_Latn": SENTENCES["deu_Latn"],
        "cmn_Hani": SENTENCES["cmn_Hans"],
        "tgl_Latn": "Naglakad ang mga bata papunta sa paaralan kaninang umaga",
    }
    return train(tmp_path_factory.mktemp("model"), labels)


def test_labels_become_canonical_and_han_is_split_by_the_text(tiny: Path) -> None:
    texts = [
        SENTENCES["deu_Latn"],
        SENTENCES["cmn_Hans"],
        SENTENCES["cmn_Hant"],
        "mga bata sa paaralan",
    ]
    found = identify(texts, tiny)
    assert found.field("label").to_pylist() == ["deu_Latn", "cmn_Hans", "cmn_Hant", "fil_Latn"]


def test_line_breaks_controls_and_broken_bytes_are_survived(tiny: Path) -> None:
    texts = pa.array(
        [b"Kinder\nund\x00Schule\r\nfreude", b"\xff\xfe Kinder", b""], type=pa.large_binary()
    )
    found = identify(texts.view(pa.large_string()), tiny).to_pylist()
    assert all(is_canonical_form(answer["label"]) for answer in found)
    assert found[2] == {"label": "und_Zzzz", "score": 0.0, "candidates": "{}"}


def test_candidates_are_sorted(tiny: Path) -> None:
    answer = identify(["Kinder школа"], tiny)[0].as_py()
    chances = list(json.loads(answer["candidates"]).values())
    assert chances == sorted(chances, reverse=True)
    assert min(chances) >= 0.01


def test_a_model_is_loaded_once_and_named_by_its_content(tiny: Path) -> None:
    model = load_model(tiny)
    assert load_model(tiny) is model
    assert len(model.hash) == 64


def test_a_model_that_was_replaced_under_its_path_is_loaded_again(
    tiny: Path, tmp_path: Path
) -> None:
    path = shutil.copy(tiny, tmp_path / "model.bin")
    before, both = load_model(path), load_ensemble({str(path): 1, "cld2": 1})
    train(tmp_path, {"swh_Latn": SENTENCES["swh_Latn"], "deu_Latn": SENTENCES["deu_Latn"]}).replace(
        path
    )
    after = load_model(path)
    assert (after.hash == before.hash, after.labels) == (False, ["deu_Latn", "swh_Latn"])
    assert load_ensemble({str(path): 1, "cld2": 1}).hash != both.hash


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(
        LanguageIdError, match=r"nothing\.bin: no such file; give .*embedded"
    ) as caught:
        load_model(tmp_path / "nothing.bin")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.bin"
    path.write_text("This is not a model.")
    with pytest.raises(LanguageIdError, match="not a fastText model"):
        load_model(path)


def test_labels_of_another_form_are_refused(tmp_path: Path) -> None:
    path = train(tmp_path, {"de": "ein kurzer Satz", "en": "a short sentence"})
    with pytest.raises(
        LanguageIdError, match=r"__label__(de|en) has not the form __label__xxx_Yyyy"
    ):
        load_model(path)


def test_the_prototype_model_works() -> None:
    path = SHARED / "models" / "lid-995.ftz"
    if not path.exists():
        pytest.skip("needs the shared model lid-995.ftz, which is not beside this checkout")
    wanted = [label for label in SENTENCES if label not in ("cmn_Hans", "cmn_Hant")]
    found = identify([SENTENCES[label] for label in wanted], path).field("label").to_pylist()
    assert sum(a == b for a, b in zip(found, wanted, strict=True)) >= 0.8 * len(wanted)
