"""What a translation is like beside its source, and what is flagged."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.translation.calibration import Calibration, calibrate, measure, uncalibrated
from polysieve.translation.char_lm import CharLM, normalised, train
from polysieve.translation.checks import chrf, is_cut, measure_pair, script_shares
from tests.translation.made_languages import ENGLISH, PAIRS, WELSH


@pytest.fixture(scope="module")
def limits() -> Calibration:
    lm = train(target for _, target in PAIRS[:300])
    return calibrate("eng_Latn", "cym_Latn", PAIRS[300:500], lm)


def flagged(limits: Calibration, pairs) -> float:
    found = limits.flags([s for s, _ in pairs], [t for _, t in pairs])
    return sum(map(bool, found)) / len(found)


def test_clean_pairs_are_hardly_ever_flagged(limits) -> None:
    assert flagged(limits, PAIRS[500:]) <= 0.1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s, t: s,
        lambda s, t: t[: len(t) // 3],
        lambda s, t: t[: len(t) // 2] + s[len(s) // 2 :],
        lambda s, t: (t.split(" ", 2)[0] + " " + t.split(" ", 2)[1] + " ") * 6,
        lambda s, t: "",
        lambda s, t: t + " " + t + " " + t,
    ],
)
def test_spoiled_pairs_are(limits, spoil) -> None:
    assert flagged(limits, [(s, spoil(s, t)) for s, t in PAIRS[500:]]) >= 0.9


def test_with_embeddings_what_means_something_else_is_flagged() -> None:
    place = {word: i for own in (ENGLISH, WELSH) for i, word in enumerate(own)}

    def embed(texts) -> np.ndarray:
        found = np.zeros((len(texts), 300), np.float32)
        for row, text in enumerate(texts):
            np.add.at(found[row], [place[word] for word in text.split()], 1)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    own = calibrate("eng_Latn", "cym_Latn", PAIRS[:300], None, embed)
    sources, targets = [s for s, _ in PAIRS[300:]], [t for _, t in PAIRS[300:]]
    shifted = own.flags(sources, [*targets[1:], targets[0]], embed)
    assert all("cosine" in names for names in shifted)
    right = own.flags(sources, targets, embed)
    assert sum("cosine" in names for names in right) <= 0.03 * len(right)


@pytest.mark.parametrize(
    ("source", "target", "cut"),
    [
        ("It rained all day.", "Choveu o dia", True),
        ("It rained all day.", "Choveu o dia todo.", False),
        ("“Did it rain?”", "«क्या बारिश हुई»", False),
        ("“Did it rain?”", "क्या बारिश", True),
        ("It rained.", "አልዘነበም።", False),
        ("雨が降った。", "It rained", True),
        ("Rain all day", "Chuva o dia todo", False),
    ],
)
def test_a_translation_without_the_mark_at_its_sources_end_was_cut(source, target, cut) -> None:
    assert is_cut(source, target) == cut


def test_where_clean_pairs_lack_the_mark_no_sentence_is_cut() -> None:
    marked = [(f"{source}.", target) for source, target in PAIRS[:300]]
    assert "cut" not in calibrate("eng_Latn", "tha_Thai", marked).bounds
    assert "cut" not in uncalibrated("eng_Latn", "lao_Laoo").bounds
    both = [(f"{source}.", f"{target}.") for source, target in PAIRS[:300]]
    limits = calibrate("eng_Latn", "cym_Latn", both)
    source, target = both[0]
    assert "cut" in limits.flags([source], [target[: 2 * len(target) // 3]])[0]


def test_where_encoders_tell_nothing_clean_pairs_set_the_limit_of_rivals() -> None:
    chooser = np.random.default_rng(1)

    def embed(texts) -> np.ndarray:
        found = chooser.normal(size=(len(texts), 16))
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    blind = calibrate("eng_Latn", "kmr_Latn", PAIRS[:400], None, embed)
    assert blind.bounds["rival"][0] < -0.3
    sources, targets = [s for s, _ in PAIRS[400:]], [t for _, t in PAIRS[400:]]
    flags = blind.flags(sources, targets, embed, [10] * 20)
    assert sum("rival" in names for names in flags) <= 0.05 * len(flags)


def test_the_upper_limit_of_bits_leaves_room_for_text_of_another_kind(limits) -> None:
    bits = limits.lm.bits([target for _, target in PAIRS[300:500]])
    low, high = limits.bounds["bits"]
    beyond = np.quantile(bits, 0.995)
    assert low == np.quantile(bits, 0.005)
    assert high - beyond == pytest.approx(beyond - np.median(bits))


def test_limits_are_written_and_read_again(limits, tmp_path) -> None:
    limits.save(tmp_path)
    again = Calibration.load(tmp_path, "eng_Latn", "cym_Latn")
    assert dict(again.bounds) == dict(limits.bounds)
    assert flagged(again, PAIRS[500:]) == flagged(limits, PAIRS[500:])
    (tmp_path / "cym_Latn.lm.npz").write_bytes(b"another")
    with pytest.raises(ValueError, match="is not the model"):
        Calibration.load(tmp_path, "eng_Latn", "cym_Latn")


def test_without_calibration_only_what_is_wrong_in_any_language_is_flagged() -> None:
    loose = uncalibrated("eng_Latn", "tha_Thai")
    pairs = [
        ("It was a cold and rainy day in the hills.", "มันเป็นวันที่อากาศหนาวและฝนตกบนเนินเขา"),
        ("It was a cold and rainy day in the hills.", "It was a cold and rainy day in the hills."),
        ("It was a cold and rainy day in the hills.", "ฝน ตก"),
        ("Yes.", "ใช่"),
    ]
    found = loose.flags([s for s, _ in pairs], [t for _, t in pairs])
    assert found == [(), ("copied",), ("length",), ()]


def test_a_pair_is_measured_by_length_copies_repetition_numbers_and_brackets() -> None:
    pair = measure_pair("He paid 120 crowns (in cash) to Anna.", "Pagou a Anna sem notas.")
    assert pair.length_ratio == pytest.approx(23 / 37)
    assert pair.copied_share == 0
    assert pair.lost_numbers_share == 1
    assert pair.lost_brackets == 2
    again = measure_pair("a b c d", "da da da da da")
    assert again.repeated_share == pytest.approx(0.75)
    assert measure_pair("", "") == measure_pair("", "")


@pytest.mark.parametrize(
    ("label", "text", "share"),
    [
        ("jpn_Jpan", "東京タワーは高い", 1.0),
        ("kor_Hang", "안녕하세요", 1.0),
        ("cmn_Hans", "你好 world", 2 / 7),
        ("hin_Deva", "नमस्ते abc", None),
        ("por_Latn", "123", None),
    ],
)
def test_the_share_of_the_targets_script_counts_letters_alone(label, text, share) -> None:
    found = script_shares([text], label)[0]
    if share is None:
        assert found is None or 0 < found < 1
    else:
        assert found == pytest.approx(share)


def test_text_of_the_language_has_fewer_bits_than_other_text() -> None:
    lm = train(target for _, target in PAIRS[:300])
    own = lm.bits([target for _, target in PAIRS[300:]])
    other = lm.bits([source for source, _ in PAIRS[300:]])
    assert own.max() < other.min()


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6), st.lists(st.text(max_size=30), max_size=6))
def test_a_texts_bits_depend_on_that_text_alone(training, texts) -> None:
    lm = train(training)
    together = lm.bits(texts)
    alone = [lm.bits([text])[0] for text in texts]
    assert np.array_equal(together, alone, equal_nan=True)
    assert all(
        math.isnan(b) == (not normalised(t).replace("\2", ""))
        for b, t in zip(together, texts, strict=True)
    )
    assert not (together < 0).any()


def test_the_probabilities_of_what_may_follow_sum_to_one() -> None:
    lm = train(["abcabd", "acb"])
    for history in ("a", "ab", "zz", "ca"):
        before = lm.bits([history])[0] * len(history)
        ahead = lm.bits([history + following for following in "abcd?"]) * (len(history) + 1)
        assert (2.0 ** (before - ahead)).sum() == pytest.approx(
            1
        )  # `?` stands for all that was never seen


def test_a_model_is_written_and_read_again(tmp_path) -> None:
    lm = train(target for _, target in PAIRS[:50])
    lm.save(tmp_path / "x.npz")
    assert np.array_equal(CharLM.load(tmp_path / "x.npz").bits(["wyd dwf"]), lm.bits(["wyd dwf"]))
    np.savez(tmp_path / "y.npz", a=np.zeros(1))
    with pytest.raises(ValueError, match="no model"):
        CharLM.load(tmp_path / "y.npz")


def test_nothing_to_measure_is_no_signal() -> None:
    found = measure(["x", ""], ["y", "z"])
    assert np.isnan(found["copied"]).all()
    assert found["length"][1] == -np.inf


@pytest.mark.parametrize(
    ("hypothesis", "reference", "score"),
    [  # characters and words of texts as published chrF++ counts them
        ("O gato sentou-se no tapete.", "O gato sentou no tapete.", 79.3383),
        ("abc", "xyz", 0.0),
        ("Uma casa", "Uma casa", 100.0),
        ("नमस्ते दुनिया!", "नमस्ते, दुनिया!", 65.2237),
        ("(Olá) mundo.", "Olá (mundo)", 35.9198),
        ("今天天气很好", "今天天气不错", 30.0),
        ("", "", 0.0),
    ],
)
def test_chrf_counts_characters_and_words(hypothesis, reference, score) -> None:
    assert chrf([hypothesis], [reference]) == pytest.approx([score], abs=1e-4)
