"""One mixture, with 1, 2 and 8 workers, inline, and killed with -9 in every step: do all write the same bytes?

    python -m benchmarks.mixing.same_bytes SCRATCH RUN

RUN is the output of a finished run.
"""

import hashlib
import shutil
import sys
from pathlib import Path

import yaml

from benchmarks.main_job.common import polysieve

SPEC = {
    "stages": [
        {"name": "main", "budget": "3M", "parts": {"all": {"alpha": 0.3, "max_epochs": 4}}},
        {"name": "end", "budget": "500K", "parts": {"all": {"unimax": 6, "floor": 0.001}}},
    ],
    "output": {"shard_bytes": "4MiB", "window_bytes": "1MiB"},
}


def main() -> None:
    scratch, run = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    spec = scratch / "mix.yaml"
    spec.write_text(yaml.safe_dump({"sources": {"web": {"path": str(run)}}, **SPEC}))

    def mixed(name: str, *arguments: str) -> dict[str, str]:
        finished = polysieve("mix", str(spec), "-o", str(scratch / name), "-q", *arguments)
        if finished.code:
            raise SystemExit(finished.output)
        print(f"{name}: {finished.seconds:.1f} s, peak {finished.peak / 2**20:.0f} MiB", end="")
        return digest(scratch / name)

    for name in ("inline", "workers-1", "workers-2", "workers-8", "killed"):
        shutil.rmtree(scratch / name, ignore_errors=True)
    reference = mixed("inline", "--engine", "inline")
    print(f", {len(reference)} files")
    wrong = False
    for workers in ("1", "2", "8"):
        found = mixed(f"workers-{workers}", "--workers", workers)
        wrong |= found != reference
        print(f", {'the same bytes' if found == reference else 'DIFFERENT'}")
    output = scratch / "killed"
    for pattern, wanted in (
        ("survey-*/done/*.json", 40),
        ("cut-*/done/*.json", 1),
        ("draw-*/done/*.json", 100),
        ("shuffle-*/done/*.json", 3),
        ("mix", 1),
    ):
        polysieve(
            "mix", str(spec), "-o", str(output), "-q", "--workers", "2",
            kill_when=lambda: len(list(output.glob(pattern))) >= wanted,  # noqa: B023
        )  # fmt: skip
        print(f"killed at {pattern}")
    found = mixed("killed", "--workers", "2")
    print(f", {'the same bytes' if found == reference else 'DIFFERENT'}")
    sys.exit(int(wrong or found != reference))


def digest(output: Path) -> dict[str, str]:
    files = [p for p in (output / "mix").rglob("*") if p.is_file()] + [output / "mix.json"]
    return {
        p.relative_to(output).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


if __name__ == "__main__":
    main()
