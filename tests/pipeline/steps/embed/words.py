"""An encoder of words that needs no model, texts in three scripts, and runs over made pages."""

from functools import cache
from pathlib import Path

import numpy as np
import xxhash

from tests.pipeline.runs import polysieve

DIM = 24
SCRIPTS = {
    "arb_Arab": "الكتاب الجديد على الطاولة القديمة في البيت الكبير عند النهر",
    "tha_Thai": "แม่น้ำไหลผ่านหมู่บ้านเก่าไปยังทะเลในฤดูฝน",
    "amh_Ethi": "ወንዙ በመንደሩ በኩል ወደ ባሕር ይፈስሳል በየዓመቱ",
}


class Words:
    """An encoder that sums a vector for each word among the first `window`, and notes what it reads."""

    name, hash = "words", "0123456789abcdef" * 4

    def __init__(self) -> None:
        self.read: list[tuple[str, int]] = []
        self.libraries = {"words": "1.0"}

    def encode(self, texts, window: int = 512, unit: bool = True) -> np.ndarray:
        self.read += [(text, window) for text in texts]
        found = np.array([self.vector(text, window) for text in texts], np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True) if unit else found

    def vector(self, text: str, window: int) -> np.ndarray:
        total = np.full(DIM, 0.01)
        for word in text.split()[:window]:
            total += of_word(word)
        return total


@cache
def of_word(word: str) -> np.ndarray:
    return np.random.default_rng(xxhash.xxh32_intdigest(word.encode())).normal(size=DIM)


def run(recipe: Path, crawl: Path, output: Path, *more: str) -> None:
    where = ("--input", f"{crawl}/*.jsonl", "--output", str(output), "--quiet")
    code, said = polysieve("run", str(recipe), *where, "--engine", "inline", *more)
    assert code == 0, said
