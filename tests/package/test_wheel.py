"""The wheel holds the package with its data files, and nothing of the repository besides."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest

from polysieve import closure

ROOT = Path(__file__).parents[2]
NOT_INSTALLED = {"benchmarks", "tests", "tools"}
FOLDERS = {path.parent.name for path in ROOT.glob("*/__init__.py")} - NOT_INSTALLED
MEASURE = "polysieve.pipeline.steps.measure.inputs"


def _has_setuptools() -> bool:
    try:
        return int(version("setuptools").partition(".")[0]) >= 77
    except ModuleNotFoundError:
        return False


pytestmark = pytest.mark.skipif(not _has_setuptools(), reason="building needs setuptools 77")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of the repository in which an earlier build has left something."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("LICENSE", "README.md", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, copy / name)
    for name in ("src", *FOLDERS, *NOT_INSTALLED):
        if (ROOT / name).exists():
            shutil.copytree(
                ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
    left = copy / "build" / "lib" / "polysieve" / "removed_since.py"
    left.parent.mkdir(parents=True)
    left.write_text("")
    out = tmp_path_factory.mktemp("wheel")
    command = [
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        out,
        copy,
    ]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.iterdir()
    return built


def test_it_holds_the_package_and_its_licence(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if not name.endswith("/")}
    information = {name for name in names if name.startswith("polysieve-")}
    assert any(name.endswith("/licenses/LICENSE") for name in information)

    places = {"polysieve": ROOT / "src" / "polysieve"}
    places |= {f"polysieve/{name}": ROOT / name for name in FOLDERS}
    files = {
        f"{place}/{path.relative_to(folder).as_posix()}"
        for place, folder in places.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != "README.md"
    }
    assert "polysieve/py.typed" in files
    assert "polysieve/pipeline/extract/assets/main_text.npz" in files
    assert names - information == files | {"polysieve/closure.json"}


def test_its_hashes_are_those_of_the_sources_and_nothing_is_parsed_for_them(
    wheel: Path, tmp_path: Path
) -> None:
    ZipFile(wheel).extractall(tmp_path)
    asked = f"import ast; ast.parse = None; from polysieve import closure; print(closure.source_hash({MEASURE!r}))"
    done = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == closure.source_hash(MEASURE)
