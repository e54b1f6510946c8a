"""Every file of the shared crawl data in one run, the genuine ones and the broken ones.

python -m benchmarks.main_job.every_file SCRATCH
"""

import json
import shutil
import sys
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.main_job.common import SHARED, polysieve


def main() -> None:
    output = Path(sys.argv[1]) / "every-file"
    shutil.rmtree(output, ignore_errors=True)
    files = [path for path in (SHARED / "warc").rglob("*") if path.is_file()]
    finished = polysieve(
        "run", "fineweb2", "--input", str(SHARED / "warc" / "**"), "--output", str(output)
    )
    print(finished.output[-3000:])
    if finished.code != 0:
        raise SystemExit(f"exit {finished.code}")
    record = json.loads((output / "run.json").read_text())
    quarantine = pq.read_table(output / "quarantine").to_pylist()
    for row in quarantine:
        name = Path(row["file_path"]).relative_to(SHARED / "warc")
        print(f"{name} @{row['offset']}: {row['cause']}")
    total = {k: v for k, v in record["accounting"]["total"].items() if k != "removed"}
    print(f"{len(files)} files, {len(record['inputs'])} inputs, {finished.seconds:.1f} s, {total}")


if __name__ == "__main__":
    main()
