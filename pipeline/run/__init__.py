"""A run: its plan, the steps one after the other, and what is published at the end."""
