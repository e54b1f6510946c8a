"""A small made-up run that the tests of the report look at."""

from typing import Any


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
                "removal_rates": [0.3, 0.25, 0.1, 0.4],
                "tail_start": 10,
                "global_removal_rate": 0.27,
                "weights": {"1": 1, "2": 4, "3": 10, "10": 1},
            },
            "cluster_sizes": {"1": 70, "2": 1, "3": 1, "10": 1, "11": 1},
            "samples": {
                "kept": [
                    {
                        "id": "<urn:uuid:1>",
                        "url": "https://example.org/1",
                        "text": "กรุงเทพ",
                        "language_score": 0.9,
                    }
                ],
                "gopher_short_doc": [
                    {"id": "<urn:uuid:2>", "url": None, "text": "สั้น", "language_score": 0.8}
                ],
            },
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
                "kept": [{"id": "<urn:uuid:3>", "url": "https://example.org/3", "text": "مرحبا"}]
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
