"""The builder of the sample crawl in recipes/sample (see README.md)."""
