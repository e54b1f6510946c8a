"""The languages of a batch of documents, as the recipe's `language` section asks: labels, votes, passages, parts."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from polysieve import language_id
from polysieve.language_id.passages import Part, identify_passages, shares_column, split, votes
from polysieve.pipeline.recipe.measuring import Language
from polysieve.pipeline.storage.schema import UNKNOWN


@dataclass(frozen=True)
class Identified:
    """What is known of n documents, row-aligned."""

    labels: pa.Array
    scores: pa.Array
    candidates: pa.Array
    votes: pa.Array
    """JSON, null with a single model."""
    disagreement: pa.Array
    shares: pa.Array
    """JSON, null where no passages were identified."""
    main_share: pa.Array
    texts: pa.Array
    """large_string: the documents' texts, or of those that were split the parts'."""
    rows: pa.Array | None = None
    """int64: of which document each row is; None where none was split."""
    is_part: pa.Array | None = None
    """bool: whether a row is a part of its document."""

    @property
    def added(self) -> int:
        """Rows beyond one for each document."""
        return 0 if self.rows is None else len(self.rows) - len(pc.unique(self.rows))


def model(section: Language) -> language_id.Model:
    """The recipe's model, loaded once per process. Raises LanguageIdError."""
    if isinstance(section.model, str):
        return language_id.load_model(section.model, section.sample)
    return language_id.load_ensemble(section.model.models, section.model.agree, section.sample)


def is_known(label: str, section: Language) -> bool:
    """Whether the recipe's model can give a label. Raises LanguageIdError."""
    return label in model(section).labels


def identify(texts: pa.Array, is_read: pa.Array, section: Language) -> Identified:
    """The languages of n texts (large_string without nulls); where `is_read` is false a text is `und_Zzzz`.

    A text's rows depend on that text alone.
    """
    loaded = model(section)
    whole = language_id.identify(texts, model=loaded)
    n = len(texts)

    def read(name: str, otherwise: object, kind: pa.DataType) -> pa.Array:
        if whole.type.get_field_index(name) < 0:
            return pa.nulls(n, kind)
        return pc.if_else(is_read, whole.field(name).cast(kind), pa.scalar(otherwise, kind))

    found = Identified(
        labels=read("label", UNKNOWN, pa.string()),
        scores=read("score", 0.0, pa.float64()),
        candidates=read("candidates", "{}", pa.string()),
        votes=read("votes", None, pa.string()),
        disagreement=read("disagreement", None, pa.float64()),
        shares=pa.nulls(n, pa.string()),
        main_share=pa.nulls(n, pa.float64()),
        texts=texts,
    )
    return found if section.passages is None else _with_passages(found, is_read, loaded, section)


def _with_passages(
    whole: Identified, is_read: pa.Array, loaded: language_id.Model, section: Language
) -> Identified:
    settings = section.passages
    assert settings is not None
    read = pc.if_else(is_read, whole.texts, "")
    passages = identify_passages(read, loaded, settings.by, settings.min_bytes)
    said = votes(passages)
    rows: list[int] = []
    parts: list[Part | None] = []
    for document, vote in enumerate(said):
        own = split(passages, vote, document, settings.min_share) if settings.split else []
        rows += [document] * max(1, len(own))
        parts += own or [None]
    labels, scores = whole.labels.to_pylist(), whole.scores.to_pylist()
    if settings.label == "vote":
        for document, vote in enumerate(said):
            if vote.label is not None:
                labels[document], scores[document] = vote.label, vote.score
    chosen = pa.array(rows, pa.int64())
    taken = {
        name: getattr(whole, name).take(chosen) for name in ("candidates", "votes", "disagreement")
    }
    is_part = pa.array([part is not None for part in parts], pa.bool_())
    texts = pa.array([part and part.text for part in parts], pa.large_string())
    return Identified(
        labels=pa.array(
            [part.label if part else labels[row] for row, part in zip(rows, parts, strict=True)],
            pa.string(),
        ),
        scores=pa.array(
            [part.score if part else scores[row] for row, part in zip(rows, parts, strict=True)],
            pa.float64(),
        ),
        **taken,
        shares=pa.array(
            [said[row].as_json if said[row].shares else None for row in rows], pa.string()
        ),
        main_share=shares_column([said[row] for row in rows]),
        texts=pc.if_else(is_part, texts, whole.texts.take(chosen)),
        rows=chosen,
        is_part=is_part,
    )
