"""Models converted for CTranslate2: OPUS-MT (Marian), NLLB-200, MADLAD-400, by folder or by the id of a hub repository.

A folder holds what `ct2-transformers-converter` wrote and the model's tokeniser (`--copy_files`, or the converter's
source as `tokenizer`). How languages are named is the model's family: Marian has one pair, NLLB puts a code before
source and target, MADLAD and T5 put `<2pt>` before the source.
"""

import hashlib
import math
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from language_id.labels import aliases, language_of
from translation.engines import FAILED, EngineDown, EngineError, Local, Segment, digest
from translation.needs import needed

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
        fails. Raises ImportError, with the cure, without the extra, EngineError for a folder without a model."""
        needed("ctranslate2", EXTRA)
        needed("transformers", EXTRA)
        self.model, self.family = model, family
        self.folder = _folder(model)
        self.tokenizer = _folder(tokenizer) if tokenizer else self.folder
        if not (self.folder / "model.bin").is_file():
            raise EngineError(
                f"ctranslate2: {self.folder}: no model.bin; convert the model with ct2-transformers-converter"
            )
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
            files=[_file_hash(self.folder), _file_hash(self.tokenizer)], family=family, device=device,
            compute_type=compute_type, options=self.options, max_source_tokens=max_source_tokens,
        )  # fmt: skip

    def describe(self) -> list[dict[str, str]]:
        return [{"engine": self.name, "model": Path(self.model).name, "hash": self.hash}]

    def problem(self, source: str, target: str) -> str | None:
        if self.family == "nllb":
            unknown = [x for x in (source, target) if self._code(x) not in self._vocabulary]
            return f"ctranslate2: {self.model} has no language {unknown[0]}" if unknown else None
        if self.family == "madlad" and self._tag(target) not in self._vocabulary:
            return f"ctranslate2: {self.model} has no language {target}"
        return None

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        """As Engine.translate. Raises EngineDown where the model cannot be run on its device."""
        tokens = [self._tokens(text, source, target) for text in texts]
        fitting = [
            i for i, own in enumerate(tokens) if len(own) <= self.max_source_tokens + _MARGIN
        ]
        prefix = [[self._code(target)]] * len(fitting) if self.family == "nllb" else None
        try:
            answers = self._translator.translate_batch(
                [tokens[i] for i in fitting],
                target_prefix=prefix,
                max_input_length=0,
                return_scores=True,
                **self.options,
            )
        except RuntimeError as error:
            raise EngineDown(f"ctranslate2: {self.model}: {error}") from None
        found = [Segment("", FAILED)] * len(texts)
        for i, answer in zip(fitting, answers, strict=True):
            found[i] = self._segment(answer)
        return found

    def _segment(self, answer: Any) -> Segment:
        tokens = answer.hypotheses[0]
        if self.family == "nllb":
            tokens = tokens[1:]  # the language
        ids = self._tokenizer.convert_tokens_to_ids(tokens)
        text = self._tokenizer.decode(ids, skip_special_tokens=True).strip()
        score = math.exp(answer.scores[0])  # of the mean log-probability of a token
        return Segment(text, score=round(min(1.0, score), 4)) if text else Segment("", FAILED)

    def _tokens(self, text: str, source: str, target: str) -> list[str]:
        tokenizer = self._tokenizer
        if self.family == "madlad":
            text = f"{self._tag(target)} {text}"
        own = tokenizer.convert_ids_to_tokens(tokenizer.encode(text, add_special_tokens=False))
        end = tokenizer.eos_token
        return [self._code(source), *own, end] if self.family == "nllb" else [*own, end]

    def _code(self, label: str) -> str:
        return _NLLB.get(label, label)

    def _tag(self, label: str) -> str:
        language = language_of(label)
        return f"<2{_short_codes().get(language, language)}>"

    @cached_property
    def _vocabulary(self) -> set[str]:
        return set(self._tokenizer.get_vocab())

    @cached_property
    def _tokenizer(self) -> Any:
        transformers = needed("transformers", EXTRA)
        return transformers.AutoTokenizer.from_pretrained(str(self.tokenizer))

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


def _folder(name: str) -> Path:
    """A folder that is there, or one of the hub, downloaded once. Raises EngineError, EngineDown."""
    if Path(name).is_dir():
        return Path(name)
    if name.count("/") != 1 or name.startswith((".", "/")):
        raise EngineError(f"ctranslate2: {name}: no such folder, and no repository as owner/name")
    try:
        return Path(needed("huggingface_hub", EXTRA).snapshot_download(name))
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
