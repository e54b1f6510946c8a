"""Models of three families, made here with random weights, converted and compared with transformers' own decoding."""

import json
from pathlib import Path

import pytest

pytest.importorskip("ctranslate2")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
spm = pytest.importorskip("sentencepiece")

from polysieve.translation.engines.ctranslate2 import CTranslate2  # noqa: E402
from tools.sample_crawl.articles import WRITTEN  # noqa: E402

LINES = [
    line
    for name in ("eng_Latn", "por_Latn")
    for line in (WRITTEN / f"{name}.txt").read_text("utf-8").splitlines()
    if len(line) > 40
]
TEXTS = ["The river rises in the hills.", "Nobody knows who built the bridge.", "Seeds and soil."]
SIZES = {"d_model": 32, "decoder_ffn_dim": 64, "encoder_ffn_dim": 64, "encoder_layers": 1, "decoder_layers": 1,
         "encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": 256}  # fmt: skip


def converted(folder: Path, model, tokenizer) -> Path:
    """The folder of the converted model, with its tokeniser."""
    from ctranslate2.converters import TransformersConverter

    torch.manual_seed(3)
    for parameter in model.parameters():  # far apart, so that no two continuations are nearly alike
        torch.nn.init.normal_(parameter, std=0.5)
    for module in model.modules():
        if isinstance(module, torch.nn.Embedding) and module.padding_idx is not None:
            module.weight.data[module.padding_idx].zero_()
    model.generation_config.max_length = None
    model.save_pretrained(folder / "source")
    tokenizer.save_pretrained(folder / "source")
    TransformersConverter(str(folder / "source")).convert(str(folder / "model"))
    tokenizer.save_pretrained(folder / "model")
    return folder / "model"


def pieces(folder: Path, **options) -> Path:
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_prefix=str(folder / "spm"),
        vocab_size=300,
        minloglevel=2,
        **options,
    )
    return folder / "spm.model"


def decoded(model, tokenizer, inputs: list[list[int]], **options) -> list[str]:
    """What transformers makes of each source, greedily."""
    with torch.no_grad():
        found = [
            model.generate(
                torch.tensor([own]), num_beams=1, do_sample=False, max_new_tokens=20, **options
            )[0]
            for own in inputs
        ]
    return [tokenizer.decode(ids, skip_special_tokens=True).strip() for ids in found]


@pytest.fixture(scope="module")
def marian(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marian")
    model_file = pieces(folder)
    processor = spm.SentencePieceProcessor(model_file=str(model_file))
    names = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    ordered = ["</s>", "<unk>", *(n for n in names if n not in ("</s>", "<unk>", "<s>")), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({n: i for i, n in enumerate(ordered)}))
    tokenizer = transformers.MarianTokenizer(
        source_spm=str(model_file), target_spm=str(model_file), vocab=str(folder / "vocab.json"),
        source_lang="en", target_lang="pt",
    )  # fmt: skip
    pad = len(ordered) - 1
    config = transformers.MarianConfig(
        vocab_size=len(ordered), pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad,
        forced_eos_token_id=None, **SIZES,
    )  # fmt: skip
    model = transformers.MarianMTModel(config).eval()
    return converted(folder, model, tokenizer), model, tokenizer


def test_a_marian_model_says_what_transformers_says(marian) -> None:
    folder, model, tokenizer = marian
    engine = CTranslate2(model=str(folder), family="marian", max_target_tokens=20)
    found = engine.translate(TEXTS, "eng_Latn", "por_Latn")
    ids = [
        [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]
        for text in TEXTS
    ]
    assert [s.text for s in found] == decoded(model, tokenizer, ids)
    for own, segment in zip(ids, found, strict=True):
        said = model.generate(
            torch.tensor([own]), num_beams=1, do_sample=False, max_new_tokens=20,
            output_scores=True, return_dict_in_generate=True,
        )  # fmt: skip
        each = model.compute_transition_scores(said.sequences, said.scores, normalize_logits=True)
        # The mean over tokens; divided by their number once more it would be near 1.
        assert segment.score == pytest.approx(float(each.mean().exp()), rel=0.15)


def test_an_nllb_model_is_told_both_languages(tmp_path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = sorted({word for line in LINES for word in line.split()})[:200]
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    codes = ["eng_Latn", "por_Latn"]
    vocabulary = {piece: i for i, piece in enumerate([*special, *(f"▁{w}" for w in words), *codes])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Metaspace()
    from tokenizers import decoders

    raw.decoder = decoders.Metaspace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>",
        additional_special_tokens=codes,
    )  # fmt: skip
    config = transformers.M2M100Config(
        vocab_size=len(vocabulary),
        pad_token_id=1,
        eos_token_id=2,
        bos_token_id=0,
        decoder_start_token_id=2,
        **SIZES,
    )
    model = transformers.M2M100ForConditionalGeneration(config).eval()
    folder = converted(tmp_path, model, tokenizer)
    engine = CTranslate2(model=str(folder), family="nllb", max_target_tokens=20)
    texts = [" ".join(words[i : i + 6]) for i in (3, 50, 120)]
    found = engine.translate(texts, "eng_Latn", "por_Latn")
    code = vocabulary["por_Latn"]
    ids = [
        [vocabulary["eng_Latn"], *tokenizer.encode(text, add_special_tokens=False), 2]
        for text in texts
    ]
    assert [s.text for s in found] == decoded(model, tokenizer, ids, forced_bos_token_id=code)
    assert engine.problem("eng_Latn", "por_Latn") is None
    assert "yor_Latn" in (engine.problem("eng_Latn", "yor_Latn") or "")


def test_a_madlad_model_is_told_the_target(tmp_path) -> None:
    words = sorted({word for line in LINES for word in line.split()})[:200]
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {
        p: i
        for i, p in enumerate(
            ["<pad>", "</s>", "<unk>", *(f"▁{w}" for w in words), "<2pt>", "<2yo>"]
        )
    }
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Metaspace()
    raw.decoder = decoders.Metaspace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="</s>", unk_token="<unk>", pad_token="<pad>",
        additional_special_tokens=["<2pt>", "<2yo>"],
    )  # fmt: skip
    config = transformers.T5Config(
        vocab_size=len(vocabulary), d_model=32, d_kv=16, d_ff=64, num_layers=1, num_heads=2,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, feed_forward_proj="gated-gelu",
    )  # fmt: skip
    model = transformers.T5ForConditionalGeneration(config).eval()
    folder = converted(tmp_path, model, tokenizer)
    engine = CTranslate2(model=str(folder), family="madlad", max_target_tokens=20)
    texts = [" ".join(words[i : i + 6]) for i in (3, 50, 120)]
    for label, tag in (("por_Latn", "<2pt>"), ("yor_Latn", "<2yo>")):
        found = engine.translate(texts, "eng_Latn", label)
        ids = [[*tokenizer.encode(f"{tag} {text}", add_special_tokens=False), 1] for text in texts]
        assert [s.text for s in found] == decoded(model, tokenizer, ids)
    assert "zul_Latn" in (engine.problem("eng_Latn", "zul_Latn") or "")
