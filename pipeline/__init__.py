"""The DAG: recipes, sources, extraction, steps, ledger, engines, command line."""
