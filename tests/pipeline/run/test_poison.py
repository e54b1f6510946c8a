"""A document that kills the worker process costs that document alone, on Ray, through the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

# Put on the import path of every process of the run: reading the poison becomes a segmentation fault.
SITE = """
import importlib.util, os, signal, sys

class Poison:
    def find_spec(self, name, path=None, target=None):
        if name != "polysieve.pipeline.steps.measure.inputs":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            real = module.main_text

            def main_text(document, engine):
                if b"POISON" in document.payload:
                    os.kill(os.getpid(), signal.SIGSEGV)
                return real(document, engine)

            module.main_text = main_text

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Poison())
"""


@pytest.mark.slow
def test_the_document_that_kills_its_worker_is_found_and_quarantined(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE)
    texts = [
        f"Boat number {i} went down the river to the sea for salt and came home." for i in range(20)
    ]
    texts[7] = "POISON " + texts[7]
    lines = [json.dumps({"id": str(i), "text": text}) for i, text in enumerate(texts)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    command = [
        sys.executable, "-m", "polysieve", "run", "minimal", "--input", str(tmp_path / "in.jsonl"),
        "--output", str(tmp_path / "out"), "--workers", "2", "--quiet",
    ]  # fmt: skip
    finished = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    rows = pl.read_parquet(tmp_path / "out" / "quarantine" / "*.parquet").to_dicts()
    assert [(row["id"], row["cause"]) for row in rows] == [
        ("7", "killed the process that measured it")
    ]
    whole = json.loads((tmp_path / "out" / "run.json").read_text())["accounting"]["total"]
    assert (whole["documents_in"], whole["quarantined"]) == (20, 1)
