"""Thousands of auctions of rule bidders on arrays: totals by order and budget, the winner's curse, and a learner."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from manyminds.core import Seeds
from manyminds.core import statistics as st
from manyminds.worlds.games.auction_items import Item

# Percent. With values of twice the starting price, estimates off by a multiple of 5 % are rungs of every price ladder.
CURSES = (-10, -5, 0, 5, 10)
BATCH = 500  # auctions at once


def estimated(sample: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """A mean with its interval, as plain values."""
    found = st.mean(np.asarray(sample, float))
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n}


class Setting(NamedTuple):
    """What all tables share."""

    items: tuple[Item, ...]
    markup: int = 10
    discount: bool = False


def simulated(
    seeds: Seeds, setting: Setting, order: str, minds: Sequence[str], budget: int, overestimate: int, n: int
) -> Any:
    """`n` auctions as NumPy arrays. They are played in batches of one size, so that all tables share one program."""
    import jax

    from manyminds.worlds.games.auction_arrays import Rules, auctions, goods, seats

    batches = -(-n // BATCH)
    keys = jax.random.split(seeds.jax("keys"), batches * BATCH).reshape(batches, BATCH)
    table, sold = seats(minds, budget, overestimate), goods(setting.items, order)  # type: ignore[arg-type]
    rules = Rules(setting.markup, setting.discount)
    played = [jax.tree.map(np.asarray, auctions(batch, table, sold, rules)) for batch in keys]
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:n], *played)


def rule_totals(seeds: Seeds, setting: Setting, order: str, budget: int, bidders: int, n: int) -> dict[str, Any]:
    """The total profit of a table of rule bidders, and sale price over starting price."""
    seen = simulated(seeds.child("rule", order, budget), setting, order, ["rule"] * bidders, budget, 10, n)
    sold = seen.sales.winner >= 0
    ratio = np.where(sold, seen.sales.price / seen.sales.start, 0.0).sum(axis=1)
    means = [total / count if count else np.nan for total, count in zip(ratio, sold.sum(axis=1))]
    return {"order": order, "budget": budget, "total": estimated(seen.profits.sum(1)),
            "ratio": estimated(means), "sold": float(sold.mean())}  # fmt: skip


def curse(seeds: Seeds, setting: Setting, overestimate: int, bidders: int, n: int) -> dict[str, Any]:
    """The winner's profit over the starting price, item by item, when all bid up to equal estimates and can pay."""
    ample = sum(item.value for item in setting.items) * 4
    minds = ["straightforward"] * bidders
    seen = simulated(seeds.child("curse", overestimate), setting, "shuffled", minds, ample, overestimate, n)
    values = np.array([item.value for item in setting.items])[seen.sales.item]
    share = (values - seen.sales.price) / seen.sales.start
    exact = -2 * overestimate / 100
    return {"overestimate": overestimate, "profit": estimated(share.mean(axis=1)), "expected": exact,
            "off": float(np.abs(share - exact).max()), "sold": float((seen.sales.winner >= 0).mean()),
            "items": int(share.size)}  # fmt: skip


def learner(seeds: Seeds, setting: Setting, order: str, budget: int, overestimate: int, n: int) -> dict[str, Any]:
    """A learner and its twin that does not learn, each against two straightforward bidders, on the same seeds.

    The profit that counts is that of the items after the second: what was announced before can be used.
    """
    values = np.array([item.value for item in setting.items])
    found: dict[str, Any] = {"order": order, "budget": budget}
    later = {}
    for mind in ("learner", "straightforward"):
        minds, same = [mind, "straightforward", "straightforward"], seeds.child("learner", order, budget)
        sales = simulated(same, setting, order, minds, budget, overestimate, n).sales
        gains = np.where(sales.winner == 0, values[sales.item] - sales.price, 0)
        found[mind] = estimated(gains.sum(axis=1))
        later[mind] = gains[:, 2:].sum(axis=1)
    better = int((later["learner"] > later["straightforward"]).sum())
    equal = int((later["learner"] == later["straightforward"]).sum())
    return found | {"later": estimated(later["learner"]), "twin_later": estimated(later["straightforward"]),
                    "better": better, "equal": equal, "n": n}  # fmt: skip
