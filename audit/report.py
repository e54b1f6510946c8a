"""The report on a run: an index, a page per language, and JSON beside each with every figure.

The pages are static, need no network, and hold no active content but the index's own script, which the
Content-Security-Policy names by its hash. Equal data give equal bytes: nothing here reads a clock, and
what has no order of its own is sorted. (Rules do have one: the recipe's.)
"""

import base64
import functools
import hashlib
import json
import math
import re
from collections.abc import Callable
from typing import Any

import jinja2
from markupsafe import Markup

from audit import figures, untrusted
from audit.figures import Entry

Put = Callable[[str, str], None]

SAMPLES_PER_REASON = 3
SAMPLE_CHARACTERS = 600
QUARANTINE_ROWS = 50

# What a file name may hold anywhere: no separator, no dot, nothing that a link would have to quote.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def write_report(run: Entry, languages: dict[str, Entry], put: Put) -> None:
    """Render the report and hand over each file as `put(relative_name, text)`.

    Files: `index.html`, `index.json`, and for each label of `languages` or of the accounting
    `<page_name(label)>.html` and `.json`. Names never hold a path separator; texts can be encoded as UTF-8.
    Any key may be missing: what is there is shown.

    `run`: `recipe_name`; `recipe` (dict, its `rules` in the order in which they are tried); `inputs`
    (`count`, `bytes`); `accounting` as run.json has it; `quarantine_rows` (of `file_path`, `offset`,
    `cause`, `is_document`; the first 50 are shown) of `quarantine_total`; `notes`: warnings, a string each.

    `languages[label]`: `name` (of the language, for readers); `documents`, `kept`, `removed` (reason ->
    documents), `duplicates`, `exact_duplicates`, `clusters`, `words`, `kept_words`, `text_bytes`,
    `kept_bytes`; `pii`: kind -> pieces of personal data found in what is kept; `lines_removed`: kept
    `documents` that lost lines which recur on their host, and `lines`; `cut`: the lowest language score that
    stays, or None; `thresholds`: rule -> threshold, None where the rule does not apply;
    `vacuous`: rules whose threshold can never fire; `has_own_parameters`; `parameters`: their `origin`
    (file, fit, relatives, defaults) and what `filters.parameters.Fit` holds of a fit; `rebalancing`:
    `{"note": …}` or `cluster_sizes` and `removal_rates` (parallel), `tail_start`, `global_removal_rate`,
    `weights` (first size of a step -> weight); `cluster_sizes`: size -> clusters; `samples`: reason or
    `kept` -> documents with `id`, `url`, `text`, `language_score`.
    """
    labels = figures.labels(run, languages)
    rows = [_row(run, languages, label) for label in labels]
    _write_index(run, languages, rows, put)
    for label, row in zip(labels, rows, strict=True):
        _write_language(run, languages, label, row, put)


def _write_index(run: Entry, languages: dict[str, Entry], rows: list[Entry], put: Put) -> None:
    warnings = _warnings(run, languages, [row["label"] for row in rows])
    whole = figures.totals(run, languages)
    exact = figures.exact_duplicates(run, languages)
    steps = figures.funnel(whole, figures.rule_order(run), exact)
    recipe = json.dumps(_plain(run.get("recipe"), ordered=True), ensure_ascii=False, indent=2)
    page = _render(
        "index.html",
        run=run,
        total=whole,
        outcomes=figures.outcomes(whole),
        steps=steps,
        rows=rows,
        words=_sum(languages, "words"),
        kept_words=_sum(languages, "kept_words"),
        kept_bytes=_sum(languages, "kept_bytes"),
        pii=figures.personal_data(languages),
        lines_removed=figures.lines_removed(languages),
        warnings=warnings,
        quarantine=(run.get("quarantine_rows") or [])[:QUARANTINE_ROWS],
        recipe=recipe,
    )
    data = {"run": run, "total": whole, "funnel": steps, "warnings": warnings, "languages": rows}
    put("index.html", page)
    put("index.json", _json_text(data))


def _write_language(
    run: Entry, languages: dict[str, Entry], label: str, row: Entry, put: Put
) -> None:
    language = languages.get(label, {})
    accounting = ((run.get("accounting") or {}).get("languages") or {}).get(label) or {}
    counted = figures.counts(run, languages, label)
    exact = language.get("exact_duplicates")
    steps = figures.funnel(counted, figures.rule_order(run, language), exact)
    bins = figures.cluster_bins(language.get("cluster_sizes") or {})
    samples = _samples(language.get("samples") or {})
    page = _render(
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
    put(f"{page_name(label)}.json", _json_text(data))


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
    return {
        "label": label,
        "name": language.get("name"),
        "page": page_name(label),
        "documents": whole,
        "kept": counted["kept"],
        "kept_share": figures.share(counted["kept"], whole),
        "kept_words": language.get("kept_words"),
        "duplicates_share": figures.share(counted["duplicates"], whole),
        "biggest_reason": biggest[0] if biggest else None,
        "biggest_reason_share": figures.share(biggest[1], whole) if biggest else None,
        "outcomes": figures.outcomes(counted),
        "flags": figures.flags(label, language, counted),
    }


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


def _samples(samples: dict[str, list[Entry]]) -> dict[str, list[Entry]]:
    """The documents that a page shows, each text cut to what it shows of it."""
    return {
        reason: [
            {**document, "text": (document.get("text") or "")[: SAMPLE_CHARACTERS + 1]}
            for document in documents[:SAMPLES_PER_REASON]
        ]
        for reason, documents in samples.items()
        if documents
    }


def _in_order(samples: dict[str, list[Entry]], steps: list[Entry]) -> list[Entry]:
    """Samples as the funnel lists their reasons, kept ones first, with the step that each belongs to."""
    by_reason = {step["reason"]: step for step in steps}
    names = ["kept", *(step["reason"] for step in steps if step["kind"] not in ("in", "kept"))]
    names += sorted(set(samples) - set(names))
    return [
        {"reason": name, "step": by_reason.get(name), "documents": samples[name]}
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
            "rate": rate,
            "weight": next((weight for start, weight in reversed(weights) if start <= size), None),
        }
        for size, rate in zip(sizes, rates, strict=False)
    ]


# --- JSON


def _plain(value: Any, ordered: bool = False) -> Any:
    """`value` as JSON can hold it: string keys (sorted unless `ordered`), infinities and NaN as their names."""
    if isinstance(value, dict):
        items = [(str(key), _plain(item, ordered)) for key, item in value.items()]
        return dict(items if ordered else sorted(items, key=lambda item: _natural(item[0])))
    if isinstance(value, list | tuple):
        return [_plain(item, ordered) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _natural(key: str) -> tuple[int, str]:
    """Sorts "2" before "10", and numbers before names."""
    return (int(key), "") if key.isascii() and key.isdigit() else (2**63, key)


def _json_text(value: Any) -> str:
    # Without indentation the C encoder does it, many times faster.
    text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)
    return untrusted.json_escaped(text) + "\n"


# --- HTML


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("audit", "templates"),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,  # any key of the data may be missing
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        number=_number,
        percent=_percent,
        size=_size,
        threshold=_threshold,
        prose=_prose,
        slots=_slots,
        waterfall=_waterfall,
    )
    style, script = (_source(environment, name) for name in ("style.css", "table.js"))
    environment.globals.update(
        style=Markup(style),
        style_hash=_hash(style),
        script=Markup(script),
        script_hash=_hash(script),
        direction=untrusted.direction,
        language_tag=untrusted.language_tag,
        sample_characters=SAMPLE_CHARACTERS,
        kinds=KINDS,
    )
    return environment


KINDS = {
    "kept": "kept",
    "duplicate": "duplicates",
    "rule": "removed by a rule",
    "cut": "cut before clustering",
    "quarantined": "quarantined",
}
"""Kinds of outcome in the order of their colours, and what the legend calls them."""


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)


def _shown(value: Any) -> Any:
    """What an expression of a template shows: a string with hidden characters spelled out, None as a dash."""
    if isinstance(value, Markup | jinja2.Undefined):
        return value
    if value is None:
        return "–"
    return untrusted.line(value) if isinstance(value, str) else value


def _prose(text: Any, limit: int = untrusted.PROSE_LIMIT) -> Markup:
    """A paragraph with hidden characters spelled out, each mark isolated from the direction of its text."""
    pieces = untrusted.prose("" if _is_missing(text) else str(text), limit)
    return Markup().join(
        Markup("<bdi dir=ltr>{}</bdi>").format(piece) if is_mark else Markup.escape(piece)
        for piece, is_mark in pieces
    )


def _source(environment: jinja2.Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0].replace("\r\n", "\n")


def _hash(source: str) -> Markup:
    """The CSP source expression of an inline script or style."""
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return Markup(f"'sha256-{digest}'")  # base64: nothing to escape


def _is_missing(value: Any) -> bool:
    return value is None or isinstance(value, jinja2.Undefined)


def _number(value: Any) -> str:
    """1234567 -> "1,234,567"."""
    return "–" if _is_missing(value) else f"{value:,}"


def _percent(value: Any) -> str:
    """0.1234 -> "12.3%"; what is neither nothing nor everything never shows as 0.0% or 100.0%."""
    if _is_missing(value):
        return "–"
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{100 * value:.1f}%"


def _size(value: Any) -> str:
    """Bytes in decimal units: 1234567 -> "1.23 MB"."""
    if _is_missing(value):
        return "–"
    if value < 1000:
        return f"{value} B"
    units = ["kB", "MB", "GB", "TB", "PB"]
    value /= 1000
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.3g} {units[0]}"


def _threshold(value: Any) -> str:
    """A threshold as a recipe would have it: up to six significant digits."""
    return "–" if _is_missing(value) else f"{value:.6g}"


def _slots(parts: list[Entry]) -> list[Entry]:
    """Shares laid end to end: `kind`, and `x` and `width` in percent, for the parts that show."""
    start, found = 0.0, []
    for part in parts:
        width = 100 * min(max(part["share"] or 0, 0), 1)
        if width:
            found.append({"kind": part["kind"], "x": f"{start:.3f}", "width": f"{width:.3f}"})
            start += width
    return found


def _waterfall(step: Entry, whole: int | None) -> list[Entry]:
    """A funnel step's bar: what is left in a pale tone, what the step took beyond it."""
    left = figures.share(step["left"], whole)
    if step["kind"] in ("in", "kept"):
        return _slots([step])
    return _slots([{"kind": "left", "share": left}, step])
