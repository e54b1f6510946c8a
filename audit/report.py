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

from polysieve.audit import figures, plots, untrusted
from polysieve.audit.figures import Entry
from polysieve.audit.pages import PLOTS, SAMPLE_CHARACTERS, plotly, render

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

# What a file name may hold anywhere: no separator, no dot, nothing that a link would have to quote.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def write_index(run: Entry, languages: dict[str, Entry], put: Put) -> None:
    """Hand over the page of all languages, its JSON, and what the pages share, each as `put(relative_name, text)`.

    Names never hold a path separator; texts can be encoded as UTF-8. Any key may be missing: what is there is shown.

    `run`: `recipe_name`; `recipe` (dict, its `rules` in the order in which they are tried); `inputs`
    (`count`, `bytes`); `accounting` as run.json has it; `quarantine_rows` (of `file_path`, `offset`,
    `cause`, `is_document`; the first 50 are shown) of `quarantine_total`; `synthetic` as run.json has it;
    `notes`: warnings, a string each.

    `languages[label]`: `name` (of the language, for readers); `documents`, `kept`, `removed` (reason ->
    documents), `duplicates`, `exact_duplicates`, `clusters`, `words`, `kept_words`, `tokens` (of those
    kept), `text_bytes`, `kept_bytes`; `pii`: kind -> pieces of personal data found in what is kept;
    `lines_removed`: kept `documents` that lost lines which recur on their host, and `lines`;
    `cut`: the lowest language score that stays, or None; `thresholds`: rule -> threshold,
    None where the rule does not apply; `vacuous`: rules whose threshold can
    never fire; `has_own_parameters`; `parameters`: their `origin`
    (file, fit, relatives, defaults) and what `filters.parameters.Fit` holds of a fit; `rebalancing`:
    `{"note": …}` or `cluster_sizes` and `removal_rates` (parallel), `tail_start`, `global_removal_rate`,
    `weights` (first size of a step -> weight); `models`: `scores` (name -> `documents`, `failed`, `action`, `cut`,
    `quantiles`, `sha256`), `tiers`, `contaminated` (benchmark -> documents), `attribute` (name -> label -> documents);
    `cluster_sizes`: size -> clusters; `columns`: the language's figures of `audit.tally.Tally` (the index needs
    `sites`, `snapshots`, `contamination` and `means` only); `samples`: reason or `kept` -> `removed` and `kept`,
    documents with `id`, `url`, `text`, `language_score`, and where they are ordered by nearness to a threshold
    `value` each, `metric` and `threshold`; `frequent_words` and
    `recurring_lines` of `words_of` documents, as `audit.recurring` finds them; `translated`: of translations into
    the language `kept`, `removed`, `duplicates`, `words`, `kept_words`, `share_of_words` (of the language's in the
    corpus), `kept_sources` (label -> documents), `language` (an entry of `synthetic`), `ledger` (`engine`,
    `statuses`, `source_words`, `words_per_second`) and `samples` (reason -> documents).
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
    data = {
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


def write_language(run: Entry, languages: dict[str, Entry], label: str, put: Put) -> None:
    """Render one language's page, `<page_name(label)>.html`, and its JSON. Arguments as of `write_index`; other
    languages need not be there."""
    row = _row(run, languages, label)
    language = languages.get(label, {})
    accounting = ((run.get("accounting") or {}).get("languages") or {}).get(label) or {}
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
        origins=accounting.get("origins") or {},
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
        "accounting": accounting,
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


def _sum(languages: dict[str, Entry], key: str) -> int | None:
    values = [entry[key] for entry in languages.values() if entry.get(key) is not None]
    return sum(values) if values else None


def _row(run: Entry, languages: dict[str, Entry], label: str) -> Entry:
    """A language's row in the index's table."""
    language = languages.get(label, {})
    counted = figures.counts(run, languages, label)
    whole = counted["documents_in"]
    biggest = figures.biggest_reason(counted)
    columns = language.get("columns") or {}
    listed = columns.get("contamination") or {}
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
        "quality": _median_score(language.get("models") or {}),
        "benchmarks": _benchmark_share(language.get("models") or {}),
        "contamination": figures.share(listed.get("without"), listed.get("listed")),
        **{
            site: figures.share(found.get("kept"), language.get("kept", counted["kept"]))
            for site, found in (columns.get("sites") or {}).items()
        },
        "outcomes": figures.outcomes(counted),
        "flags": figures.flags(label, language, counted),
    }


def _median_score(models: Entry) -> float | None:
    """The median of the first score that models gave to what all rules keep."""
    first: Entry = next(iter((models.get("scores") or {}).values()), {})
    return (first.get("quantiles") or {}).get("0.5")


def _benchmark_share(models: Entry) -> float | None:
    """The share of the documents that models were asked about which hold text of a benchmark."""
    asked = max(
        (one.get("documents") or 0 for one in (models.get("scores") or {}).values()), default=0
    )
    held = models.get("contaminated")
    return figures.share(sum(held.values()), asked) if held and asked else None


def _warnings(run: Entry, languages: dict[str, Entry], labels: list[str]) -> list[Entry]:
    """What a reader should know before the figures: `text`, and the `languages` concerned with a `detail` each."""

    def concerned(label: str, detail: str = "") -> Entry:
        return {"label": label, "page": page_name(label), "detail": detail}

    found: list[tuple[str, list[Entry]]] = []
    found += [(text, []) for text in figures.imbalances(run, languages)]
    found += [(text, []) for text in run.get("notes") or []]
    known = [(label, languages.get(label, {})) for label in labels]
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


def _samples(samples: dict[str, Entry]) -> dict[str, Entry]:
    """The documents that a page shows, each text cut to what it shows of it."""

    def cut(documents: list[Entry]) -> list[Entry]:
        return [
            {**document, "text": (document.get("text") or "")[: SAMPLE_CHARACTERS + 1]}
            for document in documents[:SAMPLES_PER_SIDE]
        ]

    found = {
        reason: {**group, **{side: cut(group.get(side) or []) for side in ("removed", "kept")}}
        for reason, group in samples.items()
    }
    return {reason: group for reason, group in found.items() if group["removed"] or group["kept"]}


def _rules(language: Entry, counted: Entry) -> list[Entry]:
    """Each rule in turn: its threshold, what that cuts, and what another one would change."""
    measured = (language.get("columns") or {}).get("rules") or {}
    fitted = (language.get("parameters") or {}).get("values") or {}
    return [
        {
            "rule": rule,
            "threshold": threshold,
            "first": counted["removed"].get(rule, 0) if threshold is not None else None,
            "is_idle": rule in (language.get("vacuous") or []),
            "fitted": fitted.get(rule),
            **measured.get(rule, {}),
        }
        for rule, threshold in (language.get("thresholds") or {}).items()
    ]


def _in_order(samples: dict[str, Entry], steps: list[Entry]) -> list[Entry]:
    """Samples as the funnel lists their reasons, kept ones first, with the step that each belongs to."""
    by_reason = {step["reason"]: step for step in steps}
    names = ["kept", *(step["reason"] for step in steps if step["kind"] not in ("in", "kept"))]
    names += sorted(set(samples) - set(names))
    return [
        {"reason": name, "step": by_reason.get(name), **samples[name]}
        for name in names
        if name in samples
    ]


def _rates(rebalancing: Entry) -> list[Entry]:
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
