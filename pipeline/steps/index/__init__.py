"""The step index: which rows of which segment belong to a label."""
