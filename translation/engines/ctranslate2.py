"""Models converted for CTranslate2: OPUS-MT (Marian), NLLB-200, MADLAD-400, by folder or by the id of a hub repository.

A folder holds what a converter of CTranslate2 wrote and the model's tokeniser (`--copy_files`, or the converter's
source as `tokenizer`; translation.engines.pieces has the files). How languages are named is the model's family: Marian
has one pair, or `>>por<<` before the source where it has several targets; NLLB puts a code before source and target,
MADLAD and T5 put `<2pt>` before the source.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from polysieve.filters.needs import needed
from polysieve.language_id.labels import aliases, language_of
from polysieve.translation.engines import FAILED, EngineDown, EngineError, Local, Segment, digest
from polysieve.translation.engines.pieces import FILES, Pieces, open_pieces

Family = Literal["marian", "nllb", "madlad"]
EXTRA = "ctranslate2"
# FLORES-200, whose codes NLLB uses, names a few languages otherwise.
_NLLB = {
    "cmn_Hans": "zho_Hans", "cmn_Hant": "zho_Hant", "arb_Arab": "arb_Arab", "fas_Arab": "pes_Arab",
    "nor_Latn": "nob_Latn", "lav_Latn": "lvs_Latn", "sqi_Latn": "als_Latn", "kor_Hang": "kor_Hang",
    "mon_Cyrl": "khk_Cyrl", "msa_Latn": "zsm_Latn", "fil_Latn": "tgl_Latn", "est_Latn": "est_Latn",
}  # fmt: skip
_MARGIN = 8  # tokens that a model adds to a source: end, language


class CTranslate2(Local):
    """A converted model on CPU or GPU."""

    name, batch = "ctranslate2", 1024

    def __init__(
        self,
        model: str,
        family: Family,
        tokenizer: str | None = None,
        device: str = "cpu",
        compute_type: str = "default",
        beams: int = 1,
        batch_tokens: int = 2048,
        max_source_tokens: int = 400,
        max_target_tokens: int = 512,
        threads: int = 1,
    ) -> None:
        """model: a folder, or a repository of the hub as `owner/name`. tokenizer: likewise; None: the model's folder.
        compute_type: int8, float16, … batch_tokens: of one call of the model. A text of more than max_source_tokens
        fails. Raises ImportError, with the cure, without the extra, EngineError for a folder without a model or a
        tokeniser."""
        needed("ctranslate2", EXTRA)
        self.model, self.family = model, family
        self.folder = _folder(model)
        self.tokenizer = _folder(tokenizer, FILES) if tokenizer else self.folder
        if not (self.folder / "model.bin").is_file():
            raise EngineError(
                f"ctranslate2: {self.folder}: no model.bin; convert the model with ct2-transformers-converter"
            )
        self._pieces: Pieces = open_pieces(self.tokenizer, EXTRA)
        self.device, self.compute_type, self.threads = device, compute_type, threads
        self.options: dict[str, Any] = {
            "beam_size": beams,
            "max_batch_size": batch_tokens,
            "batch_type": "tokens",
            "max_decoding_length": max_target_tokens,
            "patience": 2,  # with 1, beams end before a longer translation that is better by the token can win
        }
        self.max_source_tokens = max_source_tokens
        self.hash = digest(
            files=[_file_hash(self.folder), _file_hash(self.tokenizer)], pieces="own", family=family, device=device,
            compute_type=compute_type, options=self.options, max_source_tokens=max_source_tokens,
        )  # fmt: skip

    def describe(self) -> list[dict[str, str]]:
        return [{"engine": self.name, "model": Path(self.model).name, "hash": self.hash}]

    def problem(self, source: str, target: str) -> str | None:
        asked: dict[str, list[str]] = {}  # language → the tokens that may stand for it
        if self.family == "nllb":
            asked = {label: [_code(label)] for label in (source, target)}
        elif self.family == "madlad":
            asked = {target: [_tag(target), f"▁{_tag(target)}"]}
        elif self._targets:
            asked = {target: self._opening(target)}
        for label, tokens in asked.items():
            if self._vocabulary.isdisjoint(tokens):
                return f"ctranslate2: {self.model} has no language {label}"
        return None

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        """As Engine.translate. Raises EngineDown where the model cannot be run on its device."""
        tokens = [self._tokens(text, source, target) for text in texts]
        fitting = [
            i for i, own in enumerate(tokens) if len(own) <= self.max_source_tokens + _MARGIN
        ]
        prefix = [[_code(target)]] * len(fitting) if self.family == "nllb" else None
        try:
            answers = self._translator.translate_batch(
                [tokens[i] for i in fitting],
                target_prefix=prefix,
                max_input_length=0,
                return_scores=True,
                **self.options,
            )
        except RuntimeError as error:
            beyond = "position encodings" in str(error)
            cure = "; set max_source_tokens and max_target_tokens to less" if beyond else ""
            raise EngineDown(f"ctranslate2: {self.model}: {error}{cure}") from None
        found = [Segment("", FAILED)] * len(texts)
        for i, answer in zip(fitting, answers, strict=True):
            found[i] = self._segment(answer)
        return found

    def _segment(self, answer: Any) -> Segment:
        tokens = answer.hypotheses[0]
        if self.family == "nllb":
            tokens = tokens[1:]  # the language
        text = self._pieces.decode(tokens).strip()
        score = math.exp(answer.scores[0])  # of the mean log-probability of a token
        return Segment(text, score=round(min(1.0, score), 4)) if text else Segment("", FAILED)

    def _tokens(self, text: str, source: str, target: str) -> list[str]:
        if self.family == "madlad":
            text = f"{_tag(target)} {text}"
        end = [] if self._config.get("add_source_eos") else [self._config.get("eos_token", "</s>")]
        opening = [_code(source)] if self.family == "nllb" else self._opening(target)
        return [*opening, *self._pieces.encode(text), *end]

    def _opening(self, target: str) -> list[str]:
        """What a Marian model of several targets has before the source: the target's name, if it has it."""
        if self.family != "marian":
            return []
        language = language_of(target)
        names = (target, language, _short_codes().get(language, language))
        return [f">>{name}<<" for name in names if f">>{name}<<" in self._targets][:1]

    @cached_property
    def _targets(self) -> set[str]:
        return {t for t in self._vocabulary if t.startswith(">>") and t.endswith("<<")}

    @cached_property
    def _vocabulary(self) -> set[str]:
        """What the model knows of sources."""
        for name in ("shared_vocabulary", "source_vocabulary"):
            if (path := self.folder / f"{name}.json").is_file():
                return set(json.loads(path.read_text("utf-8")))
            if (path := self.folder / f"{name}.txt").is_file():  # written by older converters
                return set(path.read_text("utf-8").split("\n"))
        raise EngineError(f"ctranslate2: {self.folder}: no vocabulary; convert the model again")

    @cached_property
    def _config(self) -> dict[str, Any]:
        path = self.folder / "config.json"
        return json.loads(path.read_text("utf-8")) if path.is_file() else {}

    @cached_property
    def _translator(self) -> Any:
        ctranslate2 = needed("ctranslate2", EXTRA)
        try:
            return ctranslate2.Translator(
                str(self.folder),
                device=self.device,
                compute_type=self.compute_type,
                inter_threads=1,
                intra_threads=self.threads,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineDown(f"ctranslate2: {self.model}: {error}") from None


def _code(label: str) -> str:
    """A language's name in NLLB."""
    return _NLLB.get(label, label)


def _tag(label: str) -> str:
    """What MADLAD and T5 put before a source for this target."""
    language = language_of(label)
    return f"<2{_short_codes().get(language, language)}>"


@cache
def _short_codes() -> dict[str, str]:
    """ISO 639-1 by ISO 639-3."""
    found = {code: short for short, code in aliases().items() if len(short) == 2}
    return found | {
        "cmn": "zh",
        "arb": "ar",
        "nob": "no",
        "swh": "sw",
        "ekk": "et",
        "pes": "fa",
        "lvs": "lv",
    }


def _folder(name: str, files: Sequence[str] | None = None) -> Path:
    """A folder that is there, or one of the hub, of which these files are downloaded once (None: all of them).

    Raises EngineError, EngineDown.
    """
    if Path(name).is_dir():
        return Path(name)
    if name.count("/") != 1 or name.startswith((".", "/")):
        raise EngineError(f"ctranslate2: {name}: no such folder, and no repository as owner/name")
    try:
        return Path(needed("huggingface_hub", EXTRA).snapshot_download(name, allow_patterns=files))
    except Exception as error:
        line = " ".join(str(error).split())
        raise EngineDown(f"ctranslate2: {name} cannot be had from the hub: {line}") from None


@cache
def _file_hash(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        found.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            while part := file.read(1 << 24):
                found.update(part)
    return found.hexdigest()
