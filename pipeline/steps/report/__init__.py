"""The step report: a page per language."""
