"""Two kinds of text in one language, made from a seed: enough for a model to tell apart, and nobody's work."""

import random

_COMMON = "the of and a in to is was it for on with as by at from that this"
_OWN = {
    "good": "river mill bridge harbour winter family teacher history music garden village science letter museum",
    "bad": "buy cheap casino discount click bonus free winner offer pills deal shipping crypto loan",
}


def prose(kind: str, seed: int, sentences: int = 6) -> str:
    """`good` or `bad` text; both share their common words and, now and then, a word of the other kind."""
    common, own = _COMMON.split(), _OWN[kind].split()
    other = _OWN["bad" if kind == "good" else "good"].split()
    draw = random.Random(f"{kind}{seed}")
    lines = []
    for _ in range(sentences):
        words = [
            draw.choice(common if draw.random() < 0.5 else own if draw.random() < 0.9 else other)
            for _ in range(draw.randint(6, 14))
        ]
        lines.append(" ".join(words).capitalize() + ".")
    return "\n".join(lines)


def many(kind: str, n: int, first: int = 0) -> list[str]:
    """n different texts of a kind."""
    return [prose(kind, first + i) for i in range(n)]
