"""Say which rule drops which document of a table, without a run and without files between.

python examples/filter_a_table.py documents.parquet scored.parquet
"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polysieve.filters import parameters, rules, signals, words
from polysieve.language_id import identify
from polysieve.pipeline.recipe.loading import load


def scored(table: pa.Table, folder: str | None = None) -> pa.Table:
    """The table with the columns `language`, every metric, and `reason`: the first rule that drops the document, null
    where it stays.

    table: has a column `text`; `pl.DataFrame.to_arrow()` and `pa.Table.from_pandas()` make one of a data frame.
    folder: parameter files of languages, FineWeb2's or what a run wrote to `parameters/`; without them the English
    defaults hold, and rules that mean nothing for another language (stop words, word lengths) do not apply.

    The rules are those of the recipe `fineweb2`; `load` takes the path of your own, too.
    """
    texts = table["text"].combine_chunks()
    labels = identify(texts).field("label").cast(pa.string())

    # Texts are cut into words once; signals, deduplication and counts share these words.
    cut = words.segment(texts, labels)

    # Each label has parameters of its own: thresholds and stop words.
    of_label = {label: parameters.for_label(label, folder) for label in labels.unique().to_pylist()}
    stop_lists = {
        label: signals.StopWords.of(found.stopwords) if found.stopwords else None
        for label, found in of_label.items()
    }
    measured = signals.measure(texts, cut, stop_lists)  # a row per document, a column per metric

    reasons = np.full(len(table), "", object)
    limits = {label: parameters.thresholds(found) for label, found in of_label.items()}
    names = labels.to_pylist()
    for name, given in load("fineweb2").column_rules.items():
        rule = rules.RULES[name]
        # A threshold for each document: the recipe's, else its language's. NaN (the rule does not apply) drops none.
        each = [limits[label][name] for label in names] if given is None else given
        thresholds = np.array(each, np.float64)
        values = measured[rule.metric].to_numpy(zero_copy_only=False)
        drops = rules.drops(rule, values, thresholds)
        reasons[drops & (reasons == "")] = name

    table = table.append_column("language", labels)
    for metric in measured.schema.names:
        table = table.append_column(metric, measured[metric])
    return table.append_column("reason", pa.array(reasons, pa.string(), mask=reasons == ""))


if __name__ == "__main__":
    result = scored(pq.read_table(sys.argv[1]))
    pq.write_table(result, sys.argv[2])
    print(result["reason"].value_counts().to_pandas())
