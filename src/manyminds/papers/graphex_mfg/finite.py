"""Finite graphs: what they look like beside the law, and how far play on them is from the limit."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import BadInput, Seeds
from manyminds.learning.hybrid_mirror_descent import hybrid
from manyminds.papers.graphex_mfg.limits import LimitGame
from manyminds.theory.graphexes import PowerLaw, fitted
from manyminds.theory.mean_field_games import Descent, Game
from manyminds.worlds.populations.network_games import Unmoved
from manyminds.worlds.populations.network_play import Played, distance, gains_of_nodes, placed, played
from manyminds.worlds.populations.sparse_graphs import Graph, network, sampled, together

FAR = 60  # degrees whose shares are kept for the figure


class Facts(BaseModel, frozen=True):
    """What graphs of one kind look like; lists have one entry a graph."""

    name: str
    size: float | None  # nu, known or fitted
    s: float | None
    nodes: list[int]
    edges: list[int]
    split: float  # expected nodes of a sample that should be one with another
    shares: list[list[float]]  # of nodes of degree 1, 2, ...
    outward: float  # the share of the periphery's edge ends that lead to the core
    apart: float | None  # Kolmogorov-Smirnov distance of the degrees to the law of that size
    note: str = ""


class Cell(BaseModel, frozen=True):
    """Delta mu (0 to 1) of one game on graphs of one kind; lists have one entry a graph, None where nobody was."""

    game: str
    graph: str
    overall: list[float]
    core: list[float | None]
    by_degree: list[list[float | None]]  # [k - 1][graph]
    graphon: list[float]  # LPGMFG, its own policy and prediction on the same graphs
    seen: list[list[float]]  # the first graph: mean of each state (T + 1, X)
    expected: list[list[float]]


def sampled_graphs(law: PowerLaw, size: float, runs: int, tolerance: float, seeds: Seeds) -> tuple[Graph, float]:
    """`runs` graphs of one size as one, and the number of nodes expected to be split in each."""
    found = [sampled(law, size, seeds.numpy("graph", size, i), tolerance) for i in range(runs)]
    return together([one.graph for one in found]), found[0].split


def network_graphs(name: str, runs: int, seeds: Seeds) -> Graph:
    """The same network `runs` times, to be played with `runs` draws."""
    return together([network(name, seeds.numpy("network"))] * runs)


def facts(name: str, graph: Graph, last: int, law: PowerLaw | None, size: float | None, split: float = 0.0) -> Facts:
    note = ""
    nodes, first = np.bincount(graph.group), graph.group[graph.edges[:, 0]]
    edges = np.bincount(first, minlength=graph.groups)
    if law is None:
        try:
            law, size = fitted(int(nodes[0]), int(edges[0]))
        except BadInput as error:
            note = str(error)
    shares = graph.degree_shares(FAR)
    apart = None
    if law is not None and size is not None:
        expected = law.degrees(size, np.arange(1, FAR + 1)) / law.nodes(size)
        apart = float(np.abs(np.cumsum(shares.mean(0) - expected)).max())
    own, other = graph.ends
    edge = graph.degree[own] <= last
    outward = float((graph.degree[other[edge]] > last).mean()) if edge.any() else 0.0
    return Facts(name=name, size=size, s=law.s if law else None, nodes=nodes.tolist(), edges=edges.tolist(),
                 split=split, shares=shares.tolist(), outward=outward, apart=apart, note=note)  # fmt: skip


def cell(name: str, game: Game, limit: LimitGame, graph: Graph, kind: str, seeds: Seeds) -> dict[str, Any]:
    """Play the hybrid policies and LPGMFG's on the same graphs, and measure both against what they predict."""
    flows, policies = np.array(limit.flows), np.array(limit.policies)
    seen = played(game, graph, policies, seeds.jax("hybrid"))
    one = np.array(limit.plain)
    dense = played(game, graph, np.broadcast_to(one, policies.shape), seeds.jax("graphon"))
    expected = mixed(flows, seen)
    off = distance(seen.shares, flows[:, None])  # (graphs, K + 1)
    off = np.where(seen.sizes > 0, off, np.nan)
    rows = [[None if np.isnan(x) else float(x) for x in row] for row in off.T]
    return Cell(
        game=name, graph=kind, overall=distance(seen.overall, expected).tolist(), core=rows[0], by_degree=rows[1:],
        graphon=distance(dense.overall, np.array(limit.plain_flow)[:, None]).tolist(),
        seen=seen.overall[:, 0].tolist(), expected=expected[:, 0].tolist(),
    ).model_dump()  # fmt: skip


def mixed(flows: np.ndarray, seen: Played) -> np.ndarray:
    """The overall flow that the limit predicts for each graph, its classes weighted by their sizes there: core and
    periphery as many as there are, so that the same sets of nodes are compared. (T + 1, graphs, X)"""
    return np.einsum("gk,tkx->tgx", seen.sizes / seen.sizes.sum(1, keepdims=True), flows)


def closures(game: Game, graph: Graph, last: int, seeds: Seeds) -> dict[str, list[list[float]]]:
    """Nobody acts: Delta mu of core (first) and degrees under each closure, [class][graph]."""
    quiet = Unmoved(game)
    seen = played(quiet, graph, np.ones((last + 1, game.steps, len(game.start), 1)), seeds.jax("quiet"))
    found = {}
    for closure in ("iid", "joint"):
        flows = hybrid(quiet, last, Descent(0), closure=closure).flows
        found[closure] = distance(seen.shares, flows[:, None]).T.tolist()
    return found


def best_replies(game: Game, limit: LimitGame, graph: Graph, nodes: int, plays: int, seeds: Seeds) -> dict[str, float]:
    """The mean gain of a best reply on a finite graph: of random core nodes, and of random nodes of the periphery."""
    policies = jnp.asarray(np.array(limit.policies), jnp.float32)
    place, rng = placed(graph, len(policies) - 1), seeds.numpy("deviators")
    kind, keys = np.asarray(place.kind), jax.random.split(seeds.jax("plays"), plays)
    found = {}
    for name, those in (("core", np.flatnonzero(kind == 0)), ("periphery", np.flatnonzero(kind > 0))):
        if len(those):
            chosen = rng.choice(those, min(nodes, len(those)), replace=False)
            found[name] = float(gains_of_nodes(game, place, policies, jnp.asarray(chosen), keys).mean())
    return found
