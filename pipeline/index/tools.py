"""What `polysieve index` does: tell what an index holds, check it, write it anew as fewer files."""

from typing import TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from polysieve.pipeline.index import versions as index
from polysieve.pipeline.index.versions import (
    COMPONENTS,
    KEYS,
    MEMBERS,
    PUBLISHED,
    Earlier,
    Extent,
    Run,
    Settings,
    contents_schema,
    members_schema,
    translations_schema,
)
from polysieve.pipeline.storage.store import Store, parquet_writer


class LabelInfo(TypedDict):
    """What an index holds of a language."""

    documents: int
    contents: int
    clusters: int
    clusters_of_several: int
    """Of several documents."""
    clusters_over_runs: int
    """With documents of several runs."""
    largest_cluster: int
    published: int
    """Documents that are in a corpus."""
    translations: int
    """Translations that are."""


class Info(TypedDict):
    """What an index holds."""

    version: str
    parent: str | None
    settings: Settings
    runs: list[Run]
    documents: int
    bytes: int
    """Of the files that the version names."""
    labels: dict[str, LabelInfo]


def info(store: Store) -> Info:
    """Runs, and for each language documents, contents, clusters of several documents, the largest of them, and
    what is in corpora, documents and translations."""
    version = _current(store)
    labels = {label: _label(version, label) for label in sorted(version.record["labels"])}
    return {
        "version": version.fingerprint,
        "parent": version.record["parent"],
        "settings": version.record["settings"],
        "runs": version.runs,
        "documents": sum(entry["documents"] for entry in labels.values()),
        "bytes": sum(store.size(file) for file in files_of(version)),
        "labels": labels,
    }


def _label(version: Earlier, label: str) -> LabelInfo:
    component, documents, first, last = (
        version.table(label, "components", COMPONENTS, [name])[name].to_numpy()
        for name in ("component", "documents", "first_run", "last_run")
    )
    sizes = np.bincount(component, weights=documents, minlength=len(component)).astype(np.int64)
    earliest, latest = np.full(len(component), 1 << 30), np.full(len(component), -1)
    np.minimum.at(earliest, component, first)
    np.maximum.at(latest, component, last)
    return {
        "documents": int(documents.sum()),
        "contents": len(component),
        "clusters": int((sizes > 0).sum()),
        "clusters_of_several": int((sizes > 1).sum()),
        "clusters_over_runs": int(((sizes > 0) & (earliest < latest)).sum()),
        "largest_cluster": int(sizes.max(initial=0)),
        "published": sum(rows for _, _, rows in version.extents(label, "published")),
        "translations": sum(rows for _, _, rows in version.extents(label, "translations")),
    }


def print_info(found: Info, console: Console) -> None:
    """`info`, for a person."""
    console.print(
        f"version {found['version']}, {found['documents']:,} documents, {found['bytes']:,} bytes"
    )
    runs = Table("run", "documents", "snapshots", "measured as")
    for number, run in enumerate(found["runs"]):
        snapshots = ", ".join(run["snapshots"]) or "none named"
        runs.add_row(str(number), f"{run['documents']:,}", snapshots, run["measure"])
    console.print(runs)
    table = Table("language", *(name.replace("_", " ") for name in LabelInfo.__annotations__))
    for label, entry in found["labels"].items():
        table.add_row(label, *(f"{count:,}" for count in entry.values()))
    console.print(table)


def files_of(version: Earlier) -> list[str]:
    """The files that a version names, sorted."""
    names = {run["inputs_file"] for run in version.runs}
    for tables in version.record["labels"].values():
        names.update(piece[0] for extents in tables.values() for piece in extents)
    return sorted(names)


def problems(store: Store) -> list[str]:
    """What is wrong with the version that holds: files that are not there, tables that do not agree."""
    version = _current(store)
    if index.fingerprint_of(version.record) != version.fingerprint:
        return [f"versions/{version.fingerprint}.json: its content does not fit its name"]
    found = []
    rows: dict[str, int] = {}
    for file in files_of(version):
        if not store.exists(file):
            found.append(f"{file}: not there")
        elif file.endswith(".parquet"):
            try:
                with store.open(file) as handle:
                    rows[file] = pq.ParquetFile(handle).metadata.num_rows
            except (OSError, pa.ArrowException) as error:
                found.append(f"{file}: cannot be read ({' '.join(str(error).split())})")
    if found:
        return found
    for label, tables in version.record["labels"].items():
        short = [
            f"{file}: {label} needs rows up to {start + count}, there are {rows[file]}"
            for extents in tables.values()
            for file, start, count in extents
            if start + count > rows[file]
        ]
        found += short or _disagreements(version, label)
    return found


def _disagreements(version: Earlier, label: str) -> list[str]:
    contents, members = version.contents(label), version.documents(label)
    found: list[str] = []

    def expect(holds: bool, what: str) -> None:
        if not holds:
            found.append(f"{label}: {what}")

    def column(table: str, schema: pa.Schema, name: str) -> np.ndarray:
        return version.table(label, table, schema, [name])[name].to_numpy()

    component = column("components", COMPONENTS, "component")
    expect(len(component) == contents, f"{contents} contents, {len(component)} components")
    inside = (component >= 0) & (component <= np.arange(len(component)))
    expect(bool(inside.all()), "a component is not named by its first content")
    if inside.all():
        expect(bool((component[component] == component).all()), "a component has no first content")
    content = column("members", MEMBERS, "content")
    expect(bool(((content >= 0) & (content < contents)).all()), "a member has no content")
    run = column("members", MEMBERS, "run")
    expect(bool((np.diff(run) >= 0).all()), "members are not in the order of runs")
    documents = column("components", COMPONENTS, "documents")
    if len(component) == contents and not found:
        counted = np.bincount(content, minlength=contents)
        expect(bool((counted == documents).all()), "the documents of a content are not its members")
    published = column("published", PUBLISHED, "member")
    expect(
        bool(((published >= 0) & (published < members)).all()), "a published member is not there"
    )
    runs = len(version.runs)
    for part in version.parts(label, "translations", ["run"]):
        known = part["run"].to_numpy() < runs
        expect(bool(known.all()), "a translation is of a run that is not there")
    for band in range(version.record["bands"]):
        for keys, owners in version.keys(label, band):
            expect(bool((keys[1:] >= keys[:-1]).all()), f"band {band}: keys are not sorted")
            expect(
                bool(((owners >= 0) & (owners < contents)).all()),
                f"band {band}: a key has no content",
            )
    return found


def compact(store: Store) -> tuple[int, int]:
    """Write the version that holds with one piece per label and table; remove the others. Returns the numbers of
    files before and after."""
    before = len(store.files(""))
    version = _current(store)
    record = version.record
    folder = f"runs/compact-{version.fingerprint}"
    lanes = _signature_bytes(version)
    minhash = record["settings"]["minhash"]
    schemas = {
        "contents": contents_schema(lanes), "keys": KEYS, "components": COMPONENTS,
        "members": members_schema(record["settings"]["kept"]),
        "published": PUBLISHED,
        "translations": translations_schema(*((minhash["bands"], minhash["rows"]) if minhash else (0, 0))),
    }  # fmt: skip
    labels: dict[str, dict[str, list[Extent]]] = {label: {} for label in record["labels"]}
    for table, schema in schemas.items():
        file = f"{folder}/{table}.parquet"
        row = 0
        with store.create(file) as handle, parquet_writer(handle, schema) as writer:
            for label in sorted(labels):
                rows = 0
                for part in _merged(version, label, table, schema):
                    writer.write_table(part, row_group_size=1 << 18)
                    rows += len(part)
                if version.extents(label, table):
                    labels[label][table] = [(file, row, rows)]
                row += rows
    runs: list[Run] = []
    for number, run in enumerate(record["runs"]):
        inputs_file = f"{folder}/inputs-{number:04d}.json"
        store.write_json(inputs_file, store.read_json(run["inputs_file"]))
        runs.append({**run, "inputs_file": inputs_file})
    index.commit(store, {**record, "parent": version.fingerprint, "runs": runs, "labels": labels})
    latest = _current(store)
    wanted = {*files_of(latest), index.version_file(latest.fingerprint), index.CURRENT}
    for name in store.files(""):
        if name.startswith(("runs/", "versions/")) and name not in wanted:
            store.remove(name)
    return before, len(store.files(""))


def _merged(version: Earlier, label: str, table: str, schema: pa.Schema):
    """A label's rows of a table; keys of all extents are sorted together, band by band."""
    if table != "keys":
        for part in version.parts(label, table, None):
            yield part.cast(schema)
        return
    for band in range(version.record["bands"]):
        found = list(version.keys(label, band))
        if found:
            keys, contents = (np.concatenate(side) for side in zip(*found, strict=True))
            order = np.argsort(keys, kind="stable")
            yield pa.table([keys[order], contents[order]], schema=schema)


def _signature_bytes(version: Earlier) -> int:
    settings = version.record["settings"]["minhash"]
    return settings["bands"] * settings["rows"] if settings else 0


def _current(store: Store) -> Earlier:
    version = index.current(store)
    assert version is not None
    return version
