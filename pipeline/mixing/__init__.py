"""The mixer: which documents of finished corpora are seen how often, in which stage, and in what order."""
