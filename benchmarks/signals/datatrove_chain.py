"""CPU seconds of datatrove's FineWeb2 filters and MinHash signatures. Runs in datatrove's environment, not in ours.

    python datatrove_chain.py request.json result.json

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
from datatrove.pipeline.filters import (
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.utils import text as text_utils
from datatrove.utils import word_tokenizers
from datatrove.utils.hashing import HashConfig


class Split(word_tokenizers.WordTokenizer):
    """The cheapest tokeniser that there is."""

    def word_tokenize(self, text):
        return text.split()

    def sent_tokenize(self, text):
        raise NotImplementedError

    def span_tokenize(self, text):
        raise NotImplementedError


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
    filters = (
        GopherRepetitionFilter(
            dup_line_frac=parameters["dup_line_frac"], dup_para_frac=0,
            dup_line_char_frac=0, dup_para_char_frac=0,
            top_n_grams=parameters["top_n_grams"], dup_n_grams=parameters["dup_n_grams"],
            language=language,
        ),
        FineWebQualityFilter(
            short_line_thr=999, char_duplicates_ratio=0.1,
            line_punct_thr=parameters["line_punct_thr"],
            new_line_ratio=parameters["new_line_ratio"], language=language,
        ),
        GopherQualityFilter(
            max_avg_word_length=parameters["max_avg_word_length"],
            min_avg_word_length=parameters["min_avg_word_length"],
            stop_words=parameters["stopwords"],
            max_non_alpha_words_ratio=parameters["max_non_alpha_words_ratio"],
            min_stop_words=2 if parameters["stopwords"] else 0, language=language,
        ),
    )  # fmt: skip
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
