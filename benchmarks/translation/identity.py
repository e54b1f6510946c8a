"""Documents cut into sentences and put together again: pages of a crawl, and documents mutated at random.

    python -m benchmarks.translation.identity CRAWL.warc.gz... [--markdown FOLDER] [--mutated 10000]

Every document goes through `translation.documents.translate` with the identity engine and must come back character for
character; the same with an engine that writes capitals, where all that is no letter must come back.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from polysieve.language_id import identify
from polysieve.pipeline.extract import ExtractionError
from polysieve.pipeline.recipe.loading import load
from polysieve.pipeline.sources import Document, read_records, resolve
from polysieve.pipeline.steps.measure.batches import main_text
from polysieve.translation.documents import translate
from polysieve.translation.engines import Identity, Local, Segment

PIECES = [
    "\n", "\n\n", " ", "  ", "\t", "|", "| a | b |\n|---|---|\n", "```\n", "~~~", "> ", "* ", "- [ ] ", "1. ", "# ",
    "[a](http://b.c)", "`x`", "<b>", "</div>\n", "http://x.y/z?q=1.", "a@b.c", "---\n", "    ", "XQ0Z",
    "。", "؟", "।", "…",
    "\u200f", "\u00a0", "\r\n", "\u2028", "ﬁ", "𝒳", "👩\u200d👩\u200d👧", "&amp;", "{{x}}", "${y}", "[r]: http://z\n",
]  # fmt: skip


class Capitals(Local):
    """Writes letters as capitals, where that changes neither their number nor anything else."""

    name, hash, batch = "capitals", "2" * 16, 1024

    def describe(self) -> list[dict[str, str]]:
        return []

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        return [Segment("".join(map(capital, text))) for text in texts]


def capital(character: str) -> str:
    upper = character.upper()
    return upper if len(upper) == 1 and upper.lower() == character else character


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("crawl", nargs="+")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--mutated", type=int, default=10_000)
    arguments = parser.parse_args()
    texts = list(pages(arguments.crawl))
    if arguments.markdown:
        texts += [p.read_text("utf-8") for p in sorted(arguments.markdown.rglob("*.md"))]
    labels = identify(texts).field("label").to_pylist()
    check("pages and documents", texts, labels)
    chooser = random.Random(1)
    chosen = [chooser.randrange(len(texts)) for _ in range(arguments.mutated)]
    mutated = [mutate(texts[i], texts[chooser.randrange(len(texts))], chooser) for i in chosen]
    check("mutated documents", mutated, [labels[i] for i in chosen])


def pages(addresses: Sequence[str]) -> Iterator[str]:
    recipe = load("minimal")
    for source in resolve(addresses):
        for record in read_records(source, max_record_bytes=recipe.input.max_record_bytes):
            if isinstance(record, Document):
                try:
                    text, _ = main_text(record, recipe.extract)
                except ExtractionError:
                    continue
                text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
                if text:
                    yield text


def mutate(text: str, other: str, chooser: random.Random) -> str:
    """A stretch of a text with pieces of markup, of another text and of nothing put in, taken out and doubled."""
    start = chooser.randrange(max(1, len(text) - 2000))
    text = text[start : start + chooser.randrange(1, 3000)]
    for _ in range(chooser.randrange(1, 12)):
        at = chooser.randrange(len(text) + 1)
        end = min(len(text), at + chooser.randrange(40))
        put = chooser.choice([*PIECES, "", other[at : at + 30], text[at:end] * 2])
        text = text[:at] + put + text[end:]
    return text


def check(name: str, texts: Sequence[str], labels: Sequence[str]) -> None:
    started = time.process_time()
    wrong = broken = segments = 0
    for text, label in zip(texts, labels, strict=True):
        (same,) = translate([text], Identity(), label, "por_Latn")
        segments += len(same.sentences)
        wrong += same.text != text
        (upper,) = translate([text], Capitals(), label, "por_Latn")
        broken += frame(upper.text) != frame(text)
    seconds = time.process_time() - started
    size = sum(len(text.encode()) for text in texts)
    print(
        f"{name}: {len(texts):,} in {len(set(labels))} languages, {segments:,} segments, {wrong} not given back, "
        f"{broken} whose frame changed; {2 * size / seconds / 1e6:.2f} MB a second",
        flush=True,
    )


def frame(text: str) -> str:
    """What is left of a text without its letters' case, and without blanks, which a line that was wrapped may lose."""
    return "".join(map(capital, "".join(text.split())))


if __name__ == "__main__":
    main()
