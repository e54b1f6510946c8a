"""The step write: the corpus, what was removed, translations and vectors."""
