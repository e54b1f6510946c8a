"""What the recipe's `clean` section does to texts, and where.

`before_measuring` is the first and only change that a text sees before its language is told and its signals are
measured: the step measure stores it so. `of_written` is for what a person or a model reads: the step write calls it
for `corpus/` and `removed/`, from which the report's samples are taken, and so does `explain`. Nothing is decided from
its result.
"""

from collections import Counter
from functools import cache
from importlib import metadata
from typing import NamedTuple

import pyarrow as pa

from polysieve.filters import datatrove, encoding, pii, table_pipes
from polysieve.pipeline.recipe.measuring import Clean

version = cache(metadata.version)  # asked for once for every language, and found by reading files


class Written(NamedTuple):
    """n texts as they are written."""

    texts: pa.Array
    pii: pa.Array
    """What the recipe annotates, by its place in `texts`: filters.pii.ANNOTATIONS, null where no kind is annotated."""
    counts: dict[int, Counter[str]]
    """Number of a text -> the personal data found in it, replaced or annotated, by kind."""


def before_measuring(texts: pa.Array, settings: Clean) -> pa.Array:
    """Texts (large_string, null where there is none) as they are measured and stored."""
    return encoding.repair(texts) if settings.encoding == "measured" else texts


def of_written(texts: pa.Array, labels: pa.Array, settings: Clean) -> Written:
    """Texts as they are written, each from itself, its language label and the settings alone.

    FineWeb2 replaces personal data before it takes out lines of pipes. No such line holds any and no pattern
    goes across lines, so the other order gives the same texts, and places that hold. Raises
    filters.datatrove.BlockFailed where a formatter fails on a text: what cannot be cleaned is not written.
    """
    if settings.encoding == "written":
        texts = encoding.repair(texts)
    if settings.table_pipes:
        texts = table_pipes.remove(texts)
    ways = settings.pii.model_dump()
    replace = [kind for kind, way in ways.items() if way == "replace"]
    annotate = [kind for kind, way in ways.items() if way == "annotate"]
    cleaned = pii.clean(texts, labels, replace, annotate)
    places = cleaned.annotations
    if places is None:
        places = pa.nulls(len(texts), pii.ANNOTATIONS)
    texts = cleaned.texts
    for block in settings.formatters:
        texts = datatrove.reformat(block.datatrove, block.arguments, texts)
    return Written(texts, places, cleaned.counts)


def versions(settings: Clean, place: str) -> dict[str, str]:
    """Versions of the libraries, and hashes of the formatters' sources, whose doing is in the texts of a place,
    `measured` or `written`."""
    found = {"ftfy": version("ftfy")} if settings.encoding == place else {}
    if place == "written" and settings.pii.phone:
        found["phonenumbers"] = version("phonenumbers")
    if place == "written" and settings.formatters:
        found["datatrove"] = version("datatrove")
        for block in settings.formatters:
            found[block.datatrove] = datatrove.source_hash(block.datatrove)
    return found
