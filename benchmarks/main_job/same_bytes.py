"""Every way of running gives the same bytes: workers, engines, and kill -9 at different moments.

    python -m benchmarks.main_job.same_bytes SCRATCH

Runs `fineweb2` with FineWeb2's language files over the built crawl: inline, with one and with two
workers, and three times with two workers and a kill -9 of all its processes, then the same command again.
"""

import shutil
import sys
from pathlib import Path

from benchmarks.main_job.common import BUILT, differences, fineweb2_configs, polysieve

MOMENTS = {
    "after the third input": "measure-*/done/*.json",
    "while clustering": "clusters-*/done/*.json",
    "while writing": "write-*/done/*.json",
}


def main() -> None:
    scratch = Path(sys.argv[1])
    scratch.mkdir(parents=True, exist_ok=True)
    configs = fineweb2_configs(scratch)
    base = [
        "run",
        "fineweb2",
        "--input",
        str(BUILT / "BUILT*.gz"),
        "--set",
        f"parameters.fineweb2={configs}",
    ]

    def run(name: str, *more: str) -> Path:
        output = scratch / name
        finished = polysieve(*base, "--output", str(output), *more)
        if finished.code != 0:
            raise SystemExit(f"{name}: exit {finished.code}\n{finished.output}")
        print(f"{name}: {finished.seconds:.1f} s, peak {finished.peak / 2**20:.0f} MiB", end="")
        return output

    for old in scratch.glob("run-*"):
        shutil.rmtree(old)
    reference = run("run-workers-2", "--workers", "2")
    print()
    wrong = False
    for name, more in {
        "run-workers-1": ["--workers", "1"],
        "run-inline": ["--engine", "inline"],
    }.items():
        different = differences(reference, run(name, *more))
        wrong |= bool(different)
        print(f", {len(different)} files differ {different[:3]}")
    for number, (moment, pattern) in enumerate(MOMENTS.items(), 1):
        name = f"run-killed-{number}"
        output = scratch / name
        wanted = 3 if number == 1 else 1
        polysieve(
            *base, "--output", str(output), "--workers", "2",
            kill_when=lambda: len(list(output.glob(pattern))) >= wanted,  # noqa: B023
        )  # fmt: skip
        if (output / "run.json").exists():
            print(f"killed {moment}: too late, the run had ended")
            wrong = True
        stamps = {path: path.stat().st_mtime_ns for path in output.glob("measure-*/done/*.json")}
        different = differences(reference, run(name, "--workers", "2"))
        redone = [path.name for path, stamp in stamps.items() if path.stat().st_mtime_ns != stamp]
        wrong |= bool(different or redone)
        print(
            f", killed {moment} with {len(stamps)} inputs done, {len(redone)} of them done again; "
            f"{len(different)} files differ {different[:3]}"
        )
    sys.exit(int(wrong))


if __name__ == "__main__":
    main()
