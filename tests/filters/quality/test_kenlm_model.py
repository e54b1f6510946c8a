"""Scores by a KenLM model."""

import numpy as np
import pyarrow as pa
import pytest

from polysieve.filters.quality.fasttext_file import ModelError
from polysieve.filters.quality.kenlm_model import KenlmModel

ARPA = r"""\data\
ngram 1=5
ngram 2=1

\1-grams:
-2.0	<unk>
0	<s>	-0.5
-1.5	</s>
-1.0	river	-0.25
-0.5	mill

\2-grams:
-0.125	river mill

\end\
"""


def test_a_missing_package_is_told_with_its_cure(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kenlm", None)
    with pytest.raises(ModelError, match=r"pip install 'polysieve\[kenlm\]'"):
        KenlmModel(tmp_path / "model.arpa")


def test_the_mean_log_probability_of_a_word(tmp_path) -> None:
    pytest.importorskip("kenlm", reason="needs the extra kenlm")
    (tmp_path / "model.arpa").write_text(ARPA)
    model = KenlmModel(tmp_path / "model.arpa")
    texts = pa.array(["river mill", "river\nother", "", "mill mill river"])
    # The first word is at the beginning of a line, whose back-off it pays.
    assert model.scores(texts) == pytest.approx(
        [(-1.5 - 0.125) / 2, (-1.5 - 2.25) / 2, np.nan, (-1.0 - 0.5 - 1.0) / 3], nan_ok=True
    )
    assert model.scores(texts, skip=1, most=1) == pytest.approx(
        [-0.125, -2.25, np.nan, -0.5], nan_ok=True
    )


def test_a_file_that_is_no_model_is_refused(tmp_path) -> None:
    pytest.importorskip("kenlm", reason="needs the extra kenlm")
    (tmp_path / "model.arpa").write_text("no model")
    for name, message in (
        ("model.arpa", "KenLM cannot read it"),
        ("absent.arpa", "correct the path"),
    ):
        with pytest.raises(ModelError, match=message):
            KenlmModel(tmp_path / name)
