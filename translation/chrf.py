"""chrF++: how much of a text's characters and words another one has (Popović 2017).

The F-score, with recall counting twice as much, of precision and recall that are means over n-grams of up to 6
characters (blanks left out) and up to 2 words; 0 to 100. As sacrebleu computes it for one sentence with `word_order=2`:
lengths of n-grams that one of the texts does not reach are left out.
"""

from collections import Counter
from collections.abc import Sequence
from string import punctuation

CHARACTERS, WORDS, BETA = 6, 2, 2.0


def chrf(hypothesis: str, reference: str) -> float:
    """The score of a hypothesis beside its reference."""
    precisions, recalls = [], []
    for size, a, b in _orders(hypothesis, reference):
        own, theirs = _grams(a, size), _grams(b, size)
        total_own, total_theirs = own.total(), theirs.total()
        if not total_own or not total_theirs:
            continue
        shared = (own & theirs).total()
        precisions.append(shared / total_own)
        recalls.append(shared / total_theirs)
    if not any(precisions):
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)


def _orders(hypothesis: str, reference: str) -> list[tuple[int, Sequence[str], Sequence[str]]]:
    letters = ["".join(text.split()) for text in (hypothesis, reference)]
    words = [_words(text) for text in (hypothesis, reference)]
    found: list[tuple[int, Sequence[str], Sequence[str]]] = [
        (size, letters[0], letters[1]) for size in range(1, CHARACTERS + 1)
    ]
    return found + [(size, words[0], words[1]) for size in range(1, WORDS + 1)]


def _words(text: str) -> list[str]:
    """Words at blanks, with one mark of ASCII punctuation at the end, else at the beginning, a word of its own."""
    found: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in punctuation:
            found += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in punctuation:
            found += [word[0], word[1:]]
        else:
            found.append(word)
    return found


def _grams(items: Sequence[str], size: int) -> Counter[Sequence[str]]:
    if isinstance(items, str):
        return Counter(items[i : i + size] for i in range(len(items) - size + 1))
    return Counter(tuple(items[i : i + size]) for i in range(len(items) - size + 1))
