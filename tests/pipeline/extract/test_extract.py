"""A page's bytes to its main text, for any bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.pipeline.extract import DEFAULT_ENGINE, ENGINES, ExtractionError, extract
from tests.pipeline.extract.articles import ARTICLES, page


@pytest.mark.parametrize("language", ARTICLES)
@pytest.mark.parametrize("engine", ENGINES)
def test_paragraphs_come_out_letter_by_letter_in_every_script(language, engine):
    got = extract(page(ARTICLES[language], language).encode(), engine=engine)
    lines = got.text.split("\n")
    assert [p for p in ARTICLES[language] if p not in lines] == []
    said = got.metadata
    assert (said.title, said.language, got.charset) == ("A page of ours", language, "UTF-8")


@pytest.mark.parametrize("language", ARTICLES)
def test_default_engine_leaves_menu_footer_and_script_out(language):
    text = extract(page(ARTICLES[language], language).encode()).text
    assert text.split("\n") == ["Heading", *ARTICLES[language]]


def test_joiners_written_as_references_survive_every_engine():
    source = page(p.replace("\u200c", "&zwnj;") for p in ARTICLES["fa"]).encode()
    other = page(p.replace("\u200c", "&#x200C;") for p in ARTICLES["fa"]).encode()
    for engine in ENGINES:
        assert ARTICLES["fa"][0] in extract(source, engine=engine).text
        assert ARTICLES["fa"][1] in extract(other, engine=engine).text


def test_legacy_charset_of_the_header_is_honoured():
    source = page(ARTICLES["ja"]).encode("cp932")
    got = extract(source, content_type="text/html; charset=Shift_JIS")
    assert (got.charset, ARTICLES["ja"][0] in got.text) == ("Shift_JIS", True)


def test_lines_of_a_paragraph_become_one_and_breaks_stay():
    first, second = ARTICLES["en"]
    source = page([first.replace(" ", "\r\n\t", 3) + "<br>" + second])
    assert extract(source.encode()).text.split("\n") == ["Heading", first, second]


def test_link_lists_after_the_text_go_and_lists_within_stay():
    first, second = ARTICLES["en"]
    within = "<ol><li>Flour, two cups of it</li><li>Water and salt</li></ol>"
    after = "".join(f'<p><a href="/{i}">Another story of the harbour {i}</a></p>' for i in range(9))
    source = page([first]).replace("</article>", f"{within}<p>{second}</p>{after}</article>")
    assert extract(source.encode()).text.split("\n") == [
        "Heading",
        first,
        "Flour, two cups of it",
        "Water and salt",
        second,
    ]


@pytest.mark.parametrize("engine", ["trimmed", "resiliparse", "trafilatura"])
def test_steps_in_unordered_lists_belong_to_the_text(engine):
    first, second = ARTICLES["zh"]
    steps = "<UL class=steps><li>打开文件</li><li>列出 <code>目录</code> 的内容：</li></UL >"
    source = page([first]).replace("</article>", f"{steps}<p>{second}</p></article>")
    text = extract(source.encode(), engine=engine).text
    assert "打开文件" in text
    assert "列出 目录 的内容：" in text


def test_code_keeps_its_lines_and_indentation():
    code = "def area(r):\n    if r &lt; 0:\n        raise ValueError\n    return 3.14159 * r * r"
    first, second = ARTICLES["en"]
    source = page([first]).replace("</article>", f"<pre>{code}</pre><p>{second}</p></article>")
    assert code.replace("&lt;", "<") in extract(source.encode()).text


def test_text_outside_of_what_looks_like_main_content_is_found():
    first, second = ARTICLES["en"]
    source = f"<article>Photo</article><div><p>{first}</p><p>{second}</p></div>"
    assert extract(source.encode()).text.split("\n")[-2:] == [first, second]


def test_short_pages_are_kept_whole():
    assert extract(b"<p>Good morning.</p><p>Good night.</p>").text == "Good morning.\nGood night."


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "source", [b"", b"\0\0\0", b"<", b"<!--", b"\xff\xfe", bytes(range(256)) * 9]
)
def test_pages_without_text_are_no_error(engine, source):
    assert isinstance(extract(source, engine=engine).text, str)


def test_control_characters_go_and_format_characters_stay():
    first = ARTICLES["en"][0]
    source = page([first.replace(" ", "\x02 ", 1).replace("old", "o\u200eld\u00ad") + "\ufeff"])
    text = extract(source.encode()).text
    assert first.replace("old", "o\u200eld\u00ad") in text


def test_an_unknown_engine_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="'readability': choose one of polysieve, trimmed"):
        extract(b"", engine="readability")


def test_a_page_with_too_many_elements_is_refused():
    with pytest.raises(ExtractionError, match="more than 1,000,000 elements"):
        extract(b"<br>" * 1_000_001)


@pytest.mark.parametrize(
    "source",
    [
        b"<div>" * 1_000_000,
        b"<b>" * 400_000,
        b"<div " + b" ".join(b"a%d=1" % i for i in range(1_000_000)) + b">",
        b'<div a="' + b"y" * 5_000_000,
        b"".join(b"<p><b id=%d>x" % i for i in range(30_000)),
        b"<svg>" + b"<g>" * 100_000,
        b"<a href=x>y" * 100_000,
        b"&" * 1_000_000,
        b"<!--" * 500_000,
    ],
    ids=["deep", "bold", "attributes", "value", "reopened", "svg", "links", "amp", "comments"],
)
@pytest.mark.parametrize("engine", [DEFAULT_ENGINE, "resiliparse_all"])
def test_pages_made_to_exhaust_a_parser_are_done_in_seconds(source, engine):
    words = b"<p>" + ARTICLES["en"][0].encode()
    assert isinstance(extract(words + source + words, engine=engine).text, str)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["<p>", "</p>", "<div>", "</div>", "<a href=x>", "</a>", "<td>", "<br>", "<pre>"]
            ),
            st.sampled_from(
                ["<!--", "-->", "<script>", "</script>", "<svg>", "<template>", "<table>"]
            ),
            st.text(max_size=20).map(lambda text: text.encode("utf-8", "ignore").decode()),
        ),
        max_size=40,
    )
)
def test_any_markup_gives_text_that_can_be_written(parts):
    got = extract("".join(parts).encode())
    got.text.encode()
    assert not any(line != line.rstrip() or not line for line in got.text.split("\n") if got.text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_text_that_can_be_written(data):
    for engine in ("trimmed", "resiliparse_all"):
        extract(data, engine=engine).text.encode()
