"""What extraction raises."""


class ExtractionError(ValueError):
    """A page that cannot be extracted, for a cause that lies in its bytes and that a rerun repeats."""
