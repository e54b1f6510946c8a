"""The steps of the DAG: measure, fit, clusters, decisions, write."""
