"""Where documents come from: hosts, top-level domains, months, snapshots, and sites that a reader should know of.

Frames of this module hold a row per language and value, with `documents` and `kept`.
"""

from typing import Literal

import polars as pl

TOP = 20

# Sites by the end of their host. Facts about who runs a site, put together for this project; a host that is
# not listed is found by the words of its name, below.
WIKIPEDIA = (
    "wikipedia.org", "wiktionary.org", "wikibooks.org", "wikinews.org", "wikiquote.org", "wikisource.org",
    "wikiversity.org", "wikivoyage.org", "wikimedia.org", "wikidata.org", "wikiwand.com", "wikizero.com",
    "wikibrief.org", "wikitia.com", "dbpedia.org", "kiwix.org",
)  # fmt: skip
BIBLE = (
    "bible.com", "bible.is", "bible.org", "biblegateway.com", "biblehub.com", "bibleserver.com", "biblica.com",
    "biblestudytools.com", "bibles.org", "die-bibel.de", "ebible.org", "faithcomesbyhearing.com", "biblia.com",
    "globalrecordings.net", "png.bible", "scriptureearth.org", "unfoldingword.org", "youversion.com", "wol.jw.org",
    "wordproject.org",
)  # fmt: skip
RELIGIOUS = (
    "jw.org", "watchtower.org", "churchofjesuschrist.org", "lds.org", "mormon.org", "vatican.va",
    "vaticannews.va", "newadvent.org", "catholic.org", "catholic.com", "aleteia.org",
    "adventist.org", "egwwritings.org", "desiringgod.org", "gotquestions.org", "gty.org", "cru.org",
    "branham.org", "orthodoxwiki.org", "azbyka.ru", "pravmir.ru", "quran.com", "islamicfinder.org",
    "islamqa.info", "islamweb.net", "sunnah.com", "islamhouse.com", "al-islam.org", "chabad.org",
    "sefaria.org", "aish.com", "iskcon.org", "vedabase.io", "accesstoinsight.org",
    "suttacentral.net", "84000.co", "bahai.org",
)  # fmt: skip
_WORD = r"(?:^|[.\-0-9])"
_BIBLE_WORD = (
    _WORD
    + r"(?:the|my|la|holy|e|a)?(?:bible|biblia|bibel|bijbel|biblija|bibliya|alkitab|kinhthanh|injil|scripture)s?"
)
_RELIGIOUS_WORD = _WORD + (
    r"(?:church|iglesia|igreja|eglise|kirche|chiesa|gereja|parish|diocese|gospel|evangel|jesus|christ|catholic|islam|quran|koran"
    r"|hadith|mosque|masjid|torah|dharma|buddh|bahai|vatican|ministries)"
)
Site = Literal["wikipedia", "bible", "religious"]
SITES: tuple[Site, ...] = ("wikipedia", "bible", "religious")


def hosts(urls: pl.Series) -> pl.Series:
    """The host of each address, in small letters, without "www." and port; null where there is none."""
    found = urls.str.extract(
        r"^[A-Za-z][A-Za-z0-9+.\-]*://(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^/?#:@]+)", 1
    )
    return found.str.to_lowercase().str.strip_suffix(".").str.strip_prefix("www.")


def sites(hosts: pl.Series) -> pl.DataFrame:
    """A column of booleans for each of SITES: whether a host is of that kind. What is of the Bible is religious too."""
    known = {name: _ends_with(hosts, listed) for name, listed in
             zip(SITES, (WIKIPEDIA, BIBLE, RELIGIOUS), strict=True)}  # fmt: skip
    bible = known["bible"] | hosts.str.contains(_BIBLE_WORD)
    religious = known["religious"] | bible | hosts.str.contains(_RELIGIOUS_WORD)
    columns = {"wikipedia": known["wikipedia"], "bible": bible, "religious": religious}
    return pl.DataFrame({name: column.fill_null(False) for name, column in columns.items()})


def _ends_with(hosts: pl.Series, listed: tuple[str, ...]) -> pl.Series:
    ends = "|".join(name.replace(".", r"\.") for name in listed)
    return hosts.str.contains(rf"(?:^|\.)(?:{ends})$")


def places(documents: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Counts by host, suffix, month and snapshot, of documents with `label`, `url`, `date`, `dump`, `is_kept`.

    Each frame has `label`, the key's column (null where it is not known), `documents`, `kept`.
    """
    host = hosts(documents["url"])
    rows = documents.select("label", "is_kept").with_columns(
        host.alias("host"),
        documents["date"].str.extract(r"^(\d{4}-\d{2})", 1).alias("month"),
        documents["dump"].alias("snapshot"),
    )
    by_host = counted(rows, "host")
    # A host's suffix is worked out once per host; an address by numbers has none.
    suffix = by_host.with_columns(
        pl.col("host").str.extract(r"\.([^.0-9\]][^.\]]*)$", 1).alias("suffix")
    )
    return {
        "host": by_host,
        "suffix": merged([suffix.select("label", "suffix", "documents", "kept")], "suffix"),
        "month": counted(rows, "month"),
        "snapshot": counted(rows, "snapshot"),
    }  # fmt: skip


def counted(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """`documents` and `kept` by label and key, of rows with `is_kept`."""
    return rows.group_by("label", key).agg(
        pl.len().cast(pl.Int64).alias("documents"), pl.col("is_kept").sum().cast(pl.Int64).alias("kept")
    )  # fmt: skip


def merged(frames: list[pl.DataFrame], key: str) -> pl.DataFrame:
    """The counts of several frames as one."""
    return pl.concat(frames).group_by("label", key).agg(pl.col("documents", "kept").sum())


def confusable(labels: pl.Series, candidates: pl.Series) -> pl.DataFrame:
    """Languages that documents were nearly taken for: `label`, `other`, `documents`, `score` (ten-thousandths, summed).

    candidates: JSON objects label -> score, as `top_langs` has them.
    """
    pairs = pl.DataFrame(
        {"label": labels, "pair": candidates.str.extract_all(r'"[^"\\]+":\s*[0-9.eE+\-]+')}
    ).explode("pair", empty_as_null=False, keep_nulls=False)
    pairs = pairs.with_columns(
        pl.col("pair").str.extract(r'^"([^"]+)"', 1).alias("other"),
        # whole numbers, so that the sum does not depend on the order
        (pl.col("pair").str.extract(r":\s*(.+)$", 1).cast(pl.Float64, strict=False) * 10_000)
        .round()
        .cast(pl.Int64)
        .alias("score"),
    )
    pairs = pairs.filter(pl.col("other") != pl.col("label"))
    return pairs.group_by("label", "other").agg(
        pl.len().cast(pl.Int64).alias("documents"), pl.col("score").sum()
    )


def top(frame: pl.DataFrame, key: str, most: int = TOP) -> dict[str, list[dict[str, object]]]:
    """Label -> the rows with the most documents, the first by name of equals. Rows without a key are left out."""
    ranked = frame.filter(pl.col(key).is_not_null()).sort(
        ["documents", key], descending=[True, False]
    )
    return by_label(ranked.group_by("label", maintain_order=True).head(most))


def in_order(frame: pl.DataFrame, key: str) -> dict[str, list[dict[str, object]]]:
    """Label -> its rows, sorted by the key. Rows without a key are left out."""
    return by_label(frame.filter(pl.col(key).is_not_null()).sort(key))


def by_label(frame: pl.DataFrame) -> dict[str, list[dict[str, object]]]:
    """Label -> its rows, in the frame's order, as dictionaries of the other columns."""
    found: dict[str, list[dict[str, object]]] = {}
    for row in frame.to_dicts():
        found.setdefault(row.pop("label"), []).append(row)
    return found
