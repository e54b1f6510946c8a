"""How a budget is divided among groups of documents: plain functions over arrays, one entry a group."""

import numpy as np

Amounts = np.ndarray
"""float64[groups], in words or tokens; inf where nothing bounds."""


def power_shares(sizes: np.ndarray, alpha: float) -> np.ndarray:
    """p_i = n_i^alpha / sum_j n_j^alpha (float64[n], sum 1; all zero where every size is zero).

    alpha = 1 is in proportion to size, 0 the same for every group that is not empty; mBERT took 0.7, XLM-R and
    mT5 0.3 (T = 1 / alpha is the temperature of the same formula).
    """
    powers = np.where(sizes > 0, np.power(np.maximum(sizes, 1).astype(float), alpha), 0.0)
    total = powers.sum()
    return powers / total if total else powers


def raised_to_floors(shares: np.ndarray, floors: np.ndarray) -> np.ndarray:
    """Shares of sum 1 of which none is under its floor; the others keep their proportions.

    Raises ValueError where the floors add up to more than 1.
    """
    if floors.sum() > 1 + 1e-9:
        raise ValueError(f"the floors of {len(floors)} groups add up to {floors.sum():.3f}, over 1")
    return fill(1.0, shares, np.full(len(shares), np.inf), floors)


def fill(budget: float, shares: np.ndarray, most: Amounts, least: Amounts | None = None) -> Amounts:
    """Amounts x_i = clip(c * shares_i, least_i, most_i) with the one c at which they add up to the budget.

    So what a group cannot take goes to the others in proportion to their shares. With equal shares and
    most = N * size this is UniMax (Chung et al. 2023): the groups in ascending order each take an equal part of
    what remains, at most N epochs. Where the budget is more than all can take, every group takes its most; a group
    without a share takes nothing.
    """
    upper = np.where(shares > 0, most, 0.0)
    lower = np.minimum(np.zeros(len(shares)) if least is None else least, upper)
    if budget >= upper.sum():
        return upper.astype(float)
    if budget <= lower.sum():
        return lower * (budget / lower.sum()) if lower.sum() else lower
    safe = np.where(shares > 0, shares, 1.0)

    def amounts(level: float) -> Amounts:
        return np.clip(np.where(shares > 0, level * safe, 0.0), lower, upper)

    # Between two neighbouring levels at which some group meets a bound, the sum is a straight line.
    begins, ends = lower / safe, upper / safe
    levels = np.unique(np.concatenate([begins, ends, [0.0]]))
    levels = levels[np.isfinite(levels)]
    low, high = 0, len(levels)
    while high - low > 1:
        middle = (low + high) // 2
        if amounts(levels[middle]).sum() <= budget:
            low = middle
        else:
            high = middle
    start = amounts(levels[low])
    free = (shares > 0) & (begins <= levels[low]) & (levels[low] < ends)
    slope = shares[free].sum()
    level = levels[low] + (budget - start.sum()) / slope if slope else levels[low]
    return amounts(level)


def apportioned(amounts: Amounts, most: Amounts) -> np.ndarray:
    """int64[n] next to the amounts, none over its most, whose sum is the sum of the amounts rounded down.

    By largest remainders; of equal remainders the first.
    """
    whole = np.floor(amounts + 1e-6).astype(np.int64)
    lacking = int(np.floor(amounts.sum() + 1e-6)) - int(whole.sum())
    rest = np.where(whole + 1 <= most, amounts - whole, -1.0)
    order = np.argsort(-rest, kind="stable")[: max(0, lacking)]
    whole[order[rest[order] > 0]] += 1
    return whole
