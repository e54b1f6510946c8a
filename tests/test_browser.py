"""The browser that tests of pages run in sees what a page does behind a reader's back."""

from tests.browser import browser, watched

PAGE = "<script>console.error('told'); alert('asked'); nothing.at.all</script><h1>ก مرحبا</h1>"


def test_a_page_is_watched():
    with browser() as running:
        seen = watched(running)
        seen.page.set_content(PAGE)
        assert seen.page.inner_text("h1") == "ก مرحبا"
        kinds = [problem.partition(":")[0] for problem in seen.problems]
        assert kinds == ["error", "dialog", "exception"]
