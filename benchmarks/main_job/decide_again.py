"""`decide` after one changed threshold: its CPU time beside the run's, each in one process, and its output beside a
fresh run's.

python -m benchmarks.main_job.decide_again SCRATCH
"""

import shutil
import sys
from pathlib import Path

from benchmarks.main_job.common import BUILT, differences, fineweb2_configs, polysieve

CHANGE = "rules.gopher_short_doc=80"


def main() -> None:
    scratch = Path(sys.argv[1])
    scratch.mkdir(parents=True, exist_ok=True)
    base = [
        "--engine",
        "inline",
        "--input",
        str(BUILT / "BUILT*.gz"),
        "--set",
        f"parameters.fineweb2={fineweb2_configs(scratch)}",
    ]
    decided, fresh = scratch / "decided", scratch / "fresh"
    for folder in (decided, fresh):
        shutil.rmtree(folder, ignore_errors=True)
    first = polysieve("run", "fineweb2", *base, "--output", str(decided))
    again = polysieve("decide", str(decided), "--set", CHANGE)
    whole = polysieve("run", "fineweb2", *base, "--output", str(fresh), "--set", CHANGE)
    if first.code or again.code or whole.code:
        raise SystemExit(first.output + again.output + whole.output)
    different = differences(decided, fresh)
    share = again.cpu / first.cpu
    print(
        f"run {first.cpu:.1f} CPU s ({first.seconds:.1f} s wall), decide {again.cpu:.1f} ({again.seconds:.1f}) "
        f"= {share:.1%} of it; {len(different)} files differ"
    )
    sys.exit(int(bool(different) or share >= 0.1))


if __name__ == "__main__":
    main()
