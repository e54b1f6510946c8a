"""What the step clusters says of its extents."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from polysieve.pipeline.index.versions import Extents


class Clusters(TypedDict):
    """The manifest of a unit; the last two where the run adds to an index."""

    rows: int
    clusters: int
    index: NotRequired[Mapping[str, Extents]]
    """Label -> the extents that the run adds."""
    dumps: NotRequired[list[str]]
    """The snapshots that occur."""


class Edges(TypedDict):
    """The manifest of a task of a large unit."""

    edges: int
    groups: NotRequired[list[tuple[int, int]]]
    """Of the last merge, where duplicates are verified: ranges of the names of components, a task each."""
