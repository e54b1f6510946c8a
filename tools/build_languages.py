"""Builds `language_id/assets/languages.tsv`: every ISO 639-3 code with its short codes, its scripts and its
macrolanguage.

    python -m tools.build_languages LINGUAMETA_TSV FINEWEB2_CONFIGS FINEWEB2_DISTRIBUTION_CSV

Facts from LinguaMeta (Ritchie et al., LREC-COLING 2024, CC-BY 4.0) and from the file names and
document counts of FineWeb2. LinguaMeta leaves out most historic and constructed languages; `EXTRA`
holds the ones that occur as labels.
"""

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

TARGET = Path(__file__).parents[1] / "language_id" / "assets" / "languages.tsv"

EXTRA = {
    # ISO 639-3: (ISO 639-1 or "", scripts)
    "ang": ("", "Latn"), "arc": ("", "Armi,Syrc"), "ave": ("ae", "Avst,Latn"), "ber": ("", "Tfng,Latn,Arab"),
    "chu": ("cu", "Cyrl,Glag"), "gez": ("", "Ethi"), "got": ("", "Goth,Latn"), "grc": ("", "Grek"),
    "ido": ("io", "Latn"), "ile": ("ie", "Latn"), "ina": ("ia", "Latn"), "jbo": ("", "Latn"),
    "lat": ("la", "Latn"), "nah": ("", "Latn"), "san": ("sa", "Deva,Latn"), "syc": ("", "Syrc"),
    "tlh": ("", "Latn,Piqd"), "vol": ("vo", "Latn"), "lzh": ("", "Hani"), "epo": ("eo", "Latn"),
    "eng": ("en", "Latn"), "tok": ("", "Latn"), "lfn": ("", "Latn,Cyrl"), "cop": ("", "Copt"),
}  # fmt: skip


def build(linguameta: Path, configs: Path, distribution: Path) -> list[str]:
    """The lines of the table:

    code, ISO 639-1 code, retired codes, scripts (the usual one first), macrolanguage or nothing.
    """
    documents: Counter[str] = Counter()
    with distribution.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["split"] == "train" and not row["subset"].endswith("_removed"):
                documents[row["subset"]] += int(row["documents"])
    fineweb: dict[str, list[str]] = defaultdict(list)
    usual: Counter[str] = Counter()
    labels = sorted((path.stem for path in configs.glob("*.yml")), key=lambda x: (-documents[x], x))
    for label in labels:
        language, script = label.split("_")
        fineweb[language].append(script)
        usual[script] += 1
    facts: dict[str, tuple[str, str, list[str]]] = {}
    three: dict[str, str] = {}
    macro: dict[str, str] = {}
    with linguameta.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            code = row["iso_639_3_code"]
            if len(code) != 3:
                continue
            short = row["bcp_47_code"] if len(row["bcp_47_code"]) == 2 else ""
            retired = ",".join(
                x.strip() for x in row["deprecated_bcp_47_code"].split(",") if x.strip()
            )
            scripts = [x.strip() for x in row["writing_systems"].split(",") if x.strip()]
            facts[code] = (short, retired, sorted(scripts, key=lambda x: (-usual[x], x)))
            three[row["bcp_47_code"]] = code
            macro[code] = row["macrolanguage_bcp_47_code"].strip()
    for code, (short, written) in EXTRA.items():
        known = facts.get(code, ("", "", []))
        facts[code] = (short or known[0], known[1], written.split(","))
    rows = []
    for code in sorted(facts.keys() | fineweb.keys()):
        short, retired, scripts = facts.get(code, ("", "", []))
        ordered = list(dict.fromkeys(fineweb.get(code, []) + scripts)) or ["Zzzz"]
        rows.append(
            "\t".join([code, short, retired, ",".join(ordered), three.get(macro.get(code, ""), "")])
        )
    return rows


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    TARGET.write_text("\n".join(build(*map(Path, sys.argv[1:]))) + "\n", encoding="utf-8")
