"""Resident memory of one process over many extractions: it must not grow.

python benchmarks/extraction/memory.py FOLDER [EXTRACTIONS] [ENGINE]
"""

import sys
from pathlib import Path

from gold import read_gold

from polysieve.pipeline.extract import DEFAULT_ENGINE, extract


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    engine = sys.argv[3] if len(sys.argv) > 3 else DEFAULT_ENGINE
    pages = [page.html for page in read_gold(Path(sys.argv[1])) if len(page.html) < 150_000][:400]
    for i in range(count + 1):
        if i % (count // 10) == 0:
            print(f"{i:>7,} extractions: {resident_mib():.1f} MiB", flush=True)
        extract(pages[i % len(pages)], engine=engine)


if __name__ == "__main__":
    main()
