"""Bundled recipes and the sample crawl."""
