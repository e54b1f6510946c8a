"""The steps that decide: which documents stay, why the others go, and how often the kept ones count."""
