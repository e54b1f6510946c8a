"""The languages whose figures stand in for a language's: those of its family in its script, else of its script."""

from collections.abc import Mapping
from functools import cache
from importlib import resources

_SAME_WRITING = {"Hans": "Hani", "Hant": "Hani", "Hani": "Hani"}


@cache
def _families() -> dict[str, str]:
    text = (resources.files("polysieve.filters") / "assets" / "families.tsv").read_text("utf-8")
    pairs = (line.split("\t") for line in text.splitlines())
    return {code: family for family, codes in pairs for code in codes.split()}


def family(label: str) -> str | None:
    """The name of the family of a label's language; None where it is not known, or has none."""
    return _families().get(label.partition("_")[0])


def relatives(documents: Mapping[str, int], least: int) -> dict[str, str]:
    """Label -> the name of the group that it shares with its relatives; labels without any are left out.

    documents: label -> documents. A group is a family in a script if its languages have `least` documents together,
    else a script. The label itself is one of its group.
    """
    families: dict[str, list[str]] = {}
    scripts: dict[str, list[str]] = {}
    for label, n in documents.items():
        if n:
            scripts.setdefault(_writing(label), []).append(label)
            families.setdefault(_kin(label), []).append(label)
    found = {}
    for label in documents:
        kin, same = families.get(_kin(label), []), scripts.get(_writing(label), [])
        if set(kin) - {label} and sum(documents[other] for other in kin) >= least:
            found[label] = _kin(label)
        elif set(same) - {label}:
            found[label] = _writing(label)
    return found


def members(group: str, documents: Mapping[str, int]) -> list[str]:
    """The labels of a group that `relatives` named, in order."""
    return sorted(label for label in documents if group in (_kin(label), _writing(label)))


def _kin(label: str) -> str:
    own = family(label)
    return f"{own} in {_writing(label)}" if own else f"{label} alone"


def _writing(label: str) -> str:
    script = label.partition("_")[2]
    return _SAME_WRITING.get(script, script)
