"""Builds `filters/assets/families.tsv`: the family of each language, a family a line.

    python -m tools.build_families FINEWEB2_DISTRIBUTION_CSV

Facts from FineWeb2's language distribution (https://github.com/huggingface/fineweb-2, ODC-By 1.0).
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

TARGET = Path(__file__).parents[1] / "filters" / "assets" / "families.tsv"


def build(distribution: Path) -> list[str]:
    """Lines of a family's name and, after a tab, its ISO 639-3 codes."""
    found: dict[str, set[str]] = defaultdict(set)
    with distribution.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["family"] and row["code"] != "und":
                found[row["family"]].add(row["code"])
    return [f"{family}\t{' '.join(sorted(codes))}" for family, codes in sorted(found.items())]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    TARGET.write_text("\n".join(build(Path(sys.argv[1]))) + "\n", encoding="utf-8")
