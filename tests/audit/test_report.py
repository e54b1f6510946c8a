"""The report's files: what they show, and what they never do."""

import base64
import copy
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from polysieve.audit.pages import PLOTS
from polysieve.audit.report import page_name
from tests.audit.hostile import HOSTILE, hostile
from tests.audit.made_run import entry, languages, run, write_report


def write(run, languages):
    files = {}

    def put(name, text):
        assert name not in files, f"{name} is written twice"
        files[name] = text

    write_report(run, languages, put)
    return files


class Page(HTMLParser):
    """A page as a browser would take it apart: elements, and the text outside of style and script."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.text, self.raw, self._within = [], "", {"style": [], "script": []}, None
        self.feed(source)
        self.words = " ".join(self.text.split())

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._within = tag if tag in self.raw else None

    def handle_endtag(self, tag):
        self._within = None

    def handle_data(self, data):
        if self._within:
            self.raw[self._within].append(data)
        else:
            self.text += " " + data

    def attributes(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def files():
    return write(run(), languages())


def test_there_is_a_page_and_a_json_file_for_the_index_and_each_label(files):
    names = ["index", "tha_Thai", "arb_Arab", "und_Zzzz"]
    pages = [f"{name}.{kind}" for name in names for kind in ("html", "json")]
    assert sorted(files) == sorted([*pages, PLOTS])


def test_the_index_shows_totals_and_every_language(files):
    page = Page(files["index.html"])
    for words in (
        "Documents in 115",
        "Documents kept 69",
        "150 records were read; 115 of them are documents",
    ):
        assert words in page.words
    assert "Languages kept 2 of 2 seen" in page.words
    rows = re.findall(r'<tr><th scope="row"><a href="(\w+)\.html">', files["index.html"])
    assert rows == ["tha_Thai", "arb_Arab", "und_Zzzz"]
    assert (
        "ไทย 100 31,000 60.0% 20.0% idle rule 0.625 20.0% 25.0% 10.0% 5.0% 20.0% gopher_short_doc 10.0%"
        in page.words
    )


def test_warnings_come_before_the_figures(files):
    words = Page(files["index.html"]).words
    before, _ = words.split("Where documents went")
    assert "The disk was nearly full." in before
    assert "1 language without parameters of its own" in before
    assert (
        "Thresholds that can never fire in 1 language. Which languages tha_Thai gopher_dup_line_frac"
        in before
    )
    assert "2 pieces of the input are in quarantine" in before


def test_an_identity_that_does_not_hold_is_the_first_warning():
    broken = run()
    broken["accounting"]["total"]["kept"] = 70
    words = Page(write(broken, languages())["index.html"]).words
    assert "Read first The run: 115 documents came in, but 116 are accounted for." in words


def test_a_language_page_shows_funnel_thresholds_clusters_weights_and_samples(files):
    words = Page(files["tha_Thai.html"]).words
    for shown in (
        "Documents kept 60 60.0%",
        "Lowest language score 0.712",
        "exact_duplicate −5 5.0% 89 near_duplicate −15 15.0% 74",
        "gopher_dup_line_frac 1.32 – 4 4.0% – can never fire",
        "gopher_short_doc 50 12 10 10.0% 8 3 at 45 5 at 55",
        "gopher_short_doc (under 50) cuts 12 of 74.",
        "lao_Laoo 9 0.12",
        "Under the cut 6 2 within 10 % of it; 4 more with a cut 10 % higher",
        "Kept without a word of the language’s list 20.0% 10 of 50",
        "Bible sites 10.0% 6 of 60 kept",
        "example.org 90 50",
        "CC-MAIN-2024-10 100 60",
        "และ 7",
        "อ่านต่อ 2",
        "4 60 31,000 124,000",
        "gopher_stop_words – does not apply here",
        "9–16 2 21",
        "Over all sizes the rate is 27.0%. Sizes from 10 on are pooled.",
        "3 10.0% 10 10+ 40.0% 1",
        "kept 60 documents https://example.org/1 กรุงเทพ <urn:uuid:1> · score 0.9",
        "gopher_short_doc 10 documents by plain_word_count, threshold 50 Removed no address สั้น 49 ·",
        "Kept https://example.org/1 กรุงเทพ 51 ·",
    ):
        assert shown in words
    assert "9 clusters, fewer than 10000: every weight is 1" in Page(files["arb_Arab.html"]).words


def test_samples_carry_the_language_and_direction_of_their_script(files):
    def text_block(name):
        [block] = [a for a in Page(files[name]).attributes("div") if a.get("class") == "text"][:1]
        return block["lang"], block["dir"]

    assert text_block("tha_Thai.html") == ("th-Thai", "ltr")
    assert text_block("arb_Arab.html") == ("arb-Arab", "rtl")


def test_origins_are_compared_where_there_are_two():
    made = run()
    part = made["accounting"]["languages"]["arb_Arab"]
    part["origins"] = {"web": entry(7, 6, {"gopher_short_doc": 1}, 0), "mt": entry(3, 3, {}, 0)}
    words = Page(write(made, languages())["arb_Arab.html"]).words
    assert "By origin Origin Documents in Kept Duplicates Removed mt 3 3 0 0 web 7 6 0 1" in words


def test_translations_have_their_share_of_words_on_both_pages_and_break_no_identity():
    whole, known = run(), languages()
    translated = {
        "kept": 30, "words": 5_000, "kept_words": 4_000, "share_of_words": 0.8,
        "kept_sources": {"eng_Latn": 30},
        "ledger": {
            "engine": [{"engine": "apertium", "model": "eng-cat"}], "statuses": {"numbers_lost": 7},
            "source_words": 4_500, "words_per_second": 600.0,
        },
    }  # fmt: skip
    known["tha_Thai"] |= {"kept_words": 1_000, "translated": translated}
    total, thai = whole["accounting"]["total"], whole["accounting"]["languages"]["tha_Thai"]
    made = entry(35, 30, {"translation_failed": 5}, 0)
    thai["origins"] = {**thai["origins"], "mt": made}
    for counted in (total, thai):
        counted["documents_in"] += 35
        counted["kept"] += 30
        counted["removed"] = {**counted["removed"], "translation_failed": 5}
    total["documents_translated"] = 35
    native = run()["accounting"]
    pages = write(whole, known)
    assert "80.0%" in pages["tha_Thai.html"]
    assert "apertium (eng-cat)" in pages["tha_Thai.html"]
    assert "numbers lost 7" in pages["tha_Thai.html"]
    assert "mostly translated" in pages["index.html"]
    assert "Translated words kept" in pages["index.html"]
    assert "records were read, but" not in pages["index.html"]
    assert "accounted for" not in pages["index.html"]
    for name, counted in (
        ("index", native["total"]),
        ("tha_Thai", native["languages"]["tha_Thai"]),
    ):
        words = Page(pages[f"{name}.html"]).words
        assert f"Documents in {counted['documents_in']} and 35 translations" in words
        outcomes = words.partition("Where documents went")[2].partition("origin Origin")[0]
        assert "and 30 translations" in outcomes
        assert f"documents in {counted['documents_in']} 100.0%" in outcomes
    assert json.loads(pages["index.json"])["translations"]["removed"] == {"translation_failed": 5}


def test_json_holds_every_figure_of_the_input(files):
    index = json.loads(files["index.json"])
    assert index["run"] == run()
    for label in languages():
        page = json.loads(files[f"{label}.json"])
        figures = languages()[label]
        assert page["samples"] == figures.pop("samples")
        assert page["figures"] == figures
        assert page["accounting"] == run()["accounting"]["languages"][label]


def test_json_names_the_numbers_that_it_has_no_way_to_write():
    page = write({}, {"swh_Latn": {"thresholds": {"a": float("inf"), "b": float("nan")}}})[
        "swh_Latn.json"
    ]
    assert json.loads(page)["figures"]["thresholds"] == {"a": "inf", "b": "nan"}


def test_equal_data_give_equal_bytes(files):
    assert write(run(), languages()) == files
    turned = {
        label: {key: entry[key] for key in reversed(entry)}
        for label, entry in reversed(languages().items())
    }
    assert write({key: run()[key] for key in reversed(run())}, turned) == files


def test_the_input_is_left_as_it_was():
    given = run(), languages()
    before = copy.deepcopy(given)
    write(*given)
    assert given == before


def test_any_key_may_be_missing():
    assert "No document was found." in Page(write({}, {})["index.html"]).words
    for key in run():
        write({name: value for name, value in run().items() if name != key}, languages())
    for label, figures in languages().items():
        for key in figures:
            rest = {name: value for name, value in figures.items() if name != key}
            write({}, {label: rest})
            write(run(), {**languages(), label: rest})
            write(run(), {**languages(), label: {**figures, key: None}})
    document = {
        "samples": {"kept": {"kept": [{}]}},
        "rebalancing": {"weights": {}},
        "cluster_sizes": {},
    }
    write(
        {"quarantine_rows": [{}], "inputs": {}, "accounting": {}},
        {"swh_Latn": document, "yor_Latn": {}},
    )


def test_hostile_strings_are_shown_and_never_run():
    for name, text in write(*hostile()).items():
        if name == PLOTS:
            continue
        text.encode("utf-8")
        assert not re.search("[\0\x1b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text), name
        if not name.endswith(".html"):
            json.loads(text)
            continue
        page = Page(text)
        untouched = ("arb_Arab.html", "und_Zzzz.html")
        if name not in untouched:
            assert "<script>alert(1)</script>" in page.text
            assert "⟨U+202E⟩gnp.exe⟨U+202C⟩" in page.text.replace("⟩ gnp.exe ⟨", "⟩gnp.exe⟨")
            assert "{{ 7 * 7 }}" in page.text
        assert not page.attributes("img")
        data, *more = page.raw["script"][-2:-1] or [""]
        assert not re.search("[<>&]", data) and not more
        sources = [a["src"] for a in page.attributes("script") if "src" in a]
        assert sources == [PLOTS] * bool(data)
        for tag, attributes in page.elements:
            assert not [a for a in attributes if a.startswith("on") or a in ("style", "srcdoc")], (
                tag
            )
            assert re.fullmatch(r"[\w~-]+\.(html|json)|data:,", attributes.get("href", "data:,"))
            assert "src" not in attributes or tag == "script"


def test_a_text_of_a_megabyte_does_not_reach_the_page_or_its_json():
    files = write(*hostile())
    assert all(len(text) < 100_000 for name, text in files.items() if name != PLOTS)
    assert "x" * 600 + "…" in Page(files["tha_Thai.html"]).text


def test_the_policy_allows_the_pages_own_style_and_scripts_and_nothing_else(files):
    for name in ("index.html", "tha_Thai.html"):
        page = Page(files[name])
        [policy] = [m["content"] for m in page.attributes("meta") if "http-equiv" in m]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'none'"
        [style] = page.raw["style"]
        assert rules["style-src"] == source(style)
        scripts = [text for text in page.raw["script"] if text.startswith('"use strict"')]
        assert len(scripts) == (2 if name == "index.html" else 1)
        assert set(rules["script-src"].split()) == {"'self'", *map(source, scripts)}


def source(text):
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def test_a_page_full_of_what_takes_the_most_room_stays_small():
    """Ten samples on each side of six thresholds, of characters that take many bytes to show."""
    worst = "".join("&\u202e\U0001f600\u2066" for _ in range(1000))
    sample = {"id": "&" * 1000, "url": worst, "text": worst, "language_score": 0.5, "value": 0.5}
    group = {"metric": "m", "threshold": 0.5, "removed": [sample] * 20, "kept": [sample] * 20}
    language = {**languages()["tha_Thai"], "samples": {f"rule_{i}": group for i in range(6)}}
    page = write(run(), {"tha_Thai": language})["tha_Thai.html"]
    assert len(page.encode()) < 600_000
    assert page.count("<article") == 120


@pytest.mark.parametrize(
    "label",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "",
        "a\\b",
        "a/b",
        "index",
        "Index",
        "a\0b",
        "x" * 500,
        "ก",
        HOSTILE,
    ],
)
def test_no_label_leaves_the_folder_or_overwrites_another_page(label):
    name = page_name(label)
    assert re.fullmatch(r"[A-Za-z0-9_~-]{1,64}", name)
    assert name.lower() != "index"
    files = write({}, {label: {"documents": 1}, "swh_Latn": {"documents": 2}})
    assert set(files) >= {f"{name}.html", f"{name}.json"}
    assert f'href="{name}.html"' in files["index.html"]


def test_different_labels_have_different_pages():
    labels = ["a/b", "a-b", "a\\b", "a.b", "swh_Latn", "swh_Latn "]
    assert len({page_name(label) for label in labels}) == len(labels)
    assert page_name("swh_Latn") == "swh_Latn"
