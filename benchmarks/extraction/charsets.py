"""Files in known encodings: how many are read right, here and by charset-normalizer, and by which of the two alone.

    python benchmarks/extraction/charsets.py FOLDER

FOLDER holds `encodings-chardet` and `encodings-warc2zim`. The first has one folder per encoding, named after it
(`iso-8859-5-russian/…`); right is the text that Python's codec of that name gives, or the browsers' superset
of it, without a byte order mark; an encoding that Python has no codec for counts as missed. A second row takes
every declaration out of the file first. The second has a `definition.json` that says for each file which strings
its text has and what the HTTP header named; right is a text with all of them.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from polysieve.pipeline.extract.charset import decode
from polysieve.pipeline.extract.encodings import encoding_name

_DECLARATION = re.compile(rb"(charset|encoding)=", re.IGNORECASE)


def golden(data: bytes, label: str) -> set[str]:
    label = {"MacCyrillic": "mac-cyrillic"}.get(label, label)
    try:
        texts = {data.decode(label, "replace").removeprefix("\ufeff")}
    except LookupError:
        return set()
    if name := encoding_name(label):
        texts.add(decode(data, f"text/html; charset={name}", html=False)[0])
    return texts


def labelled(folder: Path) -> Iterator[tuple[str, bytes, str]]:
    """Name, bytes and label of each file."""
    for path in sorted(path for path in folder.glob("*/*") if path.is_file()):
        label = re.sub("-[a-z]{5,}$", "", path.parent.name)
        yield f"{path.parent.name}/{path.name}", path.read_bytes(), label


def by_charset_normalizer(data: bytes) -> str:
    return str(from_bytes(data).best() or "")


def labelled_files(folder: Path) -> None:
    files = list(labelled(folder))
    ways: dict[str, tuple[Callable[[bytes], str], bool]] = {
        "here": (lambda data: decode(data)[0], False),
        "here, declarations taken out": (lambda data: decode(data)[0], True),
        "charset-normalizer": (by_charset_normalizer, False),
        "charset-normalizer, declarations taken out": (by_charset_normalizer, True),
    }
    right: dict[str, set[str]] = {}
    print("| labelled files | read as labelled | ms a file |\n|---|---|---|")
    for way, (read, silent) in ways.items():
        right[way] = set()
        seconds = 0.0
        for _, data, _ in files[::10]:  # compiled functions and caches are not what is timed
            read(data)
        for name, data, label in files:
            source = _DECLARATION.sub(b"nothing=", data) if silent else data
            start = time.process_time()
            text = read(source).removeprefix("\ufeff")
            seconds += time.process_time() - start
            if text in golden(source, label):
                right[way].add(name)
        share = f"{len(right[way])} of {len(files)} ({len(right[way]) / len(files):.1%})"
        print(f"| {way} | {share} | {1000 * seconds / len(files):.2f} |")
    for ours, theirs in zip(list(ways)[:2], list(ways)[2:], strict=True):
        print(f"\nwrong {ours}: {', '.join(sorted({f[0] for f in files} - right[ours]))}")
        print(
            f"right by {theirs} alone: {', '.join(sorted(right[theirs] - right[ours])) or 'none'}"
        )
        print(f"right {ours} alone: {', '.join(sorted(right[ours] - right[theirs])) or 'none'}")


def described_files(folder: Path) -> None:
    print("\n| described file | here | charset-normalizer |\n|---|---|---|")
    for file in json.loads((folder / "definition.json").read_text("utf-8"))["files"]:
        path = folder / file["filename"]
        if not path.is_file():
            continue
        header = file.get("http_charset")
        data = path.read_bytes()
        texts = (
            decode(data, f"text/html; charset={header}" if header else None)[0],
            by_charset_normalizer(data),
        )
        cells = (
            "right" if all(piece in text for piece in file["expected_strings"]) else "wrong"
            for text in texts
        )
        print(f"| {path.name} | {' | '.join(cells)} |")


def main() -> None:
    folder = Path(sys.argv[1])
    labelled_files(folder / "encodings-chardet")
    described_files(folder / "encodings-warc2zim")


if __name__ == "__main__":
    main()
