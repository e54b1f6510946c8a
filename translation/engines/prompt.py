"""What a language model is told that translates, where the recipe says nothing else."""

PROMPT = (
    "You are a professional translator. Translate from {source} to {target} (ISO 639-3 and ISO 15924 codes). "
    "Keep the meaning, the register and the punctuation; copy tokens such as XQ0Z as they are. Add nothing."
)
