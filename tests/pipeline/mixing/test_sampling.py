"""What is taken of a cell: within a document of the target, nothing a second time before all came once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polysieve.filters import sampling
from polysieve.pipeline.mixing.sampling import Chunk, Copies, Cut, cuts, exposures

documents = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 4)), min_size=1, max_size=60)


def taken(amounts, weights, targets, most, files=3, seed=0):
    """Of each document and stage, how often it is shown; and the stages' exposures, file by file."""
    ranks = sampling.ranks([f"d{i}" for i in range(len(amounts))], seed, "xxh3")
    parts = np.array_split(np.arange(len(amounts)), files)
    copies = [Copies.of(ranks[own], weights[own]) for own in parts]

    def chunks():
        for file, (own, c) in enumerate(zip(parts, copies, strict=True)):
            yield Chunk(c.ranks, amounts[own][c.rows], c.rows, file)

    found = cuts(chunks, int((amounts * weights).sum()), targets, most)
    counts = np.zeros((len(targets), len(amounts)), int)
    shown = []
    for file, (own, c) in enumerate(zip(parts, copies, strict=True)):
        before = np.zeros(len(c.rows), np.int64)
        for stage, cut in enumerate(found):
            through = cut.before(c.ranks, file, c.rows)
            e = exposures(c, ranks[own], weights[own], before, through)
            counts[stage, own] += np.bincount(e.rows, minlength=len(own))
            shown += [
                (stage, int(own[r]), int(k), int(p))
                for r, k, p in zip(e.rows, e.repetitions, e.places, strict=True)
            ]
            before = through
    return counts, shown


@given(documents, st.lists(st.floats(0, 2.5), min_size=1, max_size=4))
def test_every_stage_is_within_a_document_of_its_target(rows, epochs) -> None:
    amounts, weights = (np.array(column) for column in zip(*rows, strict=True))
    total = int((amounts * weights).sum())
    targets = np.cumsum([int(e * total) for e in epochs]).tolist()
    counts, _ = taken(amounts, weights, targets, [np.inf] * len(targets))
    realised = np.cumsum(counts @ amounts)
    assert (np.abs(realised - targets) <= amounts.max()).all()


@given(documents, st.floats(0, 3))
def test_no_copy_is_shown_again_before_every_copy_was_shown(rows, epochs) -> None:
    amounts, weights = (np.array(column) for column in zip(*rows, strict=True))
    total = int((amounts * weights).sum())
    counts, _ = taken(amounts, weights, [int(epochs * total)], [np.inf])
    if total:
        assert (counts[0] >= np.floor(epochs - 1e-9 - 1 / total) * weights).all()
        assert (counts[0] <= np.ceil(epochs + amounts.max() / total) * weights).all()


@given(documents, st.floats(0.05, 3))
def test_a_cap_is_never_exceeded(rows, cap) -> None:
    amounts, weights = (np.array(column) for column in zip(*rows, strict=True))
    most = int(cap * (amounts * weights).sum())
    counts, _ = taken(amounts, weights, [most // 2, most], [np.inf, most])
    assert counts.sum(0) @ amounts <= most or counts[1].sum() == 0


@given(documents, st.lists(st.floats(0, 1.5), min_size=2, max_size=3))
def test_repetitions_count_every_exposure_of_a_document_once(rows, epochs) -> None:
    amounts, weights = (np.array(column) for column in zip(*rows, strict=True))
    total = int((amounts * weights).sum())
    targets = np.cumsum([int(e * total) for e in epochs]).tolist()
    _, shown = taken(amounts, weights, targets, [np.inf] * len(targets))
    by_document = {}
    for _, document, repetition, place in sorted(shown, key=lambda s: (s[0], s[3])):
        by_document.setdefault(document, []).append(repetition)
        assert place >= 0
    assert all(own == list(range(len(own))) for own in by_document.values())


@given(documents, st.floats(0, 2))
def test_what_is_taken_does_not_depend_on_how_documents_lie_in_files(rows, epochs) -> None:
    amounts, weights = (np.array(column) for column in zip(*rows, strict=True))
    target = [int(epochs * (amounts * weights).sum())]
    one, _ = taken(amounts, weights, target, [np.inf], files=1)
    many, _ = taken(amounts, weights, target, [np.inf], files=7)
    assert (one == many).all()


def test_another_seed_takes_other_documents_and_more_budget_gives_none_back() -> None:
    amounts, weights = np.full(500, 10), np.ones(500, int)
    small, _ = taken(amounts, weights, [1000], [np.inf])
    large, _ = taken(amounts, weights, [2000], [np.inf])
    other, _ = taken(amounts, weights, [1000], [np.inf], seed=1)
    assert small.sum() == 100 and large.sum() == 200
    assert (large >= small).all()
    assert (other != small).any()


def test_documents_with_one_id_are_told_apart_by_file_and_row() -> None:
    ranks = sampling.ranks(["same"] * 4, 0, "xxh3")
    copies = Copies.of(ranks, np.ones(4, int))
    chunk = Chunk(copies.ranks, np.full(4, 5), copies.rows, 2)
    (cut,) = cuts(lambda: [chunk], 20, [10], [np.inf])
    assert cut == Cut(0, int(copies.ranks[0]), 2, 2)
    assert cut.before(copies.ranks, 2, copies.rows).tolist() == [1, 1, 0, 0]
