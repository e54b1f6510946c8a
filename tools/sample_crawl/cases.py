"""Text of the pages that are no articles: spam, noise, and one with an e-mail address and an IP."""

import base64
import hashlib

# Label, slug, one phrase for the title, and the phrases that the page repeats.
KEYWORD_SPAM = (
    ("eng_Latn", "cheap-shoes", "Cheap shoes online", "buy cheap shoes online, best shoes price"),
    ("spa_Latn", "zapatos-baratos", "Zapatos baratos", "comprar zapatos baratos, mejor precio hoy"),
    ("rus_Cyrl", "kupit-shiny", "Купить шины дёшево", "купить шины дёшево, шины цена недорого"),
    ("tur_Latn", "ucuz-telefon", "Ucuz telefon", "ucuz telefon satın al, telefon fiyatı"),
    ("ind_Latn", "tiket-murah", "Tiket murah", "beli tiket murah sekarang, harga tiket promo"),
)

LINE_SPAM = (
    (
        "eng_Latn",
        "win-a-prize",
        "You have won a prize",
        "Click here now and claim your free prize!",
    ),
    ("por_Latn", "ganhe-agora", "Ganhe agora", "Clique aqui e receba o seu prêmio hoje mesmo!"),
    ("vie_Latn", "trung-thuong", "Trúng thưởng", "Bấm vào đây để nhận phần thưởng của bạn!"),
)

PLACES = (
    "Northford", "Millbay", "Ashwick", "Oldbridge", "Stonehaven", "Redhill", "Greenwater", "Eastmoor",
    "Kingsley", "Fernhill", "Lowfield", "Marsham", "Hillcrest", "Oakdale", "Westport", "Brookside",
    "Lindenau", "Summerton", "Winterley", "Cranford",
)  # fmt: skip
LINK_FARM = (
    "eng_Latn",
    "rooms-everywhere",
    "Rooms everywhere",
    tuple(f"Cheap rooms in {place} Cheap rooms near {place}" for place in PLACES),
)

SYMBOLS = tuple(
    " ".join(mark * (1 + (row * 5 + column) % 7) for column, mark in enumerate("★◆▲●■→※§¤#=~*+|"))
    for row in range(12)
)

PERSONAL_DATA = (
    "eng_Latn",
    "seed-exchange",
    "How our seed exchange works",
    (
        "Every February the allotment society collects spare seeds in the hall behind the chapel. "
        "Members bring envelopes with the name of the plant, the year of the harvest and a few "
        "words about the soil in which it grew. Nobody pays, but everyone should take something "
        "that they have never planted before.",
        "If you cannot come on that evening, write to anna.holt@seeds.example and say what you "
        "would like to grow. Anna keeps a long list and answers within a week. She has saved three "
        "kinds of runner bean that no shop has sold since her mother was a girl.",
        "The list can also be read at home. Our small server answers at the address 8.8.8.8 during "
        "the day and is switched off at night, because it stands in the treasurer's bedroom and "
        "its fan is rather loud. Please do not print all the pages, for there are more than four "
        "hundred of them.",
    ),
)

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0" + bytes(range(256))
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
JSON = b'{"items": [{"id": 1, "name": "spade"}, {"id": 2, "name": "rake"}], "next": null}\n'


def noise() -> tuple[str, ...]:
    """40 lines of base 64 that say nothing, made from a chain of hashes."""
    data, block = b"", b"noise"
    while len(data) < 40 * 57:
        block = hashlib.sha256(block).digest()
        data += block
    text = base64.b64encode(data[: 40 * 57]).decode()
    return tuple(text[start : start + 76] for start in range(0, len(text), 76))


def keyword_page(phrases: str) -> tuple[str, ...]:
    """Paragraphs that stuff a page with a few keywords."""
    return (f"{phrases}, " * 14 + phrases, f"{phrases}, " * 9 + phrases)


def repeated_lines(line: str) -> tuple[str, ...]:
    """The same line twenty-four times."""
    return (line,) * 24


def broken(markup: str) -> str:
    """A page as careless hands leave it: tags left open, closed twice or cut, quotes forgotten."""
    for found, put in (
        ("<!DOCTYPE html>\n", ""),
        ("</head>\n", ""),
        ("</p>\n<p>", "\n<p>"),
        ('<div class="entry-content">', "<div class=entry-content><b></i>"),
        ("</nav>", "</nav></div></span>"),
        ("</article>\n", ""),
        ("</main>\n", "</table>\n"),
        ("<h3>", "<h3 class='x>"),
        ("</body>\n</html>\n", "</html></p><div <"),
    ):
        markup = (
            markup.replace(found, put, 1) if found != "</p>\n<p>" else markup.replace(found, put)
        )
    return markup
