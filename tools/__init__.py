"""What makes files that are committed: tables in `assets/` folders and the sample crawl. None of it is installed."""
