"""Apertium's pipelines: with programs made here, and with the installed pair where there is one."""

import shutil
import sys
from collections.abc import Iterator

import pytest

from polysieve.translation.engines import EngineDown, EngineError
from polysieve.translation.engines.apertium import MODES, Apertium

needs_apertium = pytest.mark.skipif(
    shutil.which("lt-proc") is None, reason="apertium is not installed"
)
needs_pair = pytest.mark.skipif(
    not (MODES / "eng-cat.mode").is_file(), reason="apertium-eng-cat is not installed"
)

# A program that flushes at nulls, as Apertium's do: words in capitals, unknown ones marked, some deadly.
PROGRAM = """
import sys
data = b""
while byte := sys.stdin.buffer.read(1):
    data += byte
    if byte == b"\\0":
        text = data[:-1].decode()
        if "crash" in text:
            sys.exit(0)
        if "hang" in text:
            import time
            time.sleep(60)
        words = [("*" + w if w.startswith("zz") else w.upper()) for w in text.split(" ")]
        sys.stdout.buffer.write(" ".join(words).encode() + b"\\0")
        sys.stdout.flush()
        data = b""
"""


@pytest.fixture
def made(tmp_path, monkeypatch) -> Iterator[Apertium]:
    """An engine over a pipeline of PROGRAM and cat."""
    (tmp_path / "program.py").write_text(PROGRAM)
    runner = tmp_path / "runner"
    runner.write_text(f"#!/bin/bash\nexec {sys.executable} {tmp_path}/program.py\n")
    runner.chmod(0o755)
    (tmp_path / "eng-por.mode").write_text(f"{runner} $1 | cat $2\n")
    (tmp_path / "lt-proc").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "cat").write_text("#!/bin/bash\nexec /bin/cat -u\n")
    (tmp_path / "cat").chmod(0o755)
    engine = Apertium(modes=str(tmp_path), timeout=2.0)
    yield engine
    engine.close()


def test_marks_are_taken_out_and_counted(made) -> None:
    one, two, three = made.translate(["a b c", "a zzb c d", "zza zzb"], "eng_Latn", "por_Latn")
    assert (one.text, one.status, one.score) == ("A B C", "translated", 1.0)
    assert (two.text, two.status, two.score) == ("A zzb C D", "translated", 0.75)
    assert (three.text, three.status, three.score) == ("zza zzb", "marked", 0.0)


@pytest.mark.parametrize("deadly", ["crash now", "hang now"])
def test_a_text_that_kills_a_program_fails_and_the_next_one_does_not(made, deadly) -> None:
    found = made.translate(["a", deadly, "b"], "eng_Latn", "por_Latn")
    assert [s.status for s in found] == ["translated", "failed", "translated"]
    assert found[2].text == "B"


def test_a_pipeline_that_answers_nothing_at_all_is_down(made, tmp_path) -> None:
    (tmp_path / "eng-por.mode").write_text(
        "true\n"
    )  # as where a program crashes and the shell exits 0
    with pytest.raises(EngineDown, match="does not answer"):
        made.translate(["a"], "eng_Latn", "por_Latn")


def test_a_pair_that_is_not_installed_is_told_with_its_package(made) -> None:
    assert "apt-get install apertium-eng-oci" in (made.problem("eng_Latn", "oci_Latn") or "")
    with pytest.raises(EngineError, match="no mode eng-oci"):
        made.translate(["a"], "eng_Latn", "oci_Latn")


@needs_apertium
@needs_pair
def test_the_installed_pair_keeps_what_its_format_uses_and_what_stands_for_spans() -> None:
    engine = Apertium()
    texts = [
        "The cat sat on the mat.",
        "See XQ0Z [1] and {the} now.",
        "Hello\0there.",
        "A / b ^ c $ d @ e * f # g",
    ]
    found = engine.translate(texts, "eng_Latn", "cat_Latn")
    assert found[0].text == "El gat va seure en l'estora."
    for kept in ("XQ0Z", "[1]", "{", "}"):
        assert kept in found[1].text
    assert found[1].score == 1.0
    for kept in "/^$@*#":
        assert kept in found[3].text
    engine.close()
