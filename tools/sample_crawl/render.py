"""Pages as HTML (four templates) and as the plain text of a WET record."""

import html
from collections.abc import Iterable, Sequence
from functools import cache
from string import Template

from tools.sample_crawl.articles import HERE, Interface

TEMPLATES = ("blog", "portal", "tables", "magazine")


@cache
def _template(name: str) -> Template:
    return Template((HERE / "templates" / f"{name}.html").read_text("utf-8"))


def page(
    template: str,
    interface: Interface,
    host: str,
    title: str,
    paragraphs: Sequence[str],
    related: Iterable[str],
    *,
    as_list: bool = False,
    charset: str = "utf-8",
) -> str:
    """HTML of a page; `related` are titles for the list of links, `charset` is what it declares."""
    words = {
        name: html.escape(str(getattr(interface, name)))
        for name in ("html_lang", "direction", *Interface.__dataclass_fields__)
        if name != "label"
    }
    return _template(template).substitute(
        words,
        charset=charset,
        host=html.escape(host),
        title=html.escape(title),
        menu=_links(interface.menu),
        links=_links(related),
        paragraphs=_body(template, paragraphs, as_list),
    )


def plain_text(interface: Interface, title: str, paragraphs: Iterable[str]) -> str:
    """The text of a whole page as a WET record holds it, with its menu and its last line."""
    return "\n".join([*interface.menu, title, *paragraphs, interface.rights])


def _links(texts: Iterable[str]) -> str:
    return "".join(
        f'<li><a href="/{number}">{html.escape(text)}</a></li>' for number, text in enumerate(texts)
    )


def _body(template: str, paragraphs: Sequence[str], as_list: bool) -> str:
    escaped = [html.escape(text, quote=False) for text in paragraphs]
    if as_list:
        return "<ul>\n" + "\n".join(f"<li>{text}</li>" for text in escaped) + "\n</ul>"
    if template == "tables":
        return '<font face="serif">' + "<br><br>\n".join(escaped) + "</font>"
    return "\n".join(f"<p>{text}</p>" for text in escaped)
