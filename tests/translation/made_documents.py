"""A document in Markdown, and strategies of texts like it and of labels."""

from hypothesis import strategies as st

MARKDOWN = """---
title: A guide
order: 8
---

# Why should I care? #

A code of conduct matters. It protects you, too!

* First point
  1. Nested point with `code`
- [ ] A task
> A quote from *somebody*.

| Name | Meaning |
|------|---------|
| one  | first   |

```python
print("not prose")
```

    indented = "code"

<div class="x">
Some text.
</div>

[guide]: https://example.org/guide
"""


LINES = st.sampled_from(
    [
        *MARKDOWN.split("\n"),
        "",
        " ",
        "\t",
        "|",
        "> ",
        "```",
        "~~~",
        "---",
        "a\rb",
        "x\u2028y",
        "…。",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(st.one_of(LINES, st.text(max_size=40)), max_size=25).map("\n".join),
)
LABELS = st.sampled_from(
    ["eng_Latn", "tha_Thai", "cmn_Hans", "arb_Arab", "khm_Khmr", "und_Zzzz", "bod_Tibt"]
)
