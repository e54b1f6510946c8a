"""A label's documents: their order, and how often files are opened for the labels of a task."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from polysieve.pipeline.steps import windows
from polysieve.pipeline.steps.labels import Label, labels_of, window_of
from polysieve.pipeline.storage.store import Store
from tests.pipeline.steps.measured import INDEX, folder, labels, measured

NAMES = ["eng_Latn", "fra_Latn", "por_Latn"]


@pytest.fixture
def unit(tmp_path: Path) -> list[Label]:
    """Three labels in two segments; ids say label, segment and row."""
    segments = {
        "b": [("eng_Latn", "eb0"), ("eng_Latn", "eb1"), ("por_Latn", "pb0")],
        "a": [("eng_Latn", "ea0"), ("fra_Latn", "fa0"), ("por_Latn", "pa0"), ("por_Latn", "pa1")],
    }
    rows = {
        segment: [{"label": label, "id": id} for label, id in documents]
        for segment, documents in segments.items()
    }
    return labels(measured(tmp_path, rows), NAMES)


def ids(label: Label) -> list[str]:
    return label.read("documents", ["id"])["id"].to_pylist()


def test_rows_are_ordered_by_input_within_a_label(unit):
    assert [one.name for one in unit] == NAMES
    assert [ids(one) for one in unit] == [["eb0", "eb1", "ea0"], ["fa0"], ["pb0", "pa0", "pa1"]]
    assert [one.first for one in unit] == [0, 3, 4]
    assert unit[2].addresses().to_pylist() == ["b.warc", "a.warc", "a.warc"]


def test_a_label_by_itself_is_read_a_segment_at_a_time(unit):
    alone = unit[0].alone()
    assert ids(alone) == ids(unit[0])
    stretches = [
        own for own, _ in alone.stretches({"documents": ["id"], "signals": ["word_count"]})
    ]
    assert stretches == [slice(0, 2), slice(2, 3)]
    assert [own for own, _ in unit[0].stretches({"documents": ["id"]})] == [slice(0, 3)]


@pytest.mark.parametrize("alone", [True, False])
def test_rows_may_be_taken_by_number_and_by_window(unit, alone):
    label = unit[2].alone() if alone else unit[2]
    assert label.take("documents", ["id"], np.array([0, 2]))["id"].to_pylist() == ["pb0", "pa1"]
    window = label.window(1, 3)
    assert ids(window) == ["pa0", "pa1"]
    assert (window.first, window.documents) == (5, 2)


def test_a_window_of_a_unit_has_a_part_of_each_label(unit):
    parts = window_of(unit, 2, 6)
    assert [(one.name, ids(one), one.first) for one in parts] == [
        ("eng_Latn", ["ea0"], 2), ("fra_Latn", ["fa0"], 3), ("por_Latn", ["pb0", "pa0"], 4),
    ]  # fmt: skip
    assert [ids(one) for one in window_of(unit, 0, 1)] == [["eb0"]]


def test_files_of_the_unit_have_the_labels_one_after_the_other(unit, tmp_path):
    step = folder(tmp_path, "decisions")
    outcome = pa.array(["kept", "removed"] * 3 + ["kept"])
    step.store.write_table(step.file("unit.parquet"), pa.table({"outcome": outcome}))
    assert [windows.kept(step, "unit", one).tolist() for one in unit] == [
        [True, False, True], [False], [True, False, True],
    ]  # fmt: skip
    rows = unit[2].alone().of_unit(step, "unit.parquet", ["outcome"], slice(1, 3))
    assert rows["outcome"].to_pylist() == ["removed", "kept"]


def test_a_label_reads_the_windows_that_have_rows_of_it(unit, tmp_path, monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_DOCUMENTS", 2)
    step = folder(tmp_path, "scores")
    for number, values in enumerate(([0, 1], [2, 3], [4, 5], [6])):
        name = step.file(f"unit-{number:05d}.parquet")
        step.store.write_table(name, pa.table({"score": values}))
    found = [
        [(own.start, part["score"].to_pylist()) for own, part in windows.read(step, "unit", one)]
        for one in unit
    ]
    assert found == [[(0, [0, 1]), (2, [2])], [(0, [3])], [(0, [4, 5]), (2, [6])]]


def test_a_segment_is_opened_once_for_all_labels_of_a_task(unit, monkeypatch):
    opened: Counter[str] = Counter()
    read = Store.read_columns

    def counting(self, name, *rest):
        opened[name] += 1
        return read(self, name, *rest)

    monkeypatch.setattr(Store, "read_columns", counting)
    for label in labels_of(unit[0].measure, INDEX, NAMES):
        label.read("documents", ["id"])
        label.take("documents", ["id"], np.array([0]))
        label.read("signals", ["word_count"])
    del opened[INDEX]
    assert len(opened) == 4
    assert set(opened.values()) == {1}
