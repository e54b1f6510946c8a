"""Chosen blocks as text and as Markdown."""

import numpy as np

from polysieve.pipeline.extract.assemble import markdown, plain
from polysieve.pipeline.extract.parser import Parsed, parse


def read(source: str) -> Parsed:
    return parse(np.frombuffer(source.encode(), np.uint8), 10_000)


def every(parsed: Parsed) -> np.ndarray:
    return np.ones(len(parsed.blocks), np.bool_)


def as_text(source: str) -> str:
    parsed = read(source)
    return plain(parsed, every(parsed))


def as_markdown(source: str) -> str:
    parsed = read(source)
    return markdown(parsed, every(parsed))


def test_only_chosen_blocks_are_written():
    parsed = read("<p>a<p>b<p>c")
    assert plain(parsed, np.array([True, False, True])) == "a\nc"
    assert plain(parsed, np.zeros(3, np.bool_)) == markdown(parsed, np.zeros(3, np.bool_)) == ""


def test_cells_of_a_row_share_a_line_and_cells_with_paragraphs_do_not():
    assert as_text("<table><tr><th>a<th>b<tr><td>1<td>2</table><p>c") == "a\tb\n1\t2\nc"
    assert as_text("<table><tr><td><p>a<p>b</td><td>c</table>") == "a\nb\nc"


def test_headings_quotations_and_paragraphs_have_their_marks():
    source = "<h2>A\nb</h2><p>c<blockquote>d<br>e</blockquote>"
    assert as_markdown(source) == "## A b\n\nc\n\n> d\n> e"


def test_lists_are_numbered_and_indented():
    source = "<ol><li>a<ul><li>b</ul><li>c<p>d</ol>e"
    assert as_markdown(source) == "1. a\n  - b\n2. c\n\n   d\n\ne"


def test_tables_have_a_head_and_their_pipes_are_escaped():
    source = "<table><tr><th>a|<th>b<tr><td>1<td>2</table>"
    assert as_markdown(source) == "| a\\| | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_table_of_one_column_is_paragraphs():
    assert as_markdown("<table><tr><td>a<tr><td>b</table>") == "a\n\nb"


def test_code_is_fenced_by_more_ticks_than_it_has():
    assert as_markdown("<pre>x\n\n  y</pre>") == "```\nx\n\n  y\n```"
    assert as_markdown("<pre>```\nx</pre>") == "````\n```\nx\n````"
    assert as_markdown("<pre><div>a</div><div>b</div></pre>") == "```\na\nb\n```"
