"""The step text_rules: rules that read text."""
