"""A step's fingerprint holds the code and data files of all that the step imports, and of nothing else, as changes in a
copy of the package show."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from polysieve import closure
from polysieve.pipeline.mixing import dag as mixing
from polysieve.pipeline.run.dag import STEPS
from polysieve.pipeline.steps.cluster import clusters
from polysieve.pipeline.steps.measure import inputs as measure

ROOT = Path(__file__).parents[2]
FOLDERS = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {
    "benchmarks",
    "tests",
    "tools",
}
MODEL = "pipeline/extract/assets/main_text.npz"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("copy") / "polysieve"
    shutil.copytree(ROOT / "src" / "polysieve", copy)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def changes(package: Path, name: str, content: bytes, modules: list[str]) -> list[bool]:
    """Whether the hash of each module is another one while a file of the copy has another content."""
    file = package / name
    before = file.read_bytes()
    assert content != before
    file.write_bytes(content)
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"from polysieve.closure import *; print(*map(source_hash, {modules}))",
            ],
            capture_output=True,
            text=True,
            cwd=package.parent,
            env={**os.environ, "PYTHONPATH": str(package.parent)},
        )
    finally:
        file.write_bytes(before)
    assert done.returncode == 0, done.stderr
    return [
        a != b for a, b in zip(done.stdout.split(), map(closure.source_hash, modules), strict=True)
    ]


def test_other_leaves_of_the_model_of_main_text_measure_anew(package: Path, tmp_path: Path) -> None:
    with np.load(package / MODEL) as model:
        arrays = {k: -array if k.endswith("_value") else array for k, array in model.items()}
    np.savez_compressed(tmp_path / "negated.npz", allow_pickle=False, **arrays)
    negated = (tmp_path / "negated.npz").read_bytes()
    assert changes(package, MODEL, negated, [measure.__name__, clusters.__name__]) == [True, False]


@pytest.mark.parametrize(
    ("name", "old", "new", "measures_anew"),
    [
        # inputs -> batches -> signals -> compression
        ("filters/compression.py", "_SHORTEST = 4", "_SHORTEST = 5", True),
        ("filters/compression.py", "_SHORTEST = 4", "_SHORTEST = 4  # bytes", False),
        ("filters/compression.py", "_SHORTEST = 4", "_SHORTEST = (\n    4\n)", False),
        ("filters/compression.py", '"""', '"""Of texts. ', False),
        ("audit/pages.py", "import ", "import this, ", False),
        ("pipeline/cli.py", "import ", "import this, ", False),
    ],
)
def test_another_source_measures_anew_where_it_does_something_else(
    package: Path, name: str, old: str, new: str, measures_anew: bool
) -> None:
    source = (package / name).read_text("utf-8")
    changed = source.replace(old, new, 1).encode()
    assert changes(package, name, changed, [measure.__name__]) == [measures_anew]


SHOWING = ("audit", "pipeline.cli", "pipeline.commands", "pipeline.inspection", "pipeline.run")


@pytest.mark.parametrize("step", [*STEPS, *mixing.STEPS], ids=lambda step: step.name)
def test_what_only_shows_things_is_no_part_of_a_step(step) -> None:
    shown = [f"polysieve.{name}" for name in SHOWING if (name, step.name) != ("audit", "report")]
    reached = closure.modules(step.module)
    assert step.module in reached
    assert not [name for name in reached if name.startswith(tuple(shown))]
