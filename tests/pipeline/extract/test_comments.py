"""Readers' comments: kept after the main text where they are asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysieve.pipeline.extract import extract
from polysieve.pipeline.recipe.measuring import Extract
from polysieve.pipeline.sources import Document
from polysieve.pipeline.steps.measure.batches import main_text
from tests.pipeline.extract.articles import ARTICLES, page

COMMENTS = {
    "en": "I was there that morning, and there were three boats, not two.",
    "ar": "كنت هناك في ذلك الصباح، وكانت القوارب ثلاثة لا اثنين.",
    "hi": "मैं उस सुबह वहीं था, और नावें दो नहीं, तीन थीं।",
    "th": "เช้าวันนั้นฉันอยู่ที่นั่น และมีเรือสามลำ ไม่ใช่สองลำอย่างที่เขียนไว้ในบทความ",
    "zh": "那天早晨我也在港口，出海的是三条船，不是两条。",
    "ja": "その朝わたしも港にいたが、沖に出た舟は二艘ではなく三艘だった。",
    "ko": "그날 아침 나도 항구에 있었는데 배는 두 척이 아니라 세 척이었다.",
    "am": "በዚያ ጠዋት እኔም እዚያ ነበርኩ፤ ጀልባዎቹ ሦስት እንጂ ሁለት አልነበሩም።",
}


def commented(language, comments, opening='<section id="comments">', around=""):
    items = "".join(
        f'<li class="comment"><div class="comment-meta">Somebody wrote on 3 May 2020 at half past ten:</div>'
        f'<div class="comment-body"><p>{comment}</p></div></li>'
        for comment in comments
    )
    form = "<form><p>Your address will not be shown to anybody who reads this page.</p></form>"
    source = page(ARTICLES[language], language)
    section = f"{opening}<h2>Comments</h2><ol>{items}</ol>{form}</section>"
    return source.replace("</main>", f"</main>{section}").replace("<body>", f"<body{around}>")


@pytest.mark.parametrize("language", COMMENTS)
def test_comments_follow_the_article_where_they_are_asked_for(language):
    source = commented(language, [COMMENTS[language]] * 3).encode()
    article = extract(source).text
    assert COMMENTS[language] not in article
    text = extract(source, comments=True).text
    assert text == "\n".join([article, *[COMMENTS[language]] * 3])


def test_as_markdown_they_are_paragraphs_of_their_own():
    source = commented("en", [COMMENTS["en"]] * 2).encode()
    text = extract(source, comments=True, form="markdown").text
    article = extract(source, form="markdown").text
    assert text.startswith(article + "\n\n") and text.count(COMMENTS["en"]) == 2


def test_a_page_named_after_its_comments_is_none():
    source = commented("en", [COMMENTS["en"]] * 2, "<section>", ' class="comments-open"')
    source = source.replace('class="comment', 'class="x')
    assert extract(source.encode(), comments=True) == extract(source.encode())


def test_a_notice_and_a_list_of_the_newest_comments_are_none():
    for source in (
        commented("en", ["Comments on this article are now closed."]),
        commented("en", [COMMENTS["en"]] * 3, '<section class="widget recent-comments">').replace(
            'class="comment', 'class="x'
        ),
    ):
        assert extract(source.encode(), comments=True) == extract(source.encode())


@given(
    st.lists(
        st.sampled_from(["<div class=comment>", "</div>", "<form>", "<p>", "A b c. " * 20, "x"])
    )
)
def test_asking_for_comments_only_adds(parts):
    source = "".join(parts).encode()
    assert extract(source, comments=True).text.startswith(extract(source).text)


def test_the_recipe_reaches_the_engine():
    source = commented("en", [COMMENTS["en"]] * 2).encode()
    document = Document(0, 0, "page", None, None, None, "html", source, False, "text/html")
    assert main_text(document, Extract())[0] == extract(source).text
    assert main_text(document, Extract(comments=True))[0] == extract(source, comments=True).text


def test_engines_of_libraries_have_no_comments():
    with pytest.raises(ValueError, match="trimmed reads no comments"):
        extract(b"<p>a", engine="trimmed", comments=True)
    with pytest.raises(ValueError, match="trafilatura reads no comments: set engine to polysieve"):
        Extract(engine="trafilatura", comments=True)
