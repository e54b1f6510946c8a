"""The sample crawl: a small multilingual crawl made from pages written for it (see README.md)."""
