"""Servers of this machine that stand in for Common Crawl's and Amazon's."""

import contextlib
import gzip
import http.server
import os
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer

SNAPSHOT = "CC-MAIN-2025-18"


class CrawlServer:
    """Files by path, served as a crawl's host does: HEAD, ranges, entity tags.

    unavailable: path → how many GETs of it are answered 503 first.
    cut: path → how many GETs of it are cut off halfway through what they asked for.
    ranges: whether ranges are honoured; without, all of a file is sent.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.unavailable: Counter[str] = Counter()
        self.cut: Counter[str] = Counter()
        self.ranges = True
        self.requests: list[tuple[str, str, str]] = []  # method, path, range
        self.url = ""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    crawl: CrawlServer

    def do_HEAD(self) -> None:
        self._answer(send=False)

    def do_GET(self) -> None:
        self._answer(send=True)

    def _answer(self, *, send: bool) -> None:
        crawl, path = self.crawl, self.path.split("?")[0].lstrip("/")
        span = self.headers.get("Range", "")
        crawl.requests.append((self.command, path, span))
        if path not in crawl.files:
            self._status(404)
            return
        if send and crawl.unavailable[path] > 0:
            crawl.unavailable[path] -= 1
            self._status(503)
            return
        data = crawl.files[path]
        start, end = 0, len(data)
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", span) if crawl.ranges else None
        if match:
            start = int(match[1])
            end = min(end, int(match[2]) + 1) if match[2] else end
            if start >= len(data):
                self._status(416)
                return
        self.send_response(206 if match else 200)
        if match:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", f'"{len(data)}-{sum(data[:64])}"')
        self.end_headers()
        if not send:
            return
        if crawl.cut[path] > 0:
            crawl.cut[path] -= 1
            self.wfile.write(data[start : start + (end - start) // 2])
            self.close_connection = True
            return
        self.wfile.write(data[start:end])

    def _status(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextlib.contextmanager
def serve(files: Mapping[str, bytes]) -> Iterator[CrawlServer]:
    """Serves files by path while the context lasts; `url` is the server's base address."""
    crawl = CrawlServer(files)
    handler = type("Handler", (_Handler,), {"crawl": crawl})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    crawl.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield crawl
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def common_crawl_tree(
    wet: Mapping[str, bytes] | None = None,
    warc: Mapping[str, bytes] | None = None,
    snapshot: str = SNAPSHOT,
) -> dict[str, bytes]:
    """Files by name laid out as a snapshot, with the path lists; the shards are in the given order."""
    files: dict[str, bytes] = {}
    for kind, shards in (("wet", wet), ("warc", warc)):
        if shards is None:
            continue
        folder = f"crawl-data/{snapshot}/segments/1744889135610.12/{kind}"
        paths = [f"{folder}/{name}" for name in shards]
        files.update(zip(paths, shards.values(), strict=True))
        listing = "".join(f"{path}\n" for path in paths).encode()
        files[f"crawl-data/{snapshot}/{kind}.paths.gz"] = gzip.compress(listing, mtime=0)
    return files


def write_tree(root: Path, files: Mapping[str, bytes]) -> None:
    """Writes files by path under a folder."""
    for path, data in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


@contextlib.contextmanager
def s3_server() -> Iterator[dict[str, Any]]:
    """An S3 server while the context lasts; gives the storage options that reach it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    saved = {name: os.environ.get(name) for name in ("AWS_DEFAULT_REGION",)}
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    try:
        yield {
            "key": "testing",
            "secret": "testing",
            "endpoint_url": f"http://{host}:{port}",
        }
    finally:
        server.stop()
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
