"""Finding the Parquet files of a mixture's sources."""

import os
from dataclasses import replace

import pyarrow.parquet as pq

from polysieve.language_id.labels import is_canonical_form
from polysieve.pipeline.mixing.inputs import Input
from polysieve.pipeline.mixing.spec import Mix, MixError, Source
from polysieve.pipeline.run.plan import RUN
from polysieve.pipeline.sources import InputError, resolve
from polysieve.pipeline.steps.write.translations import PARALLEL, PREFIX
from polysieve.pipeline.storage.store import Store

CORPUS = "corpus"
PAIRS = {"interleaved": "documents-", "interlinear": "sentences-"}
"""What the names of the files begin with that a template reads."""


def find(spec: Mix) -> list[Input]:
    """Every file once, in the order of the sources and of names. Raises MixError."""
    found: dict[tuple[str, str], Input] = {}
    for name, source in spec.sources.items():
        root = _folder(name, source)
        own = [i for i in _listed(root) if _may_hold(i, source)]
        if not own:
            raise MixError(
                f"sources.{name}.path: {root}: no Parquet file for this source; name a run's output "
                f"or a folder of {_layout(source)}"
            )
        _check_columns(name, source, own[0])
        labels = _translated(name, own) if source.one_rendering else ()
        for file in own:
            key = (file.root, file.name)
            before, others = (
                (found[key].sources, found[key].renderings) if key in found else ((), ())
            )
            if source.template and before:
                raise MixError(
                    f"sources.{name}.path: source {before[0]} has the same pairs; leave one of them out, or "
                    "give them another template"
                )
            found[key] = replace(file, sources=(*before, name), renderings=(*others, tuple(labels)))
    return [replace(file, number=number) for number, file in enumerate(found.values())]


def _translated(name: str, files: list[Input]) -> list[str]:
    """The labels that have translations. Raises MixError where none has."""
    found = {
        folder.rpartition("/")[2]
        for folder, _, own in (file.name.rpartition("/") for file in files)
        if own.startswith(PREFIX)
    }
    if not found:
        raise MixError(
            f"sources.{name}.one_rendering: no file <label>/{PREFIX}*.parquet; leave the key out where nothing "
            "is translated"
        )
    return sorted(found)


def _layout(source: Source) -> str:
    if source.template is None:
        return "<label>/*.parquet"
    return f"<source>-<target>/{PAIRS[source.template]}*.parquet"


def _folder(name: str, source: Source) -> str:
    store = Store(source.path)
    if store.exists(RUN):
        return f"{store.root}/{PARALLEL if source.template else CORPUS}"
    if store.local and not os.path.isdir(store.root):
        raise MixError(
            f"sources.{name}.path: {source.path}: no such folder; name a run's output or a folder of {_layout(source)}"
        )
    return store.root


def _listed(root: str) -> list[Input]:
    """The Parquet files below a folder, by name."""
    store = Store(root)
    if store.local:
        names = [n for n in store.files(".") if n.endswith(".parquet")]
        stats = ((n, os.stat(store.path(n))) for n in names)
        return [Input(root, n, s.st_size, str(s.st_mtime_ns), ()) for n, s in stats]
    try:
        files = resolve([f"{root}/**/*.parquet"])
    except InputError as error:
        raise MixError(str(error)) from None
    # An address is written with more or fewer slashes after its protocol.
    below = root.partition("://")[2].strip("/") + "/"
    return [Input(root, f.address.partition(below)[2], f.size, f.etag, ()) for f in files]


def _may_hold(file: Input, source: Source) -> bool:
    """Whether a file may have documents of a source: a corpus has a folder for each label, pairs one for each two."""
    folder, _, own = file.name.rpartition("/")
    label = folder.rpartition("/")[2]
    if source.template:
        first, label = file.pair
        if not own.startswith(PAIRS[source.template]) or not (first and is_canonical_form(label)):
            return False
    return source.labels is None or not is_canonical_form(label) or label in source.labels


def _check_columns(name: str, source: Source, file: Input) -> None:
    needed = ["id", "source", "target"]
    if source.template is None:
        needed = ["text", "id", "language", "language_script", "word_count"]
    with file.raw_store.open(file.name) as opened:
        columns = set(pq.read_schema(opened).names)
    lacking = [column for column in needed if column not in columns]
    if lacking:
        raise MixError(
            f"sources.{name}.path: {file.root}/{file.name} has no column {', '.join(lacking)}; make a corpus of it "
            "first, with `polysieve run minimal`"
        )
