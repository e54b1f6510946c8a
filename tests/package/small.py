"""A small package of the name `polysieve` in a folder of its own, and Python that runs in it."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from polysieve import closure

_DROP_CAPABILITY, _OVERRIDE_PERMISSIONS = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE of Linux


def package(folder: Path, files: Mapping[str, str], *own: str) -> Path:
    """Write a package of these files; `own`: modules of the real package's top level that it holds too.
    Folders of modules are packages."""
    root = folder / "polysieve"
    for name, text in {"__init__.py": "", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        for around in (root / name).parents:
            if name.endswith(".py") and around.is_relative_to(root):
                (around / "__init__.py").touch()
    for name in own:
        (root / name).write_bytes((Path(closure.__file__).parent / name).read_bytes())
    return root


def run(folder: Path, code: str, **environment: str) -> str:
    """What Python code prints that sees the package in `folder`, without root's right to write anywhere."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        preexec_fn=_obey_permissions,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _obey_permissions() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DROP_CAPABILITY, _OVERRIDE_PERMISSIONS, 0, 0, 0)
