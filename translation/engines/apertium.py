"""Apertium's rule-based pairs, as Debian packages them: one pipeline of processes per pair, kept open.

`apertium` itself starts a dozen processes for every text, and exits 0 with no output where one of them crashes. Here
the programs of a mode file are started once, with null flushing (`-z`), and texts go through one after the other. Words
that it does not know come back with `*`, words that it cannot inflect with `#`, words without a translation with
`@`: the marks are taken out and counted, the share of unmarked words is the score.
"""

import contextlib
import os
import re
import select
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from polysieve.language_id.labels import language_of
from polysieve.translation.engines import (
    FAILED,
    MARKED,
    EngineDown,
    EngineError,
    Local,
    Segment,
    digest,
)

MODES = Path("/usr/share/apertium/modes")
_SPECIAL = re.compile(r"([\\\[\]{}^$@/<>*#~+])")
_ESCAPED = re.compile(r"\\(.)")
_MARK = re.compile(r"(?<!\\)[*#@](?=\\?\w)")
_TOKEN = re.compile(r"XQ\d+Z")
_MOST_MARKED = 0.3  # share of words with a mark above which a segment is doubted
# A deformatter gives superblanks at the end of a block; without one nothing is flushed before the null.
_END = b"[][\n]\0"


class Apertium(Local):
    """One pair, or a variant of it; about 5,000 words a second."""

    name, batch = "apertium", 64
    words_per_second = 5000.0

    def __init__(
        self, mode: str | None = None, modes: str = str(MODES), timeout: float = 30.0
    ) -> None:
        """mode: the name of a mode file, `eng-cat_valencia`; None: the labels' codes, `eng-cat`.

        modes: their folder. timeout: seconds without an answer after which a pipeline is started anew.
        """
        self.mode, self.folder, self.timeout = mode, Path(modes), timeout
        self._pipelines: dict[str, _Pipeline] = {}
        if shutil.which("lt-proc") is None:
            raise EngineError(
                "apertium is not installed; run: apt-get install apertium apertium-eng-cat"
            )
        self.hash = digest(mode=mode, programs=_installed(str(self.folder)))

    def describe(self) -> list[dict[str, str]]:
        return [{"engine": self.name, "model": self.mode or "", "hash": self.hash}]

    def problem(self, source: str, target: str) -> str | None:
        mode = self._mode(source, target)
        if (self.folder / f"{mode}.mode").is_file():
            return None
        return f"apertium: no mode {mode} in {self.folder}; run: apt-get install apertium-{mode}"

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        """As Engine.translate. Raises EngineError for a pair that is not installed, EngineDown for one that is mute."""
        if problem := self.problem(source, target):
            raise EngineError(problem)
        mode = self._mode(source, target)
        return [self._one(mode, text) for text in texts]

    def _one(self, mode: str, text: str) -> Segment:
        if mode not in self._pipelines:
            self._pipelines[mode] = _Pipeline(self.folder / f"{mode}.mode", self.timeout)
        try:
            answer = self._pipelines[mode].ask(text)
        except _Dead:
            # A text may kill a program: it fails, and the next one finds a new pipeline, which must work.
            self._pipelines.pop(mode).close()
            self._pipelines[mode] = _Pipeline(self.folder / f"{mode}.mode", self.timeout)
            try:
                self._pipelines[mode].ask("1")
            except _Dead as dead:
                self._pipelines.pop(mode).close()
                raise EngineDown(
                    f"apertium: the pipeline of {mode} does not answer: {dead}"
                ) from None
            return Segment("", FAILED)
        return _segment(text, answer)

    def _mode(self, source: str, target: str) -> str:
        return self.mode or f"{language_of(source)}-{language_of(target)}"

    def close(self) -> None:
        """End the processes."""
        for pipeline in self._pipelines.values():
            pipeline.close()
        self._pipelines.clear()


def _segment(text: str, answer: str) -> Segment:
    words = len(_TOKEN.sub("", text).split())
    marks = 0

    def unmarked(match: re.Match[str]) -> str:
        nonlocal marks
        marks += not _TOKEN.match(answer, match.end())
        return ""

    found = _ESCAPED.sub(r"\1", _MARK.sub(unmarked, answer)).strip()
    if not found:
        return Segment("", FAILED)
    share = min(1.0, marks / words) if words else 0.0
    return Segment(found, MARKED if share > _MOST_MARKED else "translated", round(1 - share, 4))


class _Dead(Exception):
    """A pipeline ended, or gave no answer in time."""


class _Pipeline:
    """The programs of a mode file, connected by pipes."""

    def __init__(self, mode: Path, timeout: float) -> None:
        self.timeout = timeout
        self._process = subprocess.Popen(
            ["bash", "-c", _flushing(mode.read_text("utf-8"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ask(self, text: str) -> str:
        """The translation of one line, with marks, and with what was escaped escaped. Raises _Dead."""
        line = " ".join(text.replace("\0", " ").split())
        data = _SPECIAL.sub(r"\\\1", line).encode() + _END
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except OSError as error:
            raise _Dead(str(error)) from None
        answer, until = b"", time.monotonic() + self.timeout
        descriptor = self._process.stdout.fileno()
        while not answer.endswith(b"\0"):
            ready, _, _ = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
            part = os.read(descriptor, 1 << 16) if ready else b""
            if not part:
                raise _Dead("it ended" if ready else f"no answer within {self.timeout:g} s")
            answer += part
        return answer[:-1].decode("utf-8", "replace").replace("[][\n]", "")

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what it did not read is still to be written
                if stream:
                    stream.close()


def _flushing(mode: str) -> str:
    """A mode file's pipeline with every program flushing at a null; words that it does not know stay marked."""
    programs = []
    for program in mode.strip().split("|"):
        words = shlex.split(program.strip().replace("$1", "-g").replace("$2", ""))
        programs.append(shlex.join([words[0], "-z", *words[1:]]))
    return " | ".join(programs)


@cache
def _installed(folder: str) -> str:
    """What tells one installation from another: the mode files, and size and time of all data they name."""
    found = []
    for mode in sorted(Path(folder).glob("*.mode")):
        text = mode.read_text("utf-8")
        data = [Path(word.strip("'\"")) for word in text.split() if "/" in word]
        stats = [p.stat() for p in data if p.is_file()]
        found.append((mode.name, text, [(s.st_size, s.st_mtime_ns) for s in stats]))
    return digest(modes=found)
