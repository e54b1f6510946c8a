"""What is wrong with the language labels of a list, a corpus folder or a model."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from polysieve.language_id.labels import (
    BIBLIOGRAPHIC,
    INDIVIDUAL,
    MERGED,
    RETIRED_SHORT,
    SOURCES,
    LanguageIdError,
    aliases,
    is_canonical_form,
    languages,
    macrolanguages,
    normalise_label,
    script_names,
)

Kind = Literal[
    "unknown", "collision", "ambiguous", "macrolanguage", "retired", "merged", "group", "short",
    "bibliographic", "no language", "script", "form",
]  # fmt: skip
ERRORS: frozenset[Kind] = frozenset({"unknown", "collision"})
"""What no mapping cures: a code that nobody has assigned, two names that become one."""

# Codes that two sources use for different languages, or that never meant one language alone.
AMBIGUOUS = {
    "als": "Tosk Albanian in ISO 639-3, Alemannic (gsw) in Wikipedia's and lid.176's lists",
    "sh": "Serbo-Croatian, retired: Croatian, Bosnian, Serbian or Montenegrin",
    "hbs": "Serbo-Croatian: Croatian, Bosnian, Serbian or Montenegrin",
    "bh": "the Bihari languages: Bhojpuri (bho), Magahi (mag), Maithili (mai)",
    "bih": "the Bihari languages: Bhojpuri (bho), Magahi (mag), Maithili (mai)",
    "eml": "retired: Emilian (egl) or Romagnol (rgn)",
    "nah": "the Nahuatl languages, some thirty of them",
    "ber": "the Berber languages",
    "ku": "Kurmanji (kmr) where it is Latin, Sorani (ckb) where it is Arabic",
    "kur": "Kurmanji (kmr) where it is Latin, Sorani (ckb) where it is Arabic",
    "zh": "simplified or traditional is not said",
    "zho": "simplified or traditional is not said",
    "cmn": "simplified or traditional is not said",
    "no": "Bokmål (nob) or Nynorsk (nno)",
    "nor": "Bokmål (nob) or Nynorsk (nno)",
    "pa": "Gurmukhi, or Western Punjabi (pnb) in Arabic letters",
    "mo": "retired: Romanian, in Cyrillic once",
    "tl": "Tagalog, counted as Filipino (fil)",
}
_SAID_BY_SCRIPT = frozenset({"als", "ku", "kur", "pa", "zh", "zho", "cmn"})
"""Of these, the codes that mean one language where a script stands beside them."""
_INVENTED = {code for special in SOURCES.values() for code in special if "-" in code}
_COMPOUND = ("Jpan", "Hani", "Hans", "Hant", "Hang")
_NO_LANGUAGE = frozenset({"zz", "xx", "un", "und", "unk", "mul", "mis", "zxx"})


class Finding(NamedTuple):
    """One thing to know about one label."""

    label: str
    """As it is written."""
    canonical: str | None
    """What it is mapped to; None where it cannot be."""
    kind: Kind
    meaning: str
    """A sentence for a person."""

    @property
    def is_error(self) -> bool:
        """Whether the label cannot be used as it is."""
        return self.kind in ERRORS


def lint(labels: Iterable[str], source: str | None = None) -> list[Finding]:
    """What is to be said of labels, in their order; nothing of those in canonical form that mean one language.

    `source` as in `normalise_label`. A label may have several findings. Labels that become one after mapping
    (`iw` and `heb_Hebr`) collide: two folders would be one.
    """
    written = list(dict.fromkeys(labels))
    found: dict[str, list[Finding]] = {label: _findings(label, source) for label in written}
    same: dict[str, list[str]] = defaultdict(list)
    for label in written:
        try:
            same[normalise_label(label, source)].append(label)
        except LanguageIdError:
            continue
    for canonical, names in same.items():
        for label in names if len(names) > 1 else ():
            others = ", ".join(name for name in names if name != label)
            found[label].append(
                Finding(label, canonical, "collision", f"becomes the same label as {others}")
            )
    return [finding for label in written for finding in found[label]]


def _findings(label: str, source: str | None) -> list[Finding]:
    try:
        canonical = normalise_label(label, source)
    except LanguageIdError:
        return [
            Finding(label, None, "unknown", "no code of ISO 639-1, -2 or -3, and no tag known here")
        ]
    written = label.strip().removeprefix("__label__")
    parts = re.split(r"[-_]", written)
    code = parts[0].lower()
    script = next((p.title() for p in parts[1:] if len(p) == 4 and p.isalpha()), "")
    script = script or script_names().get("_".join(parts[1:]).lower(), "")

    def note(kind: Kind, meaning: str) -> Finding:
        return Finding(label, canonical, kind, meaning)

    if code in _NO_LANGUAGE:
        if written == canonical:
            return []
        return [note("no language", "stands for text without a (known) language")]
    own = SOURCES.get(source or "", {}).get(written)
    if own is not None:
        return [note("ambiguous", f"{source} means {own} by it")]
    if written in _INVENTED:
        return [note("unknown", "a tag that one tool made up; ISO 639-3 has no such code")]
    found = []
    if code in AMBIGUOUS and not (code in _SAID_BY_SCRIPT and script):
        found.append(note("ambiguous", AMBIGUOUS[code]))
    bare = BIBLIOGRAPHIC.get(code, code)
    if bare != code:
        found.append(note("bibliographic", f"ISO 639-2/B; ISO 639-3 has {bare}"))
    elif bare not in languages() and bare in aliases():
        bare = aliases()[bare]
        if len(code) == 3 or code in RETIRED_SHORT:
            found.append(note("retired", f"no longer a code; ISO 639-3 has {bare}"))
        else:
            found.append(note("short", f"ISO 639-1; ISO 639-3 has {bare}"))
    elif bare not in {*languages(), *INDIVIDUAL, *MERGED}:
        found.append(note("unknown", f"{bare} is not in ISO 639-3; it is kept as it is"))
    if bare in MERGED:
        found.append(note("merged", f"not told apart from {canonical[:3]} here"))
    elif canonical[:3] != bare:
        kind: Kind = "macrolanguage" if bare in macrolanguages().values() else "group"
        found.append(note(kind, f"more than one language; taken for {canonical[:3]}"))
    usual = languages().get(canonical[:3], ("Zzzz",))
    if not script:
        found.append(note("script", f"no script; {canonical[4:]} is the language's usual one"))
    elif "Zzzz" not in usual and canonical[4:] not in (*usual, *_COMPOUND):
        found.append(note("script", f"{script} is not known for it, only {', '.join(usual)}"))
    elif not found and not is_canonical_form(written):
        found.append(note("form", "written otherwise than xxx_Yyyy"))
    elif not found and written != canonical:
        found.append(note("form", "the script is named otherwise here"))
    return found


def read_labels(path: str | Path) -> list[str]:
    """The labels that a path names.

    A folder: its folders, or its files without their endings where it has no folders (FineWeb2's configs). A
    fastText model: its labels. A text file: the first word of each line that is no comment (`#`).

    Raises LanguageIdError where there is nothing to read.
    """
    place = Path(path)
    if place.is_dir():
        inside = sorted(p for p in place.iterdir() if not p.name.startswith((".", "_")))
        folders = [p.name for p in inside if p.is_dir()]
        found = folders or [p.name.partition(".")[0] for p in inside]
    elif not place.is_file():
        raise LanguageIdError(f"{path}: no such file or folder; correct the path")
    elif place.suffix in (".bin", ".ftz"):
        from polysieve.language_id.fasttext_model import model_labels

        found = model_labels(place)
    else:
        found = _words(place)
    if not found:
        raise LanguageIdError(f"{path}: no labels in it; name a list, a corpus folder or a model")
    return found


def _words(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise LanguageIdError(
            f"{path}: not UTF-8 at byte {error.start}; give a text file with a label a line"
        ) from None
    words: Sequence[list[str]] = [re.split(r"[\s,;]+", line.strip()) for line in lines]
    return [w[0].strip("\"'") for w in words if w[0] and not w[0].startswith("#")]
