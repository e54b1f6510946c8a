"""Builds the sample crawl: `python -m tools.sample_crawl.build [OUT]`.

Writes the WARC and WET files to OUT/crawl and what is expected of every document to
OUT/expected.json; OUT is recipes/sample where it is not given. The same pages make the same bytes.
"""

import hashlib
import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.sample_crawl import warc
from tools.sample_crawl.articles import read_articles, read_interfaces
from tools.sample_crawl.plan import REASONS, SHARDS, WARC_05, Planned, plan

TARGET = Path(__file__).parents[2] / "recipes" / "sample"

# When the crawler of each dump started; it takes a page every 37 seconds.
STARTED = {
    "CC-MAIN-2025-05": datetime(2025, 1, 18, 6, 0, 0, tzinfo=UTC),
    "CC-MAIN-2025-13": datetime(2025, 3, 24, 6, 0, 0, tzinfo=UTC),
}
PACE = timedelta(seconds=37)
CUT_AT = 0.6  # share of the last record that the cut-off file still has


def main(arguments: list[str]) -> int:
    """Build into the folder named by the first argument, or into TARGET."""
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    out = Path(arguments[0]) if arguments else TARGET
    (out / "crawl").mkdir(parents=True, exist_ok=True)
    for name, data in build().items():
        (out / name).write_bytes(data)
    return 0


def build() -> dict[str, bytes]:
    """Path under OUT -> content, for every file of the sample."""
    pages = plan(read_articles(), read_interfaces())
    files: dict[str, bytes] = {}
    counts: dict[str, dict[str, Any]] = {}
    for shard in SHARDS:
        inside = sorted((page for page in pages if page.shard == shard), key=_place)
        files[f"crawl/{shard}"], counts[shard] = _write(shard, inside)
    files["expected.json"] = _expected(pages, counts)
    return files


def dump_of(shard: str) -> str:
    """`CC-MAIN-YYYY-WW` of a file's name."""
    return shard[: len("CC-MAIN-2025-05")]


def _place(page: Planned) -> tuple[bool, str]:
    """Where a page stands in its file: as if at random, but the cut-off one last."""
    return page.kind == "cut_off", hashlib.sha256(page.record_id.encode()).hexdigest()


def _write(shard: str, pages: list[Planned]) -> tuple[bytes, dict[str, Any]]:
    """The content of one file, and the count of its records: read, by reason skipped, documents."""
    dump, started = dump_of(shard), STARTED[dump_of(shard)]
    software = {
        "isPartOf": dump,
        "publisher": "sample.example",
        "software": "recipes.sample.build",  # a name in the committed bytes, not a module
    }
    parts = [
        warc.record(
            "warcinfo",
            warc.record_id(shard, "warcinfo"),
            _iso(started),
            {"Content-Type": "application/warc-fields", "WARC-Filename": shard},
            warc.info(software),
        )
    ]
    skipped = Counter(not_response=1)
    outcomes = Counter(page.outcome for page in pages)
    for number, page in enumerate(pages):
        date = _iso(started + PACE * (number + 1))
        if page.is_text:
            parts.append(_conversion(page, date))
        else:
            parts += _visit(page, date, address=f"192.0.2.{number % 250 + 1}")
            skipped["not_response"] += 2
    if shard == WARC_05:
        parts.append(_revisit(pages[0], _iso(started + PACE * (len(pages) + 1))))
        skipped["not_response"] += 1
    if pages[-1].kind == "cut_off":
        del parts[-1]  # the metadata that would follow
        skipped["not_response"] -= 1
        parts[-1] = parts[-1][: int(len(parts[-1]) * CUT_AT)]
    for outcome, count in outcomes.items():
        if outcome.startswith("skipped: "):
            skipped[outcome.removeprefix("skipped: ")] += count
    documents = len(pages) - sum(skipped.values()) + skipped["not_response"]
    return b"".join(parts), {
        "records_read": sum(skipped.values()) + documents,
        "records_skipped": dict(sorted(skipped.items())),
        "documents_in": documents,
        "quarantined": outcomes["quarantined"],
    }


def _conversion(page: Planned, date: str) -> bytes:
    fields = {
        "WARC-Target-URI": page.url,
        "WARC-Refers-To": warc.record_id(page.shard, "refers-to", page.url),
        "Content-Type": page.content_type,
    }
    return warc.record("conversion", page.record_id, date, fields, page.body)


def _visit(page: Planned, date: str, address: str) -> list[bytes]:
    """A visit's three records: request, response, metadata."""
    url = urlsplit(page.url)
    request_id = warc.record_id(page.shard, "request", page.url)
    target = {"WARC-IP-Address": address, "WARC-Target-URI": page.url}
    headers = {"Server": "sample", "Content-Type": page.content_type, **page.headers}
    if "Transfer-Encoding" not in headers:
        headers["Content-Length"] = str(len(page.body))
    request = warc.record(
        "request",
        request_id,
        date,
        {"Content-Type": "application/http; msgtype=request", **target},
        warc.http_request(url.path, url.netloc),
    )
    response = warc.record(
        "response",
        page.record_id,
        date,
        {
            "Content-Type": "application/http; msgtype=response",
            "WARC-Concurrent-To": request_id,
            **target,
            "WARC-Payload-Digest": warc.digest(page.body),
        },
        warc.http_response(page.status, headers, page.body),
    )
    metadata = warc.record(
        "metadata",
        warc.record_id(page.shard, "metadata", page.url),
        date,
        {
            "Content-Type": "application/warc-fields",
            "WARC-Concurrent-To": page.record_id,
            "WARC-Target-URI": page.url,
        },
        warc.info({"fetchTimeMs": str(100 + len(page.body) % 400)}),
    )
    return [request, response, metadata]


def _revisit(page: Planned, date: str) -> bytes:
    """A second visit that found the page unchanged."""
    fields = {
        "Content-Type": "application/http; msgtype=response",
        "WARC-Target-URI": page.url,
        "WARC-Refers-To": page.record_id,
        "WARC-Profile": "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest",
        "WARC-Payload-Digest": warc.digest(page.body),
    }
    block = warc.http_response("304 Not Modified", {"Server": "sample"}, b"")
    return warc.record(
        "revisit", warc.record_id(page.shard, "revisit", page.url), date, fields, block
    )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _expected(pages: list[Planned], counts: dict[str, dict[str, Any]]) -> bytes:
    """`expected.json`: the counts of every file, the sets of reasons, and a line per page."""
    total: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for values in counts.values():
        skipped.update(values["records_skipped"])
        total.update({name: n for name, n in values.items() if name != "records_skipped"})
    head = {
        "recipe": "fineweb2",
        "total": {**dict(sorted(total.items())), "records_skipped": dict(sorted(skipped.items()))},
        "files": counts,
        "reasons": {name: list(values) for name, values in REASONS.items()},
    }
    lines = [
        json.dumps(
            {
                "id": page.record_id,
                "file": page.shard,
                "url": page.url,
                "label": page.label,
                "kind": page.kind,
                "outcome": page.outcome,
                **({"reasons": page.reasons} if page.reasons else {}),
                **({"original": page.original} if page.original else {}),
            },
            ensure_ascii=False,
        )
        for page in sorted(pages, key=lambda page: (page.shard, _place(page)))
    ]
    text = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    return (text + ',\n "pages": [\n' + ",\n".join(lines) + "\n]}\n").encode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
