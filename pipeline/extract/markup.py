"""What the block parser knows about HTML: tables from names to what they mean, as arrays for the kernels.

A name is looked up by its hash (FNV-1a, 64 bits, of its ASCII letters in lower case) in an open-addressing
table, so that tags, words of class names and character references are found in the same way. A name that is
in no table has the value 0.
"""

from functools import cache
from html.entities import html5
from typing import NamedTuple

import numpy as np

from polysieve.compiling import leaf

_OFFSET, _PRIME = 0xCBF29CE484222325, 0x100000001B3
HASH_START, HASH_PRIME = np.uint64(_OFFSET), np.uint64(_PRIME)

# What a tag does, as bits beside its number.
VOID = 1 << 8  # has no content
BLOCK = 1 << 9  # starts and ends a block of text, and holds others
SKIPPED = 1 << 10  # its content is no text of the page
RAW = 1 << 11  # its content holds no markup
CLOSES_P = 1 << 12  # its start tag ends an open paragraph
SCOPE = 1 << 13  # end tags of other elements within do not reach beyond it
BROKEN_OUT = 1 << 14  # skipped, but a block's tag within shows that its end tag is missing
LIST = 1 << 15  # list items within do not close those around it
TABLE = 1 << 16  # so with rows and cells
NUMBER = 0xFF

_BLOCKS = (
    "html body div p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot tr td th pre blockquote "
    "article section main nav header footer aside form figure figcaption address details summary dialog fieldset "
    "legend hgroup center button menu dir search label"
)
_INLINE = "a b strong em i code br hr img time wbr input ruby tt samp kbd"
_SKIPPED = "svg math select rt rp noscript template object audio video canvas datalist"
_RAW = "script style textarea title iframe noembed noframes"
_WITHIN_P = "html body button label caption thead tbody tfoot tr td th legend"
_VOID = "area base col embed link meta param source track br hr img wbr input"

# The number of each tag: 0 is any other.
TAGS = {
    name: number
    for number, name in enumerate(
        dict.fromkeys(f"{_BLOCKS} {_INLINE} {_SKIPPED} {_RAW} {_VOID}".split()), start=1
    )
}


def numbers(names: str) -> tuple[int, ...]:
    """The numbers of the named tags."""
    return tuple(TAGS[name] for name in names.split())


def _value(name: str) -> int:
    value = TAGS[name]
    for bit, names in (
        (VOID, _VOID),
        (BLOCK, _BLOCKS),
        (SKIPPED, _SKIPPED + " " + _RAW),
        (RAW, _RAW),
        (SCOPE, "html body table caption td th button"),
        (BROKEN_OUT, "svg math select rt rp"),
        (LIST, "ul ol dl menu dir table td th"),
        (TABLE, "table"),
    ):
        value |= bit if name in names.split() else 0
    if value & BLOCK and name not in _WITHIN_P.split():
        value |= CLOSES_P
    return value


# Words of class names, ids, roles and itemprops, by the kind of place that they are used for. They belong to
# HTML as its authors write it in every language. A word is a run of letters; capitals begin another.
PLACES = {
    "comment": "comment comments commentlist disqus reply replies respond discussion livefyre kommentar kommentare",
    "navigation": "nav navbar navigation menu menus submenu dropdown breadcrumb breadcrumbs pagination pager paging "
    "sitemap toc tabs tab directory submenus jump skip topbar subnav",
    "foot": "footer foot colophon copyright copy legal imprint contentinfo bottom disclaimer",
    "head": "header masthead topbar banner top logo branding",
    "side": "sidebar side aside rail secondary complementary column widget widgets module right left",
    "share": "share sharing social shares facebook twitter addthis whatsapp pinterest follow like likes sharedaddy",
    "related": "related recommend recommended recommendation recommendations similar more popular trending latest "
    "outbrain taboola readmore mostread read also recirc teasers",
    "teaser": "teaser teasers card cards tile tiles promo promoted grid carousel slider slide slideshow swiper thumb",
    "advert": "ad ads advert adverts advertisement advertising sponsor sponsored dfp adsense banner werbung anzeige",
    "overlay": "popup modal overlay cookie cookies consent gdpr lightbox dialog alert notice paywall tooltip",
    "sign_up": "newsletter subscribe subscription signup login register donate cta membership user account",
    "tags": "tag tags category categories topic topics keywords labels taxonomy cat",
    "byline": "author authors byline bio profile vcard avatar contributor writer about",
    "date": "date time timestamp published updated datetime datum pubdate posted dateline",
    "meta": "meta info infos details data metadata postmeta stats footnote",
    "caption": "caption captions figcaption credit credits photo image img picture figure media gallery video wp",
    "body": "content contents article articlebody body text story entry post posts copy main prose richtext "
    "markdown maincontent inhalt artikel contenu paragraph texto",
    "title": "title headline heading titel titulo subtitle name",
    "lead": "lead lede intro summary excerpt standfirst dek abstract description teaser chapo",
    "list": "list listing items item archive results feed stream row",
    "search": "search form input field filter filters select",
    "hidden": "hidden hide invisible sr screenreader visually screen offscreen noprint print",
    "product": "product price cart shop buy basket add rating stars review reviews shipping",
    "tool": "button buttons btn toolbar tools tool icon icons print email actions action controls",
}
PLACE_BIT = {name: 1 << i for i, name in enumerate(PLACES)}
# Tags that tell of a place in the same way.
LANDMARKS = {
    "article": "article",
    "main": "main",
    "section": "section",
    "nav": "nav menu",
    "header": "header",
    "footer": "footer",
    "aside": "aside",
    "form": "form fieldset label button search",
    "figure": "figure figcaption",
    "table": "table",
    "list": "ul ol dl dir",
    "quote": "blockquote",
    "apart": "dialog details address",
}


# Names of `<meta>`, and itemprops, of a date of publication, the surest first.
DATE_NAMES = (
    "article:published_time datepublished og:published_time citation_publication_date dcterms.issued dc.date.issued "
    "dcterms.created dc.date.created parsely-pub-date sailthru.date pubdate publishdate publish-date publish_date "
    "publication_date date dc.date dcterms.date"
)


class Names(NamedTuple):
    """An open-addressing table: `values[i]` belongs to the name whose hash is `keys[i]`; 0 is an empty place."""

    keys: np.ndarray
    """uint64[2^k]"""
    values: np.ndarray
    """int32[2^k]"""


def name_hash(name: str) -> int:
    """FNV-1a of the name's bytes, as the kernels count it."""
    value = _OFFSET
    for byte in name.encode():
        value = (value ^ byte) * _PRIME & 0xFFFFFFFFFFFFFFFF
    return value


def name_table(values: dict[str, int]) -> Names:
    size = 1 << (3 * len(values)).bit_length()
    keys, found = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    for name, value in values.items():
        key = name_hash(name)
        place = key & (size - 1)
        while keys[place]:
            place = (place + 1) & (size - 1)
        keys[place], found[place] = key, value
    return Names(keys, found)


@leaf
def look_up(keys, values, key):
    """The value of a hash in a table of names, 0 if it is not there."""
    mask = np.int64(keys.size - 1)
    place = np.int64(key) & mask
    while keys[place] != np.uint64(0):
        if keys[place] == key:
            return np.int64(values[place])
        place = (place + 1) & mask
    return np.int64(0)


class References(NamedTuple):
    """Named character references: a name's value is 1 + its row, + LEGACY where it needs no semicolon."""

    names: Names
    offsets: np.ndarray
    """int32: row i stands for the UTF-8 bytes[offsets[i]:offsets[i + 1]]."""
    text: np.ndarray
    """uint8"""


LEGACY = 1 << 16
LONGEST_LEGACY = 6  # letters of the longest name that needs no semicolon


class Tables(NamedTuple):
    """All that the block parser looks up."""

    tag_keys: np.ndarray
    tag_values: np.ndarray
    word_keys: np.ndarray
    word_values: np.ndarray
    reference_keys: np.ndarray
    reference_values: np.ndarray
    reference_offsets: np.ndarray
    reference_text: np.ndarray
    date_keys: np.ndarray
    date_values: np.ndarray
    landmarks: np.ndarray
    """int32[256]: of each tag's number, the landmark (from 1, see LANDMARKS) that it is, or 0."""
    c1: np.ndarray
    """int32[32]: what the numeric references 128 to 159 mean, as windows-1252 has them."""


def _references() -> References:
    values: dict[str, int] = {}
    offsets, text = [0], b""
    for name in sorted({name.rstrip(";") for name in html5}):
        values[name] = len(offsets) + (LEGACY if name in html5 else 0)
        text += html5.get(name + ";", html5.get(name, "")).encode()
        offsets.append(len(text))
    return References(
        name_table(values), np.array(offsets, np.int32), np.frombuffer(text, np.uint8).copy()
    )


@cache
def tables() -> Tables:
    """The tables, made once per process."""
    words: dict[str, int] = {}
    for place, names in PLACES.items():
        for word in names.split():
            words[word] = words.get(word, 0) | PLACE_BIT[place]
    references = _references()
    landmarks = np.zeros(NUMBER + 1, np.int32)
    for number, names in enumerate(LANDMARKS.values(), start=1):
        landmarks[[TAGS[name] for name in names.split()]] = number
    c1 = [ord(bytes([i]).decode("cp1252", "ignore") or chr(i)) for i in range(128, 160)]
    return Tables(
        *name_table({name: _value(name) for name in TAGS}),
        *name_table(words),
        *references.names,
        references.offsets,
        references.text,
        *name_table({name: i for i, name in enumerate(DATE_NAMES.split(), start=1)}),
        landmarks,
        np.array(c1, np.int32),
    )
