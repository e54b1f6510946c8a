"""The report's pages in a real browser, opened as files: what they draw, what they do, and what they never do."""

import re

import pytest

from tests.audit.hostile import hostile
from tests.audit.made_run import languages, run, write_report
from tests.browser import browser, violations, watched

MANY = 40


@pytest.fixture(scope="module")
def running():
    with browser() as started:
        yield started


def written(folder, made, known):
    def put(name, text):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    write_report(made, known, put)
    return folder


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The made run, with more languages that a table can be sorted and searched by."""
    made, known = run(), languages()
    known["arb_Arab"] |= {key: known["tha_Thai"][key] for key in ("columns", "frequent_words")}
    for i in range(MANY):
        known[f"q{i:02}_Latn"] = {"name": f"Língua {i}", "documents": i, "kept": MANY - i}
    return written(tmp_path_factory.mktemp("report"), made, known)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    return written(tmp_path_factory.mktemp("attacked"), *hostile())


def opened(running, folder, name, **options):
    seen = watched(running, **options)
    seen.page.goto(f"file://{folder}/{name}.html")
    return seen


def drawn(page):
    """Scrolls through a page, so that every plot in sight is drawn, and returns how many there are."""
    for place in page.query_selector_all("[data-plot]"):
        if place.is_visible():
            place.scroll_into_view_if_needed()
            page.wait_for_function("place => place.querySelector('svg')", arg=place)
    return len(page.query_selector_all("[data-plot] > .plot-container"))


PAGES = [
    (name, {"color_scheme": scheme, "viewport": {"width": width, "height": 800}})
    for name in ("index", "tha_Thai", "arb_Arab")
    for scheme, width in (("light", 1200), ("dark", 1200), ("light", 380))
]


@pytest.mark.parametrize(("name", "options"), PAGES)
def test_pages_load_without_an_error_or_a_request_to_elsewhere(running, report, name, options):
    seen = opened(running, report, name, **options)
    assert drawn(seen.page) >= 1
    assert seen.problems == []
    assert {address.rpartition("/")[0] for address in seen.requests} == {
        f"file://{report}",
        f"file://{report}/assets",
    }
    assert seen.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize(("name", "options"), PAGES)
def test_pages_have_no_serious_fault_for_people_who_see_or_move_otherwise(
    running, report, name, options
):
    seen = opened(running, report, name, **options)
    drawn(seen.page)
    for details in seen.page.query_selector_all("details"):
        details.evaluate("one => { one.open = true; }")
    assert violations(seen.page) == []


def test_a_plot_shows_the_bars_and_the_threshold_of_its_figures(running, report):
    page = opened(running, report, "tha_Thai").page
    drawn(page)
    plot = page.query_selector('[data-plot="signal-plain_word_count"]')
    assert len(plot.query_selector_all(".bars .point")) == 4  # two bins, kept and removed
    assert len(plot.query_selector_all(".shapelayer path")) == 1
    heights = plot.evaluate("place => place.data.map((trace) => Array.from(trace.y))")
    assert heights == [[0, 60], [12, 2]]


def test_plots_follow_light_and_dark_as_the_page_does(running, report):
    page = opened(running, report, "tha_Thai", color_scheme="light").page
    drawn(page)
    colour = "getComputedStyle(document.querySelector('.bars .point path')).fill"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(colour)
    assert light != dark
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(colour) == light


def test_the_table_of_languages_sorts_and_searches(running, report):
    page = opened(running, report, "index").page
    names = "() => [...document.querySelectorAll('#languages tbody tr:not([hidden]) th a')].map(a => a.textContent)"
    assert page.evaluate(names)[:2] == ["tha_Thai", f"q{MANY - 1}_Latn"]
    page.click("#languages thead button:text-is('Documents')")
    assert page.evaluate(names)[0] == "q00_Latn"
    assert page.get_attribute("#languages thead th:nth-child(2)", "aria-sort") == "ascending"
    page.fill("#query", "lingua q3 latn")
    assert page.evaluate(names) == [f"q{i}_Latn" for i in range(30, MANY)]
    page.fill("#query", "no such language")
    assert page.evaluate(names) == []
    assert page.inner_text("#shown").startswith("0 of")
    page.fill("#query", "")
    page.click("#languages a:text-is('tha_Thai')")
    assert "ไทย" in page.inner_text("h1")


def test_samples_stand_in_the_direction_of_their_script(running, report):
    page = opened(running, report, "arb_Arab").page
    text = page.query_selector(".text")
    assert text.evaluate("one => getComputedStyle(one).direction") == "rtl"
    assert text.get_attribute("lang") == "arb-Arab"
    source = page.query_selector("article .source bdi")
    assert source.evaluate("one => getComputedStyle(one).direction") == "ltr"


@pytest.mark.parametrize("name", ["index", "tha_Thai", "*~*"])
def test_what_a_crawl_plants_is_shown_as_text(running, attacked, name):
    [path] = attacked.glob(f"{name}.html")
    seen = opened(running, attacked, path.stem)
    drawn(seen.page)
    for details in seen.page.query_selector_all("details"):
        details.evaluate("one => { one.open = true; }")
    seen.page.mouse.wheel(0, 5000)
    assert seen.problems == []
    assert seen.page.query_selector_all("img, iframe, object, form, [onerror], [onclick]") == []
    assert "<script>alert(1)</script>" in seen.page.inner_text("body")
    links = seen.page.evaluate("[...document.links].map(a => a.protocol)")
    assert set(links) == {"file:"}
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", seen.page.inner_text("body"))
