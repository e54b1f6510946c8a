"""From the addresses that a user gives to the list of inputs."""

import glob
import os
import re
import urllib.parse
import zlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from polysieve.pipeline.sources.model import InputError, Retries, Source, SourceError
from polysieve.pipeline.sources.transport import (
    HttpFailure,
    Input,
    filesystem,
    http_request,
    is_http,
    is_local,
    one_line,
    wait_for,
)

BASE_URL: Final = "https://data.commoncrawl.org"
_SNAPSHOT = re.compile(r"CC-MAIN-[0-9A-Za-z]+(-[0-9A-Za-z]+)*")
_EXAMPLE = "commoncrawl://CC-MAIN-2025-18/wet?shards=0-9"
_CONNECTIONS = 16
_LOOKED_AT = 10_000
_ENDING = re.compile(r"(\.[A-Za-z0-9]+)?\.(gz|zst|bz2|xz|lz4)$|\.[A-Za-z0-9]+$")


def resolve(
    addresses: Sequence[str],
    *,
    base_url: str = BASE_URL,
    storage_options: dict[str, Any] | None = None,
    retries: Retries | None = None,
) -> list[Source]:
    """The inputs that the addresses name, sorted by address, each once, with size and etag.

    addresses: local paths, globs with `**`, fsspec addresses with or without a glob, http(s) files,
        `commoncrawl://SNAPSHOT/wet` or `/warc`, with `?shards=0-9,20` for some of its files.
    base_url: where `crawl-data/SNAPSHOT/….paths.gz` lies, for commoncrawl://.

    Raises InputError for an input that is not there, a glob without a match, a bad address;
    SourceError where a server does not answer.
    """
    retries = retries or Retries()
    found: set[str] = set()
    known: dict[str, Source] = {}
    for address in addresses:
        if address.startswith("commoncrawl://"):
            found.update(_common_crawl(address, base_url, storage_options, retries))
        elif is_http(address):
            if "*" in address:
                raise InputError(
                    f"{address}: a web server does not list its files; give each address without *"
                )
            found.add(address)
        elif is_local(address) or address.startswith("file://"):
            found.update(_local(_local_path(address)))
        else:
            sources = _remote(address, storage_options)
            known.update((source.address, source) for source in sources)

    def describe(address: str) -> Source:
        return _described(address, storage_options, retries)

    missing = sorted(found - known.keys())
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        known.update((source.address, source) for source in pool.map(describe, missing))
    return [known[address] for address in sorted(known)]


def _local_path(address: str) -> str:
    if address.startswith("file://"):
        address = urllib.parse.unquote(urllib.parse.urlsplit(address).path)
    return os.path.abspath(os.path.expanduser(address))


def _local(path: str) -> list[str]:
    if os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        held = _held(path)
        raise InputError(
            f"{path}: is a folder; give its files, e.g. {held[0][0]} ({_told(held)} there)"
            if held
            else f"{path}: is a folder without files"
        )
    if not glob.has_magic(path):
        raise InputError(f"{path}: no such file; check the path")
    # Told by isfile, not by name: a glob's folders are passed over.
    files = [found for found in glob.glob(path, recursive=True) if os.path.isfile(found)]
    if not files:
        fixed = os.path.dirname(re.split(r"[*?[]", path, maxsplit=1)[0])
        raise InputError(f"{path}: no file matches; {_there(fixed)}")
    return files


def _there(folder: str) -> str:
    """What stands in a folder where no file fits a pattern."""
    if not os.path.isdir(folder):
        return f"there is no folder {folder}"
    held = _held(folder)
    return f"{folder} has {_told(held)}" if held else f"{folder} has no files"


def _told(held: list[tuple[str, int]]) -> str:
    return " and ".join(f"{count:,} × {pattern}" for pattern, count in held[:3])


def _held(folder: str) -> list[tuple[str, int]]:
    """Patterns of the files under a folder and how many fit each, the most first; of some 10,000 files."""
    found: Counter[str] = Counter()
    for path, _, names in os.walk(folder):
        for name in names:
            ending = _ENDING.search(name)
            depth = "" if path == folder else "**/"
            found[os.path.join(folder, f"{depth}*{ending[0] if ending else ''}")] += 1
        if found.total() >= _LOOKED_AT:
            break
    return found.most_common()


def _remote(address: str, storage_options: dict[str, Any] | None) -> list[Source]:
    """The files of an fsspec address."""
    system, path = filesystem(address, storage_options)
    try:
        if glob.has_magic(path) and not system.isfile(path):
            entries = system.glob(path, detail=True)
            files = [entry for entry in entries.values() if entry.get("type") != "directory"]
            if not files:
                raise InputError(
                    f"{address}: no file matches; check the pattern and the storage options"
                )
        else:
            entry = system.info(path)
            if entry.get("type") == "directory":
                raise InputError(
                    f"{address}: is a folder; give its files, e.g. {address.rstrip('/')}/**"
                )
            files = [entry]
        return [_source(system, entry) for entry in files]
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{address}: no such file; check the address") from None
    except PermissionError as error:
        raise InputError(
            f"{address}: not allowed ({one_line(error)}); check the credentials"
        ) from None
    except Exception as error:  # what a store's client raises has no common base
        raise InputError(
            f"{address}: cannot be looked up ({one_line(error)}); check the address and storage options"
        ) from None


def _source(system: Any, entry: dict[str, Any]) -> Source:
    etag = entry.get("ETag") or entry.get("etag") or entry.get("LastModified") or entry.get("mtime")
    if etag is None:
        etag = entry.get("created") or ""
    size = entry.get("size")
    return Source(
        system.unstrip_protocol(entry["name"]), -1 if size is None else size, str(etag).strip('"')
    )


def _described(address: str, storage_options: dict[str, Any] | None, retries: Retries) -> Source:
    if is_http(address):
        return _http_source(address, retries)
    if is_local(address):
        status = os.stat(address)
        return Source(address, status.st_size, str(status.st_mtime_ns))
    return _remote(address, storage_options)[0]


def _http_source(address: str, retries: Retries) -> Source:
    """Size and etag by HEAD, or by a GET of the first byte where the server takes no HEAD."""
    failures = 0
    head = True
    while True:
        try:
            if head:
                response = http_request(address, method="HEAD", timeout=retries.timeout)
            else:
                response = http_request(address, start=0, end=1, timeout=retries.timeout)
        except HttpFailure as error:
            if head and str(error) in ("HTTP status 405", "HTTP status 501", "HTTP status 403"):
                head = False
                continue
            if str(error) in ("HTTP status 404", "HTTP status 410"):
                raise InputError(f"{address}: no such file ({error}); check the address") from None
            failures += 1
            if error.lasting or failures >= retries.attempts:
                raise SourceError(f"{address}: byte 0: {error} (after {failures} tries)") from None
            wait_for(retries, failures, error.wait)
            continue
        with response:
            headers = response.headers
            total = headers.get("Content-Range", "").rpartition("/")[2] or headers.get(
                "Content-Length", ""
            )
            etag = headers.get("ETag") or headers.get("Last-Modified") or ""
            return Source(address, int(total) if total.isdecimal() else -1, etag.strip('"'))


def _common_crawl(
    address: str, base_url: str, storage_options: dict[str, Any] | None, retries: Retries
) -> list[str]:
    """The addresses of a snapshot's files, from its published list of paths."""
    parts = urllib.parse.urlsplit(address)
    query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
    kind = parts.path.strip("/")
    if (
        not _SNAPSHOT.fullmatch(parts.netloc)
        or kind not in ("wet", "warc")
        or query.keys() - {"shards"}
    ):
        raise InputError(f"{address}: is no Common Crawl address; write it like {_EXAMPLE}")
    wanted = _shards(address, query["shards"][-1]) if "shards" in query else None
    base = base_url if "://" in base_url else os.path.abspath(os.path.expanduser(base_url))
    if base.startswith("file://"):
        base = _local_path(base)
    base = base.rstrip("/")
    listing = f"{base}/crawl-data/{parts.netloc}/{kind}.paths.gz"
    paths = _paths(address, listing, storage_options, retries)
    if wanted is None:
        wanted = set(range(len(paths)))
    beyond = [shard for shard in sorted(wanted) if shard >= len(paths)]
    if beyond:
        raise InputError(
            f"{address}: has no shard {beyond[0]}; the snapshot's shards are 0 to {len(paths) - 1}"
        )
    return [f"{base}/{paths[shard]}" for shard in sorted(wanted)]


def _shards(address: str, text: str) -> set[int]:
    shards: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        first = int(match[1]) if match else 0
        last = int(match[2]) if match and match[2] else first
        if not match or last < first or last - first >= 10_000_000:
            raise InputError(
                f"{address}: shards {part!r} is no number or range; write shards=0-9,20"
            )
        shards.update(range(first, last + 1))
    return shards


def _paths(
    address: str, listing: str, storage_options: dict[str, Any] | None, retries: Retries
) -> list[str]:
    try:
        with Input(listing, retries=retries, storage_options=storage_options) as source:
            data = source.readall() or b""
        if data.startswith(b"\x1f\x8b"):
            data = zlib.decompress(data, 31)
    except SourceError as error:
        if re.search(r"HTTP status 4(04|10|03)|No such file|not found|does not exist", str(error)):
            raise InputError(
                f"{address}: its list of paths cannot be had ({error}); check snapshot and base address"
            ) from None
        raise
    except zlib.error as error:
        raise InputError(
            f"{address}: {listing} is no gzip file ({error}); check the base address"
        ) from None
    paths = [line.strip().lstrip("/") for line in data.decode("utf-8", "replace").splitlines()]
    return [path for path in paths if path]
