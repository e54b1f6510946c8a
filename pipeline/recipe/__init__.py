"""The recipe: what a run does, as a typed model read from YAML, its sections a file a stage.

Every key has a default and a meaning (its description, which `polysieve recipe schema` prints).
"""
