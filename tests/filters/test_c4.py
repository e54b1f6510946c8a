"""C4's rules beside datatrove's own classes."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters import c4, rules, signals, words
from polysieve.filters.characters import tables

c4_filters = pytest.importorskip("datatrove.pipeline.filters.c4_filters")
from datatrove.data import Document  # noqa: E402
from datatrove.utils.word_tokenizers import WordTokenizer  # noqa: E402


class Ours(WordTokenizer):
    """Our sentences, as a tokeniser of datatrove's: it takes their number."""

    def word_tokenize(self, text):
        raise NotImplementedError

    def sent_tokenize(self, text):
        raise NotImplementedError

    def span_tokenize(self, text):
        return [(0, 0)] * sentences(text)


def sentences(line: str) -> int:
    buffer, offsets = words.text_buffer([line])
    return c4._sentences(buffer, 0, int(offsets[-1]), tables().properties)


def measured(text: str) -> dict[str, int]:
    texts = pa.array([text])
    return signals.measure(texts, words.segment(texts)).to_pylist()[0]


def dropped(values: dict[str, int], names: list[str], **thresholds: float) -> str | None:
    """The first of the rules that drops a document."""
    for name in names:
        rule = rules.RULES[name]
        limit = thresholds.get(name, rule.default)
        if rules.drops(rule, [values[rule.metric]], limit)[0]:
            return name
    return None


# Arguments of C4QualityFilter, the rules that stand for it, thresholds other than the default.
SWITCHES = [
    ({}, "c4", ["lorem_ipsum", "curly_bracket", "few_sentences"], {}),
    ({"filter_lorem_ipsum": False}, "c4", ["curly_bracket", "few_sentences"], {}),
    ({"filter_curly_bracket": False}, "c4", ["lorem_ipsum", "few_sentences"], {}),
    ({"min_num_sentences": -1}, "c4", ["lorem_ipsum", "curly_bracket"], {}),
    (
        {"min_num_sentences": 2},
        "c4",
        ["lorem_ipsum", "curly_bracket", "few_sentences"],
        {"c4_few_sentences": 2},
    ),
    (
        {"filter_no_terminal_punct": False},
        "c4_any_end",
        ["lorem_ipsum", "curly_bracket", "few_sentences"],
        {},
    ),
    (
        {
            "filter_no_terminal_punct": False,
            "filter_curly_bracket": False,
            "min_num_sentences": 1,
        },
        "c4_any_end",
        ["lorem_ipsum", "few_sentences"],
        {"c4_any_end_few_sentences": 1},
    ),
]
FINE = "The boat came down the river. It was late."
LINES = st.sampled_from(
    [
        FINE, "Lorem ipsum dolor sit amet.", "LOREM IPSUM dolor sit amet", "x { y } z.", "x { y } z",
        "Please enable Javascript now.", "java[1]script is off here.", "JavaScript {a b c}.",
        "Read our privacy policy.", "We use cooKies {here} now.", "This site uses cookies.",
        "Terms of Use apply here", "too short.", "[1]", "He said so. [12]", "He said so.[12]",
        "He said so [citation needed].", "One two three...", "Is this it? [edit]", "[٣] one two three!",
        "a" * 1001 + " b c.", "a" * 1000 + " b c.", " padded line here. ", "", "  ",
        "河水很高。今天下雨了。 船 来 了", "नदी ऊँची है। नाव आई। अब चलो।", "ما هذا اليوم؟ لا أعرف",
        "ወንዙ ከፍ ብሏል። ጀልባው መጣ። ደህና።",
        "ማለት ነው \"እሺ።\" አለ", "El río. «¿Qué?» dijo. ¡Sí!", "3.14 is pi, e.g. here.",
        "Wait!? (Yes.) No.", "one two three'",
    ]
)  # fmt: skip
TEXTS = st.lists(LINES | st.text("a.{[]1 \n\r\x0b\x85 ", max_size=12), max_size=10).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\u2028", "\n\n"]).map(lambda end: end.join(lines))
)


@pytest.mark.parametrize(("arguments", "end", "names", "thresholds"), SWITCHES)
@settings(deadline=None)
@given(text=TEXTS)
def test_the_rules_drop_what_datatrove_s_filter_drops(
    arguments, end, names, thresholds, text
) -> None:
    block = c4_filters.C4QualityFilter(language=Ours(), **arguments)
    theirs = block.filter(Document(text, "0"))
    ours = dropped(measured(text), [f"{end}_{name}" for name in names], **thresholds)
    assert (ours is None) == (theirs is True)
    if ours is not None:
        reason = {"too_few_sentences": "few_sentences"}.get(theirs[1], theirs[1])
        both = {"lorem_ipsum", "curly_bracket"}
        # Of a document with both, datatrove tells the earlier in the text.
        assert ours == f"{end}_{reason}" or {ours.removeprefix(f"{end}_"), reason} == both


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 4).map(lambda n: "ab cde"[:1] * (n * 67)), max_size=5).map("\n".join)
)
def test_paragraphs_are_those_of_datatrove_s_filter(text) -> None:
    theirs = c4_filters.C4ParagraphFilter().filter(Document(text, "0"))
    assert (dropped(measured(text), ["c4_paragraphs"]) is None) == (theirs is True)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_measured(text) -> None:
    values = measured(text.encode("utf-8", "replace").decode())
    assert values["c4_sentence_count"] <= values["c4_any_end_sentence_count"] <= len(text)


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("One. Two! Three?", 3),
        ("He paid 3.14 euros, e.g.no more", 1),
        ('"Go." "No!" (Why?) Well', 4),
        ("Wait!!! What?!", 2),
        ("河水很高。今天下雨了。「好。」他说", 4),
        ("नदी ऊँची है। नाव आई।", 2),
        ("ما هذا؟ لا أعرف۔", 2),
        ("ወንዙ ከፍ ብሏል። ጀልባው መጣ", 2),
        ("Գետը բարձր է։ Նավը եկավ։", 2),
        ("မြစ်ရေ မြင့်သည်။ လှေလာသည်။", 2),
        ("แม่น้ำสูง เรือมาแล้ว", 1),
        ("강이 높다. 배가 왔다.", 2),
        ("", 0),
        ("...", 1),
    ],
)
def test_sentences_end_where_the_script_ends_them(line, count) -> None:
    assert sentences(line) == count


def test_the_rules_are_in_no_bundled_recipe_that_is_fineweb2() -> None:
    from polysieve.pipeline.recipe.loading import load

    assert not [name for name in load("fineweb2").rules if name.startswith("c4")]


def test_what_no_rule_asks_for_is_not_measured() -> None:
    texts = ["Lorem ipsum dolor sit amet, and so on.", ""]
    cut = words.segment(texts)
    without, with_c4 = (signals.measure(texts, cut, with_c4=wanted) for wanted in (False, True))
    assert all(without[name].null_count == 2 for name in signals.C4_METRICS)
    others = [name for name in signals.METRICS if name not in signals.C4_METRICS]
    assert without.select(others).equals(with_c4.select(others))
