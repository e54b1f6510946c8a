"""Judging: documents of a finished run, shown to people one at a time, and what they say of them."""
