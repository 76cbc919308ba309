"""What must come out when two bargain: Rubinstein's division with and without an end, and trade between two values.

Shares are of the amount that is divided, at the stage in which they are agreed on. Rubinstein (1982) for the infinite
game, backward induction for the finite one; the reference figures are those of GLEE (arXiv 2410.05254, section 2).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from manyminds.theory.sequential import Decision, End, Node

Number = Any  # a float, or an array of them (one a game)


def proposer_share(proposer: Number, responder: Number, later: Number) -> Number:
    """What the proposer keeps in equilibrium, from the two discount factors in [0, 1].

    `later` counts the stages that may follow this one: 0 in the last stage, NaN when there is no end. With no end and
    two players who both lose nothing by waiting the division is not determined, and the share is NaN.
    Finite: the last proposer keeps all; before, whoever proposes leaves the other what it would get by refusing.
    Infinite: (1 - d_responder) / (1 - d_proposer d_responder).
    """
    proposer, responder, later = np.broadcast_arrays(*(np.asarray(x, float) for x in (proposer, responder, later)))
    ends = ~np.isnan(later)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(ends, 1.0, (1 - responder) / (1 - proposer * responder))
    if (later[ends] < 0).any() or (later[ends] % 1 != 0).any():
        raise ValueError("`later` counts stages: a whole number of at least 0, or NaN for no end")
    # With n stages to come: what the proposer of this stage keeps, and what the other would keep in its place.
    mine, theirs = np.ones(share.shape), np.ones(share.shape)
    for n in range(1, int(later[ends].max(initial=0)) + 1):
        mine, theirs = 1 - responder * theirs, 1 - proposer * mine
        share = np.where(ends & (later == n), mine, share)
    return share if share.shape else float(share)


def rubinstein(first: float, second: float) -> float | None:
    """The first proposer's share without an end; None where both are perfectly patient and any split will do."""
    share = proposer_share(first, second, np.nan)
    return None if np.isnan(share) else share


def finite_shares(first: float, second: float, stages: int) -> list[float]:
    """What the proposer of each stage keeps, first stage to last; the second player proposes in even ones."""
    turns = [(first, second) if stage % 2 else (second, first) for stage in range(1, stages + 1)]
    return [proposer_share(*pair, stages - stage) for stage, pair in enumerate(turns, 1)]


def trade_price(seller: float, buyer: float, rounds: int | None, seller_first: bool = True) -> float | None:
    """The price at which a seller and a buyer, who know each other's values and lose nothing by waiting, trade.

    Whoever names the last price takes the whole gain. None: there is nothing to gain, or no last round and so no
    determined price.
    """
    if buyer < seller or rounds is None:
        return None
    return buyer if (rounds % 2 == 1) == seller_first else seller


def division_tree(
    discounts: Sequence[float], stages: int, shares: Sequence[float], stage: int = 1,
    worth: tuple[float, float] = (1.0, 1.0),
) -> Node:  # fmt: skip
    """The game on a grid of `shares` (what the proposer asks for itself), for backward induction by brute force."""
    if stage > stages:
        return End((0.0, 0.0))
    proposer = (stage - 1) % 2
    after = (worth[0] * discounts[0], worth[1] * discounts[1])
    refused = division_tree(discounts, stages, shares, stage + 1, after)

    def answer(share: float) -> Decision:
        parts = (share, 1 - share) if proposer == 0 else (1 - share, share)
        agreed = End((worth[0] * parts[0], worth[1] * parts[1]))
        return Decision(1 - proposer, {"accept": agreed, "reject": refused})

    return Decision(proposer, {f"{share:.6g}": answer(share) for share in shares})
