"""polysieve turns web-crawl snapshots into clean training corpora in every language.

The folders `pipeline`, `filters`, `language_id`, `dedup`, `translation`, `audit` and `recipes` of the repository are
its subpackages once it is installed.
"""
