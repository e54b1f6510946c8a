"""CometKiwi's checkpoints, read without the library that made them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.translation import comet
from tests.translation.made_comet import LAYERS, make_comet

SOURCES = ["the river rises in the hills", "nobody knows", "a", "it runs past the town to the sea"]
TARGETS = ["o rio nasce nas colinas", "ninguém sabe", "b c d", "passa pela cidade até ao mar"]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12))
def test_sparsemax_is_the_nearest_point_of_the_simplex(numbers) -> None:
    found = comet.sparsemax(np.array(numbers))
    assert found.sum() == pytest.approx(1)
    assert (found >= 0).all()
    inside = found > 0  # where it is inside, it is the input less one threshold
    assert np.ptp(np.array(numbers)[inside] - found[inside]) == pytest.approx(0, abs=1e-9)


def expected(folder, source: str, target: str, settings) -> float:
    """The definition, one pair at a time, in float64 by torch's own layers."""
    import torch
    import transformers
    from tokenizers import Tokenizer

    held = torch.load(folder / "checkpoints" / "model.ckpt", weights_only=True)["state_dict"]
    model = transformers.XLMRobertaModel(
        transformers.AutoConfig.from_pretrained(folder / "encoder"), add_pooling_layer=False
    ).double()
    own = {k.removeprefix("encoder.model."): v for k, v in held.items() if "encoder.model." in k}
    model.load_state_dict(own)
    ids = Tokenizer.from_file(str(folder / "encoder" / "tokenizer.json")).encode(target, source).ids
    with torch.no_grad():
        states = model.eval()(torch.tensor([ids]), output_hidden_states=True).hidden_states
        scalars = torch.cat(
            [held[f"layerwise_attention.scalar_parameters.{i}"] for i in range(LAYERS + 1)]
        )
        if settings["layer_transformation"] == "sparsemax":
            weights = torch.tensor(comet.sparsemax(scalars.double().numpy()))
        else:
            weights = scalars.double().softmax(0)
        if settings["layer_norm"]:
            states = [(s - s.mean()) / s.var(unbiased=False).sqrt() for s in states]
        mixed = held["layerwise_attention.gamma"].double() * sum(
            w * s for w, s in zip(weights, states, strict=True)
        )
        x = mixed[0, 0]
        for place in (0, 3, 6):
            x = (
                held[f"estimator.ff.{place}.weight"].double() @ x
                + held[f"estimator.ff.{place}.bias"].double()
            )
            x = x.tanh() if place < 6 else x
    return float(x)


@pytest.mark.parametrize("transformation", ["sparsemax", "softmax"])
@pytest.mark.parametrize("layer_norm", [False, True])
def test_scores_are_what_the_definition_says(tmp_path, transformation, layer_norm) -> None:
    settings = {"layer_transformation": transformation, "layer_norm": layer_norm}
    folder = make_comet(tmp_path, **settings)
    found = comet.load(str(folder)).scores(SOURCES, TARGETS)
    wanted = [expected(folder, s, t, settings) for s, t in zip(SOURCES, TARGETS, strict=True)]
    assert found == pytest.approx(wanted, abs=1e-4)
    assert np.ptp(found) > 0.01, "they differ"


def test_a_score_does_not_depend_on_its_batch_and_blank_text_has_none(tmp_path) -> None:
    model = comet.load(str(make_comet(tmp_path)))
    together = model.scores([*SOURCES, "x", " "], [*TARGETS, "", "y"])
    alone = [float(model.scores([s], [t])[0]) for s, t in zip(SOURCES, TARGETS, strict=True)]
    assert together[:4] == pytest.approx(alone, abs=2e-4)
    assert np.isnan(together[4:]).all()
    assert len(model.scores([], [])) == 0


def test_a_sequence_beyond_the_models_end_is_cut(tmp_path) -> None:
    model = comet.load(str(make_comet(tmp_path)))
    long = "the river rises " * 20
    assert np.isfinite(model.scores([long, "a"], ["a", long])).all()


def test_a_model_that_was_trained_with_softmax_in_place_of_sparsemax_says_so(tmp_path) -> None:
    soft = make_comet(tmp_path / "soft", layer_transformation="softmax")
    marked = make_comet(tmp_path / "marked")
    settings = marked / "hparams.yaml"
    settings.write_text(settings.read_text().replace("sparsemax", "sparsemax_patch"))
    scores = [comet.load(str(one)).scores(SOURCES, TARGETS) for one in (soft, marked)]
    assert scores[0].tolist() == scores[1].tolist()


def test_a_folder_that_is_no_such_model_is_told(tmp_path) -> None:
    with pytest.raises(ModelError, match=r"no hparams\.yaml in it; name a model in COMET's format"):
        comet.find(str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "model.ckpt").write_bytes(b"")
    (tmp_path / "hparams.yaml").write_text("class_identifier: regression_metric\n")
    with pytest.raises(ModelError, match="only those that judge without a reference"):
        comet.find(str(tmp_path))
    text = (
        "class_identifier: unified_metric\ninput_segments: [mt, src]\npretrained_model: ./nowhere\n"
    )
    (tmp_path / "hparams.yaml").write_text(text)
    with pytest.raises(ModelError, match=r"its encoder \./nowhere has no config\.json"):
        comet.find(str(tmp_path))


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path) -> None:
    folder = make_comet(tmp_path)
    import torch

    torch.save({"state_dict": {"x": pytest.raises}}, folder / "checkpoints" / "model.ckpt")
    with pytest.raises(ModelError, match="cannot be read as tensors alone"):
        comet.load(str(folder))


def test_weights_of_another_shape_are_told(tmp_path) -> None:
    folder = make_comet(tmp_path)
    import torch

    path = folder / "checkpoints" / "model.ckpt"
    held = torch.load(path, weights_only=True)
    del held["state_dict"]["layerwise_attention.gamma"]
    torch.save(held, path)
    with pytest.raises(ModelError, match=r"weights do not fit hparams\.yaml"):
        comet.load(str(folder))
