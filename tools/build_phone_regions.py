"""Builds `filters/assets/phone_regions.tsv`: the regions whose national phone numbers a text in a language may hold.

    python -m tools.build_phone_regions TERRITORY_INFO_JSON

From CLDR's supplemental/territoryInfo.json (cldr-core; © Unicode, Inc., Unicode License v3): the territories in which
the language has an official status, else the one with most speakers. Speakers are weighed by their territory's gross
product per head, for what is on the web follows it; of each language the MOST first territories stay that
have at least SHARE of the weight.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import phonenumbers

from polysieve.language_id.labels import LanguageIdError, normalise_label

TARGET = Path(__file__).parents[1] / "filters" / "assets" / "phone_regions.tsv"
MOST = 5
SHARE = 0.02
OFFICIAL = ("official", "de_facto_official", "official_regional")


def build(path: Path) -> list[str]:
    """The lines of the table: label, regions."""
    territories = json.loads(path.read_text("utf-8"))["supplemental"]["territoryInfo"]
    weights: dict[str, dict[str, float]] = defaultdict(dict)
    official: dict[str, set[str]] = defaultdict(set)
    for region, facts in territories.items():
        if region not in phonenumbers.SUPPORTED_REGIONS:
            continue
        for name, entry in facts.get("languagePopulation", {}).items():
            try:
                label = normalise_label(name)
            except LanguageIdError:
                continue
            weight = float(facts["_gdp"]) * float(entry["_populationPercent"]) / 100
            weights[label][region] = weights[label].get(region, 0) + weight
            if entry.get("_officialStatus") in OFFICIAL:
                official[label].add(region)
    rows = []
    for label, counts in sorted(weights.items()):
        ranked = sorted(counts, key=lambda region: (-counts[region], region))
        least = SHARE * sum(counts.values())
        chosen = [r for r in ranked if r in official[label] and counts[r] >= least][:MOST]
        rows.append(f"{label}\t{' '.join(chosen or ranked[:1])}")
    return rows


if __name__ == "__main__":
    head = "# label, regions; from CLDR by tools/build_phone_regions.py (Unicode License v3)"
    TARGET.write_text("\n".join([head, *build(Path(sys.argv[1]))]) + "\n", "utf-8")
