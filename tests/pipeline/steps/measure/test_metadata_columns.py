"""What HTML pages say of themselves becomes columns; other records have nothing there."""

import pyarrow as pa

from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.sources import Document, Source
from polysieve.pipeline.steps.measure.batches import measure_batch
from polysieve.pipeline.storage.schema import CORPUS, DOCUMENTS

SAID = ("title", "html_language", "canonical_url", "published", "licence")
PAGE = b"""<html lang=sv><title>Hamnen</title><link rel=canonical href=/hamnen>
<meta name=date content=2020-05-06><p>Den gamla hamnen var lugn den morgonen, och bara
tv\xc3\xa5 sm\xc3\xa5 b\xc3\xa5tar hade g\xc3\xa5tt till sj\xc3\xb6ss.</p><a rel=license href=https://creativecommons.org/licenses/by/4.0/>CC</a>"""


def measured(kind: str, payload: bytes) -> dict[str, object]:
    url = "https://example.org/x"
    document = Document(0, 0, "<a>", url, None, None, kind, payload, False, "text/html")
    batch = measure_batch([document], Source("s", 0, ""), Recipe())
    return pa.Table.from_batches([batch.documents]).to_pylist()[0]


def test_an_html_page_fills_the_columns():
    row = measured("html", PAGE)
    assert [row[name] for name in SAID] == [
        "Hamnen",
        "sv",
        "https://example.org/hamnen",
        "2020-05-06",
        "https://creativecommons.org/licenses/by/4.0/",
    ]


def test_plain_text_leaves_them_null():
    row = measured("text", b"Den gamla hamnen var lugn.")
    assert row["text"] == "Den gamla hamnen var lugn."
    assert [row[name] for name in SAID] == [None] * len(SAID)


def test_readers_of_the_corpus_see_them():
    assert set(SAID) <= set(CORPUS.names) & set(DOCUMENTS.names)
