"""Compiled kernels are kept on disk, shared by all who have equal sources, and never stale."""

import ast
from pathlib import Path

import numpy as np

import polysieve
from polysieve import compiling
from tests.package import small

FILES = {
    "words/limits.py": "SHARE = 1\n",
    "words/weights.py": "from polysieve.compiling import leaf\n\n@leaf\ndef weight(x):\n    return 10 * x\n",
    "words/near.py": "from polysieve.words.limits import SHARE\nNEAR = SHARE\n",
    "texts/kernels.py": """
from polysieve.compiling import kernel
from polysieve.words.near import NEAR
from polysieve.words.weights import weight

@kernel
def value(x):
    return weight(x) + NEAR
""",
}
VALUE = """
from numba.core import event
with event.install_recorder("numba:compile") as seen:
    from polysieve.texts.kernels import value
    print(value({argument}), len(seen.buffer) > 0)
"""


def value(folder: Path, cache: Path | None, argument: str = "2", **environment: str) -> str:
    """What the kernel returns, and whether anything was compiled for that."""
    return small.run(
        folder, VALUE.format(argument=argument), NUMBA_CACHE_DIR=str(cache or ""), **environment
    )


def a_package(folder: Path) -> Path:
    return small.package(folder, FILES, "closure.py", "compiling.py")


def test_a_change_anywhere_reaches_a_kernel(tmp_path: Path) -> None:
    package, cache = a_package(tmp_path), tmp_path / "cache"
    assert value(tmp_path, cache) == "21 True"
    changes = [
        ("words/limits.py", "SHARE = 1", "SHARE = 5", "25"),
        ("words/near.py", "NEAR = SHARE", "NEAR = 3", "23"),
        ("words/weights.py", "10 * x", "20 * x", "41"),
        ("texts/kernels.py", "+ NEAR", "- NEAR", "19"),
    ]
    for file, old, new, result in changes:
        text = (package / file).read_text()
        (package / file).write_text(text.replace(old, new))
        assert value(tmp_path, cache) == f"{result} True"
        (package / file).write_text(text)
    for file in ("texts/kernels.py", "words/near.py"):
        (package / file).write_text("# What follows is the same.\n" + (package / file).read_text())
    assert value(tmp_path, cache) == "21 False"


def test_a_change_while_python_runs_is_not_mistaken_for_what_runs(tmp_path: Path) -> None:
    package, cache = a_package(tmp_path), tmp_path / "cache"
    file = package / "words/limits.py"
    change = (
        f"from pathlib import Path; from polysieve.texts import kernels\n"
        f"Path({str(file)!r}).write_text('SHARE = 5')\n"
    )
    code = change + VALUE.format(argument="2")
    assert small.run(tmp_path, code, NUMBA_CACHE_DIR=str(cache)) == "21 True"
    assert value(tmp_path, cache) == "25 True"


def test_equal_sources_share_the_cache_wherever_they_are_installed(tmp_path: Path) -> None:
    for place in ("here", "there"):
        a_package(tmp_path / place)
    assert value(tmp_path / "here", tmp_path / "cache") == "21 True"
    assert value(tmp_path / "there", tmp_path / "cache") == "21 False"


def test_the_user_s_cache_folder_is_used(tmp_path: Path) -> None:
    a_package(tmp_path)
    assert value(tmp_path, None, XDG_CACHE_HOME=str(tmp_path / "own")) == "21 True"
    assert list((tmp_path / "own" / "polysieve" / "kernels").rglob("*.nbi"))
    assert not list((tmp_path / "polysieve").rglob("*.nbi"))


def test_a_read_only_cache_is_used_and_what_it_lacks_kept_elsewhere(tmp_path: Path) -> None:
    a_package(tmp_path)
    cache, other = tmp_path / "cache", tmp_path / "other"
    other.mkdir()
    assert value(tmp_path, cache) == "21 True"
    held = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    for path in [cache, *held]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert value(tmp_path, cache, TMPDIR=str(other)) == "21 False"
        assert value(tmp_path, cache, "2.5", TMPDIR=str(other)) == "26.0 True"
        assert value(tmp_path, cache, "2.5", TMPDIR=str(other)) == "26.0 False"
        assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == held
    finally:
        for path in [cache, *held]:
            if path.is_dir():
                path.chmod(0o755)


def test_kernels_work_where_nothing_can_be_written(tmp_path: Path) -> None:
    a_package(tmp_path)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    code = f"import tempfile; tempfile.tempdir = {str(closed)!r}\n" + VALUE.format(argument="2")
    assert small.run(tmp_path, code, NUMBA_CACHE_DIR=str(closed)) == "21 True"


def swapped(first, second):
    for i in range(len(first)):
        if first[i]:
            first, second = second, first
    return first[0]


def test_a_leaf_counts_no_references() -> None:
    """Numba's option for this is not documented: here it shows when a version drops it."""
    counted, uncounted = compiling.kernel(swapped), compiling.leaf(swapped)
    rows = np.array([3, 0, 1]), np.array([4, 0, 0])
    assert counted(*rows) == uncounted(*rows) == 4
    assert "NRT_incref" in "".join(counted.for_python.inspect_llvm().values())
    assert "NRT_incref" not in "".join(uncounted.for_python.inspect_llvm().values())


@compiling.leaf
def scaled(x, factor):
    return x * factor


@compiling.kernel
def scaled_in_ways(x, factor):
    return scaled(x, 2) + scaled(x, 3) + scaled(x, factor)


def test_a_number_written_in_a_call_compiles_nothing_anew() -> None:
    assert scaled_in_ways(10, 4) == 90
    assert len(scaled.for_kernels.signatures) == 1
    assert scaled(10, 4) == 40


def test_nothing_is_compiled_but_through_the_door() -> None:
    """Product code takes types from Numba, but no decorator."""
    root = Path(polysieve.__file__).parent
    outside = []
    sources = [
        path for folder in root.iterdir() if folder.is_dir() for path in folder.rglob("*.py")
    ]
    assert len(sources) > 100
    for path in [*sources, *root.glob("*.py")]:
        tree = ast.parse(path.read_bytes())
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            or (isinstance(node, ast.ImportFrom) and node.module == "numba")
            for alias in node.names
        }
        if imported & {"numba", "jit", "njit", "vectorize", "guvectorize", "cfunc", "stencil"}:
            outside.append(path.relative_to(root).as_posix())
    assert outside == ["compiling.py"]
