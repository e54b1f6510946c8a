"""The step scores: what models say of what the rules keep."""
