"""Perplexity by a causal language model of transformers: what transformers itself says of the same tokens."""

import sys

import numpy as np
import pyarrow as pa
import pytest

from polysieve.filters.quality import encoder_files, torch_models, transformer_lm
from polysieve.filters.quality.fasttext_file import ModelError
from tests.filters.quality import made_transformers
from tests.filters.quality.made_encoders import hub_cache

__all__ = ["hub_cache"]

TEXTS = [
    "the river runs past the mill",
    "casino bonus " * 7,
    "la rivière",
    "แม่น้ำ 河川 الكتاب",
    "",
    "ox",
]


def theirs(model, ids: list[int], first: int, stop: int) -> float:
    """The mean log10 probability of tokens `first` to `stop` by transformers' own loss."""
    import torch

    given = torch.tensor([ids])
    labels = given.clone()
    labels[0, :first] = -100
    labels[0, stop:] = -100
    with torch.inference_mode():
        return -model(given, labels=labels).loss.item() / np.log(10)


def test_a_score_is_transformers_own_loss(tmp_path) -> None:
    model = made_transformers.causal(tmp_path)
    tokens = made_transformers.tokenizer(tmp_path)
    found = transformer_lm.load(str(tmp_path)).scores(pa.array(TEXTS), skip=3, most=20)
    for text, score in zip(TEXTS, found, strict=True):
        ids = [0, *tokens.encode(text).ids]
        if len(ids) < 5:
            assert np.isnan(score), "no more tokens than are skipped"
        else:
            assert score == pytest.approx(theirs(model, ids, 4, 24), abs=1e-5)
    assert np.isnan(found).tolist() == [False, False, False, False, True, True]


def test_without_a_token_for_the_beginning_the_first_is_context(tmp_path) -> None:
    model = made_transformers.causal(tmp_path, bos_token_id=None)
    tokens = made_transformers.tokenizer(tmp_path)
    found = transformer_lm.load(str(tmp_path)).scores(pa.array(TEXTS[:1]), skip=0)
    ids = tokens.encode(TEXTS[0]).ids
    assert found[0] == pytest.approx(theirs(model, ids, 1, len(ids)), abs=1e-5)


def test_a_tokens_own_marks_are_not_counted(tmp_path) -> None:
    model = made_transformers.causal(tmp_path)
    tokens = made_transformers.tokenizer(tmp_path, begin="<|endoftext|>")
    found = transformer_lm.load(str(tmp_path)).scores(pa.array(TEXTS[:1]), skip=0)
    ids = tokens.encode(TEXTS[0]).ids
    assert found[0] == pytest.approx(theirs(model, ids, 1, len(ids)), abs=1e-5)


def test_a_text_has_the_same_score_in_every_batch(tmp_path, monkeypatch) -> None:
    made_transformers.causal(tmp_path)
    model = transformer_lm.load(str(tmp_path))
    together = model.scores(pa.array(TEXTS * 20), skip=3)
    alone = np.array([model.scores(pa.array([text]), skip=3)[0] for text in TEXTS])
    assert together == pytest.approx(np.tile(alone, 20), abs=1e-5, nan_ok=True)


def test_what_is_longer_than_the_model_reads_is_scored_in_stretches(tmp_path) -> None:
    """With 8 positions, each stretch of 8 tokens begins 4 tokens before the last one's end."""
    torch = pytest.importorskip("torch", reason="needs the extra torch")
    model = made_transformers.causal(tmp_path, positions=8)
    ids = [0, *made_transformers.tokenizer(tmp_path).encode(TEXTS[1]).ids]
    chances = []
    start = 0
    while len(chances) + 1 < len(ids):
        part = ids[start : start + 8]
        with torch.inference_mode():
            logits = model(torch.tensor([part])).logits[0].log_softmax(-1)
        own = [float(logits[i - 1, part[i]]) for i in range(1, len(part))]
        chances += own[len(chances) - start :]
        start += 4
    found = transformer_lm.load(str(tmp_path)).scores(pa.array([TEXTS[1]]), skip=2, most=30)
    assert found[0] == pytest.approx(np.mean(chances[2:32]) / np.log(10), abs=1e-5)


@pytest.mark.parametrize(("skip", "most"), [(0, 1), (5, 1), (0, None), (10, 1024)])
def test_skip_and_most_choose_the_tokens(tmp_path, skip, most) -> None:
    model = made_transformers.causal(tmp_path)
    ids = [0, *made_transformers.tokenizer(tmp_path).encode(TEXTS[1]).ids]
    found = transformer_lm.load(str(tmp_path)).scores(pa.array([TEXTS[1]]), skip, most)
    stop = len(ids) if most is None else 1 + skip + most
    assert found[0] == pytest.approx(theirs(model, ids, skip + 1, stop), abs=1e-5)


def test_the_hash_names_weights_configuration_and_tokenizer(tmp_path) -> None:
    made_transformers.causal(tmp_path)
    seen = {transformer_lm.load(str(tmp_path)).hash}
    (tmp_path / "README.md").write_text("no part of the model")
    assert transformer_lm.load(str(tmp_path)).hash in seen
    for change in (
        lambda: made_transformers.set_config(tmp_path, layer_norm_epsilon=1e-4),
        lambda: made_transformers.tokenizer(tmp_path, begin="<|endoftext|>"),
        lambda: made_transformers.causal(tmp_path, initializer_range=0.4),
    ):
        change()
        seen.add(transformer_lm.load(str(tmp_path)).hash)
    assert len(seen) == 4


def test_a_repository_in_the_cache_is_a_model(hub_cache, tmp_path) -> None:
    from tests.filters.quality.made_encoders import COMMIT, cached

    made_transformers.causal(cached(hub_cache, "owner/lm"))
    made_transformers.causal(tmp_path / "folder")
    same = transformer_lm.load(str(tmp_path / "folder"))
    for name in ("owner/lm", f"owner/lm@{COMMIT}"):
        assert transformer_lm.load(name).hash == same.hash


def test_batches_hold_no_more_than_their_tokens() -> None:
    lengths = [3, 9, 1, 200, 9, 4]
    found = [one.tolist() for one in torch_models.batches(lengths, 20)]
    assert sorted(i for one in found for i in one) == list(range(6))
    assert found[0] == [3], "one sequence that is too long is a batch of its own"
    assert all(len(one) * max(lengths[i] for i in one) <= 20 for one in found[1:])


def test_what_is_no_language_model_is_refused(tmp_path) -> None:
    transformers = pytest.importorskip("transformers", reason="needs the extra torch")
    made_transformers.causal(tmp_path)
    config = transformers.GPT2Config.from_pretrained(tmp_path, num_labels=2, pad_token_id=0)
    config.tie_word_embeddings = False
    transformers.GPT2ForSequenceClassification(config).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"no causal language model: its weights lack lm_head"):
        transformer_lm.load(str(tmp_path))


def test_a_model_that_reads_ahead_is_refused(tmp_path) -> None:
    transformers = pytest.importorskip("transformers", reason="needs the extra torch")
    made_transformers.classifier(tmp_path)
    config = transformers.BertConfig.from_pretrained(tmp_path)
    transformers.BertForMaskedLM(config).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="it reads what comes after a token, too"):
        transformer_lm.load(str(tmp_path))


def test_a_mark_that_the_model_does_not_know_is_left_out_of_a_text_that_names_it(tmp_path) -> None:
    made_transformers.causal(tmp_path)
    tokens = made_transformers.tokenizer(tmp_path)
    tokens.add_special_tokens(["<|pad|>"])
    tokens.save(str(tmp_path / "tokenizer.json"))
    named, plain = transformer_lm.load(str(tmp_path)).scores(
        pa.array(["the river<|pad|> runs past", "the river runs past"]), skip=2
    )
    assert named == pytest.approx(plain, abs=1e-6)
    made_transformers.tokenizer(tmp_path, size=400)
    with pytest.raises(ModelError, match="more tokens than the model knows"):
        transformer_lm.load(str(tmp_path))


def test_weights_of_another_shape_are_told(tmp_path) -> None:
    made_transformers.causal(tmp_path)
    made_transformers.set_config(tmp_path, n_positions=32)
    with pytest.raises(ModelError, match=r"its weights have other shapes than config\.json says"):
        transformer_lm.load(str(tmp_path))


def test_without_torch_the_command_that_installs_it_is_told(tmp_path, monkeypatch) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        ModelError, match=r"torch is not installed; run: pip install 'polysieve\[torch\]'"
    ):
        transformer_lm.load(str(tmp_path))


def test_a_gpu_that_is_not_there_is_told(tmp_path) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    made_transformers.causal(tmp_path)
    with pytest.raises(ModelError, match="device cuda: torch finds no GPU"):
        transformer_lm.load(str(tmp_path), "cuda")


def test_code_of_a_repository_is_not_run(tmp_path) -> None:
    made_transformers.causal(tmp_path)
    (tmp_path / "modeling_own.py").write_text("raise SystemExit('run')\n")
    own = {"AutoConfig": "modeling_own.C", "AutoModelForCausalLM": "modeling_own.M"}
    made_transformers.set_config(tmp_path, model_type="own", auto_map=own)
    with pytest.raises(ModelError, match="transformers cannot load it"):
        transformer_lm.load(str(tmp_path))


def test_what_a_folder_lacks_is_told_with_its_cure(tmp_path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json in it; name a repository"):
        encoder_files.of_weights(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"no tokenizer\.json in it; make one with transformers"):
        encoder_files.of_weights(str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"no weights in it"):
        encoder_files.of_weights(str(tmp_path)).weights_hash(str(tmp_path))
