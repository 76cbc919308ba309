"""Synthetic studies with a known truth: does the regression find an agent's edge when nobody played the same games?

Several agents of one and the same mind, one of them with an edge planted on its self-gain. Each plays a fifth of the
cells, and which ones is unbalanced: some meet the games with much to gain more often. A plain mean then compares games.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from manyminds.core.regression import Factor, fit
from manyminds.core.seeds import Seeds
from manyminds.papers.glee.analysis import market_factors, reference
from manyminds.papers.glee.grid import Cell
from manyminds.papers.glee.playing import Games

AGENTS = 5


class Study(NamedTuple):
    """One draw: what the regression says of the planted edge, whether its interval holds it, and what raw means say."""

    estimate: float
    low: float
    high: float
    covered: bool
    raw: float


def study(
    cells: Sequence[Cell], games: Games, seeds: Seeds, edge: float, share: float, tilt: float, noise: float
) -> Study:
    """One synthetic study of Alice's self-gain, drawn from games that were really played.

    `share` of the cells go to each agent, one game a cell; the chance of a cell is exp(+-`tilt` x how much the second
    parameter is above its middle), plus for the agent with the edge and minus for the one it is compared with.
    """
    rng = seeds.numpy("study")
    levels, rank = np.unique([cell.second for cell in cells], return_inverse=True)
    slope = tilt * (rank - rank.mean()) / max(len(levels) - 1, 1)
    order = np.argsort(games.cell, kind="stable")
    starts = np.searchsorted(games.cell[order], np.arange(len(cells)))
    counts = np.bincount(games.cell, minlength=len(cells))
    chosen, agents = [], []
    for agent in range(AGENTS):
        lean = {0: -1.0, 1: 1.0}.get(agent, 0.0)
        weights = np.exp(lean * slope) * (counts > 0)
        size = min(round(share * len(cells)), int((weights > 0).sum()))
        mine = rng.choice(len(cells), size, replace=False, p=weights / weights.sum())
        chosen.append(order[starts[mine] + rng.integers(counts[mine])])
        agents.append(np.full(len(mine), f"agent {agent}"))
    sample, who = games.take(np.concatenate(chosen)), np.concatenate(agents)
    gain = sample.gain_a + edge * (who == "agent 1") + noise * rng.standard_normal(len(who))
    factors = market_factors(cells, sample)
    factors += [Factor("opponent", sample.player_b, reference(sample.player_b, "")), Factor("agent", who, "agent 0")]
    found = fit(gain, factors).estimate("agent", "agent 1")
    raw = float(gain[who == "agent 1"].mean() - gain[who == "agent 0"].mean())
    return Study(found.value, found.low, found.high, found.low <= edge <= found.high, raw)
