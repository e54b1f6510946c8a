"""Language identification: which language, in which script, and how sure.

identify(texts)                       the embedded model
identify(texts, "path/model.bin")     a fastText model with labels of the form __label__xxx_Yyyy
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from language_id.labels import LanguageIdError

__all__ = ["LanguageIdError", "Model", "identify", "load_model"]


class Model(Protocol):
    """What `load_model` returns:

    `hash` names the model's content, `identify` takes a large_string array.
    """

    name: str
    hash: str

    def identify(self, texts: pa.Array) -> tuple[list[str], list[float], list[str]]: ...


def load_model(name: str | Path = "embedded") -> Model:
    """The model `embedded`, or a fastText model by path; loaded once per process.

    Raises LanguageIdError if there is no such file, it is no fastText model or its labels have
    another form.
    """
    return _load(str(name))


@cache
def _load(name: str) -> Model:
    if name == "embedded":
        from language_id.embedded import EmbeddedModel

        return EmbeddedModel()
    from language_id.fasttext_model import FastTextModel

    return FastTextModel(name)


def identify(
    texts: pa.Array | pa.ChunkedArray | Sequence[str | None], model: str | Path = "embedded"
) -> pa.StructArray:
    """The language of each text.

    `texts`: strings as an Arrow array, a chunked array or a list; null and empty texts are
    `und_Zzzz` with score 0. Returns a struct array of the same length with `label` (string,
    canonical `xxx_Yyyy`; `zxx_Zxxx` for what is no language, `und_Yyyy` for a language nobody
    knows), `score` (float64 in [0, 1], to 1e-4) and `candidates` (JSON object of labels and scores
    from 0.01 on, best first). Texts are judged one by one: the answer depends on nothing but the
    text and the model.
    """
    from language_id.text import text_array

    labels, scores, candidates = load_model(model).identify(text_array(texts))
    return pa.StructArray.from_arrays(
        [
            pa.array(labels, type=pa.string()),
            pa.array(scores, type=pa.float64()),
            pa.array(candidates, type=pa.string()),
        ],
        names=["label", "score", "candidates"],
    )
