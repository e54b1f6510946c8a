"""Language labels: one canonical form `xxx_Yyyy` (ISO 639-3, ISO 15924), and what becomes of every
other way to write them.

The canonical code of a language is the one that FineWeb2 uses in its file names: individual
languages rather than macrolanguages (`arb`, `ekk`, `lvs`, `swh`, `zsm`, …), with the exceptions
that FineWeb2 makes (`fas` for Persian and Dari, `fil` for Filipino and Tagalog). Chinese is written
`cmn_Hans` or `cmn_Hant`; other Sinitic languages keep `_Hani`.
"""

import re
from functools import cache, lru_cache
from pathlib import Path

UNDETERMINED = "und_Zzzz"  # no language known
NO_LANGUAGE = "zxx_Zxxx"  # not language at all: digits, addresses, encoded data

_ASSETS = Path(__file__).parent / "assets"
_CANONICAL = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")


class LanguageIdError(Exception):
    """A language label, model or text that cannot be used; the message is one line for the user."""


# Macrolanguages, and other codes that stand for a group, by the member that is meant when only the
# group is named: the one with the most text in FineWeb2, unless a reason is given.
INDIVIDUAL = {
    "aka": "twi", "ara": "arb", "aym": "ayr", "aze": "azj", "bik": "bcl", "bnc": "lbk", "bua": "bxr",
    "chm": "mhr", "cre": "crk", "din": "dik", "est": "ekk", "ful": "fuv", "gon": "gno", "grb": "gbo",
    "grn": "gug", "hmn": "mww", "iku": "ike", "ipk": "esk", "kau": "knc", "kln": "sgc", "kok": "gom",
    "kom": "kpv", "kon": "kng", "lah": "pnb", "lav": "lvs", "luy": "lsm", "man": "mnk", "mlg": "plt",
    "mon": "khk", "nep": "npi", "nor": "nob", "oji": "ojb", "ori": "ory", "orm": "gaz", "pus": "pbt",
    "que": "quy", "rom": "rmy", "sqi": "als", "swa": "swh", "syr": "aii", "tmh": "taq", "uzb": "uzn",
    "yid": "ydd", "zap": "zai", "zha": "zyb", "zho": "cmn",
    "kur": "kmr",  # `ku` is written for Kurmanji; Sorani has `ckb`
    "msa": "zsm",  # Indonesian has its own code
    "zza": "diq",
    "mwr": "rwr", "raj": "mup", "bal": "bcc",
}  # fmt: skip

# ISO 639-1 codes that were withdrawn.
RETIRED_SHORT = {"iw": "heb", "in": "ind", "ji": "yid", "jw": "jav", "mo": "ron", "sh": "hbs"}

# ISO 639-2/B codes that are not the ISO 639-3 ones.
BIBLIOGRAPHIC = {
    "alb": "sqi", "arm": "hye", "baq": "eus", "bur": "mya", "chi": "zho", "cze": "ces", "dut": "nld",
    "fre": "fra", "geo": "kat", "ger": "deu", "gre": "ell", "ice": "isl", "mac": "mkd", "mao": "mri",
    "may": "msa", "per": "fas", "rum": "ron", "slo": "slk", "tib": "bod", "wel": "cym",
}  # fmt: skip

# Members that FineWeb2 and GlotLID do not tell apart, and codes that were retired or invented.
MERGED = {
    "pes": "fas", "prs": "fas", "tgl": "fil", "sro": "srd", "src": "srd", "knn": "gom", "dgo": "doi",
    "mol": "ron", "scc": "srp", "scr": "hrv", "bih": "bho", "jaw": "jav", "kxu": "uki",
}  # fmt: skip

# Serbo-Croatian has no single successor: Cyrillic text is taken for Serbian, Latin for Croatian.
BY_SCRIPT = {("hbs", "Cyrl"): "srp", ("hbs", "Latn"): "hrv", ("kur", "Arab"): "ckb"}

# Codes that mean something else, or nothing, in one source's list.
SOURCES: dict[str, dict[str, str]] = {
    "lid.176": {
        "als": "gsw_Latn",  # Wikipedia's Alemannic; ISO 639-3 `als` is Tosk Albanian
        "bat-smg": "sgs_Latn", "be-x-old": "bel_Cyrl", "bh": "bho_Deva", "cbk-zam": "cbk_Latn",
        "fiu-vro": "vro_Latn", "map-bms": "jav_Latn", "nds-nl": "nds_Latn", "roa-rup": "rup_Latn",
        "simple": "eng_Latn", "zh-classical": "lzh_Hani", "zh-min-nan": "nan_Latn", "zh-yue": "yue_Hani",
    },
    "cld2": {
        "un": UNDETERMINED, "xxx": UNDETERMINED, "zzp": UNDETERMINED, "zzb": UNDETERMINED,
        "zze": UNDETERMINED, "zzh": UNDETERMINED, "bh": "bho_Deva", "sr-ME": "cnr_Latn",
        "xx-Goth": "got_Goth", "tlh": "tlh_Latn", "hmn": "mww_Latn", "ku": "kmr_Latn", "no": "nob_Latn",
        "zh": "cmn_Hans", "zh-Hant": "cmn_Hant", "ks": "kas_Arab", "sd": "snd_Arab", "raj": "mup_Deva",
        "xx-Qaai": UNDETERMINED, "xx-Zyyy": UNDETERMINED, "ug": "uig_Arab", "mn": "khk_Cyrl",
    },
    "funlangid": {"zh": "cmn_Hans", "zh-Hant": "cmn_Hant", "zh-Latn": "cmn_Latn", "bh": "bho_Deva",
        "ber": "zgh_Tfng",  # the family's code: by script, the member that is written most
        "ber-Latn": "kab_Latn",
        "ber-Zber": "kab_Latn",
        "pa-Arab": "pnb_Arab",  # Punjabi in Arabic letters is Western Punjabi
    },
    "glotlid": {},
}  # fmt: skip

_SCRIPTS = {
    "Aran": "Arab", "Cyrs": "Cyrl", "Hira": "Jpan", "Kana": "Jpan", "Hrkt": "Jpan", "Kore": "Hang",
    "Jamo": "Hang", "Latf": "Latn", "Latg": "Latn", "Syre": "Syrc", "Syrj": "Syrc", "Syrn": "Syrc",
    "Geok": "Geor", "Qaai": "Zinh", "Qaac": "Copt",
}  # fmt: skip


@cache
def languages() -> dict[str, tuple[str, ...]]:
    """The scripts of every known ISO 639-3 code, the usual one first."""
    return {row[0]: tuple(row[3].split(",")) for row in _rows()}


@cache
def macrolanguages() -> dict[str, str]:
    """The macrolanguage of every ISO 639-3 code that is a member of one."""
    return {row[0]: row[4] for row in _rows() if row[4]}


@cache
def aliases() -> dict[str, str]:
    """ISO 639-1 and retired codes, as ISO 639-3.

    A retired code that is in use again means its present language.
    """
    current = languages()
    found = {}
    for code, short, retired, *_ in _rows():
        for alias in retired.split(",") if retired else ():
            if alias not in current:
                found[alias] = code
        if short:
            found[short] = code
    found.update(RETIRED_SHORT)
    found.update({"no": "nor", "bh": "bih", "tl": "fil", "zh": "zho"})
    return found


@cache
def short_codes() -> dict[str, str]:
    """ISO 639-1 of the ISO 639-3 codes that have one, which is how BCP 47 writes those languages."""
    return {row[0]: row[1] for row in _rows() if row[1]}


@cache
def script_names() -> dict[str, str]:
    """ISO 15924 codes by Unicode script name, in lower case with underscores:

    some models' labels end in names.
    """
    lines = (_ASSETS / "scripts.tsv").read_text(encoding="utf-8").splitlines()
    return {
        name.lower().replace(" ", "_"): code for code, name in (line.split("\t") for line in lines)
    }


@cache
def _rows() -> list[list[str]]:
    return [
        line.split("\t")
        for line in (_ASSETS / "languages.tsv").read_text(encoding="utf-8").splitlines()
    ]


def is_canonical_form(label: str) -> bool:
    """Whether `label` has the form `xxx_Yyyy`.

    It says nothing about whether such a language exists.
    """
    return _CANONICAL.fullmatch(label) is not None


def language_of(label: str) -> str:
    """`swh` of `swh_Latn`."""
    return label[:3]


def script_of(label: str) -> str:
    """`Latn` of `swh_Latn`."""
    return label[4:]


@lru_cache(maxsize=65536)
def normalise_label(label: str, source: str | None = None) -> str:
    """The canonical form of a label as any tool or corpus writes it.

    `label` may be ISO 639-1, -2/B or -3, a BCP-47 tag, a code with a script (`swh_Latn`, `zh-Hant`,
    `uz-Cyrl`), with or without fastText's `__label__`. `source` says whose codes they are where
    these differ from ISO: `lid.176`, `cld2`, `funlangid`, `glotlid`. Without a script the usual one
    of the language is added.

    Raises LanguageIdError for what is no known language code.
    """
    written = label.strip().removeprefix("__label__")
    if source is not None and source not in SOURCES:
        raise LanguageIdError(f"unknown label source {source!r}: one of {', '.join(SOURCES)}")
    special = SOURCES.get(source or "", {}).get(written)
    if special:
        return special
    parts = re.split(r"[-_]", written)
    code = BIBLIOGRAPHIC.get(parts[0].lower(), parts[0].lower())
    script = script_names().get("_".join(parts[1:]).lower(), "")
    script = script or next((p.title() for p in parts[1:] if len(p) == 4 and p.isalpha()), "")
    region = next((p.upper() for p in parts[1:] if len(p) == 2 and p.isalpha()), "")
    script = _SCRIPTS.get(script, script)
    if code in ("xx", "und", "un", "mul", "mis", "unk", "zz"):
        return f"und_{script}" if script and script[0] != "Z" else UNDETERMINED
    if code == "zxx":
        return f"zxx_{script}" if script and script != "Zzzz" else NO_LANGUAGE
    if code == "zh" or code == "zho":
        code = "cmn"
        script = script or ("Hant" if region in ("TW", "HK", "MO") else "Hans")
    code = aliases().get(code, code) if len(code) < 3 or code not in languages() else code
    code = BY_SCRIPT.get((code, script)) or INDIVIDUAL.get(code, code)
    if code == "hbs":
        code = "hrv"
    code = MERGED.get(code, code)
    if code not in languages() and not (
        len(code) == 3 and code.isascii() and code.isalpha() and script
    ):
        raise LanguageIdError(
            f"{label!r} is no language label: expected ISO 639-3 and ISO 15924, such as swh_Latn"
        )
    return f"{code}_{canonical_script(code, script)}"


def canonical_script(code: str, script: str) -> str:
    """The script part of the label of language `code` in text of `script` (`""`: the usual one)."""
    if not script or (script[0] == "Z" and script not in ("Zzzz", "Zxxx")):  # tags such as nv-Znav
        known = languages().get(code, ("Latn",))
        script = known[0] if known[0] != "Zzzz" or len(known) == 1 else known[1]
    if code == "cmn":
        return script
    if code == "jpn" and script == "Hani":
        return "Jpan"
    return "Hani" if script in ("Hans", "Hant") else script
