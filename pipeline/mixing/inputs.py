"""The Parquet files of a mixture's sources."""

import hashlib
import os
from dataclasses import dataclass, replace

import pyarrow.parquet as pq

from pipeline.mixing.spec import Mix, MixError, Source
from pipeline.plan import RUN
from pipeline.sources import InputError, resolve
from pipeline.store import Store

CORPUS = "corpus"


@dataclass(frozen=True)
class Input:
    """A file, with the sources that take documents of it, in order."""

    root: str
    """The folder of its source, of which the store is made."""
    name: str
    """The file's, within the folder."""
    size: int
    etag: str
    """The store's entity tag, or a local file's time of modification in ns."""
    sources: tuple[str, ...]
    number: int = 0
    """Among all files of the mixture; decides between documents with the same id."""

    @property
    def key(self) -> str:
        """What its pieces are named by: it changes when the file does."""
        data = f"{self.root}\0{self.name}\0{self.size}\0{self.etag}\0{','.join(self.sources)}"
        return hashlib.sha256(data.encode()).hexdigest()[:16]

    @property
    def store(self) -> Store:
        return Store(self.root)


def find(spec: Mix) -> list[Input]:
    """Every file once, in the order of the sources and of names. Raises MixError."""
    found: dict[tuple[str, str], Input] = {}
    for name, source in spec.sources.items():
        root = _folder(name, source)
        own = [i for i in _listed(root) if _may_hold(i.name, source)]
        if not own:
            raise MixError(
                f"sources.{name}.path: {root}: no Parquet file for this source; name a run's output "
                "or a folder of <label>/*.parquet"
            )
        _check_columns(name, own[0])
        for file in own:
            key = (file.root, file.name)
            before = found[key].sources if key in found else ()
            found[key] = replace(file, sources=(*before, name))
    return [replace(file, number=number) for number, file in enumerate(found.values())]


def _folder(name: str, source: Source) -> str:
    store = Store(source.path)
    if store.exists(RUN):
        return f"{store.root}/{CORPUS}"
    if store.local and not os.path.isdir(store.root):
        raise MixError(
            f"sources.{name}.path: {source.path}: no such folder; name a run's output or a folder of Parquet files"
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
    return [Input(root, f.address[len(root) + 1 :], f.size, f.etag, ()) for f in files]


def _may_hold(name: str, source: Source) -> bool:
    """Whether a file may have documents of a source: a corpus has a folder for each label."""
    folder, _, _ = name.rpartition("/")
    label = folder.rpartition("/")[2]
    if source.labels is None or "_" not in label:
        return True
    return label in source.labels


def _check_columns(name: str, file: Input) -> None:
    with file.store.open(file.name) as opened:
        columns = set(pq.read_schema(opened).names)
    lacking = [
        c for c in ("text", "id", "language", "language_script", "word_count") if c not in columns
    ]
    if lacking:
        raise MixError(
            f"sources.{name}.path: {file.root}/{file.name} has no column {', '.join(lacking)}; make a corpus of it "
            "first, with `polysieve run minimal`"
        )
