"""What is made of a text's vector: the probability of a good text (MLP), or its nearness to good texts (cosine, kNN).

The MLP is FineWeb2-HQ's: 256 rectified units and a logistic output on a frozen encoder's vector, Adam at 3e-4, batches
of 256, 6 epochs or more where there are few examples; weight decay stands in for its dropout. `cosine` is the largest
similarity to any of the positives (8,192 at most); `neighbours` the mean over the k nearest. `regression` is an MLP
without the logistic function, of the published heads (published_heads): its score has a scale of its own.
"""

import hashlib
import io
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from polysieve.filters.quality.fasttext_file import ModelError

UNITS, RATE, BATCH, EPOCHS = 256, 3e-4, 256, 6
LEAST_STEPS = 400  # of gradient descent, however few examples there are
MOST_POSITIVES = 8192
RAW = "raw"  # in the file of a head that reads vectors as long as they are
Method = Literal["mlp", "cosine", "neighbours", "regression"]


@dataclass(frozen=True)
class Head:
    """A head, with the encoder that it reads."""

    method: Method
    encoder: str
    encoder_hash: str
    window: int
    """Tokens of a text that are encoded."""
    arrays: dict[str, np.ndarray]
    """Of mlp and regression: w1 [dim, units], b1, w2 [units], b2; of the others: positives [n, dim], and k."""
    hash: str = ""
    unit: bool = True
    """Whether it reads vectors of unit length."""

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """float64[n] of vectors float32[n, dim]."""
        a = self.arrays
        if self.method in ("mlp", "regression"):
            hidden = np.maximum(vectors @ a["w1"] + a["b1"], 0)
            found = (hidden @ a["w2"] + a["b2"]).astype(float)
            return (
                found if self.method == "regression" else 1 / (1 + np.exp(-np.clip(found, -60, 60)))
            )
        nearness = vectors @ a["positives"].T
        k = min(int(a["k"]), nearness.shape[1])
        nearest = np.partition(nearness, nearness.shape[1] - k, axis=1)[:, -k:]
        return np.sort(nearest, axis=1).mean(1).astype(float)

    def save(self, path: Path) -> None:
        """Write the head. Equal heads give equal files."""
        path.parent.mkdir(parents=True, exist_ok=True)
        about = [self.method, self.encoder, self.encoder_hash, str(self.window)]
        with path.open("wb") as file:
            np.savez(
                file,
                about=np.array([*about, *([] if self.unit else [RAW])]),
                **self.arrays,  # type: ignore[arg-type]
            )


def load(path: str | Path) -> Head:
    """A head that `save` wrote. Raises ModelError."""
    try:
        data = Path(path).read_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            method, encoder, encoder_hash, window, *more = stored["about"].tolist()
            arrays = {name: stored[name] for name in stored.files if name != "about"}
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; correct the path") from None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise ModelError(f"{path}: no head of `polysieve quality`") from None
    digest = hashlib.sha256(data).hexdigest()
    return Head(method, encoder, encoder_hash, int(window), arrays, digest, RAW not in more)


def train_mlp(vectors: np.ndarray, positive: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The arrays of an MLP trained on float32[n, dim] and bool[n]."""
    from sklearn.neural_network import MLPClassifier

    steps = max(1, -(-len(vectors) // BATCH))
    model = MLPClassifier(
        (UNITS,), learning_rate_init=RATE, batch_size=min(BATCH, len(vectors)), alpha=1e-3,
        max_iter=max(EPOCHS, -(-LEAST_STEPS // steps)), n_iter_no_change=10**6, random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # that it did not converge: it trains for as long as it was told to
        model.fit(vectors, positive)
    (w1, w2), (b1, b2) = model.coefs_, model.intercepts_
    return {
        "w1": w1.astype(np.float32), "b1": b1.astype(np.float32), "w2": w2[:, 0].astype(np.float32),
        "b2": np.float32(b2[0]),
    }  # fmt: skip


def seeds(vectors: np.ndarray, positive: np.ndarray, k: int = 1) -> dict[str, np.ndarray]:
    """The arrays of `cosine` (k = 1) or `neighbours`: the first MOST_POSITIVES positives; examples come in a seeded
    order."""
    return {"positives": vectors[positive][:MOST_POSITIVES], "k": np.int64(k)}
