"""What every stage takes of every cell, from the spec and the cells' sizes alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from polysieve.pipeline.mixing.cells import Cell, Size
from polysieve.pipeline.mixing.shares import apportioned, fill, power_shares, raised_to_floors
from polysieve.pipeline.mixing.spec import KEYS, Mix, MixError, Part, Stage

NATIVE = "web"
MOST_EPOCHS = 1000  # beyond which a budget is taken for a mistake


@dataclass(frozen=True)
class Group:
    """Documents with a share of their own, in a part of a stage."""

    part: str
    name: str
    cells: np.ndarray
    """int64: the numbers of its cells."""
    share: float
    """Of the stage's budget, as the spec asks."""
    size: int
    """An epoch of it, in words or tokens."""
    capacity: float
    """What it can still give under the caps."""
    target: float
    """What it gives."""


@dataclass(frozen=True)
class StagePlan:
    """What a stage takes."""

    stage: Stage
    targets: np.ndarray
    """int64[cells], words or tokens."""
    most: np.ndarray
    """float64[cells]: what must not be exceeded up to the stage's end; inf where nothing bounds."""
    groups: list[Group]

    @property
    def taken(self) -> int:
        return int(self.targets.sum())

    @property
    def lacking(self) -> int:
        """What of the budget cannot be taken."""
        return self.stage.budget - self.taken

    def notes(self, unit: str) -> list[str]:
        """What a person should know: groups that give less than their share, a budget that is not reached."""
        found = []
        short = [g for g in self.groups if g.target < g.share * self.stage.budget - 1]
        capped = [g for g in short if g.target >= g.capacity - 1]
        if capped:
            lost = sum(g.share * self.stage.budget - g.target for g in capped)
            found.append(
                f"stage {self.stage.name}: {len(capped)} groups of {len(self.groups)} give all that the caps allow, "
                f"{lost:,.0f} {unit} less than their shares ({self.stage.on_shortfall})"
            )
        if self.lacking > len(self.targets):  # more than what rounding leaves
            found.append(
                f"stage {self.stage.name}: {self.taken:,} of {self.stage.budget:,} {unit}: the documents give no more "
                "under the caps"
            )
        return found


@dataclass(frozen=True)
class _PartState:
    """A part before its amounts are known; arrays have an entry a group."""

    name: str
    part: Part
    names: list[str]
    groups: list[np.ndarray]
    shares: np.ndarray
    sizes: np.ndarray
    capacities: np.ndarray


def allocate(spec: Mix, sizes: dict[Cell, Size]) -> list[StagePlan]:
    """A plan for each stage. Raises MixError where the spec asks for what is not there."""
    cells = list(sizes)
    amounts = np.array([size.amount for size in sizes.values()], np.int64)
    used = np.zeros(len(cells), np.int64)
    plans = []
    for stage in spec.stages:
        plan = _stage(spec, stage, cells, amounts, used)
        used = used + plan.targets
        plans.append(plan)
        often = np.flatnonzero(used > MOST_EPOCHS * amounts)
        if len(often):
            cell, epochs = cells[often[0]], used[often[0]] / amounts[often[0]]
            raise MixError(
                f"stages.{stage.name}.budget: documents of {cell.source}, {cell.label} would be seen {epochs:,.0f} "
                f"times, more than {MOST_EPOCHS:,}; lower the budget or set max_epochs"
            )
    return plans


def _stage(
    spec: Mix, stage: Stage, cells: list[Cell], amounts: np.ndarray, used: np.ndarray
) -> StagePlan:
    members = _members(stage, cells)
    most = np.full(len(cells), np.inf)
    states = []
    for name, part in stage.parts.items():
        epochs = part.unimax or part.max_epochs or spec.max_epochs
        own = members[name]
        if epochs is not None:
            most[own] = np.floor(epochs * amounts[own] + 1e-6)
        room = np.where(amounts > 0, np.maximum(0, most - used), 0.0)
        states.append(_part(spec, stage, name, cells, amounts, room, own))
    room = np.where(amounts > 0, np.maximum(0, most - used), 0.0)
    targets = _group_targets(stage, states)
    taken = np.zeros(len(cells))
    groups = []
    for state, own_targets in zip(states, targets, strict=True):
        share = stage.share_of(state.name)
        for i, numbers in enumerate(state.groups):
            taken[numbers] = _within_group(
                float(own_targets[i]), [cells[c] for c in numbers], amounts[numbers], room[numbers],
                state.part.native_share,
            )  # fmt: skip
            groups.append(
                Group(
                    state.name, state.names[i], numbers, share * float(state.shares[i]),
                    int(state.sizes[i]), float(state.capacities[i]), float(own_targets[i]),
                )
            )  # fmt: skip
    return StagePlan(stage, apportioned(taken, room), most, groups)


def _members(stage: Stage, cells: list[Cell]) -> dict[str, np.ndarray]:
    """Part -> numbers of its cells."""
    found: dict[str, list[int]] = {name: [] for name in stage.parts}
    for number, cell in enumerate(cells):
        own = [name for name, part in stage.parts.items() if _takes(part, cell)]
        if len(own) > 1:
            raise MixError(
                f"stages.{stage.name}: documents of source {cell.source}, {cell.label}, {cell.origin}"
                f"{', tier ' + cell.tier if cell.tier else ''} fall into the parts {' and '.join(own)}; "
                "narrow one of them by sources, labels, origins or tiers"
            )
        if own:
            found[own[0]].append(number)
    for name, numbers in found.items():
        if not numbers and stage.share_of(name) > 0:
            raise MixError(
                f"stages.{stage.name}.parts.{name}: no document is in this part; correct its sources, "
                "labels, origins or tiers, or give it the share 0"
            )
    return {name: np.array(numbers, np.int64) for name, numbers in found.items()}


def _takes(part: Part, cell: Cell) -> bool:
    return (
        (part.sources is None or cell.source in part.sources)
        and (part.labels is None or cell.label in part.labels)
        and (part.origins is None or cell.origin in part.origins)
        and (part.tiers is None or cell.tier in part.tiers)
    )


def _part(
    spec: Mix,
    stage: Stage,
    name: str,
    cells: list[Cell],
    amounts: np.ndarray,
    room: np.ndarray,
    own: np.ndarray,
) -> _PartState:
    part = stage.parts[name]
    for key in part.by:
        if key in spec.attributes and not any(c.value(key, spec.attributes) for c in cells):
            raise MixError(
                f"stages.{stage.name}.parts.{name}.by: {key!r} is none of {', '.join(KEYS)}, and no document has an "
                "attribute of that name; correct it"
            )
    by_name: dict[str, list[int]] = {}
    for number in own:
        values = [cells[number].value(key, spec.attributes) or "none" for key in part.by]
        by_name.setdefault("/".join(values), []).append(int(number))
    names = sorted(by_name)
    groups = [np.array(by_name[group], np.int64) for group in names]
    sizes = np.array([amounts[numbers].sum() for numbers in groups], np.int64)
    capacities = np.array(
        [
            _capacity([cells[c] for c in numbers], room[numbers], part.native_share)
            for numbers in groups
        ]
    )
    place = f"stages.{stage.name}.parts.{name}"
    return _PartState(
        name, part, names, groups, _shares(part, place, names, sizes), sizes, capacities
    )


def _shares(part: Part, place: str, names: list[str], sizes: np.ndarray) -> np.ndarray:
    """float64[groups], sum 1: the groups' shares of their part, floors included."""
    for key, given in (("fixed", part.fixed or {}), ("floors", part.floors)):
        for group in given:
            if group not in names:
                raise MixError(
                    f"{place}.{key}: no documents in group {group!r}; groups: {_some(names)}"
                )
    if part.fixed is not None:
        shares = np.array([part.fixed.get(group, 0.0) for group in names])
    else:
        alpha = 0.0 if part.unimax else 1.0 if part.alpha is None else part.alpha
        shares = power_shares(sizes, alpha)
    floors = np.array([part.floors.get(group, part.floor) for group in names])
    try:
        return raised_to_floors(shares, np.where(shares > 0, floors, 0.0))
    except ValueError as error:
        raise MixError(f"{place}.floor: {error}; lower it") from None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return (", ".join(names[:20]) or "none") + more


def _capacity(cells: list[Cell], room: np.ndarray, native_share: float) -> float:
    """What a group can give so that at least `native_share` of it is native."""
    native = np.array([cell.origin == NATIVE for cell in cells])
    own, other = float(room[native].sum()), float(room[~native].sum())
    if not native_share:
        return own + other
    return own + min(other, own * (1 - native_share) / native_share)


def _group_targets(stage: Stage, states: list[_PartState]) -> list[np.ndarray]:
    """For each part, what its groups give (float64[groups])."""
    shares = np.array([stage.share_of(state.name) for state in states])
    wanted = shares * stage.budget
    asked = [_asked(state, whole) for state, whole in zip(states, wanted, strict=True)]
    given = [np.minimum(a, s.capacities) for a, s in zip(asked, states, strict=True)]
    lacking = [
        name
        for state, whole, a, g in zip(states, wanted, asked, given, strict=True)
        for name in _lacking(state, whole, a, g)
    ]
    if not lacking or stage.on_shortfall == "leave":
        return given
    if stage.on_shortfall == "fail":
        raise MixError(
            f"stages.{stage.name}: documents do not suffice under the caps for {_some(lacking)}; lower the budget or "
            "the share, raise max_epochs, or choose another on_shortfall"
        )
    if stage.on_shortfall == "shrink":
        scale = _largest_scale(wanted, asked, states)
        return [
            fill(w * scale, s.shares, s.capacities) for w, s in zip(wanted, states, strict=True)
        ]
    parts = fill(stage.budget, shares, np.array([s.capacities[s.shares > 0].sum() for s in states]))
    return [fill(t, s.shares, s.capacities) for t, s in zip(parts, states, strict=True)]


def _asked(state: _PartState, whole: float) -> np.ndarray:
    """What each group is asked for. By UniMax, what a group cannot take is the others' by the rule itself."""
    if state.part.unimax:
        return fill(whole, state.shares, state.capacities)
    return whole * state.shares


def _lacking(
    state: _PartState, whole: float, asked: np.ndarray, given: np.ndarray
) -> Iterable[str]:
    """The names of groups that cannot give what they are asked for; by UniMax only a part as a whole lacks."""
    if state.part.unimax:
        return [state.name] if given.sum() < whole - 0.5 else []
    return [state.names[i] for i in np.flatnonzero(given < asked - 0.5)]


def _largest_scale(wanted: np.ndarray, asked: list[np.ndarray], states: list[_PartState]) -> float:
    """The largest share of the budget at which all shares hold."""
    scales = [1.0]
    for whole, own, state in zip(wanted, asked, states, strict=True):
        if state.part.unimax:
            scales.append(float(state.capacities.sum()) / whole if whole else 1.0)
        else:
            scales += list(state.capacities[own > 0] / own[own > 0])
    return min(scales)


def _within_group(
    target: float, cells: list[Cell], amounts: np.ndarray, room: np.ndarray, native_share: float
) -> np.ndarray:
    """A group's amount over its cells, in proportion to their sizes, of which `native_share` at least is native."""
    taken = fill(target, amounts.astype(float), room)
    native = np.array([cell.origin == NATIVE for cell in cells])
    most = (1 - native_share) * target
    if taken[~native].sum() > most + 1e-6:
        taken[~native] = fill(most, amounts[~native].astype(float), room[~native])
        taken[native] = fill(target - most, amounts[native].astype(float), room[native])
    return taken
