"""Finding copies: exact and near duplicates, their clusters, and weights from cluster sizes."""
