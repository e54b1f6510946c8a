"""No result is stale: fingerprints, manifests, and the versions of steps."""

import json
from pathlib import Path

import pytest

from polysieve.pipeline.storage.ledger import VERSIONS, StepFolder, fingerprint
from polysieve.pipeline.storage.store import Store
from tests.pipeline.step_sources import RECORDED, hashes


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


@pytest.mark.parametrize("step", VERSIONS)
def test_the_version_of_a_step_is_renewed_when_its_code_changes(step) -> None:
    recorded = json.loads(Path(RECORDED).read_text())
    assert recorded[step] == {"version": VERSIONS[step], "modules": hashes(step)}, (
        f"the code behind step {step} has changed: raise VERSIONS[{step!r}] in pipeline/ledger.py if its output does "
        "too, then run: python -m tests.pipeline.step_sources"
    )
