"""What was judged stays, once, whoever sends it how often."""

import multiprocessing
import sqlite3

import pytest

from polysieve.audit.judging.database import Database, Judgement, JudgementError
from polysieve.audit.judging.sample import Sample, Sampled, Stratum


def sampled(n=3, stage="kept", reason="kept", source=None):
    columns = {
        "id": "i", "url": None, "file_path": None, "offset": 0, "language_score": 0.5, "text": "x", "characters": 1,
        "source_language": source and "eng_Latn", "source_text": source,
    }  # fmt: skip
    documents = [Sampled(f"doc{i}", stage, reason, columns) for i in range(n)]
    return Sample([Stratum(stage, reason, 10 * n)], documents)


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "judging" / "judgements.sqlite")
    made.set_sample("tha_Thai", "1", 0, 100, sampled())
    yield made
    made.close()


def said(database):
    return {(r["rater"], r["document"]): r["code"] for r in database.judged()}


def test_the_last_judgement_stands_and_the_others_stay(database):
    database.add(Judgement("k1", "ana", "doc0", "CC"))
    database.add(Judgement("k2", "ana", "doc0", "WL", offensive=True, note="Lao"))
    database.add(Judgement("k3", "ben", "doc0", "NL"))
    assert said(database) == {("ana", "doc0"): "WL", ("ben", "doc0"): "NL"}
    assert [row["code"] for row in database.history()] == ["CC", "WL", "NL"]


def test_a_judgement_sent_twice_is_there_once(database):
    judgement = Judgement("k1", "ana", "doc0", "CC")
    assert database.add(judgement) == database.add(judgement)
    assert len(database.history()) == 1


def test_a_late_repetition_does_not_undo_what_came_after(database):
    first = Judgement("k1", "ana", "doc0", "CC")
    database.add(first)
    database.add(Judgement("k2", "ana", "doc0", "WL"))
    database.add(first)
    assert said(database) == {("ana", "doc0"): "WL"}


def test_a_key_stands_for_one_judgement(database):
    database.add(Judgement("k1", "ana", "doc0", "CC"))
    with pytest.raises(JudgementError, match="another judgement"):
        database.add(Judgement("k1", "ana", "doc1", "CC"))


def test_taking_back_leaves_nothing_standing(database):
    database.add(Judgement("k1", "ana", "doc0", "CC"))
    database.add(Judgement("k2", "ana", "doc0", None))
    assert said(database) == {}
    assert database.queue("tha_Thai", "ana")[0]["code"] is None
    assert len(database.history()) == 2


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [("doc9", "CC", "no such document"), ("doc0", "XX", "CC, CB, CS"), ("doc0", "X", "no source")],
)
def test_what_cannot_be_meant_is_refused(database, document, code, message):
    with pytest.raises(JudgementError, match=message):
        database.add(Judgement("k1", "ana", document, code))
    assert database.history() == []


def test_a_pair_can_be_a_wrong_translation(database):
    database.set_sample("swh_Latn", "1", 0, 100, sampled(source="the source"))
    database.add(Judgement("k1", "ana", "doc0", "X"))
    assert said(database) == {("ana", "doc0"): "X"}


def test_another_sample_keeps_the_judgements_and_says_which_left_it(database):
    database.add(Judgement("k1", "ana", "doc0", "CC"))
    database.add(Judgement("k2", "ana", "doc2", "CB"))
    assert database.has_sample("tha_Thai", "1", 0, 100)
    database.set_sample("tha_Thai", "2", 0, 100, sampled(2, "removed", "gopher_short_doc"))
    assert not database.has_sample("tha_Thai", "1", 0, 100)
    strata = {r["document"]: (r["stage"], r["reason"], r["population"]) for r in database.judged()}
    assert strata == {"doc0": ("removed", "gopher_short_doc", 20), "doc2": (None, None, None)}
    assert database.progress("ana") == {"tha_Thai": {"documents": 2, "judged": 1}}


def _add_many(path, rater, shared):
    database = Database(path)
    for i in range(100):
        database.add(Judgement(f"{rater}{i}", rater, f"doc{i % 3}", "CC"))
        if shared:
            database.add(Judgement(f"shared{i}", "both", f"doc{i % 3}", "CB"))
    database.close()


def test_several_processes_write_at_once(database):
    context = multiprocessing.get_context("spawn")
    raters = ("ana", "ben", "eva")
    many = [context.Process(target=_add_many, args=(database.path, r, r != "eva")) for r in raters]
    for process in many:
        process.start()
    for process in many:
        process.join()
    assert [process.exitcode for process in many] == [0, 0, 0]
    keys = [row["key"] for row in database.history()]
    assert sorted(keys) == sorted({f"{r}{i}" for r in (*raters, "shared") for i in range(100)})


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "x.sqlite"
    path.write_text("not a database, and longer than the header that one would have" * 10)
    with pytest.raises(JudgementError, match=r"x\.sqlite"):
        Database(path)


def test_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "x.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(JudgementError, match="version 99"):
        Database(path)
