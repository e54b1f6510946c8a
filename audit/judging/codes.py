"""What a person can say of a document: the codes of "Quality at a Glance" (Kreutzer et al. 2022, TACL 10, table 2)."""

CODES: dict[str, str] = {
    "CC": "correct, natural language",
    "CB": "correct, but boilerplate or of low quality",
    "CS": "correct, but a single word or a short phrase",
    "WL": "wrong language",
    "NL": "not language at all",
    "X": "of a pair of texts: a wrong translation",
}
"""Code -> meaning, in the order of the keys 1 to 6."""

CORRECT = ("CC", "CB", "CS")
"""The codes that count together as correct, C."""

PAIRS_ONLY = ("X",)
"""Codes that say nothing of a text without its source."""

FLAGS = ("offensive", "porn")
"""What may be true of a document whatever its code."""
