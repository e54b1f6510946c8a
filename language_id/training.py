"""Trains a fastText model on labelled text and writes down what it was made of.

Every label gets as many examples as any other, where it has the text: at most `per_label`, shared evenly between its
sources, so that one large source does not teach its style instead of the language. Long texts are cut to pieces, and
each text may give short ones too, so that the model sees text as short as it will be asked about. A label with few
texts gives more pieces of each. Beside the languages stands a class `zxx_Zxxx` of noise (language_id/noise.py). A part
of the texts, chosen by their own hash, is held out and measured.

Examples, their order and the held-out part follow from the texts and the seed alone, whatever the order of the input.
fastText itself repeats its result bit by bit with one thread only.
"""

import hashlib
import heapq
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from polysieve.language_id import Model, noise
from polysieve.language_id.evaluation import Evaluation, evaluate
from polysieve.language_id.fasttext_model import BREAKS, PREFIX, FastTextModel
from polysieve.language_id.labels import NO_LANGUAGE, UNDETERMINED, LanguageIdError

KEEP = 2_000
"""Characters of a text that are read; a longer one is cut."""
PIECE = 700
"""Characters of the longest example."""
SHORT = (15, 25, 40, 70, 120)
"""Characters that short examples have, each as often as another; words are not cut."""


@dataclass(frozen=True)
class Settings:
    """How a model is trained. The defaults make a model of about 1,000 labels that is 20 to 30 MB when quantised."""

    per_label: int = 5_000
    """Most texts of a label, over its sources."""
    pieces: int = 8
    """Most examples of one text, of labels that have few texts."""
    noise: int | None = None
    """Examples of noise that are made; None: twice the texts of the largest label, 300 at least. Text of the data with
    the label `zxx_Zxxx` adds to them."""
    held_out: float = 0.05
    """The share of texts that is measured and not trained on."""
    seed: int = 0
    threads: int = 1
    """More than one is faster, and gives another model each time."""
    dim: int = 64
    epochs: int = 10
    rate: float = 0.5
    buckets: int = 500_000
    shortest: int = 2
    longest: int = 5
    """Characters of an n-gram."""
    loss: str = "softmax"
    """`softmax`, or `hs`, which is faster for a thousand labels and less accurate."""
    quantise: bool = True
    """Write a `.ftz`, a fifth of the `.bin`."""
    keep_features: int = 0
    """Of the n-grams and words only this many, the largest, stay in the quantised model; 0: all."""


@dataclass
class Corpus:
    """Labelled text as far as training needs it; grows to `per_label` texts of each label and source."""

    settings: Settings = field(default_factory=Settings)
    texts: dict[tuple[str, str], list[tuple[int, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """(label, source) → a heap of (minus the text's rank, text)."""
    held: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Label → texts that came, repeated ones too."""
    _digest: int = 0

    def add(self, texts: pa.Array, labels: Sequence[str], sources: Sequence[str]) -> None:
        """Take texts (large_string), their canonical labels and where they come from."""
        for text, label, source in zip(texts.to_pylist(), labels, sources, strict=True):
            line = BREAKS.sub(" ", text[:KEEP]).strip()
            if not line or label == UNDETERMINED:
                continue
            self.seen[label] += 1
            rank = _rank(f"{self.settings.seed} {line}")
            # A sum over rows does not depend on their order.
            self._digest = (self._digest + _rank(f"{label} {source} {line}")) % 2**64
            if rank % 10_000 < self.settings.held_out * 10_000:
                _keep(self.held[label], rank, line, max(self.settings.per_label // 20, 20))
            else:
                _keep(self.texts[label, source], rank, line, self.settings.per_label)

    @property
    def hash(self) -> str:
        """Names the rows (label, source and text), in any order."""
        return f"{self._digest:016x}"

    def chosen(self) -> dict[str, list[str]]:
        """Label → its texts, shared evenly between its sources, without repeated ones, by rank."""
        by_label: dict[str, dict[str, list[str]]] = defaultdict(dict)
        for label, source in sorted(self.texts):
            ranked = sorted(self.texts[label, source], key=lambda item: (-item[0], item[1]))
            by_label[label][source] = [text for _, text in ranked]
        return {
            label: list(dict.fromkeys(_evenly(list(parts.values()), self.settings.per_label)))
            for label, parts in by_label.items()
        }


def train(corpus: Corpus, output: Path) -> dict[str, Any]:
    """Train a model, write it to `output` (`.ftz` or `.bin`) and its card beside it, and return the card.

    `output` with the suffix `.json` and `.md` are the card for programs and for people. Raises LanguageIdError for
    another suffix, or for text of fewer than two labels.
    """
    import fasttext

    settings = corpus.settings
    suffix = ".ftz" if settings.quantise else ".bin"
    if output.suffix != suffix:
        raise LanguageIdError(
            f"{output}: a {'quantised' if settings.quantise else 'full'} model ends in {suffix}; rename it"
        )
    chosen = corpus.chosen()
    languages = sorted(label for label in chosen if label != NO_LANGUAGE)
    if len(languages) < 2:
        raise LanguageIdError(
            f"training needs text in two languages or more; found {', '.join(languages) or 'none'}"
        )
    made = examples(chosen, settings)
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "examples.txt"
        lines.write_text("\n".join(made) + "\n", encoding="utf-8")
        model = fasttext.train_supervised(
            str(lines), dim=settings.dim, epoch=settings.epochs, lr=settings.rate, minn=settings.shortest,
            maxn=settings.longest, bucket=settings.buckets, minCount=1, loss=settings.loss,
            thread=settings.threads, seed=settings.seed, verbose=0,
        )  # fmt: skip
        if settings.quantise:
            model.quantize(
                str(lines), qnorm=True, dsub=2, cutoff=settings.keep_features,
                retrain=settings.keep_features > 0, thread=settings.threads, verbose=0,
            )  # fmt: skip
        output.parent.mkdir(parents=True, exist_ok=True)
        model.save_model(str(output))
    made_card = card(corpus, chosen, len(made), output)
    output.with_suffix(".json").write_text(
        json.dumps(made_card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    output.with_suffix(".md").write_text(as_markdown(made_card), encoding="utf-8")
    return made_card


def examples(chosen: Mapping[str, Sequence[str]], settings: Settings) -> list[str]:
    """Lines for fastText of each label's texts, and of noise, in a random order."""
    most = max(len(texts) for texts in chosen.values())
    lines: list[str] = []
    for label, texts in sorted(chosen.items()):
        rng = random.Random(_rank(f"{settings.seed} {label}"))
        each = min(settings.pieces, max(2, -(-most // len(texts))))
        for text in texts:
            lines += [f"{PREFIX}{label} {piece}" for piece in pieces(text, each, rng)]
    rng = random.Random(_rank(f"{settings.seed} noise"))
    whole = [
        text for label, texts in sorted(chosen.items()) if label != NO_LANGUAGE for text in texts
    ]
    count = max(2 * most, 300) if settings.noise is None else settings.noise
    # The words of noise are in no language, those around it are: whole texts of each label alike.
    made = noise.make(whole, count, rng) if count else []
    lines += [f"{PREFIX}{NO_LANGUAGE} {BREAKS.sub(' ', piece).strip()}" for piece in made]
    rng.shuffle(lines)
    return lines


def pieces(text: str, count: int, rng: random.Random) -> list[str]:
    """The beginning of a text up to PIECE characters, and `count` - 1 shorter pieces from anywhere in it."""
    found = [_cut(text, 0, PIECE)]
    for _ in range(count - 1):
        length = rng.choice(SHORT)
        if length < len(text):
            found.append(_cut(text, rng.randrange(len(text) - length), length))
    return [piece for piece in found if piece]


def card(
    corpus: Corpus, chosen: Mapping[str, Sequence[str]], count: int, model: Path
) -> dict[str, Any]:
    """What a model was made of and how good it is on the held-out texts."""
    loaded = FastTextModel(model)
    scores = measure(corpus, loaded)
    figures = scores.as_dict()
    held = {label: len(texts) for label, texts in sorted(corpus.held.items())}
    sources: dict[str, dict[str, int]] = defaultdict(dict)
    for (label, source), texts in sorted(corpus.texts.items()):
        sources[source][label] = len(texts)
    return {
        "model": model.name,
        "sha256": loaded.hash,
        "bytes": model.stat().st_size,
        "data_hash": corpus.hash,
        "settings": asdict(corpus.settings),
        "labels": {label: {"texts": corpus.seen[label], "used": len(chosen[label]), "held_out": held.get(label, 0)}
                   for label in sorted(chosen)},
        "sources": {source: {"labels": len(x), "texts": sum(x.values())} for source, x in sources.items()},
        "examples": count,
        "noise": "made by language_id/noise.py, and zxx_Zxxx of the data",
        "held_out": {key: value for key, value in figures.items() if "per_second" not in key},
    }  # fmt: skip


def measure(corpus: Corpus, model: Model) -> Evaluation:
    """The model on the held-out texts of a corpus and on noise made from them."""
    texts = [
        (label, text) for label in sorted(corpus.held) for _, text in sorted(corpus.held[label])
    ]
    real = [text for label, text in texts if label != NO_LANGUAGE]
    if real:
        rng = random.Random(_rank(f"{corpus.settings.seed} held out"))
        texts += [(NO_LANGUAGE, piece) for piece in noise.make(real, 100, rng)]
    batch = pa.array([text for _, text in texts], pa.large_string())
    return evaluate(model, [(batch, [label for label, _ in texts])] if texts else [])


def as_markdown(made: Mapping[str, Any]) -> str:
    """The card of a model as a page."""
    scores = made["held_out"]
    rows = [
        f"| {c} | {s['documents']} | {s['precision']:.3f} | {s['recall']:.3f} | {s['f1']:.3f} |"
        for c, s in scores["classes"].items()
    ]
    labels = [
        f"| {label} | {n['texts']} | {n['used']} | {n['held_out']} |"
        for label, n in made["labels"].items()
    ]
    sources = [f"| {name} | {n['labels']} | {n['texts']} |" for name, n in made["sources"].items()]
    noise_share = scores["noise_rejected"]
    return "\n".join([
        f"# {made['model']}", "",
        f"A fastText model for {len(made['labels'])} labels, trained by `polysieve lid train`.", "",
        f"- SHA-256 `{made['sha256']}`, {made['bytes']} bytes",
        f"- data `{made['data_hash']}`, {made['examples']} examples",
        f"- settings: {', '.join(f'{k} {v}' for k, v in made['settings'].items())}", "",
        "## On texts held out", "",
        "They come from the same sources as those trained on: text of another kind is harder.", "",
        f"Macro-F1 {scores['macro_f1_all']:.3f} over {len(rows)} classes, accuracy {scores['accuracy']:.3f}, "
        f"false-positive rate {scores['false_positive_rate']:.5f}"
        + ("" if noise_share is None else f", noise without a language {noise_share:.3f}") + ".", "",
        "| class | texts | precision | recall | F1 |", "|---|---|---|---|---|", *rows, "",
        "## Data", "", "| source | labels | texts used |", "|---|---|---|", *sources, "",
        "| label | texts | used | held out |", "|---|---|---|---|", *labels, "",
    ])  # fmt: skip


def _rank(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _keep(heap: list[tuple[int, str]], rank: int, text: str, most: int) -> None:
    """Keep the `most` texts of lowest rank."""
    if len(heap) < most:
        heapq.heappush(heap, (-rank, text))
    elif -rank > heap[0][0]:
        heapq.heapreplace(heap, (-rank, text))


def _evenly(parts: Sequence[Sequence[str]], most: int) -> list[str]:
    """Up to `most` texts of several sources, as many of each as they have."""
    found: list[str] = []
    left = [list(part) for part in sorted(parts, key=len)]
    for number, part in enumerate(left):
        share = (most - len(found)) // (len(left) - number)
        found += part[:share]
    return found


def _cut(text: str, begin: int, length: int) -> str:
    """About `length` characters from `begin` on, between blanks where there are any near."""
    if begin:
        blank = text.find(" ", begin, begin + 25)
        begin = begin if blank < 0 else blank + 1
    if begin + length >= len(text):
        return text[begin:].strip()
    blank = text.rfind(" ", max(begin + 1, begin + length - 25), begin + length)
    return text[begin : blank if blank > 0 else begin + length].strip()
