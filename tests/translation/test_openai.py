"""The engine for OpenAI's interface, against a server that answers well and badly."""

from collections.abc import Iterator

import pytest

from polysieve.translation.cache import SentenceCache
from polysieve.translation.documents import Ledger, translate
from polysieve.translation.engines import EngineDown, EngineError, Segment
from polysieve.translation.engines.openai import OpenAI
from tests.translation.servers import ChatServer, chat_server

TEXTS = [f"text number {i}" for i in range(10)]
UPPER = [Segment(text.upper()) for text in TEXTS]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as chat:
        yield chat


def engine(server: ChatServer, **settings) -> OpenAI:
    given = {"items": 4, "concurrency": 2, "pause": 0.01, "retries": 3, "timeout": 0.5, **settings}
    return OpenAI(endpoint=server.url, model="m", **given)


def test_texts_go_out_in_arrays_and_come_back_in_order(server) -> None:
    assert engine(server).translate(TEXTS, "eng_Latn", "por_Latn") == UPPER
    assert sorted(server.asked) == [TEXTS[0:4], TEXTS[4:8], TEXTS[8:10]]


@pytest.mark.parametrize("fault", [429, 500, 503, "garbage", "no choices", "hang", "slow", "drop"])
def test_what_may_pass_is_tried_again(server, fault) -> None:
    server.faults = [fault, fault]
    asked = engine(server)
    assert asked.translate(TEXTS, "eng_Latn", "por_Latn") == UPPER
    assert asked.usage()["repeated"] == 2


@pytest.mark.parametrize("fault", ["fewer", "prose", "length", "null"])
def test_an_answer_of_another_form_is_asked_for_again_in_halves(server, fault) -> None:
    server.faults = [fault]
    found = engine(server, concurrency=1).translate(TEXTS[:4], "eng_Latn", "por_Latn")
    assert found == UPPER[:4]
    assert server.asked == [TEXTS[0:2], TEXTS[2:4]]


def test_thoughts_before_an_answer_are_no_part_of_it(server) -> None:
    server.faults = ["thought"] * 3
    assert engine(server).translate(TEXTS[:5], "eng_Latn", "por_Latn") == UPPER[:5]
    assert server.asked == [TEXTS[0:4], TEXTS[4:5]] or server.asked == [TEXTS[4:5], TEXTS[0:4]]


def test_a_text_that_the_server_refuses_fails_alone(server) -> None:
    server.refused = {TEXTS[2]}
    found = engine(server).translate(TEXTS[:4], "eng_Latn", "por_Latn")
    assert found == [*UPPER[:2], Segment("", "failed"), UPPER[3]]


@pytest.mark.parametrize(
    ("faults", "said"),
    [([429] * 4, "429"), ([401], "401.*OPENAI_API_KEY"), (["hang"] * 4, "timed out")],
)
def test_a_server_that_does_not_answer_is_down(server, faults, said) -> None:
    server.faults = faults
    with pytest.raises(EngineDown, match=said):
        engine(server, timeout=0.1).translate(TEXTS[:1], "eng_Latn", "por_Latn")


def test_no_server_at_all_is_down() -> None:
    alone = OpenAI(endpoint="http://127.0.0.1:9/v1", model="m", pause=0.01, retries=1)
    with pytest.raises(EngineDown, match="no answer after 2 requests"):
        alone.translate(["x"], "eng_Latn", "por_Latn")


def test_what_was_answered_before_the_server_went_down_is_kept(server, tmp_path) -> None:
    pytest.importorskip("sentencex")
    documents = [f"Sentence number {i} of this text." for i in range(8)]
    first = engine(server, concurrency=1, retries=0)
    cache = SentenceCache(tmp_path, first, "eng_Latn", "por_Latn")
    server.faults = [None, 500]
    with pytest.raises(EngineDown):
        translate(documents[:6], first, "eng_Latn", "por_Latn", cache)
    assert cache.count() == 4
    ledger = Ledger()
    found = translate(documents, first, "eng_Latn", "por_Latn", cache, ledger)
    assert [t.text for t in found] == [text.upper() for text in documents]
    assert ledger.cache_hits == 4
    asked = [text for group in server.asked for text in group]
    assert len(asked) == len(set(asked)) == 8


def test_cost_is_counted_by_the_prices_of_the_recipe(server) -> None:
    asked = engine(server, price_prompt=2.0, price_completion=10.0)
    asked.translate(TEXTS, "eng_Latn", "por_Latn")
    used = asked.usage()
    assert (used["requests"], used["prompt_tokens"], used["completion_tokens"]) == (3, 300, 30)
    assert used["cost"] == pytest.approx((300 * 2 + 30 * 10) / 1e6)


def test_the_key_comes_from_the_environment_and_is_in_no_hash(server, monkeypatch) -> None:
    without = engine(server).hash
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    asked = engine(server)
    asked.translate(["x"], "eng_Latn", "por_Latn")
    assert server.keys == ["Bearer not-a-key"]
    assert asked.hash == without


def test_what_changes_the_answers_changes_the_hash(server) -> None:
    settings = [
        {},
        {"prompt": "From {source} to {target}."},
        {"temperature": 0.5},
        {"max_tokens": 9},
    ]
    assert len({engine(server, **s).hash for s in settings}) == len(settings)


def test_settings_that_cannot_work_are_told(server) -> None:
    with pytest.raises(EngineError, match="http://"):
        OpenAI(endpoint="localhost:8000", model="m")
    with pytest.raises(EngineError, match=r"only \{source\} and \{target\}"):
        engine(server, prompt="Translate into {language}")
