"""Real prose in six scripts, from the pages that the sample crawl is made of."""

from tests.pipeline.runs import PAGES

# For each script its articles: headline, empty line, text.
PROSE = [
    path.read_text("utf-8").split("=====")
    for path in sorted(PAGES.glob("*.txt"))
    if path.stem in ("eng_Latn", "tha_Thai", "amh_Ethi", "hin_Deva", "kor_Hang", "yor_Latn")
]
