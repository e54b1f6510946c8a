"""Text that is in no language, made from texts that are: what a crawl holds beside prose.

A model that was never shown any answers with a language whatever it is given (Kargaran et al. 2023). The makers take a
real text and do to it what machines do: pack and encode it, read it in a wrong encoding, keep its figures only,
make it addresses, table rows, log lines or code. Everything follows from the random numbers given.
"""

import base64
import json
import quopri
import random
import string
import zlib
from collections.abc import Callable, Sequence
from urllib.parse import quote

LENGTHS = (30, 60, 120, 300, 700, 1500)
"""Characters that a piece of noise has about; each as often as another."""

_ENCODINGS = (
    "utf-8", "utf-16-le", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp874",
    "koi8-r", "cp866", "iso8859-2", "iso8859-7", "mac-roman", "shift_jis", "euc-kr", "gb18030", "big5",
)  # fmt: skip
_READERS = ("latin-1", "cp1252", "cp1251", "cp1250", "cp437", "mac-roman", "iso8859-15", "cp1256")


def make(texts: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """`count` pieces of noise from texts in a language, each maker as often as another.

    Raises ValueError for no texts.
    """
    if not texts:
        raise ValueError("noise is made from texts; give at least one")
    made: list[str] = []
    while len(made) < count:
        maker = MAKERS[len(made) % len(MAKERS)]
        piece = maker(rng, rng.choice(texts), rng.choice(LENGTHS))
        if piece.strip():
            made.append(piece)
        else:
            made.append(_figures(rng, "", 60))
    return made


def _packed(rng: random.Random, text: str, n: int) -> str:
    """Compressed or random bytes as text: inline images, keys, tokens."""
    data = zlib.compress(text[: 4 * n].encode("utf-8", "replace"))
    if rng.random() < 0.5:
        data = rng.randbytes(n)
    forms = (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode, base64.b85encode)
    encoded = rng.choice(forms)(data).decode() if rng.random() < 0.7 else data.hex()
    width = rng.choice((8, 16, 32, 64, 76, 10_000))
    lines = [encoded[i : i + width] for i in range(0, min(len(encoded), n), width)]
    return rng.choice(("\n", " ")).join(lines)


def _escaped(rng: random.Random, text: str, n: int) -> str:
    """Real text in escapes: percent, quoted-printable, character references, backslashes."""
    piece = text[: n // 3]
    form = rng.randrange(4)
    if form == 0:
        return quote(piece, safe="")
    if form == 1:
        return quopri.encodestring(piece.encode("utf-8", "replace")).decode()
    if form == 2:
        return "".join(f"&#{ord(c)};" for c in piece)
    return piece.encode("utf-16-be", "replace").hex(" ") if piece.isascii() else json.dumps(piece)


def _misread(rng: random.Random, text: str, n: int) -> str:
    """Text beyond ASCII read in an encoding that it was not written in; packed where it has too little of it."""
    piece = text[:n]
    if sum(not c.isascii() for c in piece) * 5 < len(piece):
        return _packed(rng, text, n)
    written = rng.choice(_ENCODINGS)
    data = piece.encode(written, "ignore")
    if len(data) * 3 < len(piece):
        data = piece.encode("utf-8", "ignore")
    readers = [reader for reader in _READERS if reader != written]
    return data.decode(rng.choice(readers), "replace")


def _scrambled(rng: random.Random, text: str, n: int) -> str:
    """The letters of a text in any order: no word is left."""
    piece = list(text[:n])
    rng.shuffle(piece)
    return "".join(piece)


def _typed(rng: random.Random, text: str, n: int) -> str:
    """Letters drawn at random: passwords, identifiers, generated host names."""
    alphabet = rng.choice(
        (string.ascii_lowercase, string.ascii_letters, string.ascii_uppercase + string.digits)
    )
    size = rng.choice((5, 8, 12))
    words = ("".join(rng.choices(alphabet, k=rng.randint(2, 2 * size))) for _ in range(n // size))
    return " ".join(words)


def _figures(rng: random.Random, text: str, n: int) -> str:
    """Figures as tables, prices, dates, telephone numbers, coordinates and results have them."""

    def one() -> str:
        number = rng.randrange(10 ** rng.randint(1, 8))
        return rng.choice((
            f"{number:,}", f"{number / 100:.2f} %", f"${number / 100:.2f}", f"+{number} {rng.randrange(999)}",
            f"{rng.randrange(1990, 2030)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
            f"{rng.randrange(24):02}:{rng.randrange(60):02}", f"{number / 1e5:.5f}, {-number / 3e5:.5f}",
            f"{rng.randrange(9)}:{rng.randrange(9)}", f"{number}", f"{number}x{rng.randrange(99)}", "-", "|",
        ))  # fmt: skip

    return rng.choice((" ", "\t", "\n", " | ")).join(one() for _ in range(n // 8 + 1))


def _addresses(rng: random.Random, text: str, n: int) -> str:
    """Paths, links and addresses with words of the text in them."""
    words = [word[:20] for word in text.split()[:200] if word.isalpha()] or ["a"]
    endings = ("com", "org", "io", "eu", "cn", "jp", "fr")

    def one() -> str:
        path = "/".join(quote(rng.choice(words).lower()) for _ in range(rng.randint(1, 4)))
        name = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 10)))
        host = f"{name}.{rng.choice(endings)}"
        query = f"p={rng.randrange(9999)}&s={rng.choice(words)}"
        return rng.choice((
            f"https://{host}/{path}", f"http://www.{host}/{path}.php?{query}", host, f"info@{host}",
            f"/var/www/{path}/{rng.randrange(99)}.jpg", f"{path.replace('/', '-')}.pdf",
        ))  # fmt: skip

    return rng.choice((" ", "\n", ", ")).join(one() for _ in range(n // 40 + 1))


def _records(rng: random.Random, text: str, n: int) -> str:
    """Rows of a log, a catalogue or a table: codes, units, figures, few words."""
    units = ("GB", "Hz", "kW", "psi", "lbs", "cm", "nm", "dB", "rpm")
    levels = ("INFO", "WARN", "GET", "POST", "ERR")

    def code() -> str:
        letters = rng.choices(string.ascii_uppercase, k=rng.randint(1, 4))
        return "".join(letters) + str(rng.randrange(9999))

    def one() -> str:
        date = f"{rng.randrange(2000, 2030)}-{rng.randrange(13):02}-{rng.randrange(29):02}"
        host = ".".join(str(rng.randrange(256)) for _ in range(4))
        number = rng.randrange(999)
        return rng.choice((
            f"[{date}T{rng.randrange(24):02}:00Z] {rng.choice(levels)} {number} {rng.randbytes(4).hex()}",
            f"{code()};{code()};{number};{rng.random():.3f};{rng.choice(('Y', 'N', 'OK', 'n/a', ''))}",
            f"{code()}-{rng.randrange(99)} {number} {rng.choice(units)} {code()}/{code()}",
            f"{host} - - {rng.randrange(600)} {rng.randrange(99999)}",
            f"{code()} x{rng.randrange(20)} @ {number / 10:.2f}",
        ))  # fmt: skip

    return "\n".join(one() for _ in range(n // 35 + 1))


def _code(rng: random.Random, text: str, n: int) -> str:
    """Program code, style sheets, markup and data, with made-up names."""
    names = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 8))) for _ in range(12)]

    def v() -> str:
        return rng.choice(names)

    def one() -> str:
        number = rng.randrange(1000)
        return rng.choice((
            f".{v()}-{v()} {{ margin: {number}px; color: #{number:06x}; }}", f"var {v()} = {v()} || {{}};",
            f'"{v()}": {{"{v()}": {number}, "{v()}": null}},', f"function {v()}({v()}, {v()}) {{", "});", "    }",
            f"<span id='{v()}' data-{v()}='{number}'>{v()}</span>", f"let mut {v()}: Vec<u{number}> = {v()}::new();",
            f"import {{ {v()} }} from './{v()}';", f"public {v().title()} {v()}() throws {v().title()} {{",
            f"    while ({v()} != {v()}) {v()}--;", f"try: {v()} = {v()}({v()}) \nexcept {v().title()}Error: pass",
            f"$ {v()} --{v()}={number} -{rng.choice(names)[0]} | {v()}", f"{v()} := make([]{v()}, {number})",
            f"UPDATE {v()} SET {v()} = {number} WHERE {v()}.{v()} > {number};", f"@{v()}\n    def {v()}(self): ...",
            f"<{v()}><{v()}>{number}</{v()}></{v()}>", f"if [ -z \"${v().upper()}\" ]; then {v()}; fi",
        ))  # fmt: skip

    return "\n".join(one() for _ in range(n // 30 + 2))


def _symbols(rng: random.Random, text: str, n: int) -> str:
    """Marks, arrows, frames and pictographs."""
    first, last = rng.choice(
        ((0x21, 0x2F), (0x2190, 0x21FF), (0x2500, 0x259F), (0x2700, 0x27BF), (0x1F300, 0x1F64F))
    )
    return "".join(rng.choice((chr(rng.randint(first, last)), " ")) for _ in range(min(n, 200)))


MAKERS: tuple[Callable[[random.Random, str, int], str], ...] = (
    _packed, _escaped, _misread, _scrambled, _typed, _figures, _addresses, _records, _code, _symbols,
)  # fmt: skip
"""Each makes a piece of about `n` characters from random numbers and a text."""
