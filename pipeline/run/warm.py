"""Compiling the kernels once per machine, so that workers find them in Numba's cache."""

from functools import cache

from polysieve.pipeline.extract import extract
from polysieve.pipeline.recipe import Recipe
from polysieve.pipeline.sources import Document, Source
from polysieve.pipeline.steps.measure import batches

_PAGE = (
    "<html><body><main><p>The river rises in the hills and runs past the mill to the sea, and boats go down it.</p>"
    "<p>แม่น้ำไหลผ่านหมู่บ้าน 河流经过村庄 川は村を流れる</p></main></body></html>"
)


@cache
def compile_kernels() -> None:
    """Run every kernel once on a small document."""
    import numpy as np
    import pyarrow as pa

    from polysieve.dedup import components, containment, edges, host_lines

    document = Document(
        0, 0, "<warm>", None, None, None, "html", _PAGE.encode(), False, "text/html"
    )
    extract(b"\xe9" + _PAGE.encode(), comments=True)  # not clearly UTF-8
    batches.measure_batch([document], Source("warm", 0, ""), Recipe())
    low = np.zeros((2, 112), np.uint8)
    a, b = edges.verified_band_edges(np.zeros(2, np.uint64), low, 0.55)
    forest = components.UnionFind(2)
    forest.union_edges(a, b)
    forest.roots()
    texts, hosts = pa.array(["a line\nanother"]), np.ones(1, np.uint64)
    host_lines.counted(host_lines.lines_of(texts), hosts, np.ones(1, bool))
    one = np.zeros(1, np.uint64), np.array([0, 1])
    keys, owners, anchors = containment.sampled(*one, hosts)
    containment.candidates(keys, owners, owners, anchors)
    containment.shares(one, one, np.zeros(1, np.int64))
    host_lines.without_lines(texts, pa.array([[0]], pa.list_(pa.int32())))


def is_cached() -> bool:
    """Whether Numba has compiled the kernels on this machine before."""
    from polysieve.filters import words

    return words.is_cached()
