"""Language identification: which language, in which script, and how sure.

identify(texts)                       the embedded model
identify(texts, "path/model.bin")     a fastText model with labels of the form __label__xxx_Yyyy
identify(texts, "glotlid")            one of the Hugging Face hub
identify(texts, "cld2")               CLD2 by itself
identify(texts, load_ensemble({"embedded": 1, "glotlid": 1}, agree=2))
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from polysieve.language_id.labels import LanguageIdError

__all__ = ["LanguageIdError", "Model", "identify", "load_ensemble", "load_model"]

EMBEDDED, CLD2 = "embedded", "cld2"


class Model(Protocol):
    """What `load_model` and `load_ensemble` return.

    `hash` names the model's content; `labels` are those that it can give, canonical; `identify` takes a large_string
    array and returns what the function `identify` does.
    """

    name: str
    hash: str

    @property
    def labels(self) -> Sequence[str]: ...

    def identify(self, texts: pa.Array) -> pa.StructArray: ...


def load_model(name: str | Path = EMBEDDED, sample: int | None = None) -> Model:
    """The model `embedded`, CLD2 by itself (`cld2`), a fastText model by path, or one of the hub by name.

    It is loaded once per process, and again where its file has been replaced.

    `sample`: characters from the beginning of a text that the embedded model reads, and three quarters as many from
    the rest in three pieces; None: 1,200. fastText models read texts whole.

    Raises LanguageIdError if there is no such file, it is no fastText model or its labels have
    another form.
    """
    return _load(str(name), sample if str(name) == EMBEDDED else None, _stamp(str(name)))


def load_ensemble(
    models: Mapping[str, float], agree: int | None = None, sample: int | None = None
) -> Model:
    """Several models that vote, by the weight of their votes (language_id/ensemble.py); loaded as `load_model` does.

    Raises LanguageIdError as `load_model` does, and for fewer than two models or an `agree` beyond their number.
    """
    stamps = tuple(map(_stamp, models))
    return _load_ensemble(tuple(models.items()), agree, sample, stamps)


def _stamp(name: str) -> tuple[int, ...]:
    """What changes with a model's file: modification time and size; nothing for what is no file's path."""
    path = Path(name)
    if name in (EMBEDDED, CLD2) or not path.is_file():
        return ()
    return path.stat().st_mtime_ns, path.stat().st_size


@cache
def _load(name: str, sample: int | None, stamp: tuple[int, ...]) -> Model:
    if name == EMBEDDED:
        from polysieve.language_id.embedded import EmbeddedModel

        return EmbeddedModel() if sample is None else EmbeddedModel.reading(sample)
    if name == CLD2:
        from polysieve.language_id.cld2 import Cld2Model

        return Cld2Model()
    from polysieve.language_id.fasttext_model import FastTextModel

    return FastTextModel(name)


@cache
def _load_ensemble(
    models: tuple[tuple[str, float], ...],
    agree: int | None,
    sample: int | None,
    stamps: tuple[tuple[int, ...], ...],
) -> Model:
    from polysieve.language_id.ensemble import Ensemble

    return Ensemble([(load_model(name, sample), weight) for name, weight in models], agree)


def identify(
    texts: pa.Array | pa.ChunkedArray | Sequence[str | None], model: str | Path | Model = EMBEDDED
) -> pa.StructArray:
    """The language of each text.

    `texts`: strings as an Arrow array, a chunked array or a list; null and empty texts are
    `und_Zzzz` with score 0. Returns a struct array of the same length with `label` (string,
    canonical `xxx_Yyyy`; `zxx_Zxxx` for what is no language, `und_Yyyy` for a language nobody
    knows), `score` (float64 in [0, 1], to 1e-4) and `candidates` (JSON object of labels and scores
    from 0.01 on, best first); an ensemble's has `votes` and `disagreement` besides. Texts are judged
    one by one: the answer depends on nothing but the text and the model.
    """
    from polysieve.language_id.text import text_array

    loaded = load_model(model) if isinstance(model, str | Path) else model
    return loaded.identify(text_array(texts))
