"""Every figure of a report's JSON, counted a second time by polars from the Parquet files of the run.

python -m benchmarks.audit.second_count OUTPUT

OUTPUT: the folder of a finished run. What a reader can see is counted from `corpus/` and `removed/`; signals,
which are not in them, come from the measuring step, joined by input and offset. Prints each figure that differs, and
exits 1 where one does.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from polysieve.audit.places import SITES, hosts, sites
from polysieve.audit.report import page_name

MOVED = 0.1


def main() -> None:
    wrong, checked = differences(Path(sys.argv[1]))
    print("\n".join(wrong[:50]))
    print(f"{checked:,} figures counted again, {len(wrong)} differ")
    sys.exit(bool(wrong))


def differences(output: Path) -> tuple[list[str], int]:
    """What differs, a line each, and how many figures were compared."""
    documents = read(output)
    record = json.loads((output / "run.json").read_text())
    rules = _rules(output)
    wrong: list[str] = []
    checked = 0

    def compare(name: str, reported: Any, counted: Any) -> None:
        nonlocal checked
        checked += _size(counted)
        if reported != counted:
            wrong.append(f"{name}: the report has {reported}, the files {counted}")

    for (label,), own in documents.group_by("label"):
        page = json.loads((output / "report" / f"{page_name(str(label))}.json").read_text())
        figures = page["figures"]
        for key, value in _outcomes(own).items():
            compare(f"{label}: {key}", figures[key], value)
        columns = figures["columns"]
        for key, value in _places(own).items():
            compare(f"{label}: {key}", columns[key], value)
        compare(f"{label}: weights", columns["weights"], _weights(own))
        for key, value in _scores(own, figures["cut"]).items():
            compare(f"{label}: score, {key}", columns["scores"].get(key), value)
        asked = own.filter(pl.col("is_asked"))
        for name, signal in columns["signals"].items():
            for key, value in _histogram(asked, name, signal["edges"]).items():
                compare(f"{label}: {name}, {key}", signal[key], value)
        for name, value in _means(own.filter("is_kept"), columns["means"]).items():
            # rounded to four digits after another order of addition
            close = abs(columns["means"][name] - value) < 1.5e-4
            compare(f"{label}: mean {name}", value if close else columns["means"][name], value)
        thresholds = {k: v for k, v in figures["thresholds"].items() if v is not None}
        for rule, value in _effects(asked, thresholds, rules).items():
            compare(f"{label}: {rule}", {key: columns["rules"][rule][key] for key in value}, value)
        wrong += [f"{label}: {text}" for text in _misplaced_samples(own, page["samples"], rules)]
    index = json.loads((output / "report" / "index.json").read_text())
    total = {
        "documents_in": len(documents) + record["accounting"]["total"]["quarantined"],
        "kept": int(documents["is_kept"].sum()),
        "duplicates": int(documents["is_duplicate"].sum()),
    }
    for key, value in total.items():
        compare(f"total: {key}", index["total"][key], value)
    return wrong, checked


def read(output: Path) -> pl.DataFrame:
    """All documents of a run with their signals, and `is_kept`, `is_duplicate`, `is_asked` (of the rules)."""
    parts = [
        pl.read_parquet(f"{output}/{kind}/*/*.parquet", columns=None).with_columns(
            pl.lit(kind == "corpus").alias("is_kept")
        )
        for kind in ("corpus", "removed")
        if any(output.glob(f"{kind}/*/*.parquet"))
    ]
    written = pl.concat(parts, how="diagonal_relaxed")
    if "filter_reason" not in written.columns:
        written = written.with_columns(pl.lit(None, pl.String).alias("filter_reason"))
    reason = pl.col("filter_reason").fill_null("")
    written = written.with_columns(
        pl.concat_str("language", "language_script", separator="_").alias("label"),
        reason.is_in(["exact_duplicate", "near_duplicate"]).alias("is_duplicate"),
    )
    # A cut before clustering leaves no size; the rules look at one member of each cluster.
    written = written.with_columns(
        (pl.col("minhash_cluster_size").is_not_null() & ~pl.col("is_duplicate")).alias("is_asked")
    )
    return written.drop("word_count").join(_signals(output), on=["file_path", "offset"], how="left")


def _signals(output: Path) -> pl.DataFrame:
    [measure] = output.glob("measure-*")
    parts = []
    for done in sorted((measure / "done").glob("*.json")):
        manifest = json.loads(done.read_text())
        for segment in manifest["segments"]:
            documents = pl.read_parquet(
                measure / "documents" / f"{segment['name']}.parquet",
                columns=["offset", "text_bytes", "prefilter_reason"],
            )
            signals = pl.read_parquet(measure / "signals" / f"{segment['name']}.parquet")
            address = pl.lit(manifest["address"]).alias("file_path")
            parts.append(pl.concat([documents, signals], how="horizontal").with_columns(address))
    return pl.concat(parts, how="vertical_relaxed")


def _rules(output: Path) -> dict[str, tuple[str, str]]:
    """Rule -> (metric, direction), as the pages say."""
    found: dict[str, tuple[str, str]] = {}
    for path in output.glob("report/*.json"):
        page = json.loads(path.read_text())
        rules = ((page.get("figures") or {}).get("columns") or {}).get("rules") or {}
        found |= {rule: (one["metric"], one["direction"]) for rule, one in rules.items()}
    return found


def _outcomes(own: pl.DataFrame) -> dict[str, Any]:
    gone = own.filter(~pl.col("is_kept") & ~pl.col("is_duplicate"))
    counts = gone.group_by("filter_reason").len().sort("filter_reason")
    kept = own.filter("is_kept")
    return {
        "documents": len(own),
        "kept": len(kept),
        "removed": dict(counts.iter_rows()),
        "duplicates": int(own["is_duplicate"].sum()),
        "exact_duplicates": int((own["filter_reason"] == "exact_duplicate").sum()),
        "words": int(own["word_count"].sum()),
        "kept_words": int(kept["word_count"].sum()),
        "text_bytes": int(own["text_bytes"].sum()),
        "kept_bytes": int(kept["text_bytes"].sum()),
        "cluster_sizes": {
            str(size): n
            for size, n in own.filter("is_asked").group_by("minhash_cluster_size").len()
            .sort("minhash_cluster_size").iter_rows()
        },
    }  # fmt: skip


def _places(own: pl.DataFrame) -> dict[str, Any]:
    own = own.with_columns(
        hosts(own["url"]).alias("host"),
        pl.col("date").str.slice(0, 7).alias("month"),
        pl.col("dump").alias("snapshot"),
    )
    known = sites(own["host"])
    both = pl.concat([own.select("is_kept"), known], how="horizontal")
    by_host = _counted(own, "host")
    ranked = sorted(by_host, key=lambda row: (-row["documents"], row["host"]))
    return {
        "hosts": {
            "distinct": len(by_host),
            "top": ranked[:20],
        },
        "sites": {
            site: {
                "documents": int(both[site].sum()),
                "kept": int((both[site] & both["is_kept"]).sum()),
            }
            for site in SITES
        },
        "months": _counted(own, "month"),
        "snapshots": _counted(own, "snapshot"),
    }


def _counted(own: pl.DataFrame, key: str) -> list[dict[str, Any]]:
    counts = own.filter(pl.col(key).is_not_null()).group_by(key).agg(
        pl.len().alias("documents"), pl.col("is_kept").sum().alias("kept")
    )  # fmt: skip
    return counts.sort(key).to_dicts()


def _weights(own: pl.DataFrame) -> list[dict[str, Any]]:
    kept = own.filter("is_kept").group_by("weight").agg(
        pl.len().alias("documents"), pl.col("word_count").sum().alias("words")
    )  # fmt: skip
    return kept.sort("weight").to_dicts()


def _scores(own: pl.DataFrame, cut: float | None) -> dict[str, Any]:
    identified = own.filter(pl.col("prefilter_reason").is_null())
    under = identified["language_score"] < (-1.0 if cut is None else cut)
    found: dict[str, Any] = {
        "under": _binned(identified.filter(under)["language_score"], [i / 50 for i in range(51)]),
        "over": _binned(identified.filter(~under)["language_score"], [i / 50 for i in range(51)]),
    }
    if cut is not None:
        scores = identified["language_score"]
        found["fails"] = int(under.sum())
        found["back"] = int((under & (scores >= cut * (1 - MOVED))).sum())
        found["more"] = int((~under & (scores < cut * (1 + MOVED))).sum())
    return found


def _binned(values: pl.Series, edges: list[float]) -> list[int]:
    values = values.drop_nulls().drop_nans()
    counts = [int(((values >= low) & (values < high)).sum()) for low, high in pairwise(edges)]
    counts[-1] += int((values >= edges[-1]).sum())
    return counts


def _histogram(asked: pl.DataFrame, name: str, edges: list[float]) -> dict[str, Any]:
    return {
        "kept": _binned(asked.filter("is_kept")[name], edges),
        "removed": _binned(asked.filter(~pl.col("is_kept"))[name], edges),
        "undefined": int(asked[name].is_null().sum()),
    }


def _means(kept: pl.DataFrame, reported: dict[str, float]) -> dict[str, float]:
    return {name: round(float(kept[name].mean()), 4) for name in reported}  # type: ignore[arg-type]


def _effects(
    asked: pl.DataFrame, thresholds: dict[str, float], rules: dict[str, tuple[str, str]]
) -> dict[str, dict[str, int]]:
    """What each rule does, and another threshold would do, one document at a time."""
    found = {rule: {"fails": 0, "only": 0, "back": 0, "more": 0} for rule in thresholds}

    def fails(rule: str, row: dict[str, Any], factor: float = 1.0) -> bool:
        metric, direction = rules[rule]
        value = row[metric]
        if value is None:
            return False
        limit = float(f"{thresholds[rule] * factor:.12g}")
        return value > limit if direction == "max" else value < limit

    for row in asked.iter_rows(named=True):
        failing = [rule for rule in thresholds if fails(rule, row)]
        for rule in failing:
            found[rule]["fails"] += 1
        if len(failing) == 1:
            rule = failing[0]
            found[rule]["only"] += 1
            looser = 1 + MOVED if rules[rule][1] == "max" else 1 - MOVED
            found[rule]["back"] += not fails(rule, row, looser)
        if row["is_kept"]:
            for rule in thresholds:
                tighter = 1 - MOVED if rules[rule][1] == "max" else 1 + MOVED
                found[rule]["more"] += fails(rule, row, tighter)
    return found


def _misplaced_samples(
    own: pl.DataFrame, samples: dict[str, Any], rules: dict[str, tuple[str, str]]
) -> list[str]:
    """Samples that are not what the page says: another text, another reason, or not the nearest to the threshold."""
    wrong = []
    by_id = {row["id"]: row for row in own.iter_rows(named=True)}
    for reason, group in samples.items():
        for side in ("removed", "kept"):
            for one in group[side]:
                row = by_id[one["id"]]
                expected = (row["filter_reason"] == reason) if side == "removed" else row["is_kept"]
                if not expected or (row["text"] or "")[: len(one["text"])] != one["text"]:
                    wrong.append(f"sample {one['id']} of {reason} ({side}) is another document")
        if reason in rules:
            metric = rules[reason][0]
            gone = own.filter(pl.col("filter_reason") == reason)[metric]
            nearest = sorted(abs(value - group["threshold"]) for value in gone)[
                : len(group["removed"])
            ]
            shown = [abs(one["value"] - group["threshold"]) for one in group["removed"]]
            if any(abs(a - b) > 1e-5 for a, b in zip(nearest, shown, strict=True)):
                wrong.append(f"samples of {reason} are not those nearest to the threshold")
    return wrong


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return 1


if __name__ == "__main__":
    main()
