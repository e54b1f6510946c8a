"""Text to a model's pieces and back, by the files that stand beside converted models.

| files | of | read by |
|---|---|---|
| `source.spm`, `target.spm` | OPUS-MT | SentencePiece |
| `tokenizer.json` | NLLB, MADLAD, T5 and whatever transformers saves | tokenizers |
| `sentencepiece.bpe.model`, `spiece.model`, `sentencepiece.model` | NLLB, MADLAD, T5 | SentencePiece |

The first of them that a folder holds is taken. What a model puts around a text (its end, languages) is not theirs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from polysieve.filters.needs import needed
from polysieve.translation.engines import EngineError

FILES = ("source.spm", "target.spm", "tokenizer.json", "sentencepiece.bpe.model", "spiece.model",
         "sentencepiece.model")  # fmt: skip
_SPECIAL = {"<s>", "</s>", "<pad>", "<unk>", "<mask>"}


class Pieces(Protocol):
    def encode(self, text: str) -> list[str]:
        """The pieces of a text, nothing around them."""
        ...

    def decode(self, pieces: Sequence[str]) -> str:
        """The text of pieces; special ones and those that are not known are left out."""
        ...


def open_pieces(folder: Path, extra: str) -> Pieces:
    """The tokeniser of a folder. Raises EngineError where there is none, ImportError without the extra."""
    pair = folder / "source.spm", folder / "target.spm"
    if all(path.is_file() for path in pair):
        return _SentencePiece(*pair, extra)
    if (folder / "tokenizer.json").is_file():
        return _Tokenizers(folder / "tokenizer.json", extra)
    for name in FILES[3:]:
        if (folder / name).is_file():
            return _SentencePiece(folder / name, folder / name, extra)
    raise EngineError(
        f"{folder}: no tokeniser: copy the model's own into it: source.spm and target.spm, or {' or '.join(FILES[2:])}"
    )


class _SentencePiece:
    def __init__(self, source: Path, target: Path, extra: str) -> None:
        load = needed("sentencepiece", extra).SentencePieceProcessor
        try:
            self._source, self._target = (load(model_file=str(path)) for path in (source, target))
        except (RuntimeError, OSError) as error:
            raise EngineError(f"{source}: no model of SentencePiece: {error}") from None

    def encode(self, text: str) -> list[str]:
        return self._source.encode(text, out_type=str)

    def decode(self, pieces: Sequence[str]) -> str:
        return self._target.decode([piece for piece in pieces if piece not in _SPECIAL])


class _Tokenizers:
    def __init__(self, path: Path, extra: str) -> None:
        try:
            self._model: Any = needed("tokenizers", extra).Tokenizer.from_file(str(path))
        except ImportError:
            raise
        except Exception as error:  # the library's own class
            raise EngineError(f"{path}: no file of tokenizers: {error}") from None
        self._model.no_truncation()
        self._model.no_padding()

    def encode(self, text: str) -> list[str]:
        return self._model.encode(text, add_special_tokens=False).tokens

    def decode(self, pieces: Sequence[str]) -> str:
        ids = (self._model.token_to_id(piece) for piece in pieces)
        return self._model.decode([i for i in ids if i is not None], skip_special_tokens=True)
