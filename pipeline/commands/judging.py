"""`polysieve audit serve`, `sample`, `export` and `scores`: judging documents of a finished run."""

import json
import os
import secrets
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import track
from rich.table import Table

from polysieve.pipeline.commands.shared import Directory, console, run_record, store_at, usage

if TYPE_CHECKING:  # slow to import
    from polysieve.pipeline.steps.write.record import Record

FOLDER = "judging"
"""Of the output, holding judgements; no run, swap or garbage collection touches it."""

Languages = Annotated[
    list[str] | None,
    typer.Option(
        "--language", "-l", metavar="LABEL", help="Only this language. May be given many times."
    ),
]
Size = Annotated[int, typer.Option(min=1, help="Documents of each language and stage.")]
Seed = Annotated[int, typer.Option(help="Another seed chooses other documents.")]
File = Annotated[
    Path | None,
    typer.Option(
        "--judgements",
        help=f"The SQLite file of judgements (default: DIR/{FOLDER}/judgements.sqlite). "
        "Needed where DIR is on an object store.",
    ),
]


def serve(
    directory: Directory,
    languages: Languages = None,
    size: Size = 100,
    seed: Seed = 0,
    blind: Annotated[
        bool, typer.Option("--blind", help="Do not show what the run decided, nor why.")
    ] = False,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8765,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            help="Another name by which browsers may address this. May be given many times."
        ),
    ] = None,
    judgements: File = None,
) -> None:
    """Judge documents in the browser, one at a time, by keyboard. Runs until Ctrl-C."""
    import socket

    from aiohttp import web

    from polysieve.audit.judging import sample
    from polysieve.audit.judging.server import LOOPBACK, Judging, application

    store = store_at(directory)
    counts = _counts(directory, languages)
    database = judgements_of(directory, judgements)
    token = _token(database.path.parent / "token")
    judging = Judging(
        database,
        counts,
        partial(sample.draw, store, n=size, seed=seed),
        lambda: _run(run_record(directory)),
        token,
        seed,
        size,
        blind,
        (*LOOPBACK, *([host.lower()]), *(name.lower() for name in allow_host or [])),
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # who opens the address at once finds somebody there
    except OSError as error:
        usage(f"{host}:{port}: {error.strerror or error}; give another --host or --port")
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}/{token}/"
    out = console()
    out.print(f"{len(counts)} languages; judgements go to {database.path}", soft_wrap=True)
    if host not in LOOPBACK:
        out.print(
            "Whoever sees this address, or the traffic in the network, can read and judge: it is not encrypted."
        )
    out.print(f"Open {address}\nCtrl-C ends this; the same command goes on.", soft_wrap=True)
    web.run_app(
        application(judging), sock=listener, print=None, access_log=None, shutdown_timeout=5
    )
    database.close()


def sample_command(
    directory: Directory,
    languages: Languages = None,
    size: Size = 100,
    seed: Seed = 0,
    judgements: File = None,
) -> None:
    """Choose the documents to judge ahead of time, and print how many of each outcome. `serve` does it as it goes."""
    from polysieve.audit.judging import sample

    store = store_at(directory)
    counts = _counts(directory, languages)
    run = _run(run_record(directory))
    database = judgements_of(directory, judgements)
    out = console()
    for label in track(list(counts), "choosing documents", console=out, transient=True):
        if not database.has_sample(label, run, seed, size):
            database.set_sample(label, run, seed, size, sample.draw(store, label, size, seed))
    table = Table("language", "stage", "reason", "documents", "sampled")
    for row in database.strata():
        if row["label"] in counts:
            table.add_row(
                row["label"],
                row["stage"],
                row["reason"],
                f"{row['population']:,}",
                str(row["sampled"]),
            )
    out.print(table)


def export(
    directory: Directory,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A file that ends in .parquet or .csv.")
    ],
    judgements: File = None,
) -> None:
    """Write the judgements, a row per document and rater, as Parquet or CSV."""
    from polysieve.audit.judging import files

    rows = judgements_of(directory, judgements, must_exist=True).judged()
    try:
        files.write(rows, output)
    except (files.JudgementFileError, OSError) as error:
        usage(str(error))
    console().print(f"{len(rows)} judgements in {output}", soft_wrap=True)


def scores(
    source: Annotated[
        str,
        typer.Argument(metavar="DIR|FILE", help="The output folder of a run, or an exported file."),
    ],
    good: Annotated[
        str, typer.Option(help="The codes of documents that should be kept.")
    ] = "CC,CB,CS",
    languages: Languages = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    judgements: File = None,
) -> None:
    """Print shares per language, averages over languages, precision and recall of filters, and agreement.

    Intervals hold the truth 19 times of 20 (Wilson).
    """
    from polysieve.audit import scores as figures
    from polysieve.audit.judging import files

    wanted = codes_of(good)
    drawn: list[dict[str, Any]] = []
    if source.endswith(files.SUFFIXES):
        try:
            rows = files.read(Path(source))
        except files.JudgementFileError as error:
            usage(str(error))
    else:
        database = judgements_of(source, judgements, must_exist=True)
        rows, drawn = database.judged(), database.strata()
    if languages:
        rows = [row for row in rows if row["label"] in languages]
        drawn = [row for row in drawn if row["label"] in languages]
    strata = figures.strata(drawn, rows)
    per_language = figures.languages(strata)
    averages = {
        stage: figures.averages([s for s in per_language if s.stage == stage])
        for stage in ("kept", "removed")
    }
    per_filter = figures.filters(strata, wanted)
    agreements = figures.agreements(rows)
    if as_json:
        found = {
            "languages": [asdict(s) for s in per_language],
            "averages": {stage: asdict(a) for stage, a in averages.items()},
            "filters": [asdict(s) for s in per_filter],
            "filters_by_language": {
                label: [asdict(s) for s in figures.filters(own, wanted)]
                for label in sorted({s.label for s in strata})
                if (own := [s for s in strata if s.label == label])
            },
            "agreement": [asdict(a) for a in agreements],
        }
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    _print_scores(per_language, averages, per_filter, agreements)
    if outside := sum(row["stage"] is None for row in rows):
        console().print(
            f"{outside} judgements are of documents that are not in their language's sample any more; "
            "they do not count here"
        )


def _print_scores(
    per_language: list[Any], averages: dict[str, Any], per_filter: list[Any], agreements: list[Any]
) -> None:
    from polysieve.audit.scores import SHARES

    out = console()
    table = Table(
        "language", "stage", "documents", "judged", *SHARES, title="Share of documents, in per cent"
    )
    for s in per_language:
        if s.shares["C"].judged:
            cells = [_percent(s.shares[name], name == "C") for name in SHARES]
            table.add_row(s.label, s.stage, f"{s.documents:,}", f"{s.shares['C'].judged:g}", *cells)
    for stage, a in averages.items():
        for name, shares in (("macro", a.macro), ("micro", a.micro)):
            if a.languages:
                cells = [_percent(shares[code], code == "C") for code in SHARES]
                table.add_row(
                    f"{name} of {a.languages}", stage, "", f"{shares['C'].judged:g}", *cells
                )
    out.print(table)
    for stage, a in averages.items():
        if a.languages:
            out.print(
                f"{stage}: of {a.languages} languages {a.none_correct} with nothing correct, "
                f"{a.half_correct} under half; {a.half_not_language} more than half NL, {a.half_wrong} more than "
                f"half WL; {a.unjudged} more without judgements"
            )
    table = Table(
        "reason",
        "removed",
        "judged",
        "precision",
        "recall",
        "good lost",
        title="Filters, in per cent",
    )
    for f in per_filter:
        table.add_row(
            f.reason,
            f"{f.removed:,}",
            f"{f.precision.judged:g}",
            *(_percent(share, True) for share in (f.precision, f.recall, f.good_lost)),
        )
    if per_filter:
        out.print(table)
    table = Table("raters", "documents", "same code", "kappa", "kappa of C", title="Agreement")
    for g in agreements:
        kappas = ("–" if k is None else f"{k:.3f}" for k in (g.kappa, g.kappa_correct))
        table.add_row(" and ".join(g.raters), str(g.documents), f"{100 * g.agreed:.1f}", *kappas)
    if agreements:
        out.print(table)


def codes_of(good: str) -> tuple[str, ...]:
    """The codes that --good names, or exit code 2."""
    from polysieve.audit.judging.codes import CODES

    wanted = tuple(code.strip() for code in good.split(","))
    if unknown := [code for code in wanted if code not in CODES]:
        usage(f"--good {good}: {unknown[0]!r} is no code; give some of {','.join(CODES)}")
    return wanted


def _percent(share: Any, with_interval: bool) -> str:
    value = "–" if share.share is None else f"{100 * share.share:.1f}"
    return f"{value} ({100 * share.low:.0f}–{100 * share.high:.0f})" if with_interval else value


def _counts(directory: str, wanted: list[str] | None) -> dict[str, int]:
    """Label -> documents that can be judged, of the languages that were asked for."""
    from polysieve.audit.judging.sample import is_judged

    accounting = run_record(directory)["accounting"]["languages"]
    found = {
        label: entry["kept"] + sum(n for reason, n in entry["removed"].items() if is_judged(reason))
        for label, entry in accounting.items()
    }
    if missing := [label for label in wanted or [] if label not in found]:
        usage(f"--language {missing[0]}: not in this run; it has {', '.join(list(found)[:10])} …")
    return {k: n for k, n in found.items() if n and (not wanted or k in wanted)}


def _run(record: "Record") -> str:
    """What identifies the published output."""
    return record["steps"]["write"]


def judgements_of(directory: str, file: Path | None, must_exist: bool = False) -> Any:
    """The Database of a run's judgements, or exit code 2."""
    from polysieve.audit.judging.database import Database, JudgementError

    store = store_at(directory)
    if file is None:
        if not store.local:
            usage(f"{directory}: SQLite needs a local file; name one with --judgements")
        file = Path(store.root) / FOLDER / "judgements.sqlite"
    if must_exist and not file.exists():
        usage(f"{file}: no judgements here yet; `polysieve audit serve {directory}` makes some")
    try:
        return Database(file)
    except (JudgementError, OSError) as error:
        usage(str(error))


def _token(path: Path) -> str:
    """The token of the application's address: kept beside the judgements, so that an open page outlives a restart."""
    try:
        if found := path.read_text().strip():
            return found
    except FileNotFoundError:
        pass
    token = secrets.token_urlsafe(24)
    temporary = path.with_name(f".token-{secrets.token_hex(4)}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token + "\n")
    os.replace(temporary, path)
    return token
