"""Heads published for torch: files of their formats, and what torch computes with them."""

import numpy as np
import pytest

from polysieve.filters.quality import encoders, heads, published_heads
from polysieve.filters.quality.fasttext_file import ModelError
from tests.filters.quality import made_encoders
from tests.filters.quality.made_encoders import hub_cache
from tests.filters.quality.made_heads import DIM, fineweb2_hq, jql

__all__ = ["hub_cache"]

torch = pytest.importorskip("torch", reason="needs the extra torch")
TEXTS = ["the river runs past the mill", "casino bonus", "", "ဈေးကွက် 시장 सूची"]


@pytest.fixture
def encoder(tmp_path) -> encoders.Encoder:
    return encoders.load(str(made_encoders.torch_encoder(tmp_path / "encoder", DIM)))


@pytest.mark.parametrize(
    ("make", "method", "unit"), [(jql, "regression", True), (fineweb2_hq, "mlp", False)]
)
def test_a_converted_head_scores_as_torch_does(tmp_path, encoder, make, method, unit) -> None:
    module = make(tmp_path / "head.ckpt")
    published_heads.convert(str(tmp_path / "head.ckpt"), encoder.name, 64).save(tmp_path / "h.npz")
    head = heads.load(tmp_path / "h.npz")
    assert (head.method, head.unit, head.window) == (method, unit, 64)
    assert (head.encoder, head.encoder_hash) == (encoder.name, encoder.hash)
    vectors = encoder.encode(TEXTS, head.window, head.unit)
    with torch.no_grad():
        expected = module(torch.from_numpy(vectors))[:, 0].numpy()
    assert head.scores(vectors) == pytest.approx(expected, abs=1e-6)
    assert np.ptp(expected) > 0.01, "the texts differ"


def test_names_are_files_of_the_hub(hub_cache, encoder) -> None:
    folder = made_encoders.cached(hub_cache, "JQL-AI/JQL-Edu-Heads") / "checkpoints"
    folder.mkdir(parents=True)
    jql(folder / "edu-gemma-snowflake-balanced.ckpt")
    jql(folder / "edu-llama-snowflake-unbalanced.ckpt")
    for name in (
        "jql-gemma",
        "jql-llama-unbalanced",
        "JQL-AI/JQL-Edu-Heads:checkpoints/edu-gemma-snowflake-balanced.ckpt",
    ):
        assert published_heads.convert(name, encoder.name).method == "regression"
    with pytest.raises(
        ModelError, match="head jql-mistral: JQL-AI/JQL-Edu-Heads is not in the cache"
    ):
        published_heads.convert("jql-mistral", encoder.name)
    with pytest.raises(ModelError, match=r"arctic-embed-m-v2\.0 is not in the cache"):
        published_heads.convert("jql-gemma")


class Runs:
    """A pickle that runs code."""

    def __reduce__(self):
        return print, ("it ran",)


def test_no_code_of_a_file_is_run(tmp_path, encoder, capsys) -> None:
    torch.save({"state_dict": Runs()}, tmp_path / "head.ckpt")
    with pytest.raises(ModelError, match="torch reads no tensors of it"):
        published_heads.convert(str(tmp_path / "head.ckpt"), encoder.name)
    assert "it ran" not in capsys.readouterr().out


def test_another_file_is_told_from_a_head(tmp_path, encoder) -> None:
    path = tmp_path / "head.ckpt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(ModelError, match="torch reads no tensors of it"):
        published_heads.convert(str(path), encoder.name)
    torch.save({"out.weight": torch.zeros(1, DIM)}, path)
    with pytest.raises(ModelError, match=r"no head in the format of JQL.*it has out\.weight"):
        published_heads.convert(str(path), encoder.name)
    jql(path)
    other = made_encoders.torch_encoder(tmp_path / "other", 2 * DIM)
    with pytest.raises(ModelError, match=f"reads vectors of {DIM} numbers, and .* gives {2 * DIM}"):
        published_heads.convert(str(path), str(other))
    with pytest.raises(ModelError, match="no such file; give a file, owner/name:file"):
        published_heads.convert(str(tmp_path / "absent.ckpt"))
