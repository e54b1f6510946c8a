"""What stages take of groups: shares, caps, stages one after the other, and what happens when documents lack."""

import pytest

from polysieve.pipeline.mixing.allocation import allocate
from polysieve.pipeline.mixing.cells import Cell, Size
from polysieve.pipeline.mixing.spec import Mix, MixError


def size(amount: int) -> Size:
    return Size(documents=amount, copies=amount, words=amount, amount=amount, text_bytes=6 * amount)


def plans(cells: dict[tuple, int], stages: list[dict], **spec):
    """Of each stage: amounts by cell."""
    names = sorted({key[0] for key in cells})
    made = Mix.model_validate(
        {
            "sources": {name: {"path": name} for name in names},
            "stages": [{"name": f"s{i}", **stage} for i, stage in enumerate(stages)],
            **spec,
        }
    )
    sizes = {Cell(*key, *("web", "")[: max(0, 4 - len(key))]): size(n) for key, n in cells.items()}
    order = list(sizes)
    return [
        {order[i]: int(n) for i, n in enumerate(plan.targets)} for plan in allocate(made, sizes)
    ]


def by(plan: dict[Cell, int], key: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for cell, amount in plan.items():
        found[getattr(cell, key)] = found.get(getattr(cell, key), 0) + amount
    return found


LANGUAGES = {("web", "eng_Latn"): 8000, ("web", "fra_Latn"): 1000, ("web", "yor_Latn"): 125}


def test_alpha_one_takes_languages_as_large_as_they_are() -> None:
    (plan,) = plans(LANGUAGES, [{"budget": 9125}])
    assert by(plan, "label") == {"eng_Latn": 8000, "fra_Latn": 1000, "yor_Latn": 125}


def test_alpha_flattens() -> None:
    (plan,) = plans(LANGUAGES, [{"budget": 700, "parts": {"all": {"alpha": 1 / 3}}}])
    assert by(plan, "label") == {"eng_Latn": 400, "fra_Latn": 200, "yor_Latn": 100}


def test_unimax_gives_equal_parts_up_to_its_epochs() -> None:
    (plan,) = plans(LANGUAGES, [{"budget": 4000, "parts": {"all": {"unimax": 2}}}])
    assert by(plan, "label") == {"eng_Latn": 1875, "fra_Latn": 1875, "yor_Latn": 250}


def test_fixed_shares_by_source_and_language() -> None:
    cells = {("books", "fra_Latn"): 500, ("web", "fra_Latn"): 900, ("web", "eng_Latn"): 900}
    fixed = {"books/fra_Latn": 0.5, "web/fra_Latn": 0.3, "web/eng_Latn": 0.2}
    part = {"by": ["source", "label"], "fixed": fixed}
    (plan,) = plans(cells, [{"budget": 1000, "parts": {"all": part}}])
    assert sorted(plan.values()) == [200, 300, 500]


def test_parts_divide_the_budget_and_one_takes_the_rest() -> None:
    cells = {("web", "eng_Latn"): 10**6, ("web", "yor_Latn"): 250}
    parts = {"target": {"share": 0.05, "labels": ["yor_Latn"]}, "other": {"labels": ["eng_Latn"]}}
    (plan,) = plans(cells, [{"budget": 20_000, "parts": parts}])
    assert by(plan, "label") == {"eng_Latn": 19_000, "yor_Latn": 1000}  # four epochs for 5 %


def test_caps_hold_over_all_stages() -> None:
    stage = {"budget": 1500, "parts": {"all": {"alpha": 0}}}
    first, second = plans({("web", "a"): 1000, ("web", "b"): 5000}, [stage, stage], max_epochs=1)
    assert by(first, "label") == {"a": 750, "b": 750}
    assert by(second, "label") == {"a": 250, "b": 1250}


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("redistribute", {"a": 100, "b": 900}),
        ("leave", {"a": 100, "b": 500}),
        ("shrink", {"a": 100, "b": 100}),
    ],
)
def test_what_is_lacking_goes_where_the_spec_says(what, expected) -> None:
    stage = {"budget": 1000, "on_shortfall": what, "parts": {"all": {"alpha": 0, "max_epochs": 1}}}
    (plan,) = plans({("web", "a"): 100, ("web", "b"): 5000}, [stage])
    assert by(plan, "label") == expected


def test_a_part_that_lacks_gives_its_share_to_the_others() -> None:
    parts = {"x": {"share": 0.5, "labels": ["a"]}, "y": {"share": 0.5, "labels": ["b"]}}
    (plan,) = plans(
        {("web", "a"): 100, ("web", "b"): 900}, [{"budget": 1000, "parts": parts}], max_epochs=1
    )
    assert by(plan, "label") == {"a": 100, "b": 900}


def test_a_budget_beyond_all_caps_takes_all_that_they_allow() -> None:
    (plan,) = plans(LANGUAGES, [{"budget": 10**6}], max_epochs=2)
    assert by(plan, "label") == {"eng_Latn": 16_000, "fra_Latn": 2000, "yor_Latn": 250}


def test_translations_leave_room_for_the_native_share() -> None:
    cells = {("web", "cym_Latn", "web", ""): 100, ("web", "cym_Latn", "mt", ""): 9900}
    part = {"native_share": 0.1, "max_epochs": 4}
    (plan,) = plans(cells, [{"budget": 1000, "parts": {"all": part}}])
    assert by(plan, "origin") == {"web": 100, "mt": 900}
    (plan,) = plans(cells, [{"budget": 9000, "parts": {"all": part}}])
    assert by(plan, "origin") == {
        "web": 400,
        "mt": 3600,
    }  # native text at its cap bounds the translations


def test_a_stage_takes_only_its_tiers() -> None:
    cells = {("web", "a", "web", tier): 1000 for tier in ("low", "mid", "high")}
    stages = [{"budget": 900}, {"budget": 500, "parts": {"best": {"tiers": ["mid", "high"]}}}]
    first, second = plans(cells, stages)
    assert by(first, "tier") == {"high": 300, "low": 300, "mid": 300}
    assert by(second, "tier") == {"high": 250, "low": 0, "mid": 250}


def test_groups_by_attribute() -> None:
    cells = {
        ("web", "a", "web", "", (register,)): n for register, n in (("news", 900), ("chat", 100))
    }
    part = {"by": ["register"], "fixed": {"news": 0.5, "chat": 0.5}}
    (plan,) = plans(cells, [{"budget": 100, "parts": {"all": part}}])
    assert {cell.attributes: n for cell, n in plan.items()} == {("news",): 50, ("chat",): 50}


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (
            {"budget": 9, "parts": {"all": {"fixed": {"deu_Latn": 1}}}},
            "no documents in group 'deu_Latn'; groups: eng_Latn",
        ),
        (
            {"budget": 9, "parts": {"all": {"floor": 0.5}}},
            r"parts\.all\.floor: the floors of 3 groups add up to 1\.500",
        ),
        ({"budget": 9, "parts": {"p": {"labels": ["xho_Latn"]}}}, r"parts\.p: no document is in this part"),
        ({"budget": 9, "parts": {"p": {"share": 0.5}, "q": {}}}, "fall into the parts p and q; narrow one"),
        ({"budget": 10**8}, r"s0\.budget: documents of web, eng_Latn would be seen 10,959 times"),
        (
            {"budget": 9000, "on_shortfall": "fail", "parts": {"all": {"alpha": 0, "max_epochs": 1}}},
            "do not suffice under the caps for fra_Latn, yor_Latn; lower the budget",
        ),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_with_place_and_cure(stage, message) -> None:
    with pytest.raises(MixError, match=message):
        plans(LANGUAGES, [stage])


def test_a_part_without_a_share_may_be_without_documents() -> None:
    parts = {"none": {"share": 0, "labels": ["xho_Latn"]}, "all": {}}
    (plan,) = plans(LANGUAGES, [{"budget": 100, "parts": parts}])
    assert sum(plan.values()) == 100


def test_what_caps_take_from_a_share_is_told() -> None:
    spec = Mix.model_validate(
        {
            "sources": {"web": {"path": "web"}},
            "stages": [{"name": "s", "budget": 1000, "parts": {"all": {"alpha": 0}}}],
            "max_epochs": 1,
        }
    )
    short = {Cell("web", "a", "web", ""): size(100), Cell("web", "b", "web", ""): size(5000)}
    (plan,) = allocate(spec, short)
    assert plan.notes("words") == [
        "stage s: 1 groups of 2 give all that the caps allow, 400 words less than their shares (redistribute)"
    ]
    (plan,) = allocate(spec, {Cell("web", "a", "web", ""): size(100)})
    assert (
        plan.notes("words")[-1]
        == "stage s: 100 of 1,000 words: the documents give no more under the caps"
    )


def test_a_key_that_is_no_attribute_of_any_document_is_told() -> None:
    cells = {("web", "a", "web", "", ("",)): 100}
    with pytest.raises(MixError, match=r"parts\.p\.by: 'lable' is none of source, label"):
        plans(cells, [{"budget": 9, "parts": {"p": {"by": ["lable"]}}}])
