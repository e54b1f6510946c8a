"""A small crawl in English with its recorded translations into Portuguese, and runs over it."""

import csv
import json
from pathlib import Path

import polars as pl

from tests.pipeline.runs import polysieve

ENGLISH = [
    "The river rises in the hills behind the old mill and runs past the town before it meets the sea.",
    "Every spring the water carries sand and stones down to the bridge, where children collect them.",
    "Nobody knows who built the bridge, but the oldest papers of the parish speak of a toll.",
    "In dry years the ford below the church can be crossed on foot without wetting a shoe.",
]
PORTUGUESE = [
    "O rio nasce nas colinas atrás do velho moinho e passa pela cidade antes de encontrar o mar.",
    "Toda primavera a água leva areia e pedras até a ponte, onde as crianças as recolhem.",
    "Ninguém sabe quem construiu a ponte, mas os papéis mais antigos da paróquia falam de um pedágio.",
    "Nos anos secos o vau abaixo da igreja pode ser atravessado a pé sem molhar um sapato.",
]
NATIVE = (
    "A biblioteca municipal abre às nove horas e fecha às seis da tarde, de segunda a sexta-feira. "
    "Os leitores podem levar para casa até cinco livros por duas semanas, e renovar o empréstimo por telefone."
)


def run(output: Path, inputs: str, *more: str) -> None:
    code, said = polysieve(*arguments(output, inputs), *more)
    assert code == 0, said


def arguments(output: Path, inputs: str) -> list[str]:
    return ["run", "minimal", "-i", inputs, "-o", str(output), "-q", "--engine", "inline"]


def rows(output: Path, kind: str, label: str = "por_Latn") -> pl.DataFrame:
    found = list((output / kind / label).glob("translated-*.parquet"))
    return pl.concat([pl.read_parquet(path) for path in found]) if found else pl.DataFrame()


def write_crawl(folder: Path) -> Path:
    """Two English documents of three sentences, one Portuguese one, and their table of translations."""
    (folder / "in").mkdir()
    documents = [
        {"id": "first", "text": " ".join(ENGLISH[:3])},
        {"id": "second", "text": " ".join(ENGLISH[1:])},
        {"id": "native", "text": NATIVE},
    ]
    lines = [json.dumps(d, ensure_ascii=False) for d in documents]
    (folder / "in" / "pages.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    write_table(folder / "table.tsv", PORTUGUESE)
    return folder


def write_table(path: Path, translations: list[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t").writerows(zip(ENGLISH, translations, strict=True))
