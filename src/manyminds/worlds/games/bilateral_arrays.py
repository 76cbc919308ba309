"""Two-player economic games on arrays: thousands of games of rules at once, stage by stage, as in the turn worlds.

The minds are the same objects that sit in a seat: their rules take arrays too. Shape (games,) throughout unless said
otherwise; seats are 0 and 1. Games of the turn worlds and of this file agree when they are given the same draws.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from manyminds.agents.bargainers import Bargainer, Seen
from manyminds.agents.persuaders import Advised, Buyer, Product, Sender

Draw = Callable[[int, int, np.ndarray], np.ndarray]  # (seat, turn from 0, indices of games) -> one draw a game


@dataclass(frozen=True)
class Tables:
    """Games of alternating offers, in gains (shares of the money). A division has a pie of 1 and a ceiling of 1."""

    pie: np.ndarray  # what an agreement brings both together
    told_pie: np.ndarray  # NaN: not told
    last: np.ndarray  # the stage after which all is over
    told_last: np.ndarray  # NaN: not told
    discounts: np.ndarray  # (2, games)
    told_discounts: np.ndarray  # (2, games): the other's, as each seat knows it; NaN: not told
    ceilings: np.ndarray  # (2, games): the most that each can ask for


class Deals(NamedTuple):
    """How the games ended. NaN: no agreement."""

    stage: np.ndarray
    gains: np.ndarray  # (2, games), undiscounted
    first_offer: np.ndarray  # what the first proposal would leave to the second player
    stages: np.ndarray  # that were played


def alternating(tables: Tables, minds: tuple[Bargainer, Bargainer], noise: Draw) -> Deals:
    """Play all tables to their end; a game leaves the arrays as soon as it is over."""
    n = len(tables.pie)
    asked, latest, before = (np.full((2, n), np.nan) for _ in range(3))
    stage_of, gains, played = np.full(n, np.nan), np.full((2, n), np.nan), np.zeros(n, int)
    live, first_offer = np.arange(n), np.full(n, np.nan)

    def seen(seat: int, stage: int, turn: int) -> Seen:
        return Seen(stage, tables.told_last[live], tables.told_pie[live], tables.discounts[seat, live],
                    tables.told_discounts[seat, live], latest[seat, live], before[seat, live], asked[seat, live],
                    noise(seat, turn, live))  # fmt: skip

    for stage in range(1, int(tables.last.max(initial=0)) + 1):
        proposer = (stage - 1) % 2
        other = 1 - proposer
        ask = np.minimum(minds[proposer].asks(seen(proposer, stage, 2 * stage - 2)), tables.ceilings[proposer, live])
        offered = tables.pie[live] - ask
        asked[proposer, live] = ask
        before[other, live], latest[other, live] = latest[other, live], offered
        if stage == 1:
            first_offer = offered.copy()
        yes = np.asarray(minds[other].accepts(seen(other, stage, 2 * stage - 1)), bool)
        done = live[yes]
        stage_of[done], played[live] = stage, stage
        gains[proposer, done], gains[other, done] = ask[yes], offered[yes]
        live = live[~yes & (tables.last[live] > stage)]
        if not len(live):
            break
    return Deals(stage_of, gains, first_offer, played)


@dataclass(frozen=True)
class Shops:
    """Games of repeated advice."""

    high: np.ndarray  # (games, rounds): the qualities
    prior: np.ndarray
    value: np.ndarray
    told_value: np.ndarray  # as the seller knows it; NaN: not told
    myopic: np.ndarray  # bool


class Purchases(NamedTuple):
    recommended: np.ndarray  # (games, rounds)
    bought: np.ndarray  # (games, rounds)


def advising(shops: Shops, minds: tuple[Sender, Buyer], chance: Draw) -> Purchases:
    """Play all rounds of all shops."""
    n, rounds = shops.high.shape
    recommended, bought = np.zeros((n, rounds), bool), np.zeros((n, rounds), bool)
    counts = np.zeros((4, n))  # high and recommended, low and recommended, high and not, low and not
    low_bought, everyone = np.zeros(n), np.arange(n)
    forgetful = np.where(shops.myopic, np.nan, 0.0)
    for t in range(rounds):
        high = shops.high[:, t]
        product = Product(high, shops.prior, shops.told_value, chance(0, 2 * t, everyone))
        advice = np.asarray(minds[0].recommends(product), bool)
        shares = (bought[:, :t].sum(axis=1) / max(t, 1), low_bought / max(t, 1))
        hidden = np.where(shops.myopic, 0.0, np.nan)  # who has a memory is given no shares
        seen = Advised(advice.astype(float), shops.prior, shops.value, *(counts + forgetful),
                       *(share + hidden for share in shares))  # fmt: skip
        buys = np.asarray(minds[1].buys(seen), bool)
        recommended[:, t], bought[:, t] = advice, buys
        low_bought += buys & ~high
        counts += np.array([high & advice, ~high & advice, high & ~advice, ~high & ~advice])
    return Purchases(recommended, bought)
