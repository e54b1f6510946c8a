"""Documents whose address is on a list: blocked domains, addresses and words.

Lists are the user's own; none comes with the project. The layout of the University of Toulouse's lists
(UT1: a folder per category with files `domains` and `urls`) is read as it is.

A list is kept as sorted 64-bit hashes, 8 bytes an entry, in a file that is made once per machine and mapped
into memory by every worker, so 4.6 million domains take 37 MB however many workers there are.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import xxhash

DOMAIN, ADDRESS, WORD = "url_domain", "url_address", "url_word"
"""The reasons, in the order in which they are looked for."""

_FORMAT = 1  # of the cached files; a new number makes old ones unused
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.I)
_NO_WORD = re.compile(r"[\W_]+")
_FILE_NAMES = {"domains": "domains", "urls": "urls", "words": "words"}


def _host(domain: str) -> str:
    """A host in the one form in which hosts are compared: lower case, A-labels, no dot at the end."""
    host = domain.strip().rstrip(".").lower()
    if not host.isascii():
        try:
            return host.encode("idna").decode()
        except UnicodeError:
            return host
    return host


def split_address(url: str) -> tuple[str, str]:
    """Host and the rest of an address, without scheme, user, port, fragment and slash at the end."""
    rest = _SCHEME.sub("", url.strip()).removeprefix("//").partition("#")[0]
    cut = min((i for i in (rest.find("/"), rest.find("?")) if i >= 0), default=len(rest))
    authority, path = rest[:cut], rest[cut:]
    host = authority.rpartition("@")[2]
    if not host.startswith("["):  # an IPv6 address holds colons
        host = host.partition(":")[0]
    return _host(host), path.rstrip("/")


def _address(url: str) -> str:
    host, path = split_address(url)
    return host.removeprefix("www.") + path


def _parents(host: str) -> list[str]:
    """A host and the domains that it belongs to: "a.b.c" -> "a.b.c", "b.c", "c"."""
    labels = host.split(".")
    return [".".join(labels[i:]) for i in range(len(labels))]


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


_NORMALISE = {
    "domains": lambda line: split_address(line)[0],
    "urls": _address,
    "words": lambda line: line.strip().lower(),
}


def _files(path: str, kind: str) -> list[Path]:
    """The files of a list: the file itself, or a folder's files of that kind, at any depth.

    Raises ValueError where there is none.
    """
    root = Path(path)
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise ValueError(f"{root}: no such file; correct the path of the list of {kind}")
    name = _FILE_NAMES[kind]
    found = [
        f
        for f in sorted(root.rglob("*"))
        if f.is_file() and f.stem == name and f.suffix in ("", ".txt")
    ]
    if not found:
        raise ValueError(
            f"{root}: no file named {name!r} in this folder; give the folder of a UT1 list or a text file"
        )
    return found


def _entries(path: Path, kind: str) -> Iterator[int]:
    normalise = _NORMALISE[kind]
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line[0] != "#":
                    entry = normalise(line)
                    if entry:
                        yield _hash(entry)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; correct the path of the list") from None


def _hashes(paths: Sequence[Path], kind: str) -> np.ndarray:
    parts = [np.fromiter(_entries(path, kind), np.uint64) for path in paths]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.uint64)


def cache_folder() -> Path:
    """Where lists are kept between runs: $XDG_CACHE_HOME/polysieve, else ~/.cache/polysieve."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "polysieve"


@dataclass(frozen=True)
class UrlFilter:
    """Sorted uint64 hashes of what is blocked."""

    domains: np.ndarray
    urls: np.ndarray
    words: np.ndarray
    hash: str
    """SHA-256 of the three lists: equal for lists with equal entries."""

    @classmethod
    def load(
        cls,
        domains: Sequence[str] = (),
        urls: Sequence[str] = (),
        words: Sequence[str] = (),
        cache: Path | None = None,
    ) -> "UrlFilter":
        """Read lists, each given by the paths of text files or folders; one entry a line, `#` begins a comment.

        The hashed form is kept under `cache` (default: cache_folder()) for as long as no file's size or time
        of change differs; where that folder cannot be written, it is made anew in memory. Raises ValueError,
        one line that names the path and the cure.
        """
        given = {"domains": domains, "urls": urls, "words": words}
        paths = {kind: [f for p in ps for f in _files(p, kind)] for kind, ps in given.items()}
        if not any(paths.values()):
            return cls._of({kind: np.empty(0, np.uint64) for kind in paths})
        stats = {
            kind: [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
            for kind, files in paths.items()
        }
        key = hashlib.sha256(json.dumps([_FORMAT, stats]).encode()).hexdigest()[:24]
        folder = (cache or cache_folder()) / f"url-{key}"
        if not folder.is_dir():
            made = cls._of({kind: _hashes(files, kind) for kind, files in paths.items()})
            try:
                made._save(folder)
            except OSError:
                return made
        arrays = {kind: np.load(folder / f"{kind}.npy", mmap_mode="r") for kind in paths}
        return cls(**arrays, hash=(folder / "hash").read_text())

    @classmethod
    def _of(cls, arrays: dict[str, np.ndarray]) -> "UrlFilter":
        digest = hashlib.sha256()
        for kind, array in arrays.items():
            digest.update(f"{kind}\0{len(array)}\0".encode() + array.tobytes())
        return cls(**arrays, hash=digest.hexdigest())

    def _save(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent))
        for kind in _FILE_NAMES:
            np.save(partial / f"{kind}.npy", getattr(self, kind))
        (partial / "hash").write_text(self.hash)
        try:
            partial.rename(folder)
        except OSError:  # another process was first
            for file in partial.iterdir():
                file.unlink()
            partial.rmdir()
            if not folder.is_dir():
                raise

    def blocked(self, urls: Sequence[str | None]) -> list[str | None]:
        """For each address the reason why it is blocked, or None; None for a missing address.

        In this order: the host or a domain that it belongs to is listed (`url_domain`); the address itself,
        whatever its scheme, "www.", fragment or slash at the end (`url_address`); one of its words, percent
        escapes undone, letters and digits of any script, lower case (`url_word`).
        """
        reasons: list[str | None] = [None] * len(urls)
        if len(self.domains) + len(self.urls) + len(self.words) == 0:
            return reasons
        checks: tuple[tuple[str, np.ndarray, Callable[[str], list[str]]], ...] = (
            (DOMAIN, self.domains, lambda url: _parents(split_address(url)[0])),
            (ADDRESS, self.urls, lambda url: [_address(url)]),
            (WORD, self.words, lambda url: _NO_WORD.split(unquote(url).lower())),
        )
        for reason, listed, keys_of in checks:
            if len(listed) == 0:
                continue
            rows, keys = [], []
            for i, url in enumerate(urls):
                if url and reasons[i] is None:
                    for key in keys_of(url):
                        if key:
                            rows.append(i)
                            keys.append(_hash(key))
            wanted = np.array(keys, np.uint64)
            places = np.minimum(np.searchsorted(listed, wanted), len(listed) - 1)
            for k in np.flatnonzero(listed[places] == wanted):
                reasons[rows[k]] = reason
        return reasons
