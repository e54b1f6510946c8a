"""Model-based quality: scores of documents, what is selected by them, and decontamination.

Plain functions and small objects over Arrow arrays and NumPy; docs/quality.md says what each is good for.

FastTextScorer(path).probabilities(texts)    a fastText classifier, compiled
"""
