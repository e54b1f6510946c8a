"""Nothing is lost in silence: the identities of the accounting."""

from hypothesis import given
from hypothesis import strategies as st

from polysieve.pipeline.steps.write import accounting

counts = st.integers(0, 10**6)
entries = st.builds(
    accounting.entry, counts, st.dictionaries(st.sampled_from("abc"), counts), counts, counts
)


@given(
    st.dictionaries(st.sampled_from(["swh_Latn", "tha_Thai", "und_Zzzz"]), entries),
    st.dictionaries(st.text(), counts),
)
def test_a_sound_accounting_has_no_violation(languages, skipped) -> None:
    documents = sum(v["documents_in"] for v in languages.values())
    whole = accounting.total(languages, documents + sum(skipped.values()), skipped)
    assert accounting.violations({"total": whole, "languages": languages}) == []


@given(entries, st.sampled_from(["documents_in", "kept", "duplicates", "quarantined"]))
def test_one_lost_document_is_noticed(entry, key) -> None:
    whole = accounting.total({"swh_Latn": entry}, entry["documents_in"], {})
    whole[key] += 1
    assert accounting.violations({"total": whole, "languages": {"swh_Latn": entry}})


def test_a_lost_record_is_noticed() -> None:
    entry = accounting.entry(kept=3)
    whole = accounting.total({"swh_Latn": entry}, 5, {"status": 1})
    assert (
        "5 records read, but 4"
        in accounting.violations({"total": whole, "languages": {"swh_Latn": entry}})[0]
    )
