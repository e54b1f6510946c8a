"""No result is stale: fingerprints and manifests."""

from polysieve.pipeline.storage.ledger import StepFolder, fingerprint
from polysieve.pipeline.storage.store import Store


def test_a_fingerprint_changes_with_anything_it_depends_on() -> None:
    base = fingerprint("measure", recipe={"a": 1, "b": 2})
    assert base == fingerprint("measure", recipe={"b": 2, "a": 1})
    assert (
        len(
            {
                base,
                fingerprint("measure", recipe={"a": 2}),
                fingerprint("fit", recipe={"a": 1, "b": 2}),
            }
        )
        == 3
    )


def test_a_piece_is_done_when_its_manifest_is_there(tmp_path) -> None:
    folder = StepFolder(Store(str(tmp_path)), "measure", "0" * 16)
    assert folder.manifest("x") is None
    folder.commit("x", {"rows": 1})
    assert folder.manifest("x") == {"rows": 1}
