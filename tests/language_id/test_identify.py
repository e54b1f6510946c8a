"""What `identify` says of short texts in many scripts, of noise and of broken input."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polysieve.language_id import identify, load_model
from polysieve.language_id.labels import is_canonical_form

SENTENCES = {
    "amh_Ethi": "ዛሬ ጠዋት ልጆቹ ወደ ትምህርት ቤት በእግራቸው ሄዱ፤ መምህሩም በደስታ ተቀበላቸው።",
    "arb_Arab": "ذهب الأولاد هذا الصباح إلى المدرسة سيرا على الأقدام واستقبلهم المعلم بفرح كبير.",
    "ben_Beng": "আজ সকালে ছেলেমেয়েরা হেঁটে স্কুলে গিয়েছিল এবং শিক্ষক তাদের আনন্দের সঙ্গে স্বাগত জানিয়েছিলেন।",
    "bul_Cyrl": "Тази сутрин децата отидоха пеша на училище и учителят ги посрещна с голяма радост.",
    "cmn_Hans": "今天早上孩子们步行去学校，老师高兴地在门口迎接他们，然后一起读书。",
    "cmn_Hant": "今天早上孩子們步行去學校，老師高興地在門口迎接他們，然後一起讀書。",
    "deu_Latn": "Heute Morgen gingen die Kinder zu Fuß zur Schule, und der Lehrer begrüßte sie mit großer Freude.",
    "ell_Grek": "Σήμερα το πρωί τα παιδιά πήγαν με τα πόδια στο σχολείο και ο δάσκαλος τα υποδέχτηκε με χαρά.",
    "eng_Latn": "This morning the children walked to school, and the teacher welcomed them with great joy.",
    "fin_Latn": "Tänä aamuna lapset kävelivät kouluun, ja opettaja toivotti heidät iloisesti tervetulleiksi.",
    "fra_Latn": "Ce matin, les enfants sont allés à l'école à pied et le maître les a accueillis avec joie.",
    "heb_Hebr": "הבוקר הלכו הילדים ברגל לבית הספר, והמורה קיבל את פניהם בשמחה רבה.",
    "hin_Deva": "आज सुबह बच्चे पैदल स्कूल गए और अध्यापक ने बड़ी खुशी से उनका स्वागत किया।",
    "hye_Armn": "Այսօր առավոտյան երեխաները ոտքով գնացին դպրոց, և ուսուցիչը ուրախությամբ դիմավորեց նրանց։",
    "jpn_Jpan": "今朝、子どもたちは歩いて学校へ行きました。先生は喜んで迎えてくれました。",
    "kat_Geor": "დღეს დილით ბავშვები სკოლაში ფეხით წავიდნენ და მასწავლებელი მათ სიხარულით შეხვდა.",
    "khm_Khmr": "ព្រឹកនេះ ក្មេងៗបានដើរទៅសាលារៀន ហើយលោកគ្រូបានទទួលស្វាគមន៍ពួកគេដោយរីករាយ។",
    "kor_Hang": "오늘 아침 아이들은 걸어서 학교에 갔고 선생님은 기쁘게 아이들을 맞이했습니다.",
    "lao_Laoo": "ມື້ເຊົ້ານີ້ເດັກນ້ອຍຍ່າງໄປໂຮງຮຽນ ແລະ ຄູໄດ້ຕ້ອນຮັບພວກເຂົາດ້ວຍຄວາມດີໃຈ.",
    "mya_Mymr": "ဒီမနက် ကလေးတွေ ကျောင်းကို လမ်းလျှောက်သွားကြပြီး ဆရာက ဝမ်းသာစွာ ကြိုဆိုခဲ့ပါတယ်။",
    "pol_Latn": "Dziś rano dzieci poszły pieszo do szkoły, a nauczyciel przywitał je z wielką radością.",
    "rus_Cyrl": "Сегодня утром дети пошли в школу пешком, и учитель встретил их с большой радостью.",
    "swh_Latn": "Leo asubuhi watoto walitembea kwenda shuleni, na mwalimu aliwakaribisha kwa furaha kubwa.",
    "tam_Taml": "இன்று காலை குழந்தைகள் நடந்து பள்ளிக்குச் சென்றார்கள், ஆசிரியர் மகிழ்ச்சியுடன் வரவேற்றார்.",
    "tha_Thai": "เช้านี้เด็กๆ เดินไปโรงเรียน และคุณครูก็ต้อนรับพวกเขาด้วยความยินดี",
    "tur_Latn": "Bu sabah çocuklar okula yürüyerek gittiler ve öğretmen onları büyük bir sevinçle karşıladı.",
    "vie_Latn": "Sáng nay các em đi bộ đến trường và thầy giáo đã vui vẻ chào đón các em.",
    "yor_Latn": "Ní òwúrọ̀ yìí àwọn ọmọ náà rìn lọ sí ilé ẹ̀kọ́, olùkọ́ sì kí wọn pẹ̀lú ayọ̀ púpọ̀.",
}


@pytest.mark.parametrize("label", SENTENCES)
def test_a_sentence_gets_its_label(label: str) -> None:
    answer = identify([SENTENCES[label]])[0].as_py()
    assert answer["label"] == label
    assert answer["score"] > 0.3


def test_answers_do_not_depend_on_the_other_texts_of_a_batch() -> None:
    texts = list(SENTENCES.values())
    together = identify(texts).to_pylist()
    assert together == [identify([text])[0].as_py() for text in texts]
    assert identify(texts * 90).to_pylist() == together * 90


def test_list_array_slice_and_chunks_give_the_same() -> None:
    texts = [*SENTENCES.values(), None, ""]
    expected = identify(texts)
    assert identify(pa.array(texts)).equals(expected)
    assert identify(pa.array(["x", *texts], type=pa.large_string())[1:]).equals(expected)
    assert identify(pa.chunked_array([texts[:5], texts[5:]])).equals(expected)
    assert len(identify([])) == 0


def test_texts_without_content_are_undetermined() -> None:
    for answer in identify([None, "", " \n\t"]).to_pylist():
        assert answer == {"label": "und_Zzzz", "score": 0.0, "candidates": "{}"}


def test_candidates_are_sorted_and_hold_the_label() -> None:
    for answer in identify(list(SENTENCES.values())).to_pylist():
        candidates = json.loads(answer["candidates"])
        assert list(candidates.values()) == sorted(candidates.values(), reverse=True)
        assert candidates[answer["label"]] == answer["score"]
        assert all(is_canonical_form(label) for label in candidates)
        assert sum(candidates.values()) <= 1.001


@pytest.mark.parametrize(
    "text",
    [
        "0049 17 2239 88.20 41 7 1999 3.14159 100 200 300 42 17 99",
        "https://www.example.org/a/b?id=17&x=2 http://cdn.example.net/static/js/app.min.js",
        "c29tZSB0ZXh0IHRoYXQgaXMgZW5jb2RlZCBhbmQgc2F5cyBub3RoaW5nIGF0IGFsbCB0byBhIHJlYWRlcg==",
        "😀🎉🚀✨🔥💯😂👍🏽🌍",
        "AX-2291/B 12 pcs M6x20 DIN912\nKR-0045/A 3 pcs IP67 24V\nTT-9917/C 40 mm 0603 SMD",
        "Ð¡ÐµÐ³Ð¾Ð´Ð½Ñ Ñ\u0083Ñ\u0082Ñ\u0080Ð¾Ð¼ Ð´ÐµÑ\u0082Ð¸ Ð¿Ð¾Ñ\u0088Ð»Ð¸ Ð² Ñ\u0088ÐºÐ¾Ð»Ñ\u0083",
    ],
)
def test_noise_is_no_language(text: str) -> None:
    assert identify([text])[0].as_py()["label"][:3] in ("zxx", "und")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=8))
def test_any_text_gets_a_label_of_canonical_form(texts: list[str]) -> None:
    answers = identify(texts)
    assert len(answers) == len(texts)
    for answer in answers.to_pylist():
        assert is_canonical_form(answer["label"])
        assert 0 <= answer["score"] <= 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_malformed_utf8_is_survived(pieces: list[bytes]) -> None:
    texts = pa.array(pieces, type=pa.large_binary()).view(pa.large_string())
    assert all(is_canonical_form(x["label"]) for x in identify(texts).to_pylist())


def test_every_assigned_character_is_survived() -> None:
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    texts = ["".join(characters[i : i + 512]) for i in range(0, len(characters), 512)]
    assert all(is_canonical_form(x["label"]) for x in identify(texts).to_pylist())


def test_the_hash_names_the_model() -> None:
    assert len(load_model("embedded").hash) == 64
    assert load_model() is load_model("embedded")
