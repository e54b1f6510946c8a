"""Texts that are not a crawl: labelled text, seeds, benchmarks; and what is done to any text."""
