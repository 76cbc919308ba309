"""The measures of GLEE (section 3), on numbers or arrays of them; NaN: undefined, to be counted and left out."""

from typing import Any

import numpy as np

Number = Any  # a float, or an array of them


def bargaining(stage: Number, share: Number, first: Number, second: Number) -> tuple[Number, Number]:
    """Efficiency and fairness of a division. `stage` and `share` (Alice's) are NaN without an agreement.

    Efficiency is what both get, discounted (an agreement in stage 1 is not); 0 without an agreement. Fairness is
    1 - 4 (share - 1/2)^2, and 1 without an agreement: both get the same nothing.
    """
    stage, share, first, second = (np.asarray(x, float) for x in (stage, share, first, second))
    kept = first ** (stage - 1) * share + second ** (stage - 1) * (1 - share)
    none = np.isnan(stage)
    return np.where(none, 0.0, kept), np.where(none, 1.0, 1 - 4 * (share - 0.5) ** 2)


def negotiation(price: Number, seller: Number, buyer: Number) -> tuple[Number, Number]:
    """Efficiency and fairness of a trade; all in units of the money. `price` is NaN without a trade.

    Efficient is a trade at a price that suits both, and no trade where there is nothing to gain (values that are equal
    allow both). Fairness can leave [0, 1] when a price is far from the middle of the values.
    """
    price, seller, buyer = (np.asarray(x, float) for x in (price, seller, buyer))
    none = np.isnan(price)
    close = 1e-12
    suits = (price >= seller - close) & (price <= buyer + close)
    efficient = np.where(none, seller >= buyer, suits)
    return efficient.astype(float), np.where(none, 1.0, 1 - 4 * (price - (seller + buyer) / 2) ** 2)


def persuasion(high: np.ndarray, bought: np.ndarray) -> tuple[Number, Number]:
    """Share of high-quality rounds that were sold, and of low-quality ones that were not; rounds are the last axis.

    NaN where there was no round of that quality.
    """
    high, bought = np.asarray(high, bool), np.asarray(bought, bool)
    good, bad = high.sum(axis=-1), (~high).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        efficiency = np.where(good > 0, (high & bought).sum(axis=-1) / good, np.nan)
        fairness = np.where(bad > 0, (~high & ~bought).sum(axis=-1) / bad, np.nan)
    return efficiency, fairness


def sales_gains(high: np.ndarray, bought: np.ndarray, value: Number) -> tuple[Number, Number]:
    """Self-gains of seller and buyer, per round and per price."""
    high, bought = np.asarray(high, bool), np.asarray(bought, bool)
    seller = bought.mean(axis=-1)
    good = (high & bought).mean(axis=-1)
    return seller, good * np.asarray(value, float) - seller
