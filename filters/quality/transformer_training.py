"""Training a tiny causal language model of one language (the extra `torch`): a transformer of the Llama kind.

A byte-level BPE tokenizer, of the texts themselves, has no unknown token in any script. Each text is read after the
token for its beginning, in stretches that never hold two texts, so no token has another text as its context. AdamW with
a linear rise and a cosine fall of the rate; the weights kept are those of the least loss on the validation texts, which
a little text reaches before the last step. One core and one seed: the same texts give the same files on one machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from polysieve.filters.quality import torch_models
from polysieve.filters.quality.torch_models import Device

MARK = "<|endoftext|>"  # the beginning of a text
TOKENIZER_CHARACTERS = 20_000_000  # that the tokenizer is made of
RATE, LEAST_RATE, RISE = (
    3e-3,
    0.1,
    0.05,
)  # peak; share of it at the end; share of the steps to the peak
DECAY, CLIP = 0.1, 1.0
CHECKS = 10  # of the validation texts while it trains
VALIDATED = 256  # stretches of them


@dataclass(frozen=True)
class Training:
    """How a model is trained."""

    steps: int = 400
    width: int = 128
    """Of the states; twice as many rectified units a layer."""
    layers: int = 2
    vocabulary: int = 4096
    """Tokens of the tokenizer at most."""
    context: int = 256
    """Tokens that the model reads at once, and that a stretch of training has at most."""
    batch: int = 8
    """Stretches a step."""
    device: Device = "cpu"
    seed: int = 0


def train(folder: Path, texts: Sequence[str], validate: Sequence[str], how: Training) -> None:
    """Write a model of `texts` as a folder of transformers. Of the texts the first are read, as many as the steps need.

    Raises ModelError where the extra is missing, and ValueError where no text has two tokens.
    """
    torch, transformers = torch_models.libraries(how.device)
    transformers.utils.logging.disable_progress_bar()
    tokenizer = _tokenizer(texts, how.vocabulary)
    stretches = _stretches(tokenizer, texts, how, how.steps * how.batch)
    if not stretches:
        raise ValueError("no text of two tokens; give other texts")
    held_out = _stretches(tokenizer, validate, how, VALIDATED)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        model = _model(tokenizer.get_vocab_size(), how)
        _fit(model, stretches, held_out, how)
    model.cpu().save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=MARK, eos_token=MARK, model_max_length=how.context
    ).save_pretrained(folder)


def _tokenizer(texts: Sequence[str], vocabulary: int) -> Any:
    """A byte-level BPE tokenizer whose token 0 is MARK."""
    import tokenizers

    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[MARK],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    ends = np.cumsum([len(text) for text in texts])
    enough = int(np.searchsorted(ends, TOKENIZER_CHARACTERS)) + 1
    made.train_from_iterator(texts[:enough], trainer)
    return made


def _stretches(tokenizer: Any, texts: Sequence[str], how: Training, most: int) -> list[list[int]]:
    """At most `most` stretches of two tokens or more; one begins with the last token of the one before it."""
    found: list[list[int]] = []
    for text in texts:
        ids = [0, *tokenizer.encode(text, add_special_tokens=False).ids]
        for start in range(0, len(ids) - 1, how.context - 1):
            found.append(ids[start : start + how.context])
        if len(found) >= most:
            break
    return found[:most]


def _model(vocabulary: int, how: Training) -> Any:
    import transformers

    config = transformers.LlamaConfig(
        vocab_size=vocabulary, hidden_size=how.width, intermediate_size=2 * how.width, num_hidden_layers=how.layers,
        num_attention_heads=max(1, how.width // 32), num_key_value_heads=max(1, how.width // 32),
        max_position_embeddings=how.context, tie_word_embeddings=True, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).to(how.device)


def _fit(model: Any, stretches: list[list[int]], held_out: list[list[int]], how: Training) -> None:
    """Train a model in place; it ends with the weights of the least loss on `held_out`, if there are any."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), RATE, betas=(0.9, 0.95), weight_decay=DECAY)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, how.steps))
    batches = _batches([len(one) for one in stretches], how)
    best, weights = np.inf, None
    model.train()
    for step in range(1, how.steps + 1):
        loss = _loss(model, [stretches[i] for i in next(batches)], how.device)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        rates.step()
        if held_out and (step % max(1, how.steps // CHECKS) == 0 or step == how.steps):
            seen = _validated(model, held_out, how)
            if seen < best:
                best = seen
                weights = {name: one.detach().clone() for name, one in model.state_dict().items()}
    model.eval()
    if weights:
        model.load_state_dict(weights)


def _rate(step: int, steps: int) -> float:
    """The share of the peak rate: up to it in a line, then down in half a cosine."""
    rise = max(1, round(RISE * steps))
    if step < rise:
        return (step + 1) / rise
    done = (step - rise) / max(1, steps - rise)
    return LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + float(np.cos(np.pi * done)))


def _batches(lengths: list[int], how: Training) -> Iterator[np.ndarray]:
    """Stretches of like length, in a seeded order, again and again."""
    draw = np.random.default_rng(how.seed)
    while True:
        order = draw.permutation(len(lengths))
        for start in range(0, len(order), 32 * how.batch):
            part = order[start : start + 32 * how.batch]
            part = part[np.argsort(np.asarray(lengths)[part], kind="stable")]
            own = [part[i : i + how.batch] for i in range(0, len(part), how.batch)]
            yield from (own[i] for i in draw.permutation(len(own)))


def _loss(model: Any, stretches: list[list[int]], device: Device, total: bool = False) -> Any:
    """The cross entropy of all tokens but each stretch's first: the mean, or the sum."""
    import torch

    ids, mask = (torch.from_numpy(one).to(device) for one in torch_models.padded(stretches))
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
    told = ids[:, 1:].masked_fill(mask[:, 1:] == 0, -100)
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), told.flatten(), reduction="sum" if total else "mean"
    )


def _validated(model: Any, held_out: list[list[int]], how: Training) -> float:
    import torch

    model.eval()
    with torch.inference_mode():
        found = sum(
            float(_loss(model, held_out[i : i + how.batch], how.device, total=True))
            for i in range(0, len(held_out), how.batch)
        )
    model.train()
    return found
