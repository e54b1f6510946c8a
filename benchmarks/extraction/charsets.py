"""Files in known encodings: how many are decoded as labelled, here and by charset-normalizer.

    python benchmarks/extraction/charsets.py FOLDER

FOLDER holds one folder per encoding, named after it (`iso-8859-5-russian/…`). Decoded as labelled means
the text that Python's codec of that name gives, or the browsers' superset of it, without a byte order
mark; an encoding that Python has no codec for counts as missed. The second column takes every
declaration out of the file first.
"""

import re
import sys
import time
from pathlib import Path

from charset_normalizer import from_bytes

from pipeline.extract.charset import decode, encoding_name

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


def main() -> None:
    files = sorted(path for path in Path(sys.argv[1]).glob("*/*") if path.is_file())
    right = {"here": 0, "here, declarations taken out": 0, "charset-normalizer": 0}
    seconds = dict.fromkeys(right, 0.0)
    for path in files:
        label = re.sub("-[a-z]{5,}$", "", path.parent.name)
        data = path.read_bytes()
        silent = _DECLARATION.sub(b"nothing=", data)
        for way, read, source in (
            ("here", lambda source: decode(source)[0], data),
            ("here, declarations taken out", lambda source: decode(source)[0], silent),
            ("charset-normalizer", lambda source: str(from_bytes(source).best() or ""), data),
        ):
            start = time.process_time()
            text = read(source).removeprefix("\ufeff")
            seconds[way] += time.process_time() - start
            if text in golden(source, label):
                right[way] += 1
            elif way == "here":
                print(f"not as labelled: {path.parent.name}/{path.name}")
    for way, count in right.items():
        per_file = 1000 * seconds[way] / len(files)
        print(
            f"{way}: {count} of {len(files)} ({count / len(files):.1%}), {per_file:.2f} ms a file"
        )


if __name__ == "__main__":
    main()
