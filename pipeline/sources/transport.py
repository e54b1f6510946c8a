"""Bytes of an input, from wherever it lies, with failed reads tried again from the last good byte."""

import http.client
import io
import os
import re
import time
import urllib.error
import urllib.request
from typing import Any, BinaryIO, Protocol

import fsspec

from polysieve.pipeline.sources.model import InputError, Retries, SourceError

PROGRESS = 256 << 10  # bytes after which failures are counted anew
_HEAD = 1 << 20
_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, MemoryError)
_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}
_USER_AGENT = "polysieve"


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


def is_http(address: str) -> bool:
    """Whether the address is read by HTTP range requests."""
    return address.startswith(("http://", "https://"))


def is_local(address: str) -> bool:
    """Whether the address is a path of this machine."""
    return "://" not in address


def filesystem(address: str, storage_options: dict[str, Any] | None) -> tuple[Any, str]:
    """The fsspec filesystem of an address and the path in it.

    Raises InputError for a protocol that fsspec does not know or whose package is missing.
    """
    try:
        return fsspec.core.url_to_fs(address, **(storage_options or {}))
    except ImportError as error:
        raise InputError(
            f"{address}: {one_line(error)}; install the package that serves this protocol"
        ) from None
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{address}: {one_line(error)}; check the address and the storage options"
        ) from None


def one_line(error: BaseException) -> str:
    """An exception as one line of text."""
    return " ".join(str(error).split()) or type(error).__name__


def wait_for(retries: Retries, failures: int, asked: float = 0.0) -> None:
    """Sleeps before the next try, longer if the server asked for it, never over `max_delay`."""
    time.sleep(min(max(retries.delay(failures), asked), retries.max_delay))


class HttpFailure(Exception):
    """A request that did not give the bytes asked for. `lasting`: trying again would not help."""

    def __init__(self, cause: str, *, lasting: bool = False, wait: float = 0.0) -> None:
        super().__init__(cause)
        self.lasting = lasting
        self.wait = wait


def http_request(
    address: str, *, method: str = "GET", start: int = 0, end: int | None = None, timeout: float
) -> http.client.HTTPResponse:
    """One request, for the bytes from `start` on (up to `end`, exclusive). Raises HttpFailure."""
    headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
    if start or end is not None:
        headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
    request = urllib.request.Request(address, method=method, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        wait = error.headers.get("Retry-After", "") if error.headers else ""
        raise HttpFailure(
            f"HTTP status {error.code}",
            lasting=error.code not in _TRANSIENT_STATUS,
            wait=float(wait) if wait.isdecimal() and len(wait) < 6 else 0.0,
        ) from None
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        raise HttpFailure(
            one_line(reason) if isinstance(reason, BaseException) else str(reason)
        ) from None
    except ValueError as error:  # an address that is none
        raise HttpFailure(one_line(error), lasting=True) from None


class _HttpBody:
    """The body of one response, from a wanted byte on; a body that ends early is a failure, not an end."""

    def __init__(self, address: str, start: int, etag: str, timeout: float):
        self._response = http_request(address, start=start, timeout=timeout)
        headers = self._response.headers
        self.etag = headers.get("ETag") or headers.get("Last-Modified") or ""
        if etag and self.etag != etag:
            self.close()
            raise HttpFailure("the file changed while it was read", lasting=True)
        length = self._response.length  # None with chunked transfer
        self.size = -1 if length is None else length
        skip = 0
        if self._response.status == 206:
            span = re.match(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
            if span is None or int(span[1]) != start:
                self.close()
                raise HttpFailure("the server sent another range than the one asked for")
            self.size = int(span[2]) if span[2] != "*" else -1
        elif self._response.status == 200:
            skip = start  # a server that knows no ranges
        else:
            self.close()
            raise HttpFailure(f"HTTP status {self._response.status}", lasting=True)
        while skip:
            data = self.read(min(skip, 1 << 20))
            if not data:
                raise HttpFailure("the connection was cut")
            skip -= len(data)

    def read(self, size: int, /) -> bytes:
        try:
            data = self._response.read(size)
            if not data and size and self._response.length:
                raise HttpFailure("the connection was cut")
            return data
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise HttpFailure(f"the connection was cut ({one_line(error)})") from None

    def close(self) -> None:
        self._response.close()


class Input(io.RawIOBase):
    """An input as a binary file that can be sought; reads go on after a failure from the last good byte.

    `size` is -1 where it is not known. Raises SourceError once all tries failed.
    """

    def __init__(
        self,
        address: str,
        *,
        size: int = -1,
        retries: Retries | None = None,
        storage_options: dict[str, Any] | None = None,
    ) -> None:
        self.address = address
        self.size = size
        self.error: SourceError | None = None
        self._retries = retries or Retries()
        self._options = storage_options
        self._position = 0
        self._stream: _Stream | BinaryIO | None = None
        self._stream_position = 0
        self._head = b""  # kept, so that a type can be told without another request
        self._etag = ""
        self._failures = 0
        self._since_failure = 0

    def _open(self, start: int) -> _Stream | BinaryIO:
        if is_http(self.address):
            body = _HttpBody(self.address, start, self._etag, self._retries.timeout)
            self._etag = body.etag
            if self.size < 0:
                self.size = body.size
            return body
        if is_local(self.address):
            stream: Any = open(self.address, "rb", buffering=0)  # noqa: SIM115
            self.size = os.fstat(stream.fileno()).st_size
        else:
            system, path = filesystem(self.address, self._options)
            stream = system.open(path, "rb", block_size=8 << 20)
            if self.size < 0 and getattr(stream, "size", None) is not None:
                self.size = stream.size
        if start:
            stream.seek(start)
        return stream

    def _stream_here(self) -> _Stream | BinaryIO:
        """The stream, at the position."""
        if self._stream is not None and self._stream_position != self._position:
            if is_http(self.address):
                self._drop()
            else:
                self._stream.seek(self._position)  # type: ignore[attr-defined]
        if self._stream is None:
            self._stream = self._open(self._position)
        self._stream_position = self._position
        return self._stream

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.close()
            except (
                Exception
            ):  # a broken connection may fail to close; there is nothing left to save
                return

    def _fail(self, cause: str, *, lasting: bool, wait: float = 0.0) -> None:
        """Counts a failure and waits, or raises SourceError if there are no tries left."""
        self._drop()
        if self._since_failure >= PROGRESS:
            self._failures = 0
        self._since_failure = 0
        self._failures += 1
        if lasting or self._failures >= self._retries.attempts:
            tries = "" if lasting else f" (after {self._failures} tries)"
            self.error = SourceError(f"{self.address}: byte {self._position}: {cause}{tries}")
            raise self.error
        wait_for(self._retries, self._failures, wait)

    def read(self, size: int = -1, /) -> bytes:
        """The next `size` bytes, fewer only at the end of the input."""
        if size is None or size < 0:
            return self.readall()
        data = self._read_some(size)
        if len(data) == size or not data:
            return data
        pieces = [data]
        missing = size - len(data)
        while missing and (data := self._read_some(missing)):
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def _read_some(self, size: int) -> bytes:
        """At least one of the next `size` bytes; b"" only at the end of the input."""
        if self._position < len(self._head):
            data = self._head[self._position : self._position + size]
            self._position += len(data)
            return data
        if size == 0 or (self.size >= 0 and self._position >= self.size):
            return b""
        while True:
            try:
                stream = self._stream_here()
                data = stream.read(size)
                if not data and self._position < self.size and not is_local(self.address):
                    raise HttpFailure(f"the input ended before its {self.size} bytes")
                if self._position == len(self._head) < _HEAD:
                    self._head += data
                self._position += len(data)
                self._stream_position = self._position
                self._since_failure += len(data)
                return data
            except InputError as error:
                self.error = SourceError(one_line(error))
                raise self.error from None
            except HttpFailure as error:
                self._fail(str(error), lasting=error.lasting, wait=error.wait)
            except Exception as error:  # what a store's client raises has no common base
                self._fail(one_line(error), lasting=isinstance(error, _LASTING))

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Moves to a byte; the next read opens a web file anew there."""
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence == os.SEEK_END:
            offset += self.length()
        self._position = offset
        return offset

    def length(self) -> int:
        """The size in bytes; asks the store if it is not known yet."""
        if self.size < 0:
            position, self._position = self._position, len(self._head)
            self.read(1)
            self._position = position
            if self.size < 0:
                self._fail("the server does not tell the file's size", lasting=True)
        return self.size

    def close(self) -> None:
        self._drop()
        super().close()
