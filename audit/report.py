"""The report on a run: an index, a page per language, and JSON beside each with every figure.

The pages are static, need no network, and hold no active content but their own scripts: those that sort,
search and place the plots, which the Content-Security-Policy names by their hashes, and Plotly's bundle
beside them, once for all pages. Equal data give equal bytes: nothing here reads a clock, and what has no order
of its own is sorted. (Rules do have one: the recipe's.)
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Literal, TypedDict

from polysieve.audit import figures, plots, untrusted
from polysieve.audit.figures import Counted, CountedRun, Outcome, Step
from polysieve.audit.given import (
    Document,
    FittedValue,
    LanguageFigures,
    Languages,
    Models,
    Rebalancing,
    Run,
    Samples,
)
from polysieve.audit.pages import PLOTS, SAMPLE_CHARACTERS, plotly, render
from polysieve.audit.places import SITES

Put = Callable[[str, str], None]

SAMPLES_PER_SIDE = 10
QUARANTINE_ROWS = 50
EXTRAS = (
    ("translated", "Translated"),
    ("quality", "Quality"),
    ("fertility", "Tokens a word"),
    ("contamination", "Foreign words"),
    ("benchmarks", "Benchmarks"),
    ("bible", "Bible"),
    ("wikipedia", "Wikipedia"),
    ("religious", "Religious"),
)
"""Columns of the index's table that are there where a language has a value above 0, and what they are called."""


class OfSites(TypedDict, total=False):
    """Shares of a language's kept documents that are of sites which a reader should know of."""

    wikipedia: float | None
    bible: float | None
    religious: float | None


class Row(OfSites):
    """A language in the index's table; None where a figure is not known."""

    label: str
    name: str | None
    page: str
    documents: int | None
    kept: int | None
    kept_share: float | None
    kept_words: int | None
    translated: float | None
    """The share of its words that is translated."""
    fertility: float | None
    """Tokens a word."""
    duplicates_share: float | None
    biggest_reason: str | None
    biggest_reason_share: float | None
    quality: float | None
    """The median of its first score."""
    benchmarks: float | None
    contamination: float | None
    outcomes: list[Outcome]
    flags: list[str]


class Concerned(TypedDict):
    """A language that a warning is about."""

    label: str
    page: str
    detail: str


class Warned(TypedDict):
    """What a reader should know before the figures."""

    text: str
    languages: list[Concerned]


class Index(TypedDict):
    """index.json."""

    run: Run
    total: CountedRun
    translations: CountedRun | None
    funnel: list[Step]
    warnings: list[Warned]
    languages: list[Row]


class ShownSamples(Samples):
    """Documents of one reason, as a page lists them."""

    reason: str
    step: Step | None
    """Of the funnel."""


class ShownRule(TypedDict, total=False):
    """A rule's row on a page; from `metric` on what the tally counts of it, where the rule applies."""

    rule: str
    threshold: float | None
    first: int | None
    """Documents that fell to it first."""
    is_idle: bool
    """Whether it can never fire."""
    fitted: FittedValue | None
    metric: str
    direction: str
    fails: int
    only: int
    back: int
    more: int
    looser: float
    tighter: float


class Rate(TypedDict):
    """Removal rate and weight of a cluster size."""

    size: int
    is_tail: bool
    rate: float
    weight: int | None


# What a file name may hold anywhere: no separator, no dot, nothing that a link would have to quote.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def write_index(run: Run, languages: Languages, put: Put) -> None:
    """Hand over the page of all languages, its JSON, and what the pages share, each as `put(relative_name, text)`.

    Names never hold a path separator; texts can be encoded as UTF-8. Any key of `run` and of a language's figures may
    be missing: what is there is shown.
    """
    rows = [_row(run, languages, label) for label in figures.labels(run, languages)]
    warnings = _warnings(run, languages, [row["label"] for row in rows])
    whole = figures.totals(run, languages)
    exact = figures.exact_duplicates(run, languages)
    steps = figures.funnel(whole, figures.rule_order(run), exact)
    recipe = json.dumps(
        untrusted.plain(run.get("recipe"), ordered=True), ensure_ascii=False, indent=2
    )
    page = render(
        "index.html",
        run=run,
        total=whole,
        outcomes=figures.outcomes(whole),
        steps=steps,
        rows=rows,
        words=_sum(languages, "words"),
        kept_words=_sum(languages, "kept_words"),
        kept_tokens=_sum(languages, "tokens"),
        kept_bytes=_sum(languages, "kept_bytes"),
        pii=figures.personal_data(languages),
        made=figures.translations(run),
        translated=figures.translated_words(languages),
        lines_removed=figures.lines_removed(languages),
        warnings=warnings,
        quarantine=(run.get("quarantine_rows") or [])[:QUARANTINE_ROWS],
        recipe=recipe,
        plots=[plots.flow(run, languages)],
        extras=[(key, name) for key, name in EXTRAS if any(row.get(key) for row in rows)],
    )
    data: Index = {
        "run": run,
        "total": whole,
        "translations": figures.translations(run),
        "funnel": steps,
        "warnings": warnings,
        "languages": rows,
    }
    put("index.html", page)
    put("index.json", untrusted.json_text(data) + "\n")
    put(PLOTS, plotly())


def write_language(run: Run, languages: Languages, label: str, put: Put) -> None:
    """Render one language's page, `<page_name(label)>.html`, and its JSON. Arguments as of `write_index`; other
    languages need not be there."""
    row = _row(run, languages, label)
    language = languages.get(label, {})
    accounting = ((run.get("accounting") or {}).get("languages") or {}).get(label)
    counted = figures.counts(run, languages, label)
    exact = language.get("exact_duplicates")
    steps = figures.funnel(counted, figures.rule_order(run, language), exact)
    bins = figures.cluster_bins(language.get("cluster_sizes") or {})
    samples = _samples(language.get("samples") or {})
    page = render(
        "language.html",
        label=label,
        row=row,
        language=language,
        counted=counted,
        origins=(accounting.get("origins") if accounting else None) or {},
        steps=steps,
        bins=bins,
        rates=_rates(language.get("rebalancing") or {}),
        samples=_in_order(samples, steps),
        columns=language.get("columns") or {},
        rules=_rules(language, counted),
        plots=plots.of_language(language),
    )
    data = {
        "label": label,
        "accounting": accounting or {},
        "figures": {key: value for key, value in language.items() if key != "samples"},
        "funnel": steps,
        "cluster_bins": bins,
        "samples": samples,
    }
    put(f"{page_name(label)}.html", page)
    put(f"{page_name(label)}.json", untrusted.json_text(data) + "\n")


def page_name(label: str) -> str:
    """The file name, without extension, of a label's page: the label where it is plain, else a safe name of its own.

    A label with other characters, one of more than 64, or one that would overwrite the index gets its
    plain characters and a hash: different labels never share a name, and no name leaves the folder.
    """
    if _PLAIN_NAME.fullmatch(label) and label.lower() != "index":
        return label
    digest = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', label[:40])}~{digest}"


def _sum(
    languages: Languages, key: Literal["words", "kept_words", "tokens", "kept_bytes"]
) -> int | None:
    values = [n for one in languages.values() if (n := one.get(key)) is not None]
    return sum(values) if values else None


def _row(run: Run, languages: Languages, label: str) -> Row:
    """A language's row in the index's table."""
    language = languages.get(label, {})
    counted = figures.counts(run, languages, label)
    whole = counted["documents_in"]
    biggest = figures.biggest_reason(counted)
    columns = language.get("columns") or {}
    listed = columns.get("contamination")
    sites: OfSites = {}
    for site in SITES:
        if (found := (columns.get("sites") or {}).get(site)) is not None:
            kept = language.get("kept", counted["kept"])
            sites[site] = figures.share(found.get("kept"), kept)
    return {
        "label": label,
        "name": language.get("name"),
        "page": page_name(label),
        "documents": whole,
        "kept": counted["kept"],
        "kept_share": figures.share(counted["kept"], whole),
        "kept_words": language.get("kept_words"),
        "translated": (language.get("translated") or {}).get("share_of_words"),
        "fertility": figures.share(language.get("tokens"), language.get("kept_words")),
        "duplicates_share": figures.share(counted["duplicates"], whole),
        "biggest_reason": biggest[0] if biggest else None,
        "biggest_reason_share": figures.share(biggest[1], whole) if biggest else None,
        "quality": _median_score(language.get("models")),
        "benchmarks": _benchmark_share(language.get("models")),
        "contamination": figures.share(listed.get("without"), listed.get("listed"))
        if listed
        else None,
        **sites,
        "outcomes": figures.outcomes(counted),
        "flags": figures.flags(label, language, counted),
    }


def _median_score(models: Models | None) -> float | None:
    """The median of the first score that models gave to what all rules keep."""
    scores = (models.get("scores") if models else None) or {}
    return next(((one.get("quantiles") or {}).get("0.5") for one in scores.values()), None)


def _benchmark_share(models: Models | None) -> float | None:
    """The share of the documents that models were asked about which hold text of a benchmark."""
    scores = (models.get("scores") if models else None) or {}
    asked = max((one.get("documents") or 0 for one in scores.values()), default=0)
    held = models.get("contaminated") if models else None
    return figures.share(sum(held.values()), asked) if held and asked else None


def _warnings(run: Run, languages: Languages, labels: list[str]) -> list[Warned]:
    """What a reader should know before the figures: `text`, and the `languages` concerned with a `detail` each."""

    def concerned(label: str, detail: str = "") -> Concerned:
        return {"label": label, "page": page_name(label), "detail": detail}

    found: list[tuple[str, list[Concerned]]] = []
    found += [(text, []) for text in figures.imbalances(run, languages)]
    found += [(text, []) for text in run.get("notes") or []]
    nothing: LanguageFigures = {}
    known = [(label, languages.get(label, nothing)) for label in labels]
    if without := [
        concerned(label) for label, one in known if figures.lacks_parameters(label, one)
    ]:
        text = _count(
            len(without),
            "language without parameters of its own",
            "languages without parameters of their own",
        )
        text += ": the default thresholds hold, and rules that need figures of the language do not apply."
        found.append((text, without))
    if idle := [
        concerned(label, ", ".join(sorted(one["vacuous"])))
        for label, one in known
        if one.get("vacuous")
    ]:
        text = f"Thresholds that can never fire in {_count(len(idle), 'language', 'languages')}."
        found.append((text, idle))
    total = run.get("quarantine_total") or figures.totals(run, languages)["quarantined"]
    if total:
        text = _count(total, "piece of the input is", "pieces of the input are")
        found.append((f"{text} in quarantine: not readable, listed below.", []))
    return [{"text": text, "languages": concern} for text, concern in found]


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _samples(samples: dict[str, Samples]) -> dict[str, Samples]:
    """The documents that a page shows, each text cut to what it shows of it."""

    def cut(documents: list[Document]) -> list[Document]:
        return [
            {**document, "text": (document.get("text") or "")[: SAMPLE_CHARACTERS + 1]}
            for document in documents[:SAMPLES_PER_SIDE]
        ]

    found: dict[str, Samples] = {
        reason: {
            **group,
            "removed": cut(group.get("removed") or []),
            "kept": cut(group.get("kept") or []),
        }
        for reason, group in samples.items()
    }
    return {reason: group for reason, group in found.items() if group["removed"] or group["kept"]}


def _rules(language: LanguageFigures, counted: Counted) -> list[ShownRule]:
    """Each rule in turn: its threshold, what that cuts, and what another one would change."""
    measured = (language.get("columns") or {}).get("rules") or {}
    fitted = (language.get("parameters") or {}).get("values") or {}
    found: list[ShownRule] = []
    for rule, threshold in (language.get("thresholds") or {}).items():
        shown: ShownRule = {
            "rule": rule,
            "threshold": threshold,
            "first": counted["removed"].get(rule, 0) if threshold is not None else None,
            "is_idle": rule in (language.get("vacuous") or []),
            "fitted": fitted.get(rule),
        }
        found.append({**shown, **measured[rule]} if rule in measured else shown)
    return found


def _in_order(samples: dict[str, Samples], steps: list[Step]) -> list[ShownSamples]:
    """Samples as the funnel lists their reasons, kept ones first, with the step that each belongs to."""
    by_reason = {step["reason"]: step for step in steps}
    names = ["kept", *(step["reason"] for step in steps if step["kind"] not in ("in", "kept"))]
    names += sorted(set(samples) - set(names))
    return [
        {"reason": name, "step": by_reason.get(name), **samples[name]}
        for name in names
        if name in samples
    ]


def _rates(rebalancing: Rebalancing) -> list[Rate]:
    """Removal rate and weight per cluster size: `size`, `is_tail`, `rate`, `weight`."""
    weights = sorted(
        (int(size), weight) for size, weight in (rebalancing.get("weights") or {}).items()
    )
    tail = rebalancing.get("tail_start")
    sizes, rates = rebalancing.get("cluster_sizes") or [], rebalancing.get("removal_rates") or []
    return [
        {
            "size": size,
            "is_tail": size == tail,
            "rate": rate / 100,
            "weight": next((weight for start, weight in reversed(weights) if start <= size), None),
        }
        for size, rate in zip(sizes, rates, strict=False)
    ]
