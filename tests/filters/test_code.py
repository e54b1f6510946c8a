"""Which lines look like code: never prose, in any script."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.filters import code
from polysieve.filters.signals import measure
from polysieve.filters.words import segment, text_buffer


def counts(texts: list[str]) -> np.ndarray:
    buffer, offsets = text_buffer(texts)
    found = np.zeros((len(texts), code.COUNTS), np.int64)
    code.count_code(buffer, offsets, code.POINTS, code.KEYWORDS, found)
    return found


def share(text: str) -> float:
    row = counts([text])[0]
    return row[code.CODE_LINES] / row[code.FILLED_LINES]


CODE = {
    "python": "import os\n\ndef main(path):\n    # 打开\n    with open(path) as file:\n        return file.read()\n",
    "javascript": "// 配列を並べる\nconst a = items.map(x => x.price).sort();\nif (a.length) {\n  show(a[0]);\n}\n",
    "minified": 'var a=function(b){return b.c?b.c():null};window.d=a({c:function(){e("f")}});',
    "css": ".menu li a {\n  color: #fff;\n}\n.menu li a:hover {\n  color: #000;\n}\n",
    "markup": '<div class="page">\n<p>Hello</p>\n<img src="a.png" alt="Карта"/>\n</div>\n',
    "json": '{"name": "Ada", "born": 1815,\n "works": ["notes"],\n "place": {"city": "London"}}',
    "c": '#include <stdio.h>\nint main(void) {\n  printf("%d\\n", 3);\n  return 0;\n}\n',
    "stack trace": "at java.lang.Thread.run(Thread.java:748)\nat com.example.App.main(App.java:12)\n",
    "log": "conn_id=12 user_id=9 status=ok\nconn_id=13 user_id=4 status=failed\n",
    "template": "{{ item_currency }} {{ priceFormat(item.valid_price) }}",
}

PROSE = {
    "arb": "النهر ينبع من التلال (شمال البلاد) ويجري إلى البحر؛ والقوارب تمر فيه كل يوم.",
    "hin": "नदी पहाड़ियों से निकलती है (उत्तर में) और समुद्र तक जाती है।",
    "tha": "แม่น้ำไหลผ่านหมู่บ้าน (ทางเหนือ) แล้วลงสู่ทะเล",
    "cmn": "河流(长120km)经过村庄,然后流入大海;人们在河上划船。",
    "jpn": "川は村(北部)を流れて海へ出る。iPhoneで撮った写真がある。",
    "kor": "강은 마을(북부)을 지나 바다로 흐른다. YouTube에서 볼 수 있다.",
    "amh": "ወንዙ ከኮረብታ ይነሳል፤ ወደ ባሕር ይፈስሳል።",
    "yor": "Odò náà ń ṣàn láti orí òkè (ní àríwá) lọ sí inú òkun.",
    "address": "See https://example.org/a_b/c.php?id=3&x[]=4 for more, or write to a@b.example.",
    "poem": "The river runs,\n    the mill stands still;\nno sun, no sun,\n    upon the hill.",
    "list": "- two eggs;\n- a cup of flour;\n- salt (to taste);",
    "table": "| town | people |\n| --- | --- |\n| Ashwick || 1,204 |\n| Millbay || 88 |",
    "mathematics": (
        "Let f be a continuous function on the interval [0, 1]. Then f(x) ≤ M for some M, and the integral of f "
        "is at most M, with equality if and only if f is constant (Theorem 3)."
    ),
    "formulas": (
        "概率 $P(A|B)$ 的隐含假设是 B 确定要发生，即病人确定康复。符合这样条件的样本只有五百个，而不是整个 "
        "$\\Omega$ 的一千个样本。也就是说，样本空间不再是 $\\Omega$，而是缩小成 B。"
    ),
    "names": "McDonald and MacLeod met at YouTube, eBay and WordPress. node.js is a name too.",
    "ruler": "Chapter one\n==============================\nIt was a dark night.",
}  # fmt: skip


@pytest.mark.parametrize("kind", CODE)
def test_code_of_every_kind_is_found(kind: str) -> None:
    assert share(CODE[kind]) > 0.45


@pytest.mark.parametrize("kind", PROSE)
def test_prose_of_every_kind_is_left_alone(kind: str) -> None:
    assert share(PROSE[kind]) == 0


def test_a_page_with_a_little_code_keeps_its_share() -> None:
    text = "\n".join([PROSE["arb"]] * 9 + ["for (i = 0; i < n; i++) {"])
    assert share(text) == pytest.approx(0.1)


def test_characters_and_lines_are_both_columns() -> None:
    texts = pa.array([CODE["json"], PROSE["hin"], " \n "])
    measured = measure(texts, segment(texts))
    assert measured["code_line_ratio"].to_pylist() == [1.0, 0.0, None]
    assert measured["code_char_ratio"].to_pylist() == [1.0, 0.0, None]


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab_(){};=<>/. \né中", max_size=60), min_size=1, max_size=5))
def test_no_count_exceeds_what_there_is_and_neighbours_do_not_matter(texts: list[str]) -> None:
    found = counts(texts)
    for text, row in zip(texts, found, strict=True):
        filled = [line.strip(" \t\r\v\f") for line in text.split("\n")]
        filled = [line for line in filled if line]
        assert row[code.FILLED_LINES] == len(filled)
        assert row[code.FILLED_CHARACTERS] == sum(map(len, filled))
        assert 0 <= row[code.CODE_LINES] <= row[code.FILLED_LINES]
        assert 0 <= row[code.CODE_CHARACTERS] <= row[code.FILLED_CHARACTERS]
        assert row.tolist() == counts([text])[0].tolist()


@settings(deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=8))
def test_bytes_that_are_no_utf8_are_read_within_their_bounds(data: bytes, after: bytes) -> None:
    def of(buffer: bytes) -> list[int]:
        found = np.zeros((1, code.COUNTS), np.int64)
        offsets = np.array([0, len(data)], np.int64)
        array = np.frombuffer(buffer, np.uint8)
        code.count_code(array, offsets, code.POINTS, code.KEYWORDS, found)
        return found[0].tolist()

    assert of(data + after) == of(data)
