"""Lines that recur over a host: what is the same line, what is counted, what is left of a text."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.dedup import host_lines

SITE, OTHER, NONE = np.uint64(1), np.uint64(2), np.uint64(0)


def repeated(texts, hosts, least=2, share=0.0, counts=None, **options) -> list[list[int]]:
    """The numbers of each text's lines that recur."""
    hosts = np.array(hosts, np.uint64)
    lines = host_lines.lines_of(texts, **options)
    chosen = np.ones(len(texts), bool) if counts is None else np.array(counts)
    known = host_lines.counted(lines, hosts, chosen)
    recurs = host_lines.recurring(lines, hosts, known, least, share).documents > 0
    bounds = zip(lines.documents[:-1], lines.documents[1:], strict=True)
    return [np.flatnonzero(recurs[a:b]).tolist() for a, b in bounds]


def without(text: str, numbers: list[int]) -> str:
    return host_lines.without_lines([text], pa.array([numbers], pa.list_(pa.int32())))[0].as_py()


@pytest.mark.parametrize(
    "line",
    [
        "Accept all cookies", "جميع الحقوق محفوظة", "सर्वाधिकार सुरक्षित", "สงวนลิขสิทธิ์", "版权所有",
        "会員登録はこちら", "회원가입", "መብቱ በሕግ የተጠበቀ", "Gbogbo ẹ̀tọ́ wà ní ìpamọ́",
    ],
)  # fmt: skip
def test_a_line_of_any_script_recurs_on_its_host_and_on_no_other(line: str) -> None:
    texts = [f"{line}\nfirst text", f"second text\n\t{line} ", f"{line}\nthird text"]
    assert repeated(texts, [SITE, SITE, OTHER]) == [[0], [1], []]
    assert repeated(texts, [SITE, NONE, OTHER]) == [[], [], []]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Home", "home"),
        ("résumé", "resume"),
        ("हिन्दी", "हिनदी"),  # a virama
        ("ตา", "ตำ"),
        ("か", "が"),
        ("كتب", "كَتَب"),
        ("page 1", "page 2"),
        ("no where", "nowhere"),
    ],
)
def test_lines_that_differ_in_a_character_are_different(one: str, other: str) -> None:
    assert repeated([one, other], [SITE, SITE]) == [[], []]


def test_runs_of_white_space_are_one_space_and_digits_one_digit_on_request() -> None:
    assert repeated(["all  rights\u3000reserved\r", "all rights reserved"], [SITE] * 2) == [
        [0],
        [0],
    ]
    digits = ["12 comments", "٣٤ comments", "comments"]
    assert repeated(digits, [SITE] * 3) == [[], [], []]
    assert repeated(digits, [SITE] * 3, any_digit=True) == [[0], [0], []]


def test_lines_of_few_letters_never_recur() -> None:
    texts = ["}\n***\n12\n— a\n首页\n"] * 3
    assert repeated(texts, [SITE] * 3) == [[4]] * 3
    assert repeated(texts, [SITE] * 3, least_letters=1) == [[3, 4]] * 3
    assert repeated(texts, [SITE] * 3, least_letters=3) == [[]] * 3


def test_a_line_that_a_document_repeats_is_counted_once() -> None:
    assert repeated(["chorus\nchorus\nchorus", "verse"], [SITE] * 2) == [[], []]
    assert repeated(["chorus\nverse\nchorus", "chorus"], [SITE] * 2) == [[0, 2], [0]]


def test_documents_that_do_not_count_have_lines_that_recur_all_the_same() -> None:
    texts = ["menu\na", "menu\nb", "menu\nc"]
    assert repeated(texts, [SITE] * 3, counts=[True, True, False]) == [[0]] * 3
    assert repeated(texts, [SITE] * 3, counts=[True, False, False]) == [[]] * 3


def test_a_line_must_be_on_a_share_of_the_hosts_documents() -> None:
    texts = ["menu\nproverb", "menu\nproverb", *("menu" for _ in range(8))]
    assert repeated(texts, [SITE] * 10, share=0.2)[0] == [0, 1]
    assert repeated(texts, [SITE] * 10, share=0.21)[0] == [0]
    assert repeated(texts, [SITE] * 10, least=11)[0] == []


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["aa", "bb", "cc", "dd", "", "}"]), max_size=5),
            st.sampled_from([0, 1, 2]),
            st.booleans(),
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_counts_are_those_of_a_dictionary_however_the_documents_are_cut(documents, random) -> None:
    def counted(part) -> tuple[np.ndarray, np.ndarray]:
        texts = pa.array(["\n".join(lines) for lines, _, _ in part], pa.large_string())
        hosts = np.array([host for _, host, _ in part], np.uint64)
        return host_lines.counted(
            host_lines.lines_of(texts), hosts, np.array([c for _, _, c in part], bool)
        )

    whole = counted(documents)
    shuffled = random.sample(documents, len(documents))
    cut = random.randrange(len(documents) + 1)
    parts = [counted(shuffled[:cut]), counted(shuffled[cut:])]
    joined = host_lines.summed(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    assert all(np.array_equal(a, b) for a, b in zip(whole, joined, strict=True))
    expected: dict[tuple[int, str], int] = {}
    for lines, host, counts in documents:
        for line in {"", *lines} - {"}"} if host else ():
            expected[host, line] = expected.get((host, line), 0) + counts
    assert sorted(whole[1].tolist()) == sorted(expected.values())


@pytest.mark.parametrize(
    ("text", "numbers", "left"),
    [
        ("menu\n\nA\n\nB", [0], "A\n\nB"),
        ("A\n\nmenu\n\nB", [2], "A\n\nB"),
        ("A\nmenu\n\nB", [1], "A\n\nB"),
        ("A\nmenu\nB", [1], "A\nB"),
        ("A\n\n\n\nB\nfooter", [5], "A\n\n\n\nB"),
        ("A\n\nfooter\n\n", [2], "A"),
        ("menu\n \nfooter", [0, 2], ""),
        ("สวัสดี\nmenu\nโลก", [1], "สวัสดี\nโลก"),
        (" \nA \n", [], " \nA \n"),
    ],
)
def test_what_is_left_of_a_text_has_no_new_gaps(text, numbers, left) -> None:
    assert without(text, numbers) == left


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from("a\n é\r漢"), max_size=30), st.sets(st.integers(0, 12)))
def test_every_other_line_with_text_stays_as_it_is_and_in_order(text, numbers) -> None:
    pieces = text.split("\n")
    gone = sorted(n for n in numbers if n < len(pieces))
    expected = [p for i, p in enumerate(pieces) if i not in gone and p.strip()]
    left = without(text, gone)
    assert [line for line in left.split("\n") if line.strip()] == expected
    if not gone:
        assert left == text


def test_hosts_are_told_by_name_without_www_port_and_case() -> None:
    a, b, c, d, none, empty = host_lines.hosts(
        ["https://www.Example.org:80/x", "http://example.org", "http://me.example.org/", "//EXAMPLE.org./y", None, ""]
    )  # fmt: skip
    assert a == b == d != c
    assert none == empty == 0
