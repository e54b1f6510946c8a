"""Parameters of languages from finished runs, labelled text and judgements, for `polysieve fit`."""
