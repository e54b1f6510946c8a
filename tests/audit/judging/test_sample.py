"""Which documents are drawn: by a hash alone, so many of each stage, in strata by reason."""

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.audit.judging import sample
from polysieve.pipeline.storage.store import Store
from tests.audit.judging import made_output
from tests.audit.judging.made_output import document, write


def drawn(folder, label="tha_Thai", n=100, seed=0):
    return sample.draw(Store(str(folder)), label, n, seed)


def test_the_cut_into_files_and_row_groups_does_not_matter(tmp_path):
    documents = [document(f"d{i}", f"text {i}", offset=i) for i in range(60)]
    write(tmp_path / "one", "corpus", "tha_Thai", documents)
    for number in range(3):
        part = documents[number * 20 : number * 20 + 20]
        write(tmp_path / "three", "corpus", "tha_Thai", part[::-1], number)
    assert drawn(tmp_path / "one", n=17) == drawn(tmp_path / "three", n=17)


def test_a_smaller_sample_lies_in_a_larger_one_and_another_seed_chooses_others(tmp_path):
    write(tmp_path, "corpus", "tha_Thai", [document(f"d{i}", f"text {i}") for i in range(60)])
    names = [
        {d.document for d in drawn(tmp_path, n=n, seed=s).documents}
        for n, s in ((10, 0), (30, 0), (30, 1))
    ]
    assert names[0] < names[1]
    assert names[1] != names[2]


def test_each_stage_has_its_share_and_each_reason_an_equal_part(tmp_path):
    removed = {"gopher_short_doc": 30, "gopher_below_alpha": 2, "language_score": 9}
    write(tmp_path, "corpus", "tha_Thai", [document(f"k{i}", "x") for i in range(40)])
    write(
        tmp_path, "removed", "tha_Thai",
        [document(f"{r}{i}", "x", filter_reason=r) for r, n in removed.items() for i in range(n)],
    )  # fmt: skip
    found = drawn(tmp_path, n=12)
    assert [(s.reason, s.population) for s in found.strata] == [
        ("kept", 40),
        *sorted(removed.items()),
    ]
    reasons = [d.reason for d in found.documents]
    assert {r: reasons.count(r) for r in {"kept", *removed}} == {
        "kept": 12, "gopher_below_alpha": 2, "gopher_short_doc": 5, "language_score": 5,
    }  # fmt: skip


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 50), max_size=8),
    st.integers(0, 200),
)
def test_places_are_given_as_equally_as_the_sizes_allow(sizes, n):
    given_ = sample.allotted(sizes, n)
    assert sum(given_.values()) == min(n, sum(sizes.values()))
    most = max(given_.values(), default=0)
    for name, places in given_.items():
        assert places <= sizes[name]
        assert places >= most - 1 or places == sizes[name]


def test_what_a_text_cannot_tell_is_not_shown(tmp_path):
    reasons = ["exact_duplicate", "near_duplicate", "url_domain", "empty_text", "gopher_short_doc"]
    write(tmp_path, "removed", "tha_Thai", [document(r, "x", filter_reason=r) for r in reasons])
    assert [d.reason for d in drawn(tmp_path).documents] == ["gopher_short_doc"]


def test_a_stage_without_texts_has_no_documents(tmp_path):
    write(tmp_path, "removed", "tha_Thai", [document("r", "x", filter_reason="gopher_short_doc")])
    path = tmp_path / "removed" / "tha_Thai" / "train-00000.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["text"]), path)
    assert drawn(tmp_path) == sample.Sample([], [])


def test_a_language_that_is_not_there_has_no_documents(tmp_path):
    assert drawn(tmp_path) == sample.Sample([], [])


def test_long_texts_are_cut_and_bad_bytes_replaced(tmp_path):
    made_output.small(tmp_path)
    texts = {d.columns["id"]: d.columns for d in drawn(tmp_path, "eng_Latn").documents}
    assert len(texts["h-line"]["text"]) == sample.SHOWN
    assert texts["h-line"]["characters"] == 1_000_000
    assert texts["h-invalid"]["text"] == "caf\ufffd \ufffd\ufffd \ufffd\ufffd\ufffd end"


def test_a_text_that_changed_is_another_document(tmp_path):
    for folder, text in (("a", "one"), ("b", "two")):
        write(tmp_path / folder, "corpus", "tha_Thai", [document("same", text)])
    one, two = (drawn(tmp_path / folder).documents[0].document for folder in ("a", "b"))
    assert one != two


@pytest.mark.parametrize("source", ["there", "gone"])
def test_a_translation_comes_with_its_source(tmp_path, source):
    write(
        tmp_path, "corpus", "eng_Latn", [document("other", "no"), document("there", "the source")]
    )
    mt = {"origin": "mt", "source_id": source, "source_language": "eng_Latn"}
    write(tmp_path, "corpus", "tha_Thai", [document("t", "คำแปล", **mt), document("w", "คำ")])
    found = {d.columns["id"]: d.columns["source_text"] for d in drawn(tmp_path).documents}
    assert found == {"t": "the source" if source == "there" else None, "w": None}
