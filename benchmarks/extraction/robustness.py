"""Damaged and malicious pages: no crash, no hang, time that grows with the bytes.

    python benchmarks/extraction/robustness.py FOLDER [MUTATIONS] [SEED]

First MUTATIONS pages made of the real ones in FOLDER (see gold.py): cut off, bytes changed, pieces taken out,
doubled, moved between pages, tags' brackets dropped. Each must come out as text that can be written, twice the
same for one in a hundred. Then pages that grow from 1 to 64 MiB: the time per MiB must not grow with them.
"""

import random
import sys
import time
from pathlib import Path

from gold import read_gold

from polysieve.pipeline.extract import ExtractionError, extract

MIB = 2**20
LARGEST_SOURCE = 60_000  # bytes of a real page that is mutated, so that there is time for many
PARAGRAPH = b"<p>The old harbour was calm, and <a href=/x>two boats</a> had gone out to sea. "

# Name -> what is repeated. Pages with too many elements are refused, which must be as fast.
GROWING = {
    "paragraphs": PARAGRAPH * 40
    + b"<div class='text' id=x>"
    + b"plain words without any markup " * 400,
    "text without tags": b"word ",
    "references": b"&amp;&#x41;&nosuch;",
    "ampersands": b"&",
    "unclosed comment": b"<!-- - ",
    "less-than signs": b"< <<",
    "tag without end": b"<p title='x",
    "attributes": b" a=1 b='2' class=nav",
    "class words": b"nav-Side bar_",
    "end tags": b"</div></b></p>",
    "scripts": b"<script>a</scrip></script>",
    "multibyte": "語".encode(),
    "zero bytes": b"\0",
}
HEADS = {
    "attributes": b"<p>x<div",
    "class words": b"<p>x<div class='",
    "unclosed comment": b"<p>x<!--",
}


def mutated(page: bytes, other: bytes, chance: random.Random) -> bytes:
    data = bytearray(page)
    for _ in range(chance.randint(1, 6)):
        if not data:
            break
        kind = chance.randrange(7)
        start = chance.randrange(len(data))
        end = min(len(data), start + chance.choice((1, 3, 20, 300, 5_000)))
        if kind == 0:
            del data[start:]
        elif kind == 1:
            data[start] = chance.randrange(256)
        elif kind == 2:
            del data[start:end]
        elif kind == 3:
            data[start:start] = data[start:end] * chance.choice((1, 2, 50))
        elif kind == 4:
            place = chance.randrange(max(len(other), 1))
            data[start:end] = other[place : place + chance.choice((10, 500, 20_000))]
        elif kind == 5:
            found = data.find(chance.choice((b">", b"<", b'"', b"-->", b"</", b"=")), start)
            if found >= 0:
                del data[found]
        else:
            data[start:start] = chance.choice(
                (
                    b"<!--",
                    b"<script>",
                    b"<table>",
                    b"<svg>",
                    b"</div>" * 9,
                    b"<p" * 9,
                    b"\xff\xfe",
                    b"<pre>",
                    b"<b>" * 99,
                )
            )
    return bytes(data)


def mutate(pages: list[bytes], count: int, seed: int) -> None:
    chance = random.Random(seed)
    refused = empty = 0
    slowest = 0.0
    start = time.process_time()
    for i in range(count):
        page = mutated(chance.choice(pages), chance.choice(pages), chance)
        began = time.process_time()
        try:
            text = extract(page).text
        except ExtractionError:
            refused += 1
            continue
        slowest = max(slowest, time.process_time() - began)
        text.encode()
        empty += not text
        if i % 100 == 0:
            assert extract(page).text == text
    seconds = time.process_time() - start
    print(f"{count:,} mutated pages: no crash; {refused} refused, {empty:,} without text")
    print(f"{1000 * seconds / max(count, 1):.2f} ms a page, slowest {1000 * slowest:.0f} ms")


def grow() -> None:
    sizes = (1, 4, 16, 64)
    print("\n| page | " + " | ".join(f"{size} MiB: ms per MiB" for size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for name, piece in GROWING.items():
        cells = []
        for size in sizes:
            head = HEADS.get(name, b"")
            page = (head + piece * (size * MIB // len(piece) + 1))[: size * MIB]
            start = time.process_time()
            try:
                extract(page)
                note = ""
            except ExtractionError:
                note = " (refused)"
            cells.append(f"{1000 * (time.process_time() - start) / size:.1f}{note}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    for name, page in (
        ("1,000,000 nested elements", b"<div>" * 999_990 + b"text"),
        ("10,000,000 attributes of one tag", b"<p>x<div" + b" a=1" * 10_000_000 + b">text"),
    ):
        start = time.process_time()
        extract(page)
        print(f"{name}: {time.process_time() - start:.2f} s")


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    pages = [page.html for page in read_gold(Path(sys.argv[1])) if len(page.html) < LARGEST_SOURCE]
    mutate(pages, count, seed)
    grow()


if __name__ == "__main__":
    main()
