"""A real browser for tests of pages: Debian's chromium, driven by playwright. Tests skip where one is absent."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Watched:
    """A page, and what it did that a reader does not see."""

    page: Any
    """A playwright Page."""
    problems: list[str] = field(default_factory=list)
    """Errors and warnings on the console, uncaught exceptions, what the page's policy forbade, dialogs."""
    requests: list[str] = field(default_factory=list)
    """Addresses of all requests, the page's own included."""


def executable() -> str:
    """The browser's path; skips the calling test where there is none, or no playwright."""
    pytest.importorskip("playwright", reason="needs playwright: pip install '.[dev]'")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("needs a browser: apt-get install chromium")
    return found


@contextmanager
def browser() -> Iterator[Any]:
    """A running browser without a window."""
    path = executable()
    from playwright.sync_api import sync_playwright

    # Chromium's sandbox does not start as root; the pages are the project's own.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield running
        finally:
            running.close()


def watched(running: Any, **options: Any) -> Watched:
    """A new page in a context of its own; options as of playwright's `new_context` (color_scheme, viewport, …)."""
    page = running.new_context(**options).new_page()
    found = Watched(page)
    page.on(
        "console",
        lambda m: (
            found.problems.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: found.problems.append(f"exception: {error}"))
    page.on("request", lambda request: found.requests.append(request.url))

    def dismiss(dialog: Any) -> None:
        found.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    return found


def violations(page: Any) -> list[str]:
    """What axe-core finds serious or critical in a page, a line each; skips the calling test without axe-core."""
    package = pytest.importorskip(
        "axe_playwright_python", reason="needs axe-core: pip install '.[dev]'"
    )
    page.evaluate(Path(package.__file__).with_name("axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{one['impact']}: {one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
