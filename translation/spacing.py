"""Blanks where scripts that write none between words meet scripts that do.

Chinese and Japanese put no blank between sentences, nor around code and links; English does. What stood, or did not
stand, between two pieces of a document is therefore kept only where their translations are of the same kind.
"""

import re

# Han, kana and their punctuation; Thai, Lao, Tibetan, Burmese, Khmer write blanks, but not between words.
_CJK = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff65\U00020000-\U0003ffff"
_IS_CJK = re.compile(f"[{_CJK}]")
_IS_UNSPACED = re.compile(
    f"[{_CJK}\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f]"
)


def is_unspaced(character: str) -> bool:
    """Whether a character's script writes no blank between words."""
    return bool(_IS_UNSPACED.match(character))


def gap(stood: str, source: str, target: str) -> str:
    """What stands between two translations.

    stood: what stood between their sources. source: the last character of the one source and the first of the other;
    target: likewise, of the translations. Where target is source it is `stood`.
    """
    if not stood:
        for spaced in (_IS_CJK, _IS_UNSPACED):
            if spaced.search(source) and not spaced.search(target):
                return " "
    elif not stood.strip(" ") and len(_IS_CJK.findall(target)) == 2 and not _IS_CJK.search(source):
        return ""
    return stood
