"""The application as a process: killed, started again, asked by two people at once."""

import json
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from polysieve.audit.judging.database import Database
from tests.audit.judging.made_output import Server, small


def get(server, name, **query):
    url = f"{server.address}api/{name}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def post(server, rater, number, document, code):
    """Send a judgement until there is an answer, as the page does."""
    body = {
        "key": f"{rater:_<12}{number:04}",
        "rater": rater,
        "document": document,
        "code": code,
        "note": "",
    }
    request = urllib.request.Request(
        f"{server.address}api/judge",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["number"]
        except OSError as error:
            assert not isinstance(error, urllib.error.HTTPError), error
            time.sleep(0.05)


def stored(folder: Path):
    database = Database(folder / "judging" / "judgements.sqlite")
    try:
        return database.history()
    finally:
        database.close()


def test_two_people_and_a_kill_in_the_middle(tmp_path):
    with Server(small(tmp_path)) as server:
        queue = [
            one["document"]
            for one in get(server, "queue", label="tha_Thai", rater="x")["documents"]
        ]
        halfway = threading.Barrier(3)

        def judge(rater):
            for number, document in enumerate(queue):
                if number == len(queue) // 2:
                    halfway.wait()
                post(server, rater, number, document, "CC")
                post(server, rater, number, document, "CC")  # a double click

        people = [threading.Thread(target=judge, args=(rater,)) for rater in ("ana", "ben")]
        for person in people:
            person.start()
        halfway.wait()
        server.stop(signal.SIGKILL)
        address = server.address
        server.start()
        assert server.address == address
        for person in people:
            person.join()
    wanted = sorted((rater, document) for rater in ("ana", "ben") for document in queue)
    assert sorted((row["rater"], row["document"]) for row in stored(tmp_path)) == wanted


def test_what_was_answered_outlives_a_kill(tmp_path):
    with Server(small(tmp_path)) as server:
        document = get(server, "queue", label="arb_Arab", rater="ana")["documents"][0]["document"]
        number = post(server, "ana", 1, document, "CB")
        server.stop(signal.SIGKILL)
    assert [(row["number"], row["code"]) for row in stored(tmp_path)] == [(number, "CB")]


def test_an_interrupt_ends_it_in_order_and_the_token_is_for_its_owner_only(tmp_path):
    with Server(small(tmp_path)) as server:
        get(server, "queue", label="arb_Arab", rater="ana")
        token = tmp_path / "judging" / "token"
        assert server.address.endswith(f"/{token.read_text().strip()}/")
        assert token.stat().st_mode & 0o077 == 0
        assert server.stop(signal.SIGINT) == 0
    assert not list((tmp_path / "judging").glob("*-wal"))
