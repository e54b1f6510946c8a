"""What documents and docstrings name is there: files, modules, functions, links, lines of code."""

import importlib
import re
import tokenize
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "audit", "benchmarks", "dedup", "docs", "examples", "filters", "language_id", "pipeline", "recipes", "src",
    "tests", "tools", "translation",
)  # fmt: skip
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(p for name in FOLDERS for p in (ROOT / name).rglob("*.md"))]
    if path.name != "structure.md"  # a text to translate
)
MODULES = sorted(p for name in FOLDERS for p in (ROOT / name).rglob("*.py"))
FILE = re.compile(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/(?:[\w-]+/)*[\w-]+\.[a-z]{{2,4}}\b")
MODULE = re.compile(
    r"(?:python -m |from |import |`)((?:polysieve|benchmarks|tests|tools)(?:\.\w+)+)"
)
SHORT = re.compile(r"`((?:audit|filters|language_id|pipeline|translation)(?:\.\w+)+)")
LETTER = re.compile(r"\b[Ss]teps? [A-GM]\d?\b|\bM[0-4]\b")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
EXCERPT = re.compile(r"^`([\w/]+\.py)`:\n((?:```\n.*?```\n)+)", re.MULTILINE | re.DOTALL)


@cache
def text_of(path: Path) -> str:
    """A document, or the comments and strings of a module."""
    if path.suffix == ".md":
        return path.read_text("utf-8")
    wanted = (tokenize.COMMENT, tokenize.STRING)
    with tokenize.open(path) as file:
        return "\n".join(
            t.string for t in tokenize.generate_tokens(file.readline) if t.type in wanted
        )


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    module, _, attribute = name.rpartition(".")
    try:
        if find_spec(name):
            return True
    except ModuleNotFoundError:  # what stands before the last dot is no package
        pass
    return bool(module) and is_there(module) and hasattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_names_what_is_there(path: Path) -> None:
    text = text_of(path)
    missing = [name for name in FILE.findall(text) if not (ROOT / name).exists()]
    missing += [name for name in MODULE.findall(text) if not is_there(name)]
    missing += [link for link in LINK.findall(text) if not (path.parent / link).exists()]
    assert missing == []


def test_comments_and_docstrings_name_files_that_are_there() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in MODULES
        for name in FILE.findall(text_of(path))
        if not (ROOT / name).exists()
    ]
    assert missing == []


def test_comments_and_docstrings_name_modules_that_are_there() -> None:
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in MODULES
        for name in SHORT.findall(text_of(path))
        if not is_there(f"polysieve.{name}")
    }
    assert missing == set()


def test_steps_have_names_not_letters() -> None:
    texts = {path: text_of(path) for path in [*DOCUMENTS, *MODULES] if path != Path(__file__)}
    assert [str(path) for path, text in texts.items() if LETTER.search(text)] == []


def test_the_code_that_is_shown_is_the_code_that_is_there() -> None:
    found = EXCERPT.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert len(found) >= 8
    for name, blocks in found:
        source = (ROOT / name).read_text("utf-8")
        for block in re.findall(r"```\n(.*?)```", blocks, re.DOTALL):
            assert block in source, f"{name} has no more:\n{block}"
