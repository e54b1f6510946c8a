"""The step judgements: rules that read text."""
