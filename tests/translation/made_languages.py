"""Pairs of sentences in two made languages: words of one are never words of the other."""

import random

CHOOSER = random.Random(7)


def words(letters: str, count: int) -> list[str]:
    return ["".join(CHOOSER.choices(letters, k=CHOOSER.randint(3, 8))) for _ in range(count)]


ENGLISH, WELSH = words("aeioutnrsl", 300), words("wydfgmcbph", 300)
PAIRS = [
    (" ".join(ENGLISH[i] for i in chosen), " ".join(WELSH[i] for i in chosen))
    for chosen in (CHOOSER.choices(range(300), k=CHOOSER.randint(9, 14)) for _ in range(600))
]
