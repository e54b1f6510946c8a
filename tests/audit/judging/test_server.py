"""Who the application answers, and what it takes for a judgement."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from aiohttp.test_utils import TestClient, TestServer

from polysieve.audit.judging import sample
from polysieve.audit.judging.database import Database
from polysieve.audit.judging.server import Judging, application
from polysieve.pipeline.storage.store import Store
from tests.audit.judging import made_output

TOKEN = "a-token-that-nobody-knows"
KEY = "0123456789abcdef"


@pytest.fixture
def judging(tmp_path):
    store = Store(str(made_output.small(tmp_path)))
    database = Database(tmp_path / "judgements.sqlite")
    labels = {"tha_Thai": 22, "arb_Arab": 3, "eng_Latn": 7}
    yield Judging(database, labels, partial(sample.draw, store), lambda: "1", TOKEN)
    database.close()


def exchange(judging, *requests):
    """(status, headers, JSON or text) of each request, given as (method, path, options)."""

    async def run():
        async with TestClient(TestServer(application(judging))) as client:
            answers = []
            for method, path, options in requests:
                response = await client.request(method, path, **options)
                is_json = response.content_type == "application/json"
                body = await (response.json() if is_json else response.text())
                answers.append((response.status, response.headers, body))
            return answers

    return asyncio.run(run())


def get(judging, path, **options):
    return exchange(judging, ("GET", f"/{TOKEN}/{path}", options))[0]


def post(judging, **changed):
    document = get(judging, "api/queue?label=tha_Thai&rater=ana")[2]["documents"][0]["document"]
    body = {"key": KEY, "rater": "ana", "document": document, "code": "CC", "note": "", **changed}
    return exchange(judging, ("POST", f"/{TOKEN}/api/judge", {"json": body}))[0]


@pytest.mark.parametrize(
    "path", ["/", "/judge.js", "/another-token-of-this-len/", "/favicon.ico", "/%ff/"]
)
def test_nothing_is_there_without_the_token(judging, path):
    status, _, body = exchange(judging, ("GET", path, {}))[0]
    assert status == 404
    assert TOKEN not in body


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_requests_from_elsewhere_are_not_answered(judging, headers):
    assert get(judging, "api/languages?rater=ana", headers=headers)[0] == 403


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1:9", "[::1]:9", "LOCALHOST"])
def test_this_machine_may_be_called_by_its_names(judging, host):
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert get(judging, "api/languages?rater=ana", headers=headers)[0] == 200


def test_the_address_may_be_followed_from_another_page(judging):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert get(judging, "", headers=headers)[0] == 200
    path = f"/{TOKEN}/api/judge"
    assert exchange(judging, ("POST", path, {"json": {}, "headers": headers}))[0][0] == 403


@pytest.mark.parametrize("path", [f"/{TOKEN}/", "/nothing", f"/{TOKEN}/api/document?document=x"])
def test_every_answer_forbids_what_the_page_does_not_need(judging, path):
    _, headers, _ = exchange(judging, ("GET", path, {}))[0]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 200),
        ({"code": None}, 200),
        ({"note": "half a pair \ud83d", "rater": "  Ana\u202e  "}, 200),
        ({"key": "short"}, 400),
        ({"rater": " "}, 400),
        ({"rater": "a" * 65}, 400),
        ({"code": 1}, 400),
        ({"porn": 1}, 400),
        ({"note": None}, 400),
        ({"note": "n" * 2_001}, 400),
        ({"note": "n" * 70_000}, 413),
        ({"code": "ZZ"}, 409),
        ({"code": "X"}, 409),
        ({"document": "none"}, 409),
    ],
)
def test_a_judgement_is_checked(judging, changed, status):
    assert post(judging, **changed)[0] == status
    assert len(judging.database.history()) == (status == 200)


def test_what_is_no_json_is_refused(judging):
    path = f"/{TOKEN}/api/judge"
    plain, broken, array, deep = exchange(
        judging,
        ("POST", path, {"data": "{}", "headers": {"Content-Type": "text/plain"}}),
        ("POST", path, {"data": "{", "headers": {"Content-Type": "application/json"}}),
        ("POST", path, {"json": []}),
        ("POST", path, {"data": "[" * 60_000, "headers": {"Content-Type": "application/json"}}),
    )
    assert [plain[0], broken[0], array[0], deep[0]] == [415, 400, 400, 400]


def test_a_language_is_shown_in_its_direction(judging):
    found = [
        get(judging, f"api/queue?label={label}&rater=ana")[2] for label in ("arb_Arab", "tha_Thai")
    ]
    assert [(f["lang"], f["dir"], len(f["documents"])) for f in found] == [
        ("arb-Arab", "rtl", 3),
        ("th-Thai", "ltr", 22),
    ]
    assert get(judging, "api/queue?label=../../etc&rater=ana")[0] == 404


@pytest.mark.parametrize("is_blind", [True, False])
def test_the_decision_is_hidden_when_asked(judging, is_blind):
    one = replace(judging, is_blind=is_blind)
    queue = get(one, "api/queue?label=tha_Thai&rater=ana")[2]["documents"]
    document = get(one, f"api/document?document={queue[0]['document']}")[2]
    assert ("reason" in queue[0]) is not is_blind
    assert not {"stage", "reason"} & document.keys()


def test_another_output_is_sampled_anew(judging):
    runs = ["1"]
    one = replace(judging, run=lambda: runs[0])
    get(one, "api/queue?label=arb_Arab&rater=ana")
    assert one.database.has_sample("arb_Arab", "1", 0, 100)
    runs[0] = "2"
    get(one, "api/queue?label=arb_Arab&rater=ana")
    assert one.database.has_sample("arb_Arab", "2", 0, 100)
