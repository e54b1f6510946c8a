"""What a report counts of the columns of a run's documents, language by language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, cast

import numpy as np
import polars as pl

from polysieve.audit import places, signals
from polysieve.filters.rules import RULES

DOCUMENT_COLUMNS = (
    "label",
    "url",
    "date",
    "dump",
    "language_score",
    "top_langs",
    "prefilter_reason",
)
DECISION_COLUMNS = ("outcome", "reason", "minhash_cluster_size", "weight")
MEANS = ("script_purity", "type_token_ratio", "mtld", "compression_ratio", "mean_word_length")


class SignalBins(TypedDict):
    """A signal's distribution: documents by bin, of which the last edge is the end, and those without a value."""

    edges: list[float]
    removed: list[int]
    kept: list[int]
    undefined: int


class RuleEffect(TypedDict):
    """What a rule's threshold cuts, and what another one would; the counts are those of `signals.effects`."""

    metric: str
    direction: str
    threshold: float
    fails: int
    only: int
    back: int
    more: int
    looser: float
    tighter: float
    """The thresholds behind `back` and `more`."""


class ScoreBins(TypedDict):
    """Documents by score of their language."""

    edges: list[float]
    under: list[int]
    over: list[int]


class ScoreCut(ScoreBins, total=False):
    """The same, and what the cut takes, where there is one: documents under it, those that a tenth lower would bring
    back, those that a tenth higher would take more."""

    cut: float
    fails: int
    back: int
    more: int


class WordList(TypedDict):
    """Kept documents held against a word list, and those of them with none of its words."""

    listed: int
    without: int


class Seen(TypedDict):
    """Documents, and those kept."""

    documents: int
    kept: int


class Month(Seen):
    month: str


class Snapshot(Seen):
    snapshot: str


class Hosts(TypedDict):
    """How many hosts there are, and those with the most documents (`host`, `documents`, `kept`)."""

    distinct: int
    top: list[dict[str, object]]


class ColumnFigures(TypedDict, total=False):
    """What is counted of the documents of a language."""

    signals: dict[str, SignalBins]
    rules: dict[str, RuleEffect]
    scores: ScoreCut
    means: dict[str, float]
    """Signal -> mean over kept documents."""
    contamination: WordList | None
    """None where there is no word list."""
    suffixes: list[dict[str, object]]
    months: list[Month]
    snapshots: list[Snapshot]
    confusable: list[dict[str, object]]
    """Languages that documents were nearly taken for: `other`, `documents`, mean `score`."""
    weights: list[dict[str, object]]
    """`weight`, and the `documents` and `words` that have it."""
    hosts: Hosts
    sites: dict[str, Seen]
    """`wikipedia`, `bible` and `religious`."""


@dataclass(frozen=True)
class Language:
    """What was decided by for one language."""

    label: str
    thresholds: Mapping[str, float | None]
    """Rule -> threshold, None where the rule does not apply; the same rules for every language."""
    cut: float | None
    """The lowest language score that stays."""


class Tally:
    """Counts of documents that are given a part at a time; their sum does not depend on the parts."""

    def __init__(self, languages: Sequence[Language], metrics: Sequence[str]) -> None:
        self.languages = languages
        self.metrics = metrics
        self.number = {language.label: n for n, language in enumerate(languages)}
        rules = list(languages[0].thresholds) if languages else []
        self.thresholds = {rule: [one.thresholds[rule] for one in languages] for rule in rules}
        self._counts: dict[str, np.ndarray] = {}
        self._frames: dict[str, pl.DataFrame] = {}

    def add(
        self, documents: pl.DataFrame, columns: Mapping[str, np.ndarray], decisions: pl.DataFrame
    ) -> None:
        """Count n documents.

        documents: DOCUMENT_COLUMNS, of the languages of this tally only; columns: each metric as float64[n], NaN
        where it is undefined; decisions: DECISION_COLUMNS.
        """
        group = documents["label"].replace_strict(self.number, return_dtype=pl.Int64).to_numpy()
        outcome = decisions["outcome"].cast(pl.String)
        is_kept = (outcome == "kept").to_numpy()
        # The rules are asked of one document of each cluster; what a cut took has no cluster size.
        is_asked = (
            decisions["minhash_cluster_size"].is_not_null() & (outcome != "duplicate")
        ).to_numpy()
        asked = np.flatnonzero(is_asked)
        groups = len(self.languages)
        half = group[asked] * 2 + is_kept[asked]
        of_asked = {name: columns[name][asked] for name in self.metrics}
        for name, values in of_asked.items():
            bins = signals.edges(name)
            self._add(f"signal {name}", signals.histogram(values, half, 2 * groups, bins))
        effects = signals.effects(of_asked, is_kept[asked], group[asked], self.thresholds)
        for rule, counts in effects.items():
            self._add(f"rule {rule}", counts)
        for name in MEANS:
            if name in columns:
                self._add(f"mean {name}", _sums(columns[name][is_kept], group[is_kept], groups))
        if "wordlist_ratio" in columns:
            self._add_contamination(columns["wordlist_ratio"][is_kept], group[is_kept])
        self._add_scores(documents, group)
        self._add_weights(decisions["weight"].to_numpy(), columns["word_count"], is_kept, group)
        rows = documents.with_columns(pl.Series("is_kept", is_kept))
        for key, frame in places.places(rows).items():
            self._add_frame(key, frame)
        self._add_candidates(documents)

    def _add(self, name: str, counts: np.ndarray) -> None:
        self._counts[name] = self._counts[name] + counts if name in self._counts else counts

    def _add_frame(self, key: str, frame: pl.DataFrame) -> None:
        if key in self._frames:
            frame = places.merged([self._frames[key], frame], key)
        self._frames[key] = frame

    def _add_contamination(self, ratios: np.ndarray, group: np.ndarray) -> None:
        """Kept documents that were held against a word list, and those without any of its words."""
        listed = ~np.isnan(ratios)
        both = (listed, listed & (ratios <= 0))
        counts = [np.bincount(group[rows], minlength=len(self.languages)) for rows in both]
        self._add("contamination", np.stack(counts, axis=1))

    def _add_scores(self, documents: pl.DataFrame, group: np.ndarray) -> None:
        identified = documents["prefilter_reason"].is_null().to_numpy()
        scores = documents["language_score"].to_numpy()[identified].astype(np.float64)
        group = group[identified]
        cut = np.array([np.nan if one.cut is None else one.cut for one in self.languages])[group]
        is_under = scores < cut
        half = group * 2 + ~is_under
        groups = len(self.languages)
        bins = signals.edges("language_score")
        self._add("scores", signals.histogram(scores, half, 2 * groups, bins))
        low, high = cut * (1 - signals.MOVED), cut * (1 + signals.MOVED)
        changes = (is_under, is_under & (scores >= low), ~is_under & (scores < high))
        counts = [np.bincount(group[rows], minlength=groups) for rows in changes]
        self._add("cut", np.stack(counts, axis=1))

    def _add_weights(
        self, weight: np.ndarray, words: np.ndarray, is_kept: np.ndarray, group: np.ndarray
    ) -> None:
        kept = pl.DataFrame(
            {
                "label": group[is_kept],
                "weight": weight[is_kept],
                "words": words[is_kept].astype(np.int64),
            }
        )
        frame = kept.group_by("label", "weight").agg(
            pl.len().cast(pl.Int64).alias("documents"), pl.col("words").sum()
        )
        if "weights" in self._frames:
            frame = pl.concat([self._frames["weights"], frame])
            frame = frame.group_by("label", "weight").agg(pl.col("documents", "words").sum())
        self._frames["weights"] = frame

    def _add_candidates(self, documents: pl.DataFrame) -> None:
        frame = places.confusable(documents["label"], documents["top_langs"])
        if "other" in self._frames:
            frame = pl.concat([self._frames["other"], frame])
            frame = frame.group_by("label", "other").agg(pl.col("documents", "score").sum())
        self._frames["other"] = frame

    def figures(self) -> dict[str, ColumnFigures]:
        """Label -> the figures of its documents, as `audit.report` shows them."""
        of_signals = self._signals()
        found: dict[str, ColumnFigures] = {
            language.label: {
                "signals": of_signals[number],
                "rules": self._rules(number, language),
                "scores": self._scores(number, language),
                "means": self._means(number),
                "contamination": self._contamination(number),
            }
            for number, language in enumerate(self.languages)
        }
        for label, entry in self._by_place().items():
            found[label].update(entry)
        return found

    def _signals(self) -> list[dict[str, SignalBins]]:
        """Signal -> its bins, up to the last with a document or a threshold, of each language; what no document of
        it has is left out."""
        found: list[dict[str, SignalBins]] = [{} for _ in self.languages]
        for name in self.metrics:
            bins = signals.edges(name)
            counts = self._counts[f"signal {name}"].reshape(len(found), 2, len(bins))
            filled = counts[:, :, :-1].sum(axis=1) > 0
            used = filled.shape[1] - np.argmax(filled[:, ::-1], axis=1)
            last = np.zeros(len(found))
            for rule, thresholds in self.thresholds.items():
                if RULES[rule].metric == name:
                    last = np.maximum(last, [threshold or 0 for threshold in thresholds])
            used = np.maximum(used, np.searchsorted(bins, last, side="right"))
            used = np.minimum(used, len(bins) - 1)
            for number in np.flatnonzero(filled.any(axis=1)).tolist():
                own, stop = counts[number], int(used[number])
                found[number][name] = {
                    "edges": signals.shown_edges(name)[: stop + 1],
                    "removed": own[0, :stop].tolist(),
                    "kept": own[1, :stop].tolist(),
                    "undefined": int(own[:, -1].sum()),
                }
        return found

    def _rules(self, number: int, language: Language) -> dict[str, RuleEffect]:
        found: dict[str, RuleEffect] = {}
        for rule, threshold in language.thresholds.items():
            if threshold is None:
                continue
            fails, only, back, more = self._counts[f"rule {rule}"][number].tolist()
            looser, tighter = signals.moved(rule, threshold)
            found[rule] = {
                "metric": RULES[rule].metric,
                "direction": RULES[rule].direction,
                "threshold": threshold,
                "fails": fails,
                "only": only,
                "back": back,
                "more": more,
                "looser": looser,
                "tighter": tighter,
            }
        return found

    def _scores(self, number: int, language: Language) -> ScoreCut:
        counts = self._counts["scores"][2 * number : 2 * number + 2, :-1]
        under, back, more = self._counts["cut"][number].tolist()
        edges = signals.shown_edges("language_score")
        whole: ScoreCut = {"edges": edges, "under": counts[0].tolist(), "over": counts[1].tolist()}
        if language.cut is None:
            return whole
        return {**whole, "cut": language.cut, "fails": under, "back": back, "more": more}

    def _means(self, number: int) -> dict[str, float]:
        """The means of signals over kept documents."""
        found = {}
        for name in MEANS:
            total, n = self._counts.get(f"mean {name}", np.zeros((number + 1, 2)))[number]
            if n:
                found[name] = round(float(total / n) / 1e6, 4)
        return found

    def _contamination(self, number: int) -> WordList | None:
        """Kept documents held against the language's word list, and those of them with none of its words."""
        if "contamination" not in self._counts or not self._counts["contamination"][number, 0]:
            return None
        listed, without = self._counts["contamination"][number].tolist()
        return {"listed": listed, "without": without}

    def _by_place(self) -> dict[str, ColumnFigures]:
        found: dict[str, ColumnFigures] = {
            language.label: {
                "suffixes": [],
                "months": [],
                "snapshots": [],
                "confusable": [],
                "weights": [],
            }
            for language in self.languages
        }
        hosts = self._frames["host"]
        is_site = places.sites(hosts["host"])
        known = pl.concat([hosts, is_site], how="horizontal").group_by("label").agg(
            pl.col("host").is_not_null().sum().alias("distinct"),
            *(
                pl.col(key).filter(site).sum().alias(f"{site} {key}")
                for site in places.SITES
                for key in ("documents", "kept")
            ),
        )  # fmt: skip
        top_hosts = places.top(hosts, "host")
        for label, (row,) in places.by_label(known).items():
            sums = cast(dict[str, int], row)
            found[label]["hosts"] = {"distinct": sums["distinct"], "top": top_hosts.get(label, [])}
            found[label]["sites"] = {
                site: {"documents": sums[f"{site} documents"], "kept": sums[f"{site} kept"]}
                for site in places.SITES
            }
        mean = (pl.col("score") / (pl.col("documents") * 10_000)).round(4)
        for label, rows in places.top(self._frames["suffix"], "suffix").items():
            found[label]["suffixes"] = rows
        for label, rows in places.in_order(self._frames["month"], "month").items():
            found[label]["months"] = cast(list[Month], rows)
        for label, rows in places.in_order(self._frames["snapshot"], "snapshot").items():
            found[label]["snapshots"] = cast(list[Snapshot], rows)
        others = self._frames["other"].with_columns(mean.alias("score"))
        for label, rows in places.top(others, "other").items():
            found[label]["confusable"] = rows
        for number, weights in places.in_order(self._frames["weights"], "weight").items():
            found[self.languages[int(number)].label]["weights"] = weights
        return found


def _sums(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """float64[groups, 2]: the sum of the values that are defined, in millionths, and their number.

    The sum is of whole numbers, so that it does not depend on how documents are parted.
    """
    defined = ~np.isnan(values)
    group = group[defined]
    total = np.bincount(group, np.round(values[defined] * 1e6), minlength=groups)
    return np.stack([total, np.bincount(group, minlength=groups)], axis=1)
