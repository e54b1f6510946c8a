"""`python -m polysieve` is `polysieve`."""

from polysieve.pipeline.cli import main

main()
