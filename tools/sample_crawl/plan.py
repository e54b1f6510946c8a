"""What the sample crawl holds: every record's page, and what should become of it.

The expected outcome of a page is stated where the page is made, from how it is made. Nothing here
reads, measures or filters text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tools.sample_crawl import cases, render, warc
from tools.sample_crawl.articles import Article, Interface

WARC_05 = "CC-MAIN-2025-05-sample-00000.warc.gz"
WET_05 = "CC-MAIN-2025-05-sample-00001.warc.wet.gz"
WARC_13 = "CC-MAIN-2025-13-sample-00000.warc.gz"
WET_13 = "CC-MAIN-2025-13-sample-00001.warc.wet.gz"
SHARDS = (WARC_05, WET_05, WARC_13, WET_13)

UNKNOWN = "und_Zzzz"
SITES = {
    "blog": "journal",
    "portal": "news",
    "tables": "home",
    "magazine": "magazine",
    "notice": "town",
}

# A language's articles, in the order written, go to these files.
ARTICLE_SHARDS = (WARC_05, WARC_13, WET_05, WET_13, WARC_05, WARC_13)

# Languages whose first article (HTML) and third article (WET) come again in the later dump: unchanged,
# or with a change as `_changed` makes it.
RECRAWLED = (
    "amh_Ethi", "arb_Arab", "cmn_Hans", "fas_Arab", "jpn_Jpan", "kor_Hang", "rus_Cyrl", "swh_Latn",
    "tam_Taml", "tha_Thai", "yor_Latn",
)  # fmt: skip
REVISED = {
    "ben_Beng": "date", "deu_Latn": "sentence", "ell_Grek": "word", "eng_Latn": "word",
    "fra_Latn": "date", "hin_Deva": "sentence", "kat_Geor": "date", "khm_Khmr": "sentence",
    "spa_Latn": "word", "ukr_Cyrl": "sentence", "urd_Arab": "date",
}  # fmt: skip
# Languages whose second article stands on another site of the same crawl too, and whose last article
# is in a WET file besides its HTML.
MIRRORED = ("heb_Hebr", "ind_Latn", "por_Latn")
IN_BOTH_FORMS = ("tur_Latn", "vie_Latn")

# (language, index of the article) -> charset, and whether the HTTP header or the markup declares it.
LEGACY_CHARSETS = {
    ("rus_Cyrl", 4): ("windows-1251", "header"),
    ("jpn_Jpan", 1): ("shift_jis", "header"),
    ("jpn_Jpan", 5): ("euc-jp", "meta"),
    ("ell_Grek", 5): ("iso-8859-7", "meta"),
}
CODED_BODIES = {("deu_Latn", 4): "chunked", ("spa_Latn", 4): "gzip"}
BROKEN_MARKUP = (("eng_Latn", 4), ("fra_Latn", 5))


_REPETITION = (
    "gopher_dup_line_frac", "gopher_top_2_gram", "gopher_top_3_gram", "gopher_top_4_gram",
    "gopher_dup_5_gram", "gopher_dup_6_gram", "gopher_dup_7_gram", "gopher_dup_8_gram",
    "gopher_dup_9_gram", "gopher_dup_10_gram",
)  # fmt: skip
_LINES = ("fineweb_line_punct", "fineweb_char_dup", "fineweb_new_line")
# Which reason applies first can depend on the extractor and on the language score, so that a page is
# expected to go for one of a set.
REASONS: dict[str, tuple[str, ...]] = {
    "exact": ("exact_duplicate",),
    "near": ("near_duplicate",),
    "copy": ("exact_duplicate", "near_duplicate"),
    "short": ("empty_text", "language_score", *_REPETITION, *_LINES, "gopher_short_doc"),
    "repetition": ("empty_text", "language_score", *_REPETITION, *_LINES, "gopher_short_doc"),
    "repeated_lines": ("language_score", "gopher_dup_line_frac"),
    "no_language": (
        "language_score", *_REPETITION, *_LINES, "gopher_short_doc", "gopher_below_avg_word_length",
        "gopher_above_avg_word_length", "gopher_too_many_hashes", "gopher_below_alpha",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """A response (WARC) or conversion (WET) record, and what is expected of it.

    `outcome` is `kept`, `removed`, `duplicate`, `one_of_group` (one of this page and those with the
    same `original` is kept, the others are duplicates), `quarantined`, or `skipped: <reason>` where
    the record is no document. `reasons` names a set of REASONS.
    """

    shard: str
    url: str
    label: str
    kind: str
    outcome: str
    body: bytes
    reasons: str = ""
    original: str | None = None  # record id of the page that this one is a copy of
    content_type: str = "text/html; charset=utf-8"
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        return self.shard.endswith(".wet.gz")

    @property
    def record_id(self) -> str:
        return warc.record_id(self.shard, "conversion" if self.is_text else "response", self.url)


def plan(articles: dict[str, list[Article]], interfaces: dict[str, Interface]) -> list[Planned]:
    """Every response and conversion record of the crawl, in no order that matters."""
    pages: list[Planned] = []
    for number, label in enumerate(sorted(articles)):
        pages += _language(number, articles[label], interfaces[label])
    pages += _spam(interfaces)
    pages += _boilerplate(articles, interfaces)
    pages += _personal_data(interfaces)
    pages += _no_documents()
    pages.append(_cut_off(next(p for p in pages if p.label == "fra_Latn" and p.shard == WARC_13)))
    return pages


def _language(number: int, pages: list[Article], interface: Interface) -> Iterator[Planned]:
    """The pages of one language: its articles and their copies, its short pages and lists."""
    label = interface.label
    written = [page for page in pages if page.kind == "article"]
    templates = [_template(label, index, number) for index in range(len(written))]
    planned = [
        _article(index, article, interface, templates[index], _others(written, index))
        for index, article in enumerate(written)
    ]
    copies = list(_copies(written, planned, templates, interface))
    grouped = {copy.original for copy in copies if copy.outcome == "one_of_group"}
    for page in planned:
        if page.record_id in grouped:
            yield replace(page, outcome="one_of_group", reasons="copy", original=page.record_id)
        else:
            yield page
    yield from copies
    for offset, small in enumerate(page for page in pages if page.kind != "article"):
        shard = SHARDS[(number + offset) % len(SHARDS)]
        yield _small(shard, small, interface)


def _template(label: str, index: int, number: int) -> str:
    """The template of an article; the main text stands out in `blog`, which some cases need."""
    key = (label, index)
    mirrored = index == 1 and label in MIRRORED
    in_both_forms = index == 5 and label in IN_BOTH_FORMS
    if key in BROKEN_MARKUP or mirrored or in_both_forms:
        return "blog"
    return render.TEMPLATES[(number + index) % len(render.TEMPLATES)]


def _others(written: list[Article], index: int) -> list[str]:
    """Titles for the links beside an article."""
    return [article.title for number, article in enumerate(written) if number != index]


def _article(
    index: int, article: Article, interface: Interface, template: str, related: list[str]
) -> Planned:
    """An article where it stands first, expected to be kept."""
    key = (article.label, index)
    charset, declared = LEGACY_CHARSETS.get(key, ("utf-8", ""))
    page = _web_page(
        ARTICLE_SHARDS[index % len(ARTICLE_SHARDS)], "article", article, interface, template, related,
        charset=charset,
    )  # fmt: skip
    if key in BROKEN_MARKUP:
        markup = cases.broken(page.body.decode())
        return replace(page, kind="broken_markup", body=markup.encode())
    if key in CODED_BODIES:
        return _coded(page, CODED_BODIES[key])
    if declared == "header":
        lines = page.body.decode(charset).split("\n")
        kept = "\n".join(
            line for line in lines if f"charset={charset}" not in line.replace('"', "")
        )
        return replace(page, kind="legacy_charset", body=kept.encode(charset))
    if declared == "meta":
        return replace(page, kind="legacy_charset", content_type="text/html")
    return page


def _copies(
    written: list[Article], planned: list[Planned], templates: list[str], interface: Interface
) -> Iterator[Planned]:
    """What of a language comes twice: recrawled, revised, mirrored, or both as HTML and as text."""
    label = interface.label
    if label in RECRAWLED:
        for index, shard in ((0, WARC_13), (2, WET_13)):
            yield replace(
                planned[index], shard=shard, kind="exact_copy", outcome="duplicate",
                reasons="exact", original=planned[index].record_id,
            )  # fmt: skip
    if label in REVISED:
        for index, shard in ((0, WARC_13), (2, WET_13)):
            changed = _changed(written[index], REVISED[label], interface)
            related = _others(written, index)
            page = _web_page(shard, "near_copy", changed, interface, templates[index], related)
            yield _in_group(page, planned[index], "near" if page.is_text else "copy")
    if label in MIRRORED:
        related = _others(written, 1)
        page = _web_page(WARC_05, "mirror_copy", written[1], interface, "portal", related)
        yield _in_group(page, planned[1], "copy")
    if label in IN_BOTH_FORMS:
        text = "\n".join([written[5].title, *written[5].paragraphs])
        page = replace(
            planned[5],
            shard=WET_13,
            kind="text_copy",
            body=text.encode(),
            content_type="text/plain",
        )
        yield _in_group(page, planned[5], "copy")


def _in_group(page: Planned, original: Planned, reasons: str) -> Planned:
    return replace(page, outcome="one_of_group", reasons=reasons, original=original.record_id)


def _changed(article: Article, change: str, interface: Interface) -> Article:
    """The article with a date before it, a sentence after it, or a word of it replaced."""
    paragraphs = list(article.paragraphs)
    if change == "date":
        paragraphs.insert(0, "2025-03-24")
    elif change == "sentence":
        paragraphs[-1] += " " + interface.comment
    else:
        words = paragraphs[1].split(" ")
        words[6] = article.title.split(" ")[0].lower()
        paragraphs[1] = " ".join(words)
    return replace(article, paragraphs=tuple(paragraphs))


def _small(shard: str, page: Article, interface: Interface) -> Planned:
    """A page of few words or a list, expected to go: with all that stands around it, it has fewer
    than the 50 words that Gopher wants."""
    if shard.endswith(".wet.gz"):
        body = "\n".join([page.title, *page.paragraphs])
        planned = _text(shard, page.kind, interface.label, _url(interface, "notice", page), body)
    else:
        planned = _web_page(shard, page.kind, page, interface, "notice", ())
    return replace(planned, outcome="removed", reasons="short")


def _spam(interfaces: dict[str, Interface]) -> Iterator[Planned]:
    """Pages that repeat themselves."""
    for number, (label, slug, title, phrases) in enumerate(cases.KEYWORD_SPAM):
        spam = Article(label, slug, title, "article", cases.keyword_page(phrases))
        template = render.TEMPLATES[number % 2]
        shard = (WARC_05, WARC_13)[number % 2]
        page = _web_page(shard, "spam_keywords", spam, interfaces[label], template, ())
        yield replace(page, outcome="removed", reasons="repetition")
    for number, (label, slug, title, line) in enumerate(cases.LINE_SPAM):
        spam = Article(label, slug, title, "article", cases.repeated_lines(line))
        shard = (WET_05, WET_13, WARC_13)[number]
        page = _web_page(shard, "spam_lines", spam, interfaces[label], "blog", ())
        reasons = "repeated_lines" if page.is_text else "repetition"
        yield replace(page, outcome="removed", reasons=reasons)
    label, slug, title, lines = cases.LINK_FARM
    url = f"https://{slug}.example/"
    farm = _text(WET_13, "link_farm", label, url, "\n".join((title, *lines)))
    yield replace(farm, outcome="removed", reasons="repetition")
    for kind, lines in (("symbols", cases.SYMBOLS), ("noise", cases.noise())):
        page = _text(WET_05, kind, UNKNOWN, f"https://files.example/{kind}", "\n".join(lines))
        yield replace(page, outcome="removed", reasons="no_language")


def _boilerplate(
    articles: dict[str, list[Article]], interfaces: dict[str, Interface]
) -> Iterator[Planned]:
    """Pages that are nothing but a menu, a log-in form, or a list of titles."""
    for kind, shard, labels in (
        ("menu", WARC_05, ("eng_Latn", "arb_Arab", "vie_Latn")),
        ("login", WARC_13, ("por_Latn", "kor_Hang")),
        ("index", WARC_13, ("spa_Latn", "ukr_Cyrl")),
    ):
        for label in labels:
            interface = interfaces[label]
            title, paragraphs = {
                "menu": (interface.home, (interface.related, interface.contact)),
                "login": (interface.login, (interface.accept, interface.rights)),
                "index": (interface.news, tuple(a.title for a in articles[label][:5])),
            }[kind]
            page = Article(label, kind, title, "list", paragraphs)
            planned = _web_page(shard, kind, page, interface, "notice", ())
            yield replace(planned, outcome="removed", reasons="short")


def _personal_data(interfaces: dict[str, Interface]) -> Iterator[Planned]:
    label, slug, title, paragraphs = cases.PERSONAL_DATA
    page = Article(label, slug, title, "article", paragraphs)
    yield _web_page(WARC_05, "personal_data", page, interfaces[label], "blog", ())


def _no_documents() -> Iterator[Planned]:
    """Responses and conversions that are no documents."""
    missing = b"<html><head><title>404</title></head><body><h1>Not found</h1></body></html>"
    html = "text/html; charset=utf-8"
    for shard, path, kind, reason, status, content_type, body, headers in (
        (WARC_05, "no-such-page", "not_found", "status", "404 Not Found", html, missing, {}),
        (WARC_13, "old", "redirect", "status", "301 Moved Permanently", html, b"",
         {"Location": "https://files.example/new"}),
        (WARC_13, "error", "server_error", "status", "503 Service Unavailable", html, missing, {}),
        (WARC_05, "empty", "empty", "empty", "200 OK", html, b"", {}),
        (WARC_05, "dot.png", "image", "not_text", "200 OK", "image/png", cases.PNG, {}),
        (WARC_13, "items.json", "json", "not_text", "200 OK", "application/json", cases.JSON, {}),
        (WARC_13, "form.pdf", "pdf", "not_text", "200 OK", "application/pdf", cases.PDF, {}),
        (WET_13, "nothing", "empty", "empty", "200 OK", "text/plain", b"", {}),
    ):  # fmt: skip
        yield Planned(
            shard, f"https://files.example/{path}", UNKNOWN, kind, f"skipped: {reason}", body,
            content_type=content_type, status=status, headers=headers,
        )  # fmt: skip


def _cut_off(page: Planned) -> Planned:
    """A copy of `page` as the last record of its file, which ends in the middle of it."""
    url = page.url.replace("https://", "https://mirror.")
    return replace(page, url=url, kind="cut_off", outcome="quarantined", original=page.record_id)


def _web_page(
    shard: str,
    kind: str,
    article: Article,
    interface: Interface,
    template: str,
    related: list[str] | tuple[()],
    charset: str = "utf-8",
) -> Planned:
    """A page expected to be kept; as plain text where `shard` is a WET file."""
    url = _url(interface, template, article)
    if shard.endswith(".wet.gz"):
        body = render.plain_text(interface, article.title, article.paragraphs)
        return _text(shard, kind, interface.label, url, body)
    markup = render.page(
        template, interface, url.split("/")[2], article.title, article.paragraphs, related,
        as_list=article.kind == "list", charset=charset,
    )  # fmt: skip
    content_type = f"text/html; charset={charset}"
    body_bytes = markup.encode(charset)
    return Planned(shard, url, interface.label, kind, "kept", body_bytes, content_type=content_type)


def _text(shard: str, kind: str, label: str, url: str, text: str) -> Planned:
    return Planned(shard, url, label, kind, "kept", text.encode(), content_type="text/plain")


def _url(interface: Interface, template: str, article: Article) -> str:
    language = interface.label.split("_")[0]
    return f"https://{SITES[template]}.{language}.example/{article.slug}.html"


def _coded(page: Planned, coding: str) -> Planned:
    """The page with its body sent in chunks, or compressed."""
    if coding == "gzip":
        headers = {"Content-Encoding": "gzip"}
        return replace(page, kind="gzip_body", body=warc.compress(page.body), headers=headers)
    pieces = [page.body[start : start + 1000] for start in range(0, len(page.body), 1000)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    return replace(page, kind="chunked_body", body=body, headers={"Transfer-Encoding": "chunked"})
