"""The deduplication index: what earlier runs saw, so that a new snapshot is an increment."""
