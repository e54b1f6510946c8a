"""Words: where they begin and end in every script, and which spellings are the same word."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters.hashing import EOJEOL, HAS_LETTER, HAS_MARK, SYMBOLS
from polysieve.filters.words import Words, segment


def cut(text: str, label: str = "und_Zzzz") -> list[str]:
    return tokens(segment([text], [label]), 0)


def tokens(words: Words, document: int) -> list[str]:
    data = words.buffer.tobytes()
    first, last = words.documents[document], words.documents[document + 1]
    return [data[words.starts[k] : words.ends[k]].decode() for k in range(first, last)]


def same_word(*spellings: str) -> bool:
    words = segment(list(spellings))
    assert len(words.folded) == len(spellings), "each spelling must be one word"
    return len(set(words.folded.tolist())) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat sat.", ["The", "cat", "sat", "."]),
        ("(well-known)!?", ["(", "well", "-", "known", ")", "!", "?"]),
        ("don't ng’ombe oʻzbek", ["don't", "ng’ombe", "oʻzbek"]),
        ("'quoted' words'", ["'", "quoted", "'", "words", "'"]),
        ("3.14 10,000 12:30 1/2", ["3.14", "10,000", "12:30", "1/2"]),
        ("U.S.A. e.g. end.Next", ["U.S.A", ".", "e.g", ".", "end", ".", "Next"]),
        ("covid-19 2024-10", ["covid-19", "2024", "-", "10"]),
        ("wait... --- no", ["wait", "...", "---", "no"]),
        ("me@example.org a_b AT&T", ["me@example.org", "a_b", "AT&T"]),
        ("paral·lel 5·3", ["paral·lel", "5", "·", "3"]),
        ("(https://a.b/c?d=1&e). x", ["(", "https://a.b/c?d=1&e", ")", ".", "x"]),
        ("see:// http://", ["see://", "http://"]),
        ("http://例え.jp", ["http://", "例", "え", ".", "jp"]),
        ("soft\u00adhyphen", ["soft\u00adhyphen"]),
        ("a\u200bb", ["a", "b"]),
        ("\ufeffbegin \u202aend\u202c", ["begin", "end"]),
    ],
)
def test_words_of_spaced_text(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("नमस्ते दुनिया। क्‍या?", ["नमस्ते", "दुनिया", "।", "क्‍या", "?"]),
        ("می‌خواهم، کتاب؟", ["می‌خواهم", "،", "کتاب", "؟"]),
        ('צה"ל וגו׳ שלום', ['צה"ל', "וגו", "׳", "שלום"]),
        ("ի՞նչ է։", ["ի՞նչ", "է", "։"]),
        ("ሰላም፡ዓለም።", ["ሰላም", "ዓለም", "።"]),
        ("བཀྲ་ཤིས་བདེ་ལེགས།", ["བཀྲ་", "ཤིས་", "བདེ་", "ལེགས", "།"]),
        ("한국어는 쓴다.", ["한국어는", "쓴다", "."]),
        ("ꦧꦱꦗꦮ", ["ꦧ", "ꦱ", "ꦗ", "ꦮ"]),
        ("🙂👍🏽 #️⃣", ["🙂", "👍", "🏽", "#️⃣"]),
    ],
)
def test_words_of_other_scripts(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ภาษาไทยเป็นภาษาที่มีระดับเสียง", "เป็น"),
        ("ภาสาລາວ ພາສາລາວເປັນພາສາ", "ເປັນ"),
        ("ភាសាខ្មែរជាភាសាមួយ", "មួយ"),
        ("မြန်မာဘာသာစကားသည်", "သည်"),
        ("我们在北京大学学习", "北京"),
        ("東京都に住んでいます", "に"),
        ("コンピューターを使う", "コンピューター"),
    ],
)
def test_scripts_without_spaces_are_cut_by_dictionary(text: str, word: str) -> None:
    assert word in cut(text)


def test_a_thai_run_inside_an_english_page_is_cut_as_well() -> None:
    assert cut("Thai: ภาษาไทยเป็นภาษา (v2)", "eng_Latn") == [
        "Thai", ":", "ภาษา", "ไทย", "เป็น", "ภาษา", "(", "v2", ")",
    ]  # fmt: skip


def test_an_apostrophe_ends_a_word_only_where_the_language_elides() -> None:
    assert cut("l'eau qu’il", "fra_Latn") == ["l'", "eau", "qu’", "il"]
    assert cut("l'eau", "swh_Latn") == ["l'eau"]


def test_a_hyphen_between_letters_does_what_the_language_says() -> None:
    assert cut("E-Mail 3-4", "deu_Latn") == ["E-Mail", "3", "-", "4"]
    assert cut("il-kelb", "mlt_Latn") == ["il-", "kelb"]
    assert cut("e-mail", "pol_Latn") == ["e", "-", "mail"]


def test_modifier_symbols_that_spell_words_are_letters() -> None:
    assert cut("ko꞉lo꞉ ꜀kau") == ["ko꞉lo꞉", "꜀kau"]


@pytest.mark.parametrize(
    "spellings",
    [
        ("Straße", "STRAßE", "straße"),
        ("Café", "CAFE\u0301", "cafe\u0301"),
        ("ＡＢＣ", "abc"),
        ("バカ", "ﾊﾞｶ", "ハ\u3099カ"),
        ("한국", unicodedata.normalize("NFD", "한국")),
        ("ạ̈", "a\u0308\u0323", "a\u0323\u0308"),
        ("ΣΟΦΌΣ", "σοφός", "σοφόσ"),
        ("don't", "don’t"),
        ("می‌خواهم", "میخواهم"),
    ],
)
def test_spellings_of_the_same_word_fold_to_one_hash(spellings: tuple[str, ...]) -> None:
    assert same_word(*spellings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("か", "が"),  # dakuten
        ("ma", "má"),  # tone
        ("कमल", "कमला"),  # vowel sign
        ("क्त", "कत"),  # virama
        ("дом", "дум"),
        ("ß", "ss"),  # simple folding only
    ],
)
def test_folding_never_strips_what_distinguishes_words(one: str, other: str) -> None:
    assert not same_word(one, other)


def test_punctuation_and_symbols_fold_to_zero() -> None:
    words = segment(["ab, … ≠ =\u0338 € 5"])
    assert [bool(h) for h in words.folded] == [True, False, False, False, False, False, True]


def test_flags_tell_letters_marks_symbols_and_eojeol() -> None:
    words = segment(["é e\u0301 , 한국"])
    assert words.flags[0] & HAS_LETTER and not words.flags[0] & HAS_MARK
    assert words.flags[1] & HAS_MARK
    assert words.flags[2] & SYMBOLS
    assert words.flags[3] & EOJEOL and not words.flags[0] & EOJEOL


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6))
def test_tokens_lie_in_order_inside_their_document_and_cover_all_but_space(
    texts: list[str],
) -> None:
    words = segment(texts)
    data = words.buffer.tobytes()
    for i, text in enumerate(texts):
        place = words.text_offsets[i]
        left = b""
        for k in range(words.documents[i], words.documents[i + 1]):
            assert place <= words.starts[k] < words.ends[k] <= words.text_offsets[i + 1]
            left += data[place : words.starts[k]]
            place = words.ends[k]
            assert words.lengths[k] == len(data[words.starts[k] : words.ends[k]].decode())
        left += data[place : words.text_offsets[i + 1]]
        rest = left.decode()  # cuts fall between characters
        assert all(
            c.isspace() or unicodedata.category(c) in ("Cc", "Cf", "Cn") or c in "፡" for c in rest
        ), (text, rest)


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_normalisation_form_does_not_change_the_folded_hashes(texts: list[str]) -> None:
    composed = segment([unicodedata.normalize("NFC", t) for t in texts])
    decomposed = segment([unicodedata.normalize("NFD", t) for t in texts])
    # Where a form changes what is a letter (compatibility ideographs stay, some symbols decompose),
    # the number of words may differ; words that both see are the same.
    if len(composed.folded) == len(decomposed.folded):
        assert composed.folded.tolist() == decomposed.folded.tolist()


MIXED = ["Tom's cat ภาษาไทยเป็น", "", "東京都に住んでいます。Ok", "한국어", "l'eau", "བཀྲ་ཤིས"]


def test_a_document_is_cut_alone_as_among_others() -> None:
    together = segment(MIXED)
    for i, text in enumerate(MIXED):
        alone = segment([text])
        part = slice(together.documents[i], together.documents[i + 1])
        assert tokens(together, i) == tokens(alone, 0)
        assert together.folded[part].tolist() == alone.folded.tolist()
        assert together.hashes[part].tolist() == alone.hashes.tolist()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_slices_nulls_and_string_types_give_the_same_words(kind: pa.DataType) -> None:
    whole = pa.array(["ignored ไทย", *MIXED, None, "ignored"], kind)
    words = segment(whole[1 : 2 + len(MIXED)])
    expected = segment([*MIXED, ""])
    assert words.folded.tolist() == expected.folded.tolist()
    assert words.documents.tolist() == expected.documents.tolist()


def test_chunked_arrays_are_taken_as_one() -> None:
    chunked = pa.chunked_array([["ab c"], ["d"]])
    assert segment(chunked).documents.tolist() == [0, 2, 3]


def test_a_null_over_garbage_is_an_empty_document() -> None:
    data = pa.py_buffer(b"abcdef")
    offsets = pa.py_buffer(np.array([0, 3, 6], np.int32).tobytes())
    garbage = pa.Array.from_buffers(pa.string(), 2, [pa.py_buffer(b"\x01"), offsets, data])
    assert segment(garbage).documents.tolist() == [0, 1, 1]


def test_no_documents_and_empty_documents_have_no_words() -> None:
    assert len(segment([]).starts) == 0
    assert segment(["", " \n\t"]).documents.tolist() == [0, 0, 0]


def test_mismatched_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="1 texts, but 2 labels"):
        segment(["a"], ["x", "y"])
    with pytest.raises(TypeError, match="strings"):
        segment(pa.array([1]))
