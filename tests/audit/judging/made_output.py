"""A made output of a run, with documents of any text, and the judging application on it as a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polysieve.pipeline.storage.schema import CORPUS, REMOVED

HOSTILE = {
    "script": "<script>document.title = 'taken'; fetch('https://evil.example/')</script>",
    "handler": "<img src=x onerror=\"alert('taken')\"><svg onload=alert(1)> <a href='javascript:alert(1)'>press</a>",
    "closing": "</article></body><!-- ]]> {{ 7 * 7 }} ${7 * 7} <iframe src='https://evil.example/'>",
    "bidi": "account \u202egnirts a \u2066 not closed \u200f\u061c \u0000\u0007\ufeff end",
    "line": "a" * 1_000_000,
    "marks": "Z\u0351\u036b\u0343" * 3_000,
    "invalid": b"caf\xe9 \xff\xfe \xed\xa0\x80 end",
}
"""Texts that try to do more than to be read; one is not UTF-8."""


def document(id: str, text: str | bytes, **columns: Any) -> dict[str, Any]:
    """A document of corpus/ or removed/."""
    own = {"id": id, "text": text, "url": f"https://example.org/{id}", "file_path": "crawl.warc.gz"}
    return {"offset": 0, "language_score": 0.9, **own, **columns}


def write(
    folder: Path, kind: str, label: str, documents: list[dict[str, Any]], file: int = 0
) -> None:
    """A file of corpus/ or removed/ with these documents, two a row group."""
    schema = CORPUS if kind == "corpus" else REMOVED
    arrays = []
    for field in schema:
        values = [d.get(field.name) for d in documents]
        if field.name == "text":  # also what is not UTF-8
            raw = [v.encode() if isinstance(v, str) else v for v in values]
            binary = pa.array(raw, pa.large_binary())
            arrays.append(pa.Array.from_buffers(pa.large_string(), len(binary), binary.buffers()))
        else:
            arrays.append(pa.array(values, field.type))
    path = folder / kind / label / f"train-{file:05d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays, schema=schema), path, row_group_size=2)


def finish(folder: Path, counts: dict[str, dict[str, int]], run: str = "1") -> Path:
    """Write run.json; counts: label -> reason (`kept` among them) -> documents."""
    languages = {
        label: {
            "kept": own.get("kept", 0),
            "removed": {r: n for r, n in own.items() if r != "kept"},
        }
        for label, own in counts.items()
    }
    record = {"steps": {"write": run}, "accounting": {"languages": languages}}
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def small(folder: Path) -> Path:
    """Thai with 12 documents kept and 10 removed for two reasons, Arabic and what is hostile with a few."""
    thai = [document(f"k{i}", f"ภาษาไทยเป็นภาษาราชการ {i}\nบรรทัดที่สอง") for i in range(12)]
    removed = [
        document(
            f"r{i}",
            f"ถูกลบ {i}",
            filter_reason="gopher_short_doc" if i < 7 else "gopher_below_alpha",
        )
        for i in range(10)
    ]
    arabic = [
        document(f"a{i}", f"اللغة العربية هي {i} أكثر اللغات (السامية) تحدثا.") for i in range(3)
    ]
    hostile = [document(f"h-{name}", text) for name, text in HOSTILE.items()]
    write(folder, "corpus", "tha_Thai", thai)
    write(folder, "removed", "tha_Thai", removed)
    write(folder, "corpus", "arb_Arab", arabic)
    write(folder, "corpus", "eng_Latn", hostile)
    return finish(
        folder,
        {
            "tha_Thai": {"kept": 12, "gopher_short_doc": 7, "gopher_below_alpha": 3},
            "arb_Arab": {"kept": 3},
            "eng_Latn": {"kept": len(hostile)},
        },
    )


class Server:
    """`polysieve audit serve` in a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        self.port = "0"
        self.start()

    def start(self) -> None:
        """Start it, at the port that it had before, and wait until it answers."""
        command = [sys.executable, "-m", "polysieve", "audit", "serve", str(self.folder)]
        self.process = subprocess.Popen(
            [*command, "--port", self.port, *self.options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        printed = ""
        for line in self.process.stdout:
            printed += line
            if found := re.search(r"http://\S+:(\d+)/\S+/", line):
                self.address, self.port = found[0], found[1]
                return
        raise AssertionError(f"the server did not start: {printed}")

    def stop(self, how: int = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        self.process.send_signal(how)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.stop()
