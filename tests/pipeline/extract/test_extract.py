"""A page's bytes to its main text, for any bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.pipeline.extract import DEFAULT_ENGINE, ENGINES, ExtractionError, extract

# Two paragraphs in each language, written for these tests.
ARTICLES = {
    "en": (
        "The old harbour was quiet that morning, and only two small boats had gone out to sea. "
        "The fishermen said that the wind would turn before noon, so most of them stayed at home.",
        "In the market hall the baker had already sold her last loaf when the school bell rang, "
        "and the children ran past without even looking at the empty shelves.",
    ),
    "fa": (
        "کتاب‌هایی که دیروز خریدم روی میز مانده‌اند و هنوز نمی‌دانم کدام را زودتر می‌خوانم. "
        "شاید آن که درباره‌ی کوه‌های البرز نوشته شده است از همه بهتر باشد.",
        "هر سال در بهار به روستای پدربزرگم می‌رویم و چند روزی را کنار رودخانه می‌گذرانیم، "
        "جایی که درخت‌های گردو سایه‌ی خنکی دارند.",
    ),
    "ar": (
        "كان الميناء القديم هادئا في ذلك الصباح، ولم يخرج إلى البحر سوى قاربين صغيرين. "
        "قال الصيادون إن الريح ستتغير قبل الظهر، فبقي معظمهم في بيوتهم.",
        "في السوق باعت الخبازة آخر رغيف عندها حين دق جرس المدرسة، وركض الأطفال أمام "
        "الدكان دون أن ينظروا إلى الرفوف الفارغة.",
    ),
    "hi": (
        "पुराना बंदरगाह उस सुबह शांत था और केवल दो छोटी नावें समुद्र में गई थीं। "
        "मछुआरों ने कहा कि दोपहर से पहले हवा बदल जाएगी, इसलिए अधिकतर लोग घर पर ही रहे।",
        "बाज़ार में स्कूल की घंटी बजने से पहले ही रोटी वाली अपनी आख़िरी रोटी बेच चुकी थी, "
        "और बच्चे खाली अलमारियों को देखे बिना दौड़ते हुए निकल गए।",
    ),
    "th": (
        "ท่าเรือเก่าเงียบสงบในเช้าวันนั้น มีเรือเล็กเพียงสองลำที่ออกทะเล "
        "ชาวประมงบอกว่าลมจะเปลี่ยนทิศก่อนเที่ยง คนส่วนใหญ่จึงอยู่ที่บ้านและซ่อมแหของตน",
        "ที่ตลาด แม่ค้าขนมปังขายก้อนสุดท้ายไปแล้วตอนที่ระฆังโรงเรียนดัง "
        "เด็กๆ วิ่งผ่านไปโดยไม่ได้มองชั้นวางของที่ว่างเปล่าเลย",
    ),
    "zh": (
        "那天早晨旧港口很安静，只有两条小船出海。渔民们说中午以前风向会变，所以大多数人都留在家里修补渔网，"
        "等待第二天的好天气。",
        "市场里，学校的铃声响起的时候，面包师傅已经卖完了最后一个面包，孩子们跑过去，连空空的架子都没有看一眼。",
    ),
    "ja": (
        "その朝、古い港は静かで、沖に出たのは小さな舟が二艘だけだった。昼前に風が変わると漁師たちは言い、"
        "ほとんどの人は家に残って網を直していた。",
        "市場では、学校の鐘が鳴るころにはパン屋の最後の一個が売れていて、子どもたちは空の棚を見もせずに走り過ぎていった。",
    ),
    "ko": (
        "그날 아침 옛 항구는 조용했고 작은 배 두 척만 바다로 나갔다. 어부들은 정오가 되기 전에 바람이 바뀔 것이라고 "
        "말했고, 그래서 대부분은 집에 남아 그물을 손질했다.",
        "시장에서는 학교 종이 울릴 무렵 빵집 주인이 마지막 빵을 이미 팔았고, 아이들은 빈 선반을 보지도 않고 뛰어갔다.",
    ),
    "am": (
        "በዚያ ጠዋት አሮጌው ወደብ ጸጥ ያለ ነበር፤ ወደ ባሕር የወጡት ሁለት ትናንሽ ጀልባዎች ብቻ ነበሩ። "
        "ዓሣ አጥማጆቹ ነፋሱ ከቀትር በፊት ይለወጣል ስላሉ አብዛኞቹ ቤታቸው ቀሩ።",
        "በገበያው የትምህርት ቤቱ ደወል ሲደወል ዳቦ ጋጋሪዋ የመጨረሻውን ዳቦ ሸጣ ነበር፤ ልጆቹም ባዶዎቹን መደርደሪያዎች ሳያዩ ሮጠው አለፉ።",
    ),
    "km": (
        "ព្រឹកនោះកំពង់ផែចាស់ស្ងប់ស្ងាត់ ហើយមានតែទូកតូចពីរប៉ុណ្ណោះដែលចេញទៅសមុទ្រ។ "
        "អ្នកនេសាទនិយាយថាខ្យល់នឹងប្តូរទិសមុនថ្ងៃត្រង់ ដូច្នេះភាគច្រើននៅផ្ទះជួសជុលសំណាញ់។",
        "នៅផ្សារ អ្នកលក់នំប៉័ងបានលក់នំចុងក្រោយអស់ហើយ នៅពេលដែលកណ្តឹងសាលាបន្លឺឡើង "
        "ក្មេងៗរត់កាត់ដោយមិនបានមើលធ្នើទទេទាល់តែសោះ។",
    ),
}
MENU = ["Home", "News", "Contact", "Imprint"]


def page(paragraphs, language="en", head=""):
    menu = "".join(f'<li><a href="/{item}">{item}</a></li>' for item in MENU)
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f"<!doctype html><html lang={language}><head>{head}<title> A page \n of ours </title></head>"
        f"<body><nav><ul>{menu}</ul></nav><main><article><h1>Heading</h1>{body}</article></main>"
        "<script>var a = '<p>not text</p>';</script>"
        "<footer><p>All rights reserved</p></footer></body></html>"
    )


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
