"""What the pages' plots show, as plain data. `templates/plots.js` draws it with Plotly.

A plot has `id`, `kind` (histogram, bars or flow), `title`, and `summary`: a sentence that says the same in words.
"""

import math
from typing import NotRequired, TypedDict

from polysieve.audit import figures, untrusted
from polysieve.audit.given import LanguageFigures, Languages, Run
from polysieve.audit.tally import RuleEffect, ScoreCut, SignalBins

SNAPSHOTS, LANGUAGES, REASONS = 8, 14, 10
"""How many of each the flow of documents tells apart; the others go together."""


class Plot(TypedDict):
    """What all plots have."""

    id: str
    kind: str
    """histogram, bars or flow."""
    title: str
    summary: str


class Bars(Plot):
    """Documents by name."""

    names: list[str]
    kept: list[int]
    removed: list[int]


class Histogram(Plot):
    """Documents by bin, and lines at values."""

    is_judged: NotRequired[bool]
    is_long: bool
    edges: list[float]
    kept: list[int]
    removed: list[int]
    names: NotRequired[list[str]]
    """What the two are called, where that is not kept and removed."""
    lines: list[float]


class Node(TypedDict):
    kind: str
    name: str


Link = TypedDict("Link", {"from": int, "to": int, "documents": int})
"""Documents from a node to another, by their places among the nodes."""


class Flow(Plot):
    """Where documents went."""

    nodes: list[Node]
    links: list[Link]


def of_language(language: LanguageFigures) -> list[Bars | Histogram]:
    """A language's plots: `score`, `months`, and `signal-<name>` for each signal, those that rules look at first."""
    columns = language.get("columns") or {}
    found: list[Bars | Histogram] = []
    if scores := columns.get("scores"):
        found.append(_scores(scores))
    if months := columns.get("months"):
        found.append(
            {
                "id": "months",
                "kind": "bars",
                "title": "Documents by month of crawl",
                "summary": f"Between {months[0]['month']} and {months[-1]['month']}.",
                "names": [untrusted.line(row["month"]) for row in months],
                "kept": [row["kept"] for row in months],
                "removed": [row["documents"] - row["kept"] for row in months],
            }
        )
    rules = columns.get("rules") or {}
    judged = {rule["metric"] for rule in rules.values()}
    signals = columns.get("signals") or {}
    for name in sorted(signals, key=lambda name: name not in judged):
        own = {rule: one for rule, one in rules.items() if one["metric"] == name}
        found.append(_signal(name, signals[name], own))
    return found


def _signal(name: str, signal: SignalBins, rules: dict[str, RuleEffect]) -> Histogram:
    documents = sum(signal["removed"]) + sum(signal["kept"])
    cuts = [
        f"{rule} ({'over' if one['direction'] == 'max' else 'under'} {one['threshold']:g}) "
        f"cuts {one['fails']:,} of {documents:,}"
        for rule, one in rules.items()
    ]
    return {
        "id": f"signal-{name}",
        "kind": "histogram",
        "title": untrusted.line(name),
        "summary": "; ".join(cuts) + "."
        if cuts
        else f"{documents:,} documents; no rule looks at it.",
        "is_judged": bool(rules),
        "is_long": signal["edges"][-1] > 40,
        "edges": signal["edges"],
        "kept": signal["kept"],
        "removed": signal["removed"],
        "lines": [t for one in rules.values() if math.isfinite(t := one["threshold"])],
    }


def _scores(scores: ScoreCut) -> Histogram:
    cut = scores.get("cut")
    said = "There is no cut."
    if cut is not None:
        said = f"Under the cut of {cut:g}: {scores['fails']:,} documents."
    return {
        "id": "score",
        "kind": "histogram",
        "title": "Score of the language",
        "summary": said,
        "is_long": False,
        "edges": scores["edges"],
        "kept": scores["over"],
        "removed": scores["under"],
        "names": ["over the cut", "under the cut"],
        "lines": [] if cut is None else [cut],
    }


def flow(run: Run, languages: Languages) -> Flow:
    """Where documents went, from snapshots through languages to outcomes: `nodes` and `links` (from, to, documents)."""
    labels = figures.labels(run, languages)
    shown = labels[:LANGUAGES]
    others = f"{len(labels) - len(shown)} other labels"
    removed = figures.totals(run, languages)["removed"]
    by_size = sorted(removed, key=lambda reason: (-removed[reason], reason))
    reasons = set(by_size[:REASONS])
    snapshots = _snapshots(labels, languages)
    links: dict[tuple[str, str, str, str], int] = {}

    def add(source: tuple[str, str], target: tuple[str, str], documents: int | None) -> None:
        if documents:
            key = (*source, *target)
            links[key] = links.get(key, 0) + documents

    for label in labels:
        counted = figures.counts(run, languages, label)
        node = ("label", label if label in shown else others)
        known = 0
        for row in (languages.get(label, {}).get("columns") or {}).get("snapshots") or []:
            known += row["documents"]
            name = row["snapshot"] if row["snapshot"] in snapshots else "other snapshots"
            add(("snapshot", name), node, row["documents"])
        add(("snapshot", "no snapshot"), node, (counted["documents_in"] or 0) - known)
        add(node, ("kept", "kept"), counted["kept"])
        add(node, ("duplicate", "duplicates"), counted["duplicates"])
        add(node, ("quarantined", "quarantined"), counted["quarantined"])
        for reason, documents in counted["removed"].items():
            kind = "cut" if figures.is_early(reason) else "rule"
            if reason in reasons:
                add(node, (kind, reason), documents)
            else:
                add(node, ("rule", "other reasons"), documents)
    nodes = list(dict.fromkeys(node for a, b, c, d in links for node in ((a, b), (c, d))))
    place = {node: number for number, node in enumerate(nodes)}
    return {
        "id": "flow",
        "kind": "flow",
        "title": "From the crawl through languages to outcomes",
        "summary": "The tables on this page hold the same figures.",
        "nodes": [{"kind": kind, "name": untrusted.line(name)} for kind, name in nodes],
        "links": [
            {"from": place[a, b], "to": place[c, d], "documents": documents}
            for (a, b, c, d), documents in links.items()
        ],
    }


def _snapshots(labels: list[str], languages: Languages) -> set[str]:
    """The snapshots with the most documents."""
    counts: dict[str, int] = {}
    for label in labels:
        for row in (languages.get(label, {}).get("columns") or {}).get("snapshots") or []:
            counts[row["snapshot"]] = counts.get(row["snapshot"], 0) + row["documents"]
    return set(sorted(counts, key=lambda name: (-counts[name], name))[:SNAPSHOTS])
