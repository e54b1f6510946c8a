"""datatrove's four stages on given texts. Runs in datatrove's environment, not in ours: see stages.py.

python shipped.py request.json FOLDER

The request maps a label to `texts`, to `simplified`, the same texts as dedup.datatrove simplifies them, and to
`language`, by which datatrove knows the label, where that is another. Each label goes through
MinhashDedupSignature, -Buckets, -Cluster and -Filter with their defaults. FOLDER gets what they write, `tokens.json`
(the words of the simplified texts by the label's tokeniser), and `results.json`: CPU seconds and wall seconds of each
stage, what stage 4 kept, and the process's peak memory.
"""

import json
import resource
import sys
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from loguru import logger


def timed(function, *arguments):
    wall, cpu = time.monotonic(), time.process_time()
    value = function(*arguments)
    return value, [time.process_time() - cpu, time.monotonic() - wall]


def stages(
    language: str, texts: list[str], simplified: list[str], folder: Path
) -> tuple[dict, list]:
    documents = [Document(text=text, id=str(number)) for number, text in enumerate(texts)]
    signer = MinhashDedupSignature(str(folder / "sigs"), language=language)
    signer.get_shingles(texts[0])  # loads the tokeniser
    _, first = timed(signer.run, documents)
    tokens = [signer.word_tokenizer.word_tokenize(text) for text in simplified]

    def buckets():
        for rank in range(14):
            MinhashDedupBuckets(str(folder / "sigs"), str(folder / "dups")).run(None, rank, 14)

    _, second = timed(buckets)
    cluster = MinhashDedupCluster(
        str(folder / "dups"), str(folder / "found"), save_cluster_id=True, save_cluster_size=True
    )
    _, third = timed(cluster.run)
    last = MinhashDedupFilter(str(folder / "found"), load_cluster_ids=True, load_cluster_sizes=True)
    kept, fourth = timed(lambda: [int(document.id) for document in last.run(documents)])
    return {"seconds": [first, second, third, fourth], "kept": kept}, tokens


def main() -> None:
    logger.remove()
    request = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(sys.argv[2])
    results, tokens = {}, {}
    for label, given in request.items():
        try:
            language = given.get("language", label)
            found = stages(language, given["texts"], given["simplified"], folder / label)
        except (ImportError, ValueError, OSError) as error:
            print(f"{label}: {' '.join(str(error).split())[:100]}", file=sys.stderr)
            continue
        results[label], tokens[label] = found
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (folder / "tokens.json").write_text(json.dumps(tokens))
    (folder / "results.json").write_text(json.dumps({"labels": results, "memory": memory}))


if __name__ == "__main__":
    main()
