"""datatrove's side: its URLFilter with its own lists. Runs in datatrove's environment, not in ours.

python reference.py unpack SCRATCH      unpacks its lists
python reference.py measure SCRATCH     reads addresses.json, writes reference.json
"""

import json
import shutil
import sys
import tarfile
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import URLFilter
from datatrove.utils._import_utils import ASSETS_PATH


def unpack(scratch):
    with tarfile.open(Path(ASSETS_PATH) / "url_filterblacklistsv0_3_0.tar.gz") as tar:
        tar.extractall(scratch, filter="data")
    for name in ("banned_words.txt", "soft_banned_words.txt", "banned_subwords.txt"):
        shutil.copy(Path(ASSETS_PATH) / name, scratch / name)


def rss():
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def measure(scratch):
    from tldextract import TLDExtract

    asked = json.loads((scratch / "addresses.json").read_text())
    step = URLFilter()
    step.tldextractor = TLDExtract(suffix_list_urls=())  # the list of its package, no network
    step.tldextractor("https://warm.example.com")
    before, started = rss(), time.process_time()
    step.download_data()
    seconds, added = time.process_time() - started, rss() - before
    started = time.process_time()
    reasons = [
        result[1] if (result := step.filter(Document(text="", id="0", metadata={"url": url}))) is not True else None
        for url in asked
    ]  # fmt: skip
    per_second = len(asked) / (time.process_time() - started)
    found = {"seconds": seconds, "added": added, "per_second": per_second, "reasons": reasons}
    (scratch / "reference.json").write_text(json.dumps(found))


if __name__ == "__main__":
    {"unpack": unpack, "measure": measure}[sys.argv[1]](Path(sys.argv[2]))
