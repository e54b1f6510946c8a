"""The commands, a file a subject; pipeline/cli.py says what they are called."""
