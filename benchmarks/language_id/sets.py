"""Labelled text for calibrating and for measuring language identification, read from the data
beside a checkout.

Every loader returns (label, text) pairs with canonical labels. A text is for calibration or for
testing by a hash of the text itself (`half`), so that no text is used for both.
"""

import base64
import gzip
import hashlib
import json
import lzma
import random
import re
import string
import sys
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polysieve.language_id.labels import LanguageIdError, normalise_label  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
Pairs = list[tuple[str, str]]


def unpacked(archive: str) -> Path:
    """The folder with the contents of an archive of the shared data, unpacked once per machine."""
    source = DATA / archive
    target = Path(tempfile.gettempdir()) / "polysieve-lid" / f"{archive}-{source.stat().st_size}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=target.parent))
        with tarfile.open(source) as tar:
            tar.extractall(partial, filter="data")
        partial.rename(target)
    return target


def order(text: str) -> int:
    """A number that depends on the text only."""
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).digest(), "big"
    )


def half(pairs: Pairs, which: int) -> Pairs:
    """The texts for calibration (0) or for testing (1)."""
    return [(label, text) for label, text in pairs if order(text) & 1 == which]


def _some(label: str, lines: list[str], most: int) -> Pairs:
    return [(label, line) for line in sorted({x for x in lines if x}, key=order)[:most]]


def _lines(path: Path) -> list[str]:
    return [x.strip() for x in path.read_text(encoding="utf-8", errors="replace").splitlines()]


def tatoeba(most: int = 100) -> Pairs:
    """Short sentences of Tatoeba (LASER's test set), mean 30 characters."""
    found: Pairs = []
    for path in sorted((unpacked("lid.tar.xz") / "lid" / "tatoeba").iterdir()):
        code = path.name.split(".")[2]
        if code != "eng" or path.name.startswith("tatoeba.afr"):
            found += _some(normalise_label(code), _lines(path), most)
    return found


def lingua(most: int = 100) -> Pairs:
    """Sentences of Lingua's test set."""
    found: Pairs = []
    for path in sorted((unpacked("lid.tar.xz") / "lid" / "lingua-sentences").iterdir()):
        found += _some(normalise_label(path.stem), _lines(path), most)
    return found


def udhr(size: int = 750) -> Pairs:
    """The Universal Declaration of Human Rights, paragraphs joined to about `size` characters."""
    found: Pairs = []
    for path in sorted((unpacked("lid.tar.xz") / "lid" / "udhr").iterdir()):
        label = normalise_label(path.name.split(".")[1])
        found += [(label, x) for x in joined(_lines(path), size, "\n")]
    return found


def joined(lines: list[str], size: int, separator: str) -> list[str]:
    """Lines joined to documents of `size` characters or more."""
    documents, parts, length = [], [], 0
    for line in lines:
        parts.append(line)
        length += len(line)
        if length >= size:
            documents.append(separator.join(parts))
            parts, length = [], 0
    if length > 200 or (length and not documents):
        documents.append(separator.join(parts))
    return documents


def ntrex(size: int = 0, most: int = 100) -> Pairs:
    """NTREX-128:

    news in 128 languages, as sentences, or as documents of about `size` characters.
    """
    found: Pairs = []
    for path in sorted((unpacked("parallel.tar.xz") / "parallel/ntrex/NTREX-128").glob("*.txt")):
        code, _, part = path.name.split(".")[-2].partition("-")
        if code == "zho":
            part = {"CN": "Hans", "TW": "Hant"}[part]
        label = normalise_label(f"{code}_{part}" if len(part) == 4 else code)
        lines = _lines(path)
        found += _some(label, joined(lines, size, " ") if size else lines, most)
    return found


def excerpts() -> Pairs:
    """Web excerpts of HPLT with OpenLID's labels: weak."""
    path = unpacked("lid.tar.xz") / "lid" / "hplt2_web_excerpts.weak.tsv.xz"
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        rows = [line.rstrip("\n").split("\t", 2) for line in lines]
    return [(normalise_label(label), text) for label, _, text in rows]


def gold(most: int = 60) -> Pairs:
    """Web documents of the built crawl files whose language is known from the corpus they come
    from, not by machine.
    """
    built = DATA / "warc" / "built"
    texts: dict[str, str] = {}
    with lzma.open(built / "GOLD_TEXT.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            texts[row["doc"]] = row["text"]
    by_label: dict[str, list[str]] = defaultdict(list)
    with gzip.open(built / "GOLD.tsv.gz", "rt", encoding="utf-8") as lines:
        names = next(lines).rstrip("\n").split("\t")
        for line in lines:
            row = dict(zip(names, line.rstrip("\n").split("\t"), strict=False))
            known = row["lang_source"].startswith(("corpus", "file-suffix"))
            if known and row["real"] != "synthetic-noise" and row["doc"] in texts:
                try:
                    by_label[normalise_label(row["lang"])].append(texts[row["doc"]])
                except LanguageIdError:
                    continue
    return [pair for label in sorted(by_label) for pair in _some(label, by_label[label], most)]


def all_sets() -> dict[str, Pairs]:
    """The labelled sets by name."""
    return {
        "tatoeba": tatoeba(),
        "lingua": lingua(),
        "udhr": udhr(),
        "ntrex": ntrex(),
        "ntrex-documents": ntrex(700),
        "excerpts": excerpts(),
        "gold": gold(),
    }


# --- noise ------------------------------------------------------------------------------------------------------------

LENGTHS = (60, 150, 400, 1000, 2500)
WORDS = [
    "home",
    "news",
    "page",
    "article",
    "product",
    "item",
    "index",
    "about",
    "contact",
    "images",
    "static",
    "user",
    "view",
    "list",
    "blog",
    "post",
]
NAMES = [
    "i",
    "x",
    "buf",
    "len",
    "node",
    "ctx",
    "self",
    "data",
    "key",
    "val",
    "idx",
    "tmp",
    "ptr",
    "count",
    "result",
    "args",
]


def noise(which: int, each: int = 200) -> dict[str, list[str]]:
    """Text that is no language, made;

    other random numbers and other sources for calibration (0) and for testing (1).
    """
    rng = random.Random(which)
    news = half(ntrex(700, most=400), which)
    russian = [text for label, text in news if label == "rus_Cyrl"]
    arabic = [text for label, text in news if label == "arb_Arab"]
    code = _source_code(which)
    makers = {
        "base64": _base64,
        "hexadecimal": _hexadecimal,
        "digits": _digits,
        "addresses": _addresses,
        "random letters": _random_letters,
        "emoji": _emoji,
        "part lists": _parts,
        "made code": _made_code,
        "source files": lambda r, n: _piece(r, r.choice(code), max(n, 150)),
        "mojibake ru": lambda r, n: _garbled(r, r.choice(russian)[:n], _RUSSIAN),
        "mojibake ar": lambda r, n: _garbled(r, r.choice(arabic)[:n], _ARABIC),
    }
    return {
        name: [make(rng, rng.choice(LENGTHS)) for _ in range(each)] for name, make in makers.items()
    }


def _word(r: random.Random, least: int = 2, most: int = 9) -> str:
    return "".join(r.choice(string.ascii_lowercase) for _ in range(r.randint(least, most)))


def _base64(r: random.Random, n: int) -> str:
    encoded = base64.b64encode(r.randbytes(n * 3 // 4)).decode()
    return encoded if r.random() < 0.5 else "\n".join(encoded[i : i + 76] for i in range(0, n, 76))


def _hexadecimal(r: random.Random, n: int) -> str:
    return " ".join(r.randbytes(r.choice([4, 8, 16, 20])).hex() for _ in range(n // 20 + 1))


def _digits(r: random.Random, n: int) -> str:
    return " ".join(
        str(r.randrange(10 ** r.randint(1, 9)) / r.choice([1, 100])) for _ in range(n // 6)
    )


def _addresses(r: random.Random, n: int) -> str:
    def one() -> str:
        host = f"{r.choice(['www.', 'cdn.', ''])}{_word(r)}.{r.choice(['com', 'org', 'net', 'de', 'ru'])}"
        end = r.choice(["", ".html", f"?id={r.randrange(9999)}", f"/{r.randrange(99)}/"])
        return f"http{r.choice(['s', ''])}://{host}/{r.choice(WORDS)}/{r.choice([*WORDS, _word(r)])}{end}"

    return r.choice(" \n").join(one() for _ in range(n // 45 + 1))


def _random_letters(r: random.Random, n: int) -> str:
    if r.random() < 0.5:
        return " ".join(_word(r) for _ in range(n // 6))
    return "".join(r.choice(string.ascii_lowercase + "  ") for _ in range(n))


def _emoji(r: random.Random, n: int) -> str:
    blocks = [(0x1F600, 0x1F64F), (0x1F300, 0x1F5FF), (0x2600, 0x26FF), (0x20, 0x20)]
    return "".join(chr(r.randint(*r.choice(blocks))) for _ in range(min(n, 300)))


def _parts(r: random.Random, n: int) -> str:
    units = ["pcs", "USD", "EUR", "mm", "kg", "V", "A", "ohm", "PN", "REV"]
    terms = ["M6", "DIN", "RoHS", "IP67", "SMD", "0603", "TO-220", "AC", "DC"]

    def one() -> str:
        letters = "".join(r.choice(string.ascii_uppercase) for _ in range(r.randint(1, 4)))
        number = (
            f"{letters}{r.randrange(9999)}-{r.randrange(99)}{r.choice(['', 'A', 'B', '/C', 'mm'])}"
        )
        return f"{number} {r.randrange(1000)} {r.choice(units)} {r.randrange(99)}x{r.randrange(99)} {r.choice(terms)}"

    return "\n".join(one() for _ in range(n // 35 + 1))


def _made_code(r: random.Random, n: int) -> str:
    def v() -> str:
        return r.choice(NAMES)

    def w() -> str:
        return _word(r)

    forms = [
        lambda: f"for (int {v()} = 0; {v()} < {v()}; {v()}++) {{",
        lambda: f"    {v()} = {v()}[{v()}] + {r.randrange(99)};",
        lambda: f"if ({v()} == NULL) {{ return -1; }}",
        lambda: f"def {w()}({v()}, {v()}=None):",
        lambda: f"    return {v()}.{w()}({v()})",
        lambda: "}",
        lambda: f"#include <{w()}.h>",
        lambda: f"const {v()} = await {v()}.{w()}({v()} => {v()}.{v()});",
        lambda: f'<div class="{w()}"><a href="#{w()}">{v()}</a></div>',
        lambda: f"SELECT {v()}, {v()} FROM {w()} WHERE {v()} = {r.randrange(99)};",
        lambda: f"static void {v()}_{w()}(struct {w()} *{v()}, size_t {w()})",
        lambda: f"{v()}->{w()} |= {hex(r.randrange(65535))};",
    ]
    return "\n".join(r.choice(forms)() for _ in range(n // 30 + 2))


def _source_code(which: int) -> list[str]:
    """Files of Python's standard library without comments and documentation strings."""
    import ast

    found = []
    for path in sorted(Path(random.__file__).parent.glob("*.py")):
        if order(path.name) & 1 != which:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            first = body[0] if isinstance(body, list) and body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                first.value.value = ""
        found.append(re.sub(r'\n\s*""(?=\n)', "", ast.unparse(tree)))
    return [text for text in found if len(text) > 3000]


def _piece(r: random.Random, text: str, n: int) -> str:
    begin = text.find("\n", r.randrange(max(1, len(text) - n))) + 1
    return text[begin : begin + n]


_RUSSIAN = (("cp1251", "latin-1"), ("utf-8", "cp1252"), ("koi8-r", "cp1251"), ("utf-8", "cp1251"))
_ARABIC = (("cp1256", "latin-1"), ("utf-8", "cp1252"), ("utf-8", "cp1256"), ("utf-8", "latin-1"))


def _garbled(r: random.Random, text: str, ways: tuple[tuple[str, str], ...]) -> str:
    written, read = r.choice(ways)
    return text.encode(written, "ignore").decode(read, "replace")
