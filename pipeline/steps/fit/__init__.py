"""The step fit: thresholds and stop words of each language."""
