"""Theory beside play: equilibrium minds in every cell where theory names a result, and advice by three roads."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from pydantic import BaseModel

from manyminds.agents.bargainers import Equilibrium
from manyminds.core import Seeds, play
from manyminds.papers.glee.grid import Cell
from manyminds.papers.glee.playing import on_arrays
from manyminds.theory.bargaining import finite_shares, rubinstein, trade_price
from manyminds.theory.persuasion import best_by_brute_force, best_commitment, committed, seller_and_buyer


class Oracle(BaseModel, frozen=True):
    """How far play was from theory: the largest gap over the cells, and in how many of them all was as it must be."""

    name: str
    cells: int
    right: int
    gap: float


async def divisions(cells: Sequence[Cell], cap: int) -> Oracle:
    """The equilibrium pair in every cell of bargaining: agreed in stage 1, at the closed form.

    Where the players are not told each other's discount factor the theory has no closed form of its own; there both
    hold the right belief about it (a parameter of the mind, not something it is shown).
    """
    gap, right = 0.0, 0
    for cell in cells:
        minds = {"Alice": Equilibrium(other=cell.second), "Bob": Equilibrium(other=cell.first)}
        deal = (await play(cell.world(cap=cap), minds, Seeds(0))).outcome
        share = rubinstein(cell.first, cell.second) if cell.rounds is None else \
            finite_shares(cell.first, cell.second, cell.rounds)[0]  # fmt: skip
        # Without a cost of waiting and without an end any division is an equilibrium: nothing to compare with.
        off = abs(deal.terms / cell.money - share) if deal.agreed and share is not None else 0.0
        gap, right = max(gap, off), right + (deal.agreed and deal.stage == 1 and off <= 1e-9)
    return Oracle(name="division", cells=len(cells), right=right, gap=gap)


async def trades(cells: Sequence[Cell], cap: int) -> Oracle:
    """The equilibrium pair in the cells of negotiation with a known end and known values: at the price of the theory,
    or no trade where there is nothing to gain."""
    gap, right = 0.0, 0
    chosen = [cell for cell in cells if cell.complete and cell.rounds is not None]
    for cell in chosen:
        minds = {"Alice": Equilibrium(), "Bob": Equilibrium()}
        deal = (await play(cell.world(cap=cap), minds, Seeds(0))).outcome
        price = trade_price(cell.first, cell.second, cell.rounds)
        off = 0.0 if price is None or not deal.agreed else abs(deal.terms / cell.money - price)
        gap, right = max(gap, off), right + (deal.agreed == (price is not None) and off <= 1e-9)
    return Oracle(name="trade", cells=len(chosen), right=right, gap=gap)


def commitments(priors: Sequence[float], values: Sequence[float], steps: int = 60) -> Oracle:
    """The best commitment by closed form, by linear program and by brute force over two-message policies.

    The gap is that of the program; brute force on a grid must stay below the optimum and within a step of it.
    """
    gap, right = 0.0, 0
    for prior, value in product(priors, values):
        seller, buyer = seller_and_buyer(value)
        belief = [prior, 1 - prior]
        closed = committed(prior, value)
        program = best_commitment(belief, seller, buyer)
        brute = best_by_brute_force(belief, seller, buyer, steps)
        truth, lie = program.policy[0]  # how often a high and a low quality are recommended
        off = max(abs(program.sender - closed.sold), abs(lie - closed.lie), abs(truth - 1))
        near = closed.sold - 1 / steps <= brute.sender <= closed.sold + 1e-9
        gap, right = max(gap, off), right + (off <= 1e-9 and near)
    return Oracle(name="advice", cells=len(priors) * len(values), right=right, gap=gap)


class Sold(BaseModel, frozen=True):
    """Share of rounds with a sale, played and by the theory, for one prior and value."""

    prior: float
    value: float
    played: float
    theory: float
    error: float  # standard error of what was played
    games: int


def committed_sales(cells: Sequence[Cell], repeats: int, seeds: Seeds) -> list[Sold]:
    """A seller who keeps to the best commitment and a buyer who obeys, where the seller knows the value."""
    chosen = [cell for cell in cells if cell.complete]
    games = on_arrays(chosen, ("committed", "follower"), repeats, seeds)
    found = []
    for prior, value in sorted({(cell.first, cell.second) for cell in chosen}):
        mine = np.array([(cell.first, cell.second) == (prior, value) for cell in chosen])[games.cell]
        rates = games.gain_a[mine]
        found.append(Sold(prior=prior, value=value, played=float(rates.mean()), theory=committed(prior, value).sold,
                          error=float(rates.std(ddof=1) / np.sqrt(len(rates))), games=len(rates)))  # fmt: skip
    return found
