"""datatrove's side of chain.py: FineWeb2's filters and formatters as shipped. Runs in datatrove's environment.

    python chain_reference.py documents.parquet requests.json chain.parquet

Each document goes through the blocks by their own `run`, one after the other, as LocalPipelineExecutor chains them;
the filters are given the language's name, so they take the tokeniser that datatrove assigns to it.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter, SymbolLinesFormatter
from reference import FALLBACK, Given, fineweb2_filters, tokenizer_of


class Expression(Given):
    """A regular expression in place of a tokeniser that is not installed."""

    def __init__(self):
        super().__init__([])

    def word_tokenize(self, text):
        return FALLBACK.findall(text)


class Removed:
    """Stands where the pipeline writes what a filter removes; holds the last reason."""

    reason = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, document, rank=0):
        self.reason = document.metadata.get("filter_reason", "no reason")


def chain_of(language, parameters, removed):
    """The filters of fineweb-2-pipeline.py, then its formatters."""
    return [
        *fineweb2_filters(language, parameters, exclusion_writer=removed),
        FTFYFormatter(),
        PIIFormatter(),
        SymbolLinesFormatter(symbols_to_remove=["|"], replace_char="\n"),
    ]


def main(documents, requests, output):
    table = pq.read_table(documents)
    requests = json.loads(Path(requests).read_text())
    rows, started, label_of_chain = [], time.time(), None
    for label, text in zip(*(table[c].to_pylist() for c in ("label", "text")), strict=True):
        if label != label_of_chain:
            label_of_chain = label
            name, tokenizer = tokenizer_of(requests[label]["names"])
            print(f"{time.time() - started:6.0f} s  {label}  {name}", flush=True)
            removed = Removed()
            chain = chain_of(tokenizer or Expression(), requests[label]["parameters"], removed)
        removed.reason = None
        document, steps = None, [text]
        try:
            stream = iter([Document(text, "0")])
            for block in chain:
                stream = block.run(stream)
                document = next(stream, None)
                if document is None:
                    break
                steps.append(document.text)
                stream = iter([document])
            reason = removed.reason or ""
        except Exception as error:  # as shipped it ends the whole task
            reason = f"raises {type(error).__name__}"
        kept = document is not None
        rows.append(
            {
                "tokenizer": name,
                "reason": reason,
                "ftfy": steps[4] if kept else None,
                "pii": steps[5] if kept else None,
                "text": steps[6] if kept else None,
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), output)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main(*sys.argv[1:])
