"""Words, signals and rules: what is measured about a document, and which documents a rule drops."""
