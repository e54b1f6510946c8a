"""Models that vote."""

import json

import pytest

from polysieve.language_id import LanguageIdError, identify, load_ensemble
from tests.language_id.made_models import train
from tests.language_id.sentences import SENTENCES


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of four languages that takes German for Dutch."""
    labels = {
        "nld_Latn": SENTENCES["deu_Latn"],
        "deu_Latn": SENTENCES["fin_Latn"],
        "swh_Latn": SENTENCES["swh_Latn"],
        "amh_Ethi": SENTENCES["amh_Ethi"],
    }
    return str(train(tmp_path_factory.mktemp("ensemble"), labels))


def test_agreement_gives_the_label_and_the_mean_of_the_scores(tiny: str) -> None:
    texts = [SENTENCES["swh_Latn"], SENTENCES["amh_Ethi"]]
    together = identify(texts, load_ensemble({"embedded": 1, tiny: 1})).to_pylist()
    alone = [identify(texts, name).field("score").to_pylist() for name in ("embedded", tiny)]
    assert [answer["label"] for answer in together] == ["swh_Latn", "amh_Ethi"]
    for answer, one, other in zip(together, *alone, strict=True):
        assert answer["score"] == pytest.approx((one + other) / 2, abs=1e-3)
        assert answer["disagreement"] == 0
        assert set(json.loads(answer["votes"])) == {"embedded", tiny}


def test_weights_decide_where_models_disagree(tiny: str) -> None:
    text = [SENTENCES["deu_Latn"]]
    for weights, label, against in (((5, 1), "deu_Latn", 1 / 6), ((1, 5), "nld_Latn", 1 / 6)):
        model = load_ensemble(dict(zip(("embedded", tiny), weights, strict=True)))
        answer = identify(text, model)[0].as_py()
        assert answer["label"] == label
        assert answer["disagreement"] == pytest.approx(against, abs=1e-3)
        assert json.loads(answer["votes"]) == {"embedded": "deu_Latn", tiny: "nld_Latn"}


def test_a_model_without_the_language_cannot_speak_against_it(tiny: str) -> None:
    answer = identify([SENTENCES["tha_Thai"]], load_ensemble({"embedded": 1, tiny: 1}))[0].as_py()
    assert answer["label"] == "tha_Thai"
    assert answer["score"] > 0.9


def test_without_enough_agreement_the_language_is_undetermined(tiny: str) -> None:
    texts = [SENTENCES["deu_Latn"], SENTENCES["tha_Thai"], SENTENCES["swh_Latn"], ""]
    answers = identify(texts, load_ensemble({"embedded": 1, tiny: 1}, agree=2)).to_pylist()
    assert [a["label"] for a in answers] == ["und_Latn", "und_Thai", "swh_Latn", "und_Zzzz"]
    assert [a["score"] for a in answers[:2]] == [0, 0]
    assert json.loads(answers[0]["candidates"])["deu_Latn"] > 0.3


def test_the_hash_is_of_models_weights_and_agreement(tiny: str) -> None:
    made = [
        load_ensemble({"embedded": 1, tiny: 1}),
        load_ensemble({"embedded": 2, tiny: 1}),
        load_ensemble({"embedded": 1, tiny: 1}, agree=2),
    ]
    assert len({model.hash for model in made}) == 3
    assert load_ensemble({"embedded": 1, tiny: 1}) is made[0]


def test_impossible_ensembles_are_refused(tiny: str) -> None:
    for models, agree, message in (
        ({"embedded": 1}, None, "needs two models"),
        ({"embedded": 1, tiny: 1}, 3, "there are 2 models"),
        ({"embedded": 1, tiny: 0}, None, "above 0"),
    ):
        with pytest.raises(LanguageIdError, match=message):
            load_ensemble(models, agree)
