"""A Marian model that knows 200 pairs by heart, through a run and through transformers: the same text.

    python -m benchmarks.translation.memorised [--steps 250]     (needs torch, transformers, sentencepiece, ctranslate2)

The model is trained here, from nothing, until it gives nearly all 200 translations back; converted for CTranslate2;
and asked for documents by `polysieve run`, several sentences a paragraph, with a list and a table. Every sentence
of the pairs that the run writes is compared with what transformers decodes of the same sentence, greedily and by beams.
"""

import argparse
import json
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import sentencepiece as spm
import torch
import transformers
from ctranslate2.converters import TransformersConverter
from typer.testing import CliRunner

from polysieve.pipeline.cli import app

WHO = [("The miller", "O moleiro"), ("A tall woman", "Uma mulher alta"), ("My brother", "Meu irmão"),
       ("Nobody here", "Ninguém aqui"), ("The old teacher", "O velho professor")]  # fmt: skip
DOES = [("carries water to", "leva água para"), ("has never seen", "nunca viu"),
        ("sings about", "canta sobre"), ("paints the walls of", "pinta as paredes de"),
        ("forgets the name of", "esquece o nome de")]  # fmt: skip
WHAT = [("this bridge", "esta ponte"), ("seven gardens", "sete jardins"), ("our school", "nossa escola"),
        ("the green valley", "o vale verde"), ("a quiet harbour", "um porto calmo"),
        ("that island", "aquela ilha"), ("two churches", "duas igrejas"), ("the market", "o mercado")]  # fmt: skip
PAIRS = [
    tuple(" ".join(part[side] for part in parts) + "." for side in (0, 1))
    for parts in product(WHO, DOES, WHAT)
]
SIZES = {"d_model": 64, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128, "encoder_layers": 1, "decoder_layers": 1,
         "encoder_attention_heads": 4, "decoder_attention_heads": 4, "max_position_embeddings": 128,
         "dropout": 0.0}  # fmt: skip
LONGEST = 40  # tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=250)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.time()
        model, tokenizer = trained(folder, arguments.steps)
        print(f"{model.num_parameters():,} parameters, {time.time() - started:.0f} s of training")
        for beams in (1, 4):
            decoded = through_transformers(model, tokenizer, beams)
            by_heart = sum(decoded[source] == target for source, target in PAIRS)
            found = through_step_g(folder, beams)
            same = sum(decoded[source] == found.get(source) for source, _ in PAIRS)
            for source, _ in PAIRS:
                if decoded[source] != found.get(source):
                    print(f"  {source} {decoded[source]!r}, the run: {found.get(source)!r}")
            print(f"{beams} beams: {by_heart} of {len(PAIRS)} by heart; {same} the same in both")


def trained(folder: Path, steps: int) -> tuple[Any, Any]:
    """The model and its tokeniser; the converted model is in `folder`/model."""
    torch.manual_seed(0)
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter([text for pair in PAIRS for text in pair]),
        model_prefix=str(folder / "pieces"), vocab_size=120, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    processor = spm.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
    special = ("</s>", "<unk>", "<s>")
    names = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    ordered = ["</s>", "<unk>", *(n for n in names if n not in special), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({n: i for i, n in enumerate(ordered)}))
    tokenizer = transformers.MarianTokenizer(
        source_spm=str(folder / "pieces.model"), target_spm=str(folder / "pieces.model"),
        vocab=str(folder / "vocab.json"), source_lang="en", target_lang="pt",
    )  # fmt: skip
    pad = len(ordered) - 1
    model = transformers.MarianMTModel(
        transformers.MarianConfig(
            vocab_size=len(ordered),
            pad_token_id=pad,
            eos_token_id=0,
            decoder_start_token_id=pad,
            forced_eos_token_id=None,
            **SIZES,
        )
    )
    sources, targets = (batch(tokenizer, [pair[side] for pair in PAIRS], pad) for side in (0, 1))
    given = torch.cat([torch.full((len(PAIRS), 1), pad), targets[:, :-1]], 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(steps):
        rate = 3e-3 * min(1, (step + 1) / 20) * min(1, 2 * (steps - step) / steps)
        optimizer.param_groups[0]["lr"] = rate
        found = model(
            input_ids=sources, attention_mask=(sources != pad).long(), decoder_input_ids=given
        )
        loss = torch.nn.functional.cross_entropy(
            found.logits.flatten(0, 1), targets.flatten(), ignore_index=pad
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        # As in Marian's own models: what decoding begins with is zeros. The output layer shares the row, and moves it.
        model.get_input_embeddings().weight.data[pad].zero_()
    print(f"loss {loss.item():.4f}")
    model.eval()
    model.generation_config.max_length = None
    model.save_pretrained(folder / "source")
    tokenizer.save_pretrained(folder / "source")
    TransformersConverter(str(folder / "source")).convert(str(folder / "model"))
    tokenizer.save_pretrained(folder / "model")
    return model, tokenizer


def ids_of(tokenizer: Any, text: str) -> list[int]:
    return [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]


def batch(tokenizer: Any, texts: list[str], pad: int) -> torch.Tensor:
    """int64[n, longest], filled up with `pad`."""
    rows = [torch.tensor(ids_of(tokenizer, text)) for text in texts]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)


def through_transformers(model: Any, tokenizer: Any, beams: int) -> dict[str, str]:
    """Source → what transformers decodes of it, alone."""
    found = {}
    with torch.no_grad():
        for source, _ in PAIRS:
            ids = torch.tensor([ids_of(tokenizer, source)])
            own = model.generate(ids, num_beams=beams, do_sample=False, max_new_tokens=LONGEST)[0]
            found[source] = tokenizer.decode(own, skip_special_tokens=True).strip()
    return found


def through_step_g(folder: Path, beams: int) -> dict[str, str]:
    """Source → what a run wrote for it: ten documents of twenty sentences, in paragraphs, lists and tables."""
    lines = []
    for number in range(10):
        own = [source for source, _ in PAIRS[number * 20 : number * 20 + 20]]
        listed = "\n".join(f"- {text}" for text in own[8:14])
        table = "\n".join(f"| {a} | {b} |" for a, b in zip(own[14:20:2], own[15:20:2], strict=True))
        text = f"# {own[0]}\n\n{' '.join(own[1:8])}\n\n{listed}\n\n{table}\n"
        lines.append(json.dumps({"id": str(number), "text": text}))
    (folder / "pages.jsonl").write_text("\n".join(lines) + "\n")
    options = f"family: marian, beams: {beams}, max_target_tokens: {LONGEST}"
    engine = f"{{engine: ctranslate2, model: {folder}/model, {options}}}"
    checks = "{embedding: null, is_target: false, max_copied: 1, max_flagged: 1, max_repeated: 1}"
    out = folder / f"out-{beams}"
    done = CliRunner().invoke(app, [
        "run", "minimal", "-i", f"{folder}/pages.jsonl", "-o", str(out), "-q", "--engine", "inline",
        "--set", "language.cut=null", "--set", "dedup.minhash=null", "--set", "rules={}",
        "--set", f"translate.targets.por_Latn={{engine: {engine}, min_words: 10, checks: {checks}}}",
    ])  # fmt: skip
    if done.exit_code:
        raise RuntimeError(done.output) from done.exception
    table = pl.read_parquet(out / "parallel" / "eng_Latn-por_Latn" / "sentences-*.parquet")
    return dict(table.select("source", "target").iter_rows())


if __name__ == "__main__":
    main()
