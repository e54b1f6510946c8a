"""`python -m pipeline` is `polysieve`."""

from pipeline.cli import main

main()
