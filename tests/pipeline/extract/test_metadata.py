"""What a page says of itself, beside its text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.pipeline.extract import ENGINES, Metadata, extract
from polysieve.pipeline.extract.metadata import iso_date

HEAD = """<html lang="pt-BR"><head><title>Um &amp; dois</title><link rel="canonical" href="/a?b=1&amp;c=2">
<meta property="article:published_time" content="2021-03-04T05:06:07Z">
<script type="application/ld+json">{"datePublished": "2019-01-02"}</script></head>"""


def said(source: str, url: str | None = None) -> Metadata:
    return extract(source.encode(), url=url).metadata


@pytest.mark.parametrize("engine", ENGINES)
def test_a_page_that_says_all_has_all_whatever_the_engine(engine):
    source = HEAD + '<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC</a>'
    got = extract(source.encode(), url="https://example.org/x/y", engine=engine).metadata
    assert got == Metadata(
        title="Um & dois",
        language="pt-BR",
        canonical_url="https://example.org/a?b=1&c=2",
        published="2021-03-04T05:06:07+00:00",
        licence="https://creativecommons.org/licenses/by/4.0/",
    )


def test_a_page_that_says_nothing_has_nothing():
    assert said("<p>text") == Metadata()
    assert (
        said("<html lang><title> </title><link rel=canonical><meta name=date content=soon>")
        == Metadata()
    )


def test_a_relative_address_is_none_where_the_page_s_own_is_unknown():
    assert said(HEAD).canonical_url is None
    assert said("<link rel=canonical href='javascript:x'>", "https://e.org").canonical_url is None


def test_json_ld_and_itemprop_give_the_date_where_meta_does_not():
    assert (
        said('<script type="application/ld+json">{"datePublished":"2019-01-02"}</script>').published
        == "2019-01-02"
    )
    assert (
        said('<time itemprop="datePublished" datetime="2018-05-06">May</time>').published
        == "2018-05-06"
    )
    assert said('<time datetime="2018-05-06">May</time>').published is None


def test_a_link_to_creative_commons_is_a_licence_unless_another_is_called_so():
    linked = '<a href="https://creativecommons.org/publicdomain/zero/1.0/">0</a>'
    assert said(linked).licence == "https://creativecommons.org/publicdomain/zero/1.0/"
    called = '<link rel="license" href="https://example.org/terms">'
    assert said(linked + called).licence == "https://example.org/terms"
    assert said('<a href="https://creativecommons.org/about">about</a>').licence is None


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2020-02-29", "2020-02-29"),
        ("20200229", "2020-02-29"),
        ("2020/02/29 10:11", "2020-02-29T10:11:00"),
        ("2020-02-29T10:11:12+0100", "2020-02-29T10:11:12+01:00"),
        ("2020-02-29T25:00", "2020-02-29"),
        ("2021-02-29", None),
        ("1066-10-14", None),
        ("29.02.2020", None),
        ("", None),
    ],
)
def test_dates_are_iso_8601_or_nothing(written, date):
    assert iso_date(written) == date


TAGS = [
    'rel="license"', "rel=canonical", 'href="http://[x"', "href=' \x00'", "<a ", "<link ", "<meta name=date content=",
    "2020-01-01", ">", '"', "<html lang=", "\ud7ff", "<time ", "datetime=",
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(TAGS), max_size=12))
def test_any_tags_give_strings_that_can_be_written(parts):
    for value in said(" ".join(parts), "http://e.org/"):
        assert value is None or (value.encode() and value == " ".join(value.split()))
