"""The step clusters: exact and near duplicates."""
