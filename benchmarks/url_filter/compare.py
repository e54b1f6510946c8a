"""The URL filter over millions of domains: time to load, memory of each worker, addresses per second.

    python -m benchmarks.url_filter.compare SCRATCH [--domains 4600000] [--workers 4] [--datatrove PYTHON]

Without --datatrove the domains are made. With the Python of an environment that has datatrove 0.10.1 (and fasteners,
pyahocorasick, tldextract), its own lists are unpacked from its package into SCRATCH, both filters read them, words
included, and look at the same addresses: half of them on a listed domain or under one, some with listed words. The
reasons must be equal but where a domain is listed that stands between the host and the registered domain, or the host
is a listed IP address: datatrove looks at neither. Times are CPU time.
"""

import argparse
import json
import multiprocessing
import random
import resource
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import numpy as np

from polysieve.filters.url import UrlFilter, _hash, split_address

ADDRESSES = 200_000
BATCH = 2_000
ASKED_OF_DATATROVE = 20_000
REASONS = {
    "domain": "url_domain",
    "subdomain": "url_domain",
    "url": "url_address",
    "hard_blacklisted": "url_word",
    "soft_blacklisted": "url_soft_words",
    "blacklisted_subword": "url_subword",
}


def made_domains(path: Path, count: int) -> None:
    """A file of different domains, 20 bytes each on average."""
    rng = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
    with path.open("w") as file:
        for i in range(count):
            name = "".join(rng.choices(letters, k=rng.randint(4, 16))).strip("-")
            file.write(f"{name}{i:x}.{rng.choice(('com', 'net', 'ru', 'co.uk', 'com.br'))}\n")


def addresses(domains: Path, words: list[str], count: int) -> list[str]:
    """Addresses of which half are on a listed domain or under one, and a tenth hold a listed word."""
    rng = random.Random(2)
    with domains.open() as file:
        listed = [line.strip() for i, line in enumerate(file) if i % 97 == 0]
    found = []
    for i in range(count):
        host = rng.choice(listed) if i % 2 else f"site{rng.randrange(10**7)}.example.org"
        host = f"www.{host}" if i % 3 else host
        word = f"-{rng.choice(words)}-{rng.choice(words)}" if words and i % 10 == 0 else ""
        found.append(f"https://{host}/articles/{rng.randrange(10**6)}{word}.html")
    return found


def memory() -> dict[str, float]:
    """Megabytes of this process: in all, and what it shares with no other."""
    text = Path("/proc/self/smaps_rollup").read_text()
    sizes = {line.split()[0][:-1]: int(line.split()[1]) for line in text.splitlines()[1:]}
    private = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return {"rss": sizes["Rss"] / 1024, "private": private / 1024}


def rate(lists: UrlFilter, asked: list[str]) -> float:
    """Addresses per second of CPU time, in batches as the pipeline makes them."""
    started = time.process_time()
    for start in range(0, len(asked), BATCH):
        lists.blocked(asked[start : start + BATCH])
    return len(asked) / (time.process_time() - started)


def worker(given: dict[str, list[str]], cache: Path, asked: list[str], barrier, results) -> None:
    before = memory()
    started = time.process_time()
    lists = UrlFilter.load(**given, cache=cache)
    seconds = time.process_time() - started
    per_second = rate(lists, asked)
    barrier.wait()  # all have the lists mapped when each is looked at
    after = memory()
    barrier.wait()
    results.put(
        {
            "seconds": seconds,
            "per_second": per_second,
            "rss": after["rss"],
            "added": after["rss"] - before["rss"],
            "added_private": after["private"] - before["private"],
        }
    )


def build(given: dict[str, list[str]], cache: Path, results) -> None:
    started = time.process_time()
    lists = UrlFilter.load(**given, cache=cache)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.put({"seconds": seconds, "peak": peak, "domains": len(lists.domains)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--domains", type=int, default=4_600_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--datatrove", type=Path)
    options = parser.parse_args()
    scratch: Path = options.scratch
    scratch.mkdir(parents=True, exist_ok=True)
    cache = scratch / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    reference = Path(__file__).with_name("reference.py")
    given = {"domains": [str(scratch / "domains")]}
    words: list[str] = []
    if options.datatrove:
        subprocess.run([options.datatrove, reference, "unpack", scratch], check=True)
        given |= {
            "urls": [str(scratch / "urls")],
            "words": [str(scratch / "banned_words.txt")],
            "soft_words": [str(scratch / "soft_banned_words.txt")],
            "subwords": [str(scratch / "banned_subwords.txt")],
        }
        words = (scratch / "soft_banned_words.txt").read_text().split()
    else:
        made_domains(scratch / "domains", options.domains)
    asked = addresses(scratch / "domains", words, ADDRESSES)

    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=build, args=(given, cache, results))
    process.start()
    made = results.get()
    process.join()
    files = sum(path.stat().st_size for path in cache.rglob("*.npy")) / 1e6
    print(
        f"made once: {made['domains']:,} domains in {made['seconds']:.1f} s, peak {made['peak']:.0f} MB "
        f"of memory; {files:.1f} MB on disk"
    )
    barrier = context.Barrier(options.workers)
    processes = [
        context.Process(target=worker, args=(given, cache, asked, barrier, results))
        for _ in range(options.workers)
    ]
    for process in processes:
        process.start()
    rows = [results.get() for _ in processes]
    for process in processes:
        process.join()
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    print(
        f"each of {options.workers} workers: loaded in {1000 * mean['seconds']:.1f} ms, "
        f"{mean['per_second']:,.0f} addresses/s, {mean['rss']:.0f} MB in all, of which the filter and its "
        f"use added {mean['added']:.0f} MB ({mean['added_private']:.0f} MB of the worker's own, the rest shared)"
    )
    if options.datatrove:
        compare(options.datatrove, reference, scratch, given, cache, asked, mean["per_second"])


def compare(python, reference, scratch, given, cache, asked, per_second) -> None:
    """datatrove's figures and reasons beside ours."""
    sample = asked[:ASKED_OF_DATATROVE]
    (scratch / "addresses.json").write_text(json.dumps(sample))
    subprocess.run([python, reference, "measure", scratch], check=True)
    theirs = json.loads((scratch / "reference.json").read_text())
    print(
        f"datatrove, each worker: loaded in {theirs['seconds']:.1f} s, {theirs['per_second']:,.0f} addresses/s, "
        f"the filter added {theirs['added']:.0f} MB; ours looks up {per_second / theirs['per_second']:.1f} times "
        "as many"
    )
    lists = UrlFilter.load(**given, cache=cache)
    ours = lists.blocked(sample)
    pairs: Counter[tuple[str, str, str]] = Counter()
    for url, their, our in zip(sample, theirs["reasons"], ours, strict=True):
        reasons = REASONS.get(their or "", "kept"), our or "kept"
        if reasons[0] == reasons[1]:
            kind = "equal"
        elif our == "url_domain" and (
            _hash(host := split_address(url)[0]) not in lists.domains
            or host.replace(".", "").isdecimal()
        ):
            kind = "by design"
        else:
            kind = "DIFFERENT"
            print(f"  {url}")
        pairs[kind, *reasons] += 1
    print(f"  {'':10} {'datatrove':16} polysieve")
    for (kind, their, our), count in pairs.most_common():
        print(f"  {kind:10} {their:16} {our:16} {count:7,}")


if __name__ == "__main__":
    main()
