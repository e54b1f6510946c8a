"""Reports on a finished run: figures derived from its data, and pages that show them."""
