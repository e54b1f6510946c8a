"""The page in a real browser: by keyboard alone, twice at once, through a kill of the server; hostile texts as text."""

import signal
from importlib import resources

import pytest

from polysieve.audit.judging.database import Database
from tests.audit.judging.made_output import HOSTILE, Server, small
from tests.browser import browser, watched


@pytest.fixture(scope="module")
def running():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(small(tmp_path_factory.mktemp("output"))) as started:
        yield started


@pytest.fixture
def rater(request):
    """A name that no other test judges under."""
    return request.node.name[:60]


def opened(running, server, rater, label="tha_Thai", **options):
    """A page that shows the first document of a language."""
    seen = watched(running, **options)
    page = seen.page
    page.goto(f"{server.address}#label={label}")
    page.wait_for_selector("#name-dialog[open]")
    page.keyboard.type(rater)
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-ready] #judge:not([hidden])")
    return seen


def shown(page):
    """The name of the document that is shown, once the page waits for a key."""
    return page.wait_for_selector("body[data-ready]").get_attribute("data-ready")


def press(page, key, count=None):
    """Press a key and, where it moves on, wait for the count of judged documents."""
    page.keyboard.press(key)
    if count is not None:
        page.wait_for_selector(f"#count:text-is('{count}')")
    return shown(page)


def stored(server, *raters):
    """What stands of some people, and all that they ever sent."""
    database = Database(server.folder / "judging" / "judgements.sqlite")
    try:
        both = database.judged(), database.history()
        return [[row for row in rows if row["rater"] in raters] for rows in both]
    finally:
        database.close()


def test_twenty_documents_by_keyboard_alone(running, server, rater):
    seen = watched(running)
    page = seen.page
    page.goto(server.address)
    page.wait_for_selector("#name-dialog[open]")
    page.keyboard.type(rater)
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-ready] #languages:not([hidden])")
    page.keyboard.type("thai")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-ready] #judge:not([hidden])")
    codes = ["CC", "CB", "CS", "WL", "NL"]
    wanted = {}
    for number in range(20):
        wanted[shown(page)] = codes[number % 5]
        press(page, str(number % 5 + 1), f"{number + 1} of 22 judged")
    rows, history = stored(server, rater)
    assert {row["document"]: row["code"] for row in rows} == wanted
    assert len(history) == 20
    assert seen.problems == []
    assert all(url.startswith(server.address) for url in seen.requests)


def test_flags_and_a_note_go_with_the_judgement_before_and_after_it(running, server, rater):
    page = opened(running, server, rater).page
    first = shown(page)
    press(page, "o")
    page.keyboard.press("n")
    page.keyboard.type("5 words")  # digits in a note judge nothing
    page.keyboard.press("Enter")
    press(page, "2", "1 of 22 judged")
    press(page, "ArrowLeft")
    assert shown(page) == first
    press(page, "p")
    rows, _ = stored(server, rater)
    assert [(r["document"], r["code"], r["offensive"], r["porn"], r["note"]) for r in rows] == [
        (first, "CB", 1, 1, "5 words")
    ]


def test_undo_takes_the_last_judgement_back_and_shows_its_document(running, server, rater):
    page = opened(running, server, rater).page
    press(page, "1", "1 of 22 judged")
    second = shown(page)
    press(page, "4", "2 of 22 judged")
    press(page, "u", "1 of 22 judged")
    assert shown(page) == second
    assert [row["code"] for row in stored(server, rater)[0]] == ["CC"]


def test_keys_are_found_by_their_place_in_any_layout(running, server, rater):
    page = opened(running, server, rater).page
    page.evaluate(
        "() => document.dispatchEvent(new KeyboardEvent('keydown', {code: 'Digit4', key: 'ภ', bubbles: true}))"
    )
    page.wait_for_selector("#count:text-is('1 of 22 judged')")
    assert [row["code"] for row in stored(server, rater)[0]] == ["WL"]


def test_a_double_click_judges_one_document(running, server, rater):
    page = opened(running, server, rater).page
    first = shown(page)
    page.dblclick("[data-code=CC]")
    page.wait_for_selector("#count:text-is('1 of 22 judged')")
    shown(page)
    rows, history = stored(server, rater)
    assert [row["document"] for row in rows] == [first]
    assert len(history) == 1


def test_a_key_held_down_judges_one_document(running, server, rater):
    page = opened(running, server, rater).page
    for _ in range(5):  # the second to fifth are repetitions
        page.keyboard.down("1")
    page.keyboard.up("1")
    page.wait_for_selector("#count:text-is('1 of 22 judged')")
    shown(page)
    assert len(stored(server, rater)[1]) == 1


def test_two_people_judge_the_same_documents(running, server):
    raters = ("ana", "ben")
    pages = [opened(running, server, rater).page for rater in raters]
    for number in range(4):
        assert shown(pages[0]) == shown(pages[1])
        for page, key in zip(pages, "15", strict=True):
            press(page, key, f"{number + 1} of 22 judged")
    rows, _ = stored(server, *raters)
    assert (
        sorted((row["rater"], row["code"]) for row in rows)
        == [("ana", "CC")] * 4 + [("ben", "NL")] * 4
    )


def test_the_page_goes_on_after_a_kill_of_the_server(running, server, rater):
    page = opened(running, server, rater).page
    press(page, "1", "1 of 22 judged")
    second = shown(page)
    server.stop(signal.SIGKILL)
    page.keyboard.press("2")
    page.wait_for_selector("#status:text('Not saved yet')")
    page.keyboard.press("3")  # nothing is judged meanwhile
    server.start()
    page.wait_for_selector("#count:text-is('2 of 22 judged')")
    shown(page)
    rows, history = stored(server, rater)
    assert {row["document"]: row["code"] for row in rows}[second] == "CB"
    assert len(history) == 2


def test_a_judgement_that_waits_is_sent_by_the_page_that_is_opened_next(running, server, rater):
    page = opened(running, server, rater).page
    first = shown(page)
    server.stop(signal.SIGKILL)
    page.keyboard.press("2")
    page.wait_for_selector("#status:text('Not saved yet')")
    address = page.url
    page.goto("about:blank")
    server.start()
    page.goto(address)
    page.wait_for_selector("#count:text-is('1 of 22 judged')")
    assert [(row["document"], row["code"]) for row in stored(server, rater)[0]] == [(first, "CB")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_texts_are_shown_as_text(running, server, rater, scheme):
    seen = opened(running, server, rater, "eng_Latn", color_scheme=scheme)
    page = seen.page
    texts = {}
    for number in range(len(HOSTILE)):
        texts[page.inner_text("#url")] = page.inner_text("#text")
        inside = page.eval_on_selector_all("#text *", "found => found.map((one) => one.tagName)")
        assert set(inside) <= {"BDI"}
        press(page, "1", f"{number + 1} of {len(HOSTILE)} judged")
    assert texts["https://example.org/h-script"] == HOSTILE["script"]
    assert texts["https://example.org/h-handler"] == HOSTILE["handler"]
    assert texts["https://example.org/h-closing"] == HOSTILE["closing"]
    assert "⟨U+202E⟩" in texts["https://example.org/h-bidi"]
    assert "\u202e" not in texts["https://example.org/h-bidi"]
    assert page.title() == "eng_Latn – Judging"
    assert page.query_selector("iframe, img, svg, article script, a") is None
    assert seen.problems == []
    assert all(url.startswith(server.address) for url in seen.requests)


@pytest.mark.parametrize(
    ("label", "language", "direction"),
    [("arb_Arab", "arb-Arab", "rtl"), ("tha_Thai", "th-Thai", "ltr")],
)
@pytest.mark.parametrize("width", [360, 1280])
def test_a_text_stands_in_its_own_direction_and_nothing_overflows(
    running, server, rater, label, language, direction, width
):
    page = opened(running, server, rater, label, viewport={"width": width, "height": 740}).page
    text = page.query_selector("#text")
    style = text.evaluate(
        "one => [getComputedStyle(one).direction, getComputedStyle(one).unicodeBidi]"
    )
    assert style == [direction, "isolate"]
    assert text.get_attribute("lang") == language
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.query_selector("#undo").bounding_box()["y"] < 740
    assert page.query_selector("html").evaluate("one => getComputedStyle(one).direction") == "ltr"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(running, server, rater, scheme):
    axe = pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python")
    script = (resources.files(axe) / "axe.min.js").read_text("utf-8")
    # Without bypassing the page's own policy, the checker's script would not run.
    page = opened(running, server, rater, color_scheme=scheme, bypass_csp=True).page

    def violations():
        found = page.evaluate(f"{script}; axe.run()")["violations"]
        return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]

    assert violations() == []
    press(page, "3", "1 of 22 judged")
    press(page, "ArrowLeft")
    assert violations() == []
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    assert violations() == []
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    page.wait_for_selector("body[data-ready] #languages:not([hidden])")
    assert violations() == []
