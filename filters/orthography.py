"""What a language's orthography says about where words end, and which scripts write no spaces."""

# What a language's orthography says of two marks inside words, as bits. The sets are those of the tokenisers
# that FineWeb2's stop lists and limits were made with.
ELIDES = 1  # an apostrophe ends an article or pronoun: "l'eau" is two words
HYPHENATES = 2  # a hyphen between letters is part of the word: "E-Mail" is one
ENDS_WITH_HYPHEN = 4  # a hyphen ends an article: Maltese "il-kelb" is two words
_ELIDE = (
    "cat fra frp fur ita lij lld lmo nap nrf nrm pcd pms roh scn vec wln",
    ELIDES,
)
_HYPHENATE = (
    "arg ast bak bar bos cat ckm cnr cos dan deu ell ext fin fit fkv gos gsw hbs hrx hun kir krl ksh lad "
    "lim liv lud ltz mwl nds nld nno nob nor oci olo pdc pdt pfl pnt por ron rup sdc spa srd srp swe swg tat "
    "vep vls vot zea",
    HYPHENATES,
)
_HYPHEN_ENDS = ("mlt", ENDS_WITH_HYPHEN)


def _orthographies() -> dict[str, int]:
    found: dict[str, int] = {}
    for codes, bit in (_ELIDE, _HYPHENATE, _HYPHEN_ENDS):
        for code in codes.split():
            found[code] = found.get(code, 0) | bit
    return found


_ORTHOGRAPHY = _orthographies()


def orthography(label: str) -> int:
    """The bits of a label's language; 0 for a language of which nothing is known."""
    return _ORTHOGRAPHY.get(label.partition("_")[0], 0)


# Scripts that write no spaces: a word is what a dictionary says, and an edit moves its neighbours' borders.
UNSPACED_SCRIPTS = (
    "Hani", "Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt", "Lana", "Talu", "Tale", "Tavt",
    "Ahom", "Java", "Bali", "Yiii", "Nshu", "Tang", "Kits",
)  # fmt: skip
