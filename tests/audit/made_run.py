"""A small made-up run that the tests of the report look at."""

from typing import Any

from polysieve.audit import figures, report


def write_report(run: dict[str, Any], languages: dict[str, Any], put: report.Put) -> None:
    """All pages, as the pipeline writes them: the index, then each language's."""
    report.write_index(run, languages, put)
    for label in figures.labels(run, languages):
        report.write_language(run, languages, label, put)


def run() -> dict[str, Any]:
    """Two languages and what left before identification; every identity of the accounting holds."""
    thai = entry(
        100, 60, {"gopher_short_doc": 10, "gopher_dup_line_frac": 4, "language_score": 6}, 20
    )
    arabic = entry(10, 9, {"gopher_short_doc": 1}, 0)
    unknown = entry(5, 0, {"url_domain": 1, "empty_text": 2}, 0, 2)
    return {
        "recipe": {
            "name": "fineweb2",
            "rules": {"gopher_dup_line_frac": None, "gopher_short_doc": 50},
        },
        "recipe_name": "fineweb2",
        "inputs": {"count": 3, "bytes": 1_234_567},
        "accounting": {
            "total": {
                "records_read": 150,
                "records_skipped": {"not_response": 30, "status": 5},
                "documents_in": 115,
                "kept": 69,
                "removed": {
                    "empty_text": 2,
                    "gopher_dup_line_frac": 4,
                    "gopher_short_doc": 11,
                    "language_score": 6,
                    "url_domain": 1,
                },
                "duplicates": 20,
                "quarantined": 2,
            },
            "languages": {"arb_Arab": arabic, "tha_Thai": thai, "und_Zzzz": unknown},
        },
        "quarantine_rows": [
            {
                "file_path": "crawl/a.warc.gz",
                "offset": 4096,
                "cause": "not gzip",
                "is_document": True,
            },
            {"file_path": "crawl/b.warc.gz", "offset": 0, "cause": "cut off", "is_document": False},
        ],
        "quarantine_total": 2,
        "notes": ["The disk was nearly full."],
    }


KEPT = {
    "id": "<urn:uuid:1>",
    "url": "https://example.org/1",
    "text": "กรุงเทพ",
    "language_score": 0.9,
}


def columns() -> dict[str, Any]:
    """What the tally would have found of the Thai documents."""
    rule = {
        "metric": "plain_word_count",
        "direction": "min",
        "threshold": 50.0,
        "fails": 12,
        "only": 8,
        "back": 3,
        "more": 5,
        "looser": 45.0,
        "tighter": 55.0,
    }
    return {
        "signals": {
            "plain_word_count": {
                "edges": [0, 32, 64],
                "removed": [12, 2],
                "kept": [0, 60],
                "undefined": 0,
            },
            "mtld": {"edges": [0, 1, 2], "removed": [14, 0], "kept": [0, 60], "undefined": 0},
        },
        "rules": {"gopher_short_doc": rule},
        "scores": {
            "edges": [0, 0.5, 1],
            "under": [6, 0],
            "over": [0, 94],
            "cut": 0.712,
            "fails": 6,
            "back": 2,
            "more": 4,
        },
        "means": {"script_purity": 0.98},
        "contamination": {"listed": 50, "without": 10},
        "hosts": {"distinct": 2, "top": [{"host": "example.org", "documents": 90, "kept": 50}]},
        "sites": {
            "wikipedia": {"documents": 6, "kept": 3},
            "bible": {"documents": 12, "kept": 6},
            "religious": {"documents": 24, "kept": 12},
        },
        "suffixes": [{"suffix": "org", "documents": 90, "kept": 50}],
        "months": [{"month": "2024-02", "documents": 100, "kept": 60}],
        "snapshots": [{"snapshot": "CC-MAIN-2024-10", "documents": 100, "kept": 60}],
        "confusable": [{"other": "lao_Laoo", "documents": 9, "score": 0.12}],
        "weights": [{"weight": 4, "documents": 60, "words": 31_000}],
    }


def languages() -> dict[str, dict[str, Any]]:
    """What is known of the run's languages."""
    return {
        "tha_Thai": {
            "name": "ไทย",
            "documents": 100,
            "kept": 60,
            "removed": {"gopher_short_doc": 10, "gopher_dup_line_frac": 4, "language_score": 6},
            "duplicates": 20,
            "exact_duplicates": 5,
            "clusters": 74,
            "words": 40_000,
            "kept_words": 31_000,
            "text_bytes": 900_000,
            "kept_bytes": 700_000,
            "cut": 0.712,
            "thresholds": {
                "gopher_dup_line_frac": 1.32,
                "gopher_short_doc": 50.0,
                "gopher_stop_words": None,
            },
            "vacuous": ["gopher_dup_line_frac"],
            "has_own_parameters": True,
            "rebalancing": {
                "cluster_sizes": [1, 2, 3, 10],
                "removal_rates": [30.0, 25.0, 10.0, 40.0],
                "tail_start": 10,
                "global_removal_rate": 27.0,
                "weights": {"1": 1, "2": 4, "3": 10, "10": 1},
            },
            "cluster_sizes": {"1": 70, "2": 1, "3": 1, "10": 1, "11": 1},
            "samples": {
                "kept": {"removed": [], "kept": [KEPT]},
                "gopher_short_doc": {
                    "metric": "plain_word_count",
                    "threshold": 50.0,
                    "removed": [
                        {
                            "id": "<urn:uuid:2>",
                            "url": None,
                            "text": "สั้น",
                            "language_score": 0.8,
                            "value": 49.0,
                        }
                    ],
                    "kept": [{**KEPT, "value": 51.0}],
                },
            },
            "columns": columns(),
            "models": {
                "scores": {
                    "fluent": {
                        "model": "m.bin",
                        "kind": "fasttext",
                        "action": "remove",
                        "cut": [0.25, None],
                        "documents": 64,
                        "failed": 3,
                        "quantiles": {"0.1": 0.2, "0.5": 0.625, "0.9": 0.9},
                    }
                },
                "tiers": {"documents": {"high": 6, "low": 58}, "cuts": [0.3, 0.7]},
                "contaminated": {"belebele": 16},
            },
            "words_of": 2,
            "frequent_words": [{"word": "และ", "count": 7, "documents": 2}],
            "recurring_lines": [{"line": "อ่านต่อ", "documents": 2}],
        },
        "arb_Arab": {
            "documents": 10,
            "kept": 9,
            "removed": {"gopher_short_doc": 1},
            "duplicates": 0,
            "thresholds": {"gopher_dup_line_frac": 0.3, "gopher_short_doc": 50.0},
            "has_own_parameters": False,
            "rebalancing": {"note": "9 clusters, fewer than 10000: every weight is 1"},
            "samples": {
                "kept": {
                    "removed": [],
                    "kept": [
                        {"id": "<urn:uuid:3>", "url": "https://example.org/3", "text": "مرحبا"}
                    ],
                }
            },
        },
    }


def entry(
    documents_in: int, kept: int, removed: dict[str, int], duplicates: int, quarantined: int = 0
) -> dict[str, Any]:
    values = {
        "documents_in": documents_in,
        "kept": kept,
        "removed": removed,
        "duplicates": duplicates,
        "quarantined": quarantined,
    }
    return {**values, "origins": {"web": values}}
