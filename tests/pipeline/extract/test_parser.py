"""The block parser: where text begins and ends, for any bytes."""

import html as standard
import re
from html.entities import html5

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polysieve.pipeline.extract.markup import TAGS
from polysieve.pipeline.extract.outline import (
    AFTER_BREAK,
    CONCEALED,
    CONTAINER,
    END,
    INPUTS,
    LINK_BYTES,
    MAX_DEPTH,
    PARENT,
    START,
    TAG,
)
from polysieve.pipeline.extract.parser import NOTE_TITLE, Parsed, parse

MANY = 1_000_000
TAG_NAMES = {number: name for name, number in TAGS.items()}


def read(source: str | bytes, most: int = MANY) -> Parsed:
    data = source.encode() if isinstance(source, str) else source
    return parse(np.frombuffer(data, np.uint8), most)


def texts(source: str | bytes) -> list[str]:
    parsed = read(source)
    text = parsed.text.tobytes()
    return [text[b[START] : b[END]].decode("utf-8", "replace") for b in parsed.blocks]


def tags(source: str) -> list[str]:
    parsed = read(source)
    return [TAG_NAMES.get(int(parsed.containers[b[CONTAINER], TAG]), "") for b in parsed.blocks]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>one<p>two<div>three</div>four", ["one", "two", "three", "four"]),
        ("<ul><li>a<li>b<ul><li>c</ul>d</ul>", ["a", "b", "c", "d"]),
        ("<dl><dt>a<dd>b<dt>c</dl>", ["a", "b", "c"]),
        ("<table><tr><td>a<td>b<tr><th>c</table>", ["a", "b", "c"]),
        ("a <b>b</b>c <i>d</i>", ["a bc d"]),
        ("  a \n\t b  ", ["a b"]),
        ("a&nbsp;&nbsp;b\u00a0c", ["a b c"]),
        ("one<br>two<br/>three", ["one\ntwo\nthree"]),
        ("one<br><br>two", ["one", "two"]),
        ("one<hr>two", ["one", "two"]),
        ("a<!-- <p>b --> c<!>d<!-->e<? f ?>g", ["a cdeg"]),
        ("a<script>'</p>'</script>b<style>p{}</style>c", ["abc"]),
        ("<textarea>a</textarea>b<iframe><p>c</iframe>", ["b"]),
        ("<title>a</title>b", ["b"]),
        ("a<svg><path/><text>x</text></svg>b<template><p>c</p></template>d", ["abd"]),
        ("a<select><option>b<option>c</select>d", ["ad"]),
        ("<div>a<select><option>b</div>c", ["a", "c"]),
        ("<div>a<svg>b</div>c", ["a", "c"]),
        ("a<span style='DISPLAY: none'>b<span>c</span>d</span>e", ["ae"]),
        ("a<span hidden>b</span>c", ["ac"]),
        ("a < b <3 c", ["a < b <3 c"]),
        ("a</>b</ c>d", ["abd"]),
        ("a<p title='>'>b<p title=\"</p>\">c", ["a", "b", "c"]),
        ("a<p", ["a"]),
        ("a</div>b</p>c", ["a", "b", "c"]),
        ("</body></html>a", ["a"]),
        ("<custom-tag>a</custom-tag>b", ["ab"]),
    ],
)
def test_text_is_cut_where_a_browser_starts_a_new_line(source, expected):
    assert texts(source) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ท่าเรือเก่าเงียบสงบ",
        "那天早晨旧港口很安静",
        "کتاب‌هایی که",
        "पुराना बंदरगाह",
        "옛 항구는 조용했고",
        "ഞാൻ‍ വന്നു",
    ],
)
def test_inline_markup_neither_parts_nor_joins_the_letters_of_any_script(text):
    for place in range(len(text) + 1):
        marked = f"{text[:place]}<b><span class=x></span></b><a href=y></a><wbr>{text[place:]}"
        assert texts(f"<p>{marked}</p>") == [text]


def test_readings_in_ruby_are_left_out_and_the_base_text_stays():
    assert texts("<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</ruby>を読む") == [
        "漢字を読む"
    ]
    assert texts("<ruby>漢<rt>かん<rt>x</ruby>字<p>次") == ["漢字", "次"]


def test_preformatted_text_keeps_its_lines_and_blanks():
    assert texts("<pre>\n a\n\tb  c\r\nd\n</pre>e") == ["\n a\n\tb  c\nd", "e"]


def test_every_named_reference_means_what_the_standard_says():
    found = {name: texts(f"a&{name}b") for name in html5}
    assert found == {
        name: [re.sub("[ \t\n\r\f\u00a0]+", " ", standard.unescape(f"a&{name}b"))] for name in html5
    }


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("&#8364;", "€"), ("&#x20AC;", "€"), ("&#X20ac", "€"), ("&#128;", "€"), ("&#0;", "\ufffd"),
        ("&#xD800;", "\ufffd"), ("&#99999999999999999999;", "\ufffd"), ("&#x1F600;", "😀"), ("&#;", "&#;"),
        ("&#x;", "&#x;"), ("&", "&"), ("&&amp;", "&&"), ("&notit;", "¬it;"), ("&nosuchname;", "&nosuchname;"),
        ("&ampx", "&x"),
    ],
)  # fmt: skip
def test_references_are_resolved_as_browsers_do(reference, text):
    assert texts(f"a{reference}z") == [f"a{text}z"]


def test_containers_form_a_tree_in_the_order_of_the_page():
    parsed = read("<div class=x><ul><li>a</ul></div><p>b")
    names = [TAG_NAMES.get(int(t), "page") for t in parsed.containers[:, TAG]]
    assert names == ["page", "div", "ul", "li", "p"]
    assert parsed.containers[:, PARENT].tolist() == [0, 0, 1, 2, 0]


def test_end_tags_close_their_own_element_and_reach_out_of_no_cell():
    assert tags("<div><table><tr><td>a</div>b</table>c</div>d") == ["td", "td", "div", ""]
    assert tags("<h1>a</h2>b") == ["h1", ""]
    assert tags("<li>a<p>b</li>c") == ["li", "p", ""]


def test_links_are_counted_and_end_with_the_element_that_they_began_in():
    parsed = read("<p><a href=x>ab</a>c<p><a href=x>d<p>e<p><a name=x>f</a>")
    assert parsed.blocks[:, LINK_BYTES].tolist() == [2, 1, 0, 0]


def test_what_style_or_attribute_conceals_is_marked_and_not_dropped():
    parsed = read(
        "<div style='display:none'><p>a</p></div><div aria-hidden=true>b</div><p hidden>c<p>d"
    )
    concealed = [int(parsed.containers[b[CONTAINER], CONCEALED]) for b in parsed.blocks]
    assert concealed == [1, 2, 1, 0]


def test_inputs_and_doubled_breaks_are_noted():
    parsed = read("<form>a<input><input><br><br>b</form>")
    assert parsed.containers[1, INPUTS] == 2
    assert parsed.blocks[:, AFTER_BREAK].tolist() == [0, 1]


def test_the_title_is_noted():
    source = b"<title>A &amp; b</title><svg><title>c</title></svg>"
    notes = [n for n in read(source).notes.tolist() if n[0] == NOTE_TITLE]
    assert [source[start:end] for _, start, end in notes] == [b"A &amp; b"]


def test_deep_nesting_is_counted_beyond_the_stack():
    deep = "<div>" * (MAX_DEPTH + 50) + "a" + "</div>" * (MAX_DEPTH + 50) + "<p>b"
    assert texts(deep) == ["a", "b"]
    assert tags(deep)[1] == "p"


@pytest.mark.parametrize("source", ["<p>a" * 50, "a</p>" * 50, "a<br><br>" * 50])
def test_reading_stops_where_there_are_too_many_elements_or_blocks(source):
    parsed = read(source, 20)
    assert parsed.elements == 21
    assert len(parsed.blocks) <= 22


PIECES = [
    "<p>", "</p>", "<div class='a nav'>", "</div>", "<a href=x>", "</a>", "<table>", "<tr>", "<td>", "</table>",
    "<br>", "<pre>", "</pre>", "<li>", "<ul>", "</ul>", "<!--", "-->", "<script>", "</script>", "<svg>", "</svg>",
    "<template>", "<select>", "<ruby>", "<rt>", "</ruby>", "<span hidden>", "</span>", "<title>", "</title>",
    "&amp;", "&#x41", "&", "<", "x", " ", "\n", "語", "<h1>", "</h1>", "<b", "='", '"', ">",
]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=60))
@example(["<rt>", "<p>"])
def test_any_markup_gives_a_sound_outline(parts):
    _check(read("".join(parts).encode("utf-8", "ignore")))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_sound_outline(data):
    _check(read(data))


def _check(parsed: Parsed) -> None:
    blocks, containers = parsed.blocks, parsed.containers
    assert (blocks[:, START] < blocks[:, END]).all()
    assert (blocks[1:, START] > blocks[:-1, END]).all()
    assert not len(blocks) or blocks[-1, END] <= len(parsed.text)
    assert ((blocks[:, CONTAINER] >= 0) & (blocks[:, CONTAINER] < len(containers))).all()
    assert (containers[1:, PARENT] < np.arange(1, len(containers))).all()
    assert (blocks[:, LINK_BYTES] <= blocks[:, END] - blocks[:, START] + 1).all()
    text = parsed.text.tobytes()
    assert all(text[b[START] : b[END]].strip() for b in blocks)
