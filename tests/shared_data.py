"""Access to the real data that lies beside a developer's checkout; tests on it skip where it is absent."""

import hashlib
import os
import tarfile
import tempfile
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(path: str) -> Path:
    """The path of `path` under the shared data folder; skips the calling test where it is absent."""
    found = SHARED / "data" / path
    if not found.exists():
        pytest.skip(f"needs the shared data {path!r}, which is not beside this checkout")
    return found


def unpacked(archive: str) -> Path:
    """The folder that holds the contents of `archive` (a `.tar.xz` of the shared data), unpacked once per machine."""
    source = shared(archive)
    stamp = hashlib.sha256(f"{source}:{source.stat().st_size}".encode()).hexdigest()[:12]
    target = Path(tempfile.gettempdir()) / f"polysieve-tests-{os.getuid()}" / f"{archive}-{stamp}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=target.parent))
        with tarfile.open(source) as tar:
            tar.extractall(partial, filter="data")
        try:
            partial.rename(target)
        except OSError:  # another process unpacked it meanwhile
            if not target.exists():
                raise
    return target
