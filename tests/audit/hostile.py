"""A made-up run in which every string that a crawl can reach is an attack."""

from tests.audit.made_run import entry, languages, run

HOSTILE = (
    "</div><script>alert(1)</script><img src=x onerror=alert(1)>"
    "\"'`{{ 7 * 7 }}{% raw %}\u202egnp.exe\u202c\u2066\0\x1b[2J\ud800"
)


def hostile():
    """A run in which every string that a crawl can reach is an attack."""
    made, known = run(), languages()
    thai = known["tha_Thai"]
    thai["samples"] = {
        HOSTILE: {
            "removed": [
                {
                    "id": HOSTILE,
                    "url": "javascript:alert(1)",
                    "text": HOSTILE,
                    "language_score": 0.5,
                }
            ]
        },
        "kept": {"kept": [{"id": "1", "url": HOSTILE, "text": "x" * 1_000_000}]},
    }
    thai["frequent_words"] = [{"word": HOSTILE, "count": 1, "documents": 1}]
    thai["recurring_lines"] = [{"line": HOSTILE, "documents": 2}]
    found = thai["columns"]
    found["signals"][HOSTILE] = found["signals"]["mtld"]
    for key, name in (("snapshots", "snapshot"), ("months", "month"), ("confusable", "other")):
        found[key][0][name] = HOSTILE
    found["hosts"]["top"][0]["host"] = HOSTILE
    thai["name"] = HOSTILE
    thai["vacuous"] = [HOSTILE]
    thai["thresholds"] = {HOSTILE: 1.0}
    made["quarantine_rows"] = [{"file_path": HOSTILE, "offset": 1, "cause": HOSTILE}]
    made["notes"] = [HOSTILE]
    made["recipe_name"] = HOSTILE
    made["recipe"] = {"name": HOSTILE, HOSTILE: 1}
    made["accounting"]["languages"]["tha_Thai"]["removed"][HOSTILE] = 0
    made["accounting"]["languages"][HOSTILE] = entry(1, 1, {}, 0)
    return made, known
