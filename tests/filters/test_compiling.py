"""Compiled kernels are kept on disk and never used after any source of theirs has changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from polysieve import filters

PACKAGE = Path(filters.__file__).parent


def run(folder: Path, code: str) -> str:
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        check=True,
    )
    return done.stdout.strip()


def test_a_change_in_one_file_reaches_kernels_of_another(tmp_path: Path) -> None:
    package = tmp_path / "filters"
    package.mkdir()
    shutil.copy(PACKAGE / "compiling.py", package)
    (package / "__init__.py").write_text("")
    (package / "constant.py").write_text("VALUE = 1\n")
    (package / "kernels.py").write_text(
        "from filters.compiling import kernel\nfrom filters.constant import VALUE\n\n"
        "@kernel\ndef value():\n    return VALUE\n"
    )
    code = (
        "from filters import kernels, compiling\n"
        "print(compiling.is_cached(kernels.value), kernels.value())"
    )
    assert run(tmp_path, code) == "False 1"
    assert run(tmp_path, code) == "True 1"
    (package / "constant.py").write_text("VALUE = 2\n")
    assert run(tmp_path, code) == "False 2"
