"""Models of CTranslate2 that translate word for word, made here: real files, of weights whose effect is known.

A model has one dimension for each word and one for each position. The decoder at position p looks at the source's
word at p (or p + 1 behind a leading language token), and the output layer holds the dictionary: a word's dimension
raises its translations, a language token's dimension the words of that language. So what is right can be read off
the dictionary, and a source without its end, with a language too few or in the wrong place comes out wrong.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

ctranslate2 = pytest.importorskip("ctranslate2", reason="needs the extra ctranslate2")
spm = pytest.importorskip("sentencepiece", reason="needs the extra ctranslate2")

POSITIONS = 40
END, UNKNOWN = "</s>", "<unk>"
DICTIONARY = {
    "the": {"por": "o", "cat": "el"},
    "river": {"por": "rio", "cat": "riu"},
    "mill": {"por": "moinho", "cat": "molí"},
    "sings": {"por": "canta", "cat": "canta."},
    "old": {"por": "velho", "cat": "vell"},
    "ወንዝ": {"por": "águas", "cat": "aigües"},
}
TOLD = Literal["nobody", "source", "prefix"]


def word_model(folder: Path, tokens: Mapping[str, str], told: TOLD, **config: object) -> Path:
    """A converted model from the words of DICTIONARY into the languages of `tokens` (language → its token).

    told: where the target's token stands: nowhere, first in the source, or as the decoder's prefix behind a token of
    the source's language, which is first in the source.
    """
    words = [f"▁{w}" for w in DICTIONARY]
    words += [f"▁{own[language]}" for own in DICTIONARY.values() for language in tokens]
    more = [*tokens.values(), "eng_Latn"] if told != "nobody" else []
    vocabulary = list(dict.fromkeys([END, UNKNOWN, *words, *more]))
    number = {token: i for i, token in enumerate(vocabulary)}
    n = len(vocabulary)
    width = 2 * max(n, POSITIONS)
    half = width // 2
    assert n + POSITIONS <= width
    one = np.eye(width, dtype=np.float32)
    places = one[n : n + POSITIONS]
    spec = ctranslate2.specs.TransformerSpec.from_config((1, 1), 2)
    encoder, decoder = spec.encoder, spec.decoder
    for side, embeddings in ((encoder, encoder.embeddings[0]), (decoder, decoder.embeddings)):
        side.scale_embeddings = False
        side.position_encodings.encodings = places
        embeddings.weight = one[:n].copy()
        _norm(side.layer_norm, width)
        _norm(side.layer[0].ffn.layer_norm, width)
        _linear(side.layer[0].ffn.linear_0, np.zeros((4, width)))
        _linear(side.layer[0].ffn.linear_1, np.zeros((width, 4)))
        _norm(side.layer[0].self_attention.layer_norm, width)
        _linear(side.layer[0].self_attention.linear[0], np.zeros((3 * width, width)))
        _linear(side.layer[0].self_attention.linear[1], np.zeros((width, width)))
    _norm(decoder.layer[0].attention.layer_norm, width)
    # What the decoder said before is nothing to it, but for the language.
    heard = np.array([token in more for token in vocabulary])
    decoder.embeddings.weight[~heard] = 0
    decoder.start_from_zero_embedding = True

    behind = int(told == "source")
    query, keys, values = (np.zeros((width, width), np.float32) for _ in range(3))
    bias = np.zeros(width, np.float32)
    query[: POSITIONS - behind] = 3 * places[: POSITIONS - behind]
    keys[: POSITIONS - behind] = places[behind:]
    values[:n] = one[:n]
    if told == "source":  # the second head looks at the first token
        bias[half], keys[half], values[half : half + n] = 30, places[0], one[:n]
    attention = decoder.layer[0].attention
    _linear(attention.linear[0], query, bias)
    _linear(attention.linear[1], np.concatenate([keys, values]))
    _linear(attention.linear[2], one[:, :half] @ one[:half] + one[:, :half] @ one[half:])
    if told == "prefix":  # a head that looks at the decoder's second token
        weight = np.zeros((3, width, width), np.float32)
        weight[1][0], weight[2][:n] = places[1], one[:n]
        bias = np.zeros(3 * width, np.float32)
        bias[0] = 30
        own = decoder.layer[0].self_attention
        _linear(own.linear[0], weight.reshape(3 * width, width), bias)
        _linear(own.linear[1], one[:, :half] @ one[:half])

    output = np.zeros((n, width), np.float32)
    output[number[END], number[END]] = 5
    output[number[UNKNOWN], number[UNKNOWN]] = 5
    for word, own in DICTIONARY.items():
        for language, token in tokens.items():
            output[number[f"▁{own[language]}"], number[f"▁{word}"]] = 2
            if told != "nobody":
                output[number[f"▁{own[language]}"], number[token]] = 1
    _linear(decoder.projection, output)

    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    for name, value in {"eos_token": END, "decoder_start_token": END, **config}.items():
        setattr(spec.config, name, value)
    spec.validate()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    return folder


def sentence_pieces(path: Path, symbols: Sequence[str] = ()) -> None:
    """A SentencePiece model of whole words."""
    words = [*DICTIONARY, *(w for own in DICTIONARY.values() for w in own.values())]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        spm.SentencePieceTrainer.train(
            sentence_iterator=iter([" ".join(words)] * 2), model_writer=file, model_type="word",
            vocab_size=200, hard_vocab_limit=False, user_defined_symbols=list(symbols), minloglevel=2,
        )  # fmt: skip


def _linear(
    layer: "ctranslate2.specs.LinearSpec", weight: np.ndarray, bias: np.ndarray | None = None
) -> None:
    layer.weight = np.ascontiguousarray(weight, np.float32)
    layer.bias = np.zeros(len(weight), np.float32) if bias is None else bias


def _norm(layer: "ctranslate2.specs.LayerNormSpec", width: int) -> None:
    layer.gamma, layer.beta = np.ones(width, np.float32), np.zeros(width, np.float32)
