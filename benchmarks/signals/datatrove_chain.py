"""CPU seconds of datatrove's FineWeb2 filters and MinHash signatures. Runs in datatrove's environment, not in ours.

    PYTHONPATH=benchmarks/parity python datatrove_chain.py request.json result.json

A document goes through the filters one after the other and no further than the first that drops it, as in a
datatrove pipeline, so that the filters share what datatrove keeps of the last documents' words.
"""

import contextlib
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils import text as text_utils
from datatrove.utils import word_tokenizers
from datatrove.utils.hashing import HashConfig
from reference import Given, fineweb2_filters


class Split(Given):
    """The cheapest tokeniser that there is."""

    def __init__(self):
        super().__init__([])

    def word_tokenize(self, text):
        return text.split()


def usable_name(names):
    """The first of `names` whose assigned tokeniser works, and the tokeniser's class."""
    for name in names:
        with contextlib.suppress(Exception):
            tokenizer = word_tokenizers.load_word_tokenizer(name)
            tokenizer.word_tokenize("a b")
            return name, type(tokenizer).__name__
    raise LookupError(f"no tokeniser works for any of {names}; install it in this environment")


def seconds(language, texts, parameters, folder):
    """CPU time of the three filters and the signature stage; `language` is a name or a tokeniser itself."""
    filters = fineweb2_filters(language, parameters, bool(parameters["stopwords"]))
    config = MinhashConfig(
        hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5
    )
    signatures = MinhashDedupSignature(folder, config, language=language)
    documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts)]
    text_utils.split_into_parts.cache_clear()
    started = time.process_time()
    for document in documents:
        for step in filters:
            if step.filter(document) is not True:
                break
    signatures.run(documents)
    return time.process_time() - started


def main(request, result):
    found = {}
    for label, job in json.loads(Path(request).read_text()).items():
        name, tokenizer = usable_name(job["names"])
        texts, parameters = job["texts"], job["parameters"]
        with tempfile.TemporaryDirectory() as folder:
            seconds(name, texts[:2], parameters, folder)  # dictionaries are loaded on first use
            shipped = seconds(name, texts, parameters, folder)
            split = min(seconds(Split(), texts, parameters, folder) for _ in range(2))
        found[label] = {"tokenizer": tokenizer, "shipped": shipped, "split": split}
        print(f"{label} {tokenizer}: {shipped:.1f} s, {split:.1f} s", file=sys.stderr, flush=True)
    Path(result).write_text(json.dumps(found))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main(*sys.argv[1:])
