"""The modules behind each step, hashed. `python -m tests.pipeline.step_sources` records them anew."""

import ast
import hashlib
import json
from pathlib import Path

from polysieve.pipeline.storage.ledger import VERSIONS

ROOT = Path(__file__).resolve().parents[2]
RECORDED = Path(__file__).with_name("step_sources.json")
PACKAGES = ("pipeline", "filters", "language_id", "dedup", "audit", "translation")
# Imported by the steps, but without a say in what they write.
NEUTRAL = {
    "pipeline/ledger.py",
    *(path.relative_to(ROOT).as_posix() for path in (ROOT / "pipeline" / "recipe").glob("*.py")),
    "pipeline/__init__.py",
    "pipeline/steps/__init__.py",
}


def hashes(step: str) -> str:
    """One hash over the project's modules that a step imports, directly or not; lines of comment do not count."""
    start = ROOT / "pipeline" / "steps" / f"{step}.py"
    seen: dict[str, str] = {}
    todo = [start]
    while todo:
        path = todo.pop()
        name = path.relative_to(ROOT).as_posix()
        if name in seen or name in NEUTRAL:
            continue
        source = path.read_text("utf-8")
        lines = [line.strip() for line in source.splitlines()]
        code = "\n".join(line for line in lines if line and not line.startswith("#"))
        seen[name] = hashlib.sha256(code.encode()).hexdigest()
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            todo += [found for n in names if n.split(".")[0] in PACKAGES and (found := _file(n))]
    return hashlib.sha256(json.dumps(sorted(seen.items())).encode()).hexdigest()[:16]


def _file(module: str) -> Path | None:
    base = ROOT / Path(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


if __name__ == "__main__":
    recorded = {step: {"version": VERSIONS[step], "modules": hashes(step)} for step in VERSIONS}
    RECORDED.write_text(json.dumps(recorded, indent=1) + "\n")
