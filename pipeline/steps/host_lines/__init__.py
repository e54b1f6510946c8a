"""The step lines: lines that recur over the documents of a host."""
