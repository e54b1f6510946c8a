"""Perplexity by a KenLM model (the extra `kenlm`), `.arpa` or binary, of words between blanks."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from polysieve.filters.needs import needed
from polysieve.filters.quality.fasttext_file import ModelError, file_hash


class KenlmModel:
    """A KenLM model by path. `hash` is the SHA-256 of the file. Raises ModelError."""

    def __init__(self, path: str | Path) -> None:
        kenlm = needed("kenlm", "kenlm", ModelError)
        self.hash = file_hash(path)
        try:
            self._model: Any = kenlm.Model(str(path))
        except (OSError, RuntimeError) as error:
            cause = " ".join(str(error).split())[:200]
            raise ModelError(f"{path}: KenLM cannot read it ({cause})") from None

    def scores(self, texts: pa.Array, skip: int = 0, most: int | None = None) -> np.ndarray:
        """float64[n]: the mean log10 probability of a word; see NgramModel.scores. The text is one line, as it is
        written: give a model that was trained on such text."""
        found = np.full(len(texts), np.nan)
        stop = None if most is None else skip + most
        for i, text in enumerate(texts.to_pylist()):
            scored = [one[0] for one in self._model.full_scores(text, eos=False)][skip:stop]
            if scored:
                found[i] = sum(scored) / len(scored)
        return found
