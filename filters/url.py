"""Documents whose address is on a list: blocked domains, addresses, words, and pieces of words.

Lists are the user's own; none comes with the project. The layout of the University of Toulouse's lists
(UT1: a folder per category with files `domains` and `urls`) is read as it is, and categories can be chosen.

A list is kept as sorted 64-bit hashes, 8 bytes an entry, in a file that is made once per machine and mapped
into memory by every worker, so 4.6 million domains take 37 MB however many workers there are. Pieces of words are
few and are kept as they are.
"""

import difflib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

DOMAIN, ADDRESS, WORD = "url_domain", "url_address", "url_word"
SOFT_WORDS, SUBWORD = "url_soft_words", "url_subword"
"""The reasons, in the order in which they are looked for."""

_FORMAT = 2  # of the cached files; a new number makes old ones unused
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.I)
_NO_WORD = re.compile(r"[\W_]+")
_PLAIN_HOST = re.compile(r"[a-z0-9_-][a-z0-9._-]*[a-z0-9_-]")
_PIECES_A_PATTERN = 500
HASHED = ("domains", "urls", "words", "soft_words")


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


def _domain(line: str) -> str:
    host = line.strip().lower()
    return host if _PLAIN_HOST.fullmatch(host) else split_address(host)[0]


def _word(line: str) -> str:
    return line.strip().lower()


def _words(url: str) -> list[str]:
    """The words of an address: letters and digits of any script, percent escapes undone, in lower case."""
    return _NO_WORD.split(unquote(url).lower())


def _piece(line: str) -> str:
    return _NO_WORD.sub("", line.lower())


_NORMALISE: dict[str, Callable[[str], str]] = {
    "domains": _domain,
    "urls": _address,
    "words": _word,
    "soft_words": _word,
    "subwords": _piece,
}


def ut1_lists(folder: str, categories: Sequence[str] = ()) -> dict[str, list[str]]:
    """The files `domains` and `urls` of a folder of UT1's categories, all or those named, as `load` takes them.

    Raises ValueError, one line, for a folder or a category that is not there.
    """
    root = Path(folder)
    known = sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []
    if not known:
        raise ValueError(f"{root}: no folder of categories; give the unpacked UT1 lists")
    for name in categories:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise ValueError(f"{root}: no category {name!r}; {hint}")
    return {
        kind: [str(p) for name in categories or known if (p := root / name / kind).is_file()]
        for kind in ("domains", "urls")
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
    found = [
        f
        for f in sorted(root.rglob("*"))
        if f.is_file() and f.stem == kind and f.suffix in ("", ".txt")
    ]
    if not found:
        raise ValueError(
            f"{root}: no file named {kind!r} in this folder; give the folder of a UT1 list or a text file"
        )
    return found


def _entries(path: Path, kind: str) -> Iterator[str]:
    normalise = _NORMALISE[kind]
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line[0] != "#":
                    entry = normalise(line)
                    if entry:
                        yield entry
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; correct the path of the list") from None


def _hashes(paths: Sequence[Path], kind: str) -> np.ndarray:
    entries = (_hash(entry) for path in paths for entry in _entries(path, kind))
    hashes = np.fromiter(entries, np.uint64)
    hashes.sort()
    is_new = np.ones(len(hashes), np.bool_)
    np.not_equal(hashes[1:], hashes[:-1], out=is_new[1:])
    return hashes[is_new]


def cache_folder() -> Path:
    """Where lists are kept between runs: $XDG_CACHE_HOME/polysieve, else ~/.cache/polysieve."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "polysieve"


def _hashed_lists(paths: dict[str, list[Path]], cache: Path) -> tuple[dict[str, np.ndarray], str]:
    """Kind -> the sorted hashes of its files' entries, and a digest of all; from the cache where it has them."""
    stats = {
        kind: [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        for kind, files in paths.items()
    }
    key = hashlib.sha256(json.dumps([_FORMAT, stats]).encode()).hexdigest()[:24]
    folder = cache / f"url-{key}"
    if not folder.is_dir():
        arrays = {kind: _hashes(files, kind) for kind, files in paths.items()}
        digest = hashlib.sha256()
        for kind, array in arrays.items():
            digest.update(f"{kind}\0{len(array)}\0".encode())
            digest.update(array.data)
        try:
            _save(arrays, digest.hexdigest(), folder)
        except OSError:
            return arrays, digest.hexdigest()
    arrays = {kind: np.load(folder / f"{kind}.npy", mmap_mode="r") for kind in paths}
    return arrays, (folder / "hash").read_text()


def _save(arrays: dict[str, np.ndarray], digest: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent))
    for kind, array in arrays.items():
        np.save(partial / f"{kind}.npy", array)
    (partial / "hash").write_text(digest)
    try:
        partial.rename(folder)
    except OSError:  # another process was first
        for file in partial.iterdir():
            file.unlink()
        partial.rmdir()
        if not folder.is_dir():
            raise


@dataclass(frozen=True)
class UrlFilter:
    """What is blocked: sorted uint64 hashes, and pieces of words."""

    domains: np.ndarray
    urls: np.ndarray
    words: np.ndarray
    soft_words: np.ndarray
    subwords: tuple[str, ...]
    hash: str
    """SHA-256 of the lists: equal for lists with equal entries."""

    @classmethod
    def load(
        cls,
        domains: Sequence[str] = (),
        urls: Sequence[str] = (),
        words: Sequence[str] = (),
        soft_words: Sequence[str] = (),
        subwords: Sequence[str] = (),
        cache: Path | None = None,
    ) -> "UrlFilter":
        """Read lists, each given by the paths of text files or folders; one entry a line, `#` begins a comment.

        The hashed form is kept under `cache` (default: cache_folder()) for as long as no file's size or time
        of change differs; where that folder cannot be written, it is made anew in memory. Raises ValueError,
        one line that names the path and the cure.
        """
        given = dict(zip(HASHED, (domains, urls, words, soft_words), strict=True))
        paths = {kind: [f for p in given[kind] for f in _files(p, kind)] for kind in HASHED}
        if any(paths.values()):
            arrays, digest = _hashed_lists(paths, cache or cache_folder())
        else:
            arrays, digest = {kind: np.empty(0, np.uint64) for kind in HASHED}, ""
        files = [f for p in subwords for f in _files(p, "subwords")]
        pieces = sorted({entry for f in files for entry in _entries(f, "subwords")})
        whole = hashlib.sha256("\0".join((digest, *pieces)).encode()).hexdigest()
        return cls(**arrays, subwords=tuple(pieces), hash=whole)

    def blocked(self, urls: Sequence[str | None], soft_word_count: int = 2) -> list[str | None]:
        """For each address the reason why it is blocked, or None; None for a missing address.

        In this order: the host or a domain that it belongs to is listed (`url_domain`); the address itself,
        whatever its scheme, "www.", fragment or slash at the end (`url_address`); one of its words, percent
        escapes undone, letters and digits of any script, lower case (`url_word`); at least `soft_word_count`
        different soft words (`url_soft_words`); a piece of a word, found in the address without anything but
        letters and digits (`url_subword`).
        """
        reasons: list[str | None] = [None] * len(urls)

        def mark(reason: str, rows: Iterable[int]) -> None:
            for row in rows:
                if reasons[row] is None:
                    reasons[row] = reason

        def left() -> list[str]:
            return [
                url if url and not reason else "" for url, reason in zip(urls, reasons, strict=True)
            ]

        if len(self.domains):
            keys = _keyed([_parents(split_address(url)[0]) for url in left()])
            mark(DOMAIN, _counted(self.domains, *keys))
        if len(self.urls):
            mark(ADDRESS, _counted(self.urls, *_keyed([[_address(url)] for url in left()])))
        if len(self.words) + len(self.soft_words) + len(self.subwords):
            words = [_words(url) for url in left()]
            keys = _keyed([set(of_url) for of_url in words])
            mark(WORD, _counted(self.words, *keys))
            mark(SOFT_WORDS, _counted(self.soft_words, *keys, soft_word_count))
            letters = pa.array(["".join(of_url) for of_url in words], pa.string())
            for start in range(0, len(self.subwords), _PIECES_A_PATTERN):
                pattern = "|".join(self.subwords[start : start + _PIECES_A_PATTERN])
                found = pc.match_substring_regex(letters, pattern)
                mark(SUBWORD, pc.indices_nonzero(found).to_pylist())
        return reasons


def _keyed(keys: Sequence[Iterable[str]]) -> tuple[np.ndarray, np.ndarray]:
    """int64: the row of each key that is not empty; uint64: its hash."""
    rows, hashes = [], []
    for row, of_row in enumerate(keys):
        for key in of_row:
            if key:
                rows.append(row)
                hashes.append(_hash(key))
    return np.array(rows, np.int64), np.array(hashes, np.uint64)


def _counted(listed: np.ndarray, rows: np.ndarray, hashes: np.ndarray, least: int = 1) -> list[int]:
    """The rows of which at least `least` hashes are listed."""
    if not len(listed) or not len(rows):
        return []
    places = np.minimum(np.searchsorted(listed, hashes), len(listed) - 1)
    found = np.bincount(rows[listed[places] == hashes])
    return np.flatnonzero(found >= least).tolist()
