"""Several models that vote.

A label's score is the weighted mean of the probabilities that the models give it, over the models that have the
label: one that does not know a language cannot speak against it. The best label wins. `agree: 2` asks besides that at
least two models have the winner as their own first answer; a text where they do not is `und_Yyyy` with score 0, so
that any cut drops it. Requiring agreement raises precision and costs languages that one model alone knows (Burchell et
al. 2023; HPLT's OpenLID-v3 with GlotLID).
"""

import hashlib
import json
from collections.abc import Sequence

import pyarrow as pa

from polysieve.language_id import Model
from polysieve.language_id.answers import answers, as_json
from polysieve.language_id.labels import NO_LANGUAGE, UNDETERMINED, LanguageIdError

LEAST = 0.01


class Ensemble:
    """Models with the weights of their votes.

    Its `identify` gives two fields more: `votes`, a JSON object model → its own label, and `disagreement`, the
    share of the weight whose own label is not the answer (float64 in [0, 1]).
    """

    def __init__(self, models: Sequence[tuple[Model, float]], agree: int | None = None) -> None:
        if len(models) < 2:
            raise LanguageIdError("an ensemble needs two models or more; name one model by itself")
        if agree is not None and not 1 <= agree <= len(models):
            raise LanguageIdError(
                f"agree: {agree}: there are {len(models)} models; give at most that"
            )
        if any(weight <= 0 for _, weight in models):
            raise LanguageIdError(
                "a model's weight is above 0; leave out a model that is not to vote"
            )
        self._models = list(models)
        self._agree = agree
        self._has = [
            frozenset(model.labels) | {NO_LANGUAGE, UNDETERMINED} for model, _ in self._models
        ]
        self.name = "+".join(model.name for model, _ in models)
        self.labels: Sequence[str] = sorted(
            {label for model, _ in models for label in model.labels}
        )
        parts = [(model.hash, weight) for model, weight in models]
        self.hash = hashlib.sha256(json.dumps([parts, agree]).encode()).hexdigest()

    def identify(self, texts: pa.Array) -> pa.StructArray:
        """Label, score, candidates, votes and disagreement of each text of a large_string array."""
        given = [model.identify(texts) for model, _ in self._models]
        own = [one.field("label").to_pylist() for one in given]
        listed = [one.field("candidates").to_pylist() for one in given]
        weights = [weight for _, weight in self._models]
        names = [model.name for model, _ in self._models]
        labels, scores, candidates, votes, disagreement = [], [], [], [], []
        for first, lists in zip(zip(*own, strict=True), zip(*listed, strict=True), strict=True):
            found = self._mean([json.loads(one) for one in lists])
            label, score = next(iter(found.items()), (UNDETERMINED, 0.0))
            if self._agree is not None and first.count(label) < self._agree:
                label, score = f"und_{label[4:].replace('Zxxx', 'Zzzz')}", 0.0
            labels.append(label)
            scores.append(round(score, 4))
            candidates.append(as_json(found))
            votes.append(json.dumps(dict(zip(names, first, strict=True))))
            against = sum(w for w, one in zip(weights, first, strict=True) if one != label)
            disagreement.append(round(against / sum(weights), 4))
        whole = answers(labels, scores, candidates)
        return pa.StructArray.from_arrays(
            [*whole.flatten(), pa.array(votes, pa.string()), pa.array(disagreement, pa.float64())],
            names=[field.name for field in whole.type] + ["votes", "disagreement"],
        )

    def _mean(self, given: list[dict[str, float]]) -> dict[str, float]:
        """The mean probability of each label, best first, from what each model gives."""
        found = {}
        for label in {label for one in given for label in one}:
            total = weight = 0.0
            for (_, own), has, one in zip(self._models, self._has, given, strict=True):
                if label in has or label in one:
                    weight += own
                    total += own * one.get(label, 0.0)
            if total / weight >= LEAST:
                found[label] = total / weight
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
