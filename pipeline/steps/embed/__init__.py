"""The step embeddings: vectors of what the rules keep, and the nearest to seeds."""
