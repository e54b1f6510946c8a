"""What a person asks of a run: its plan, its status, one document's life."""
