"""Finite graphs in edge-list form: sampled graphexes, stand-ins with hubs, and anybody's network from a file.

The sampler of power-law graphexes takes time and memory in proportion to nodes and edges: it never walks over pairs,
and it does not cut off the infinitely many labels that are almost always isolated, but draws those that have an edge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from manyminds.core.errors import BadInput, unknown
from manyminds.theory.graphexes import Limit, PowerLaw


@dataclass(frozen=True, eq=False)
class Graph:
    """A simple undirected graph without isolated nodes. `edges` (E, 2) int32, each once; `group` (N,) says which of
    several graphs a node belongs to when many are held as one."""

    edges: np.ndarray
    group: np.ndarray

    @property
    def nodes(self) -> int:
        return len(self.group)

    @property
    def groups(self) -> int:
        return int(self.group[-1]) + 1

    @cached_property
    def degree(self) -> np.ndarray:
        return np.bincount(self.edges.ravel(), minlength=self.nodes)

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Every edge in both directions, sorted by the first end: (2 E,) own node, (2 E,) neighbour."""
        both = np.concatenate([self.edges, self.edges[:, ::-1]])
        both = both[np.argsort(both[:, 0], kind="stable")]
        return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])

    def degree_shares(self, last: int) -> np.ndarray:
        """The share of nodes of degree 1 to `last` in each graph: (groups, last)."""
        size = np.bincount(self.group)
        rows = [np.bincount(self.group[self.degree == k], minlength=len(size)) / size for k in range(1, last + 1)]
        return np.stack(rows, 1)


def cleaned(edges: np.ndarray) -> Graph:
    """A graph from any pairs of names: made undirected, loops and doubles dropped, nodes numbered from 0 in order."""
    pairs = np.asarray(edges)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise BadInput(f"edges are pairs of nodes, of shape (E, 2), not {pairs.shape}")
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    if not len(pairs):
        raise BadInput("there is no edge between two different nodes")
    if np.issubdtype(pairs.dtype, np.integer) and pairs.min() >= 0 and pairs.max() < 100 * len(pairs) + 1000:
        there = np.zeros(pairs.max() + 1, bool)  # numbers close together need no sorting
        there[pairs] = True
        numbers, count = (np.cumsum(there) - 1)[pairs], int(there.sum())
    else:
        names, numbers = np.unique(pairs, return_inverse=True)
        numbers, count = numbers.reshape(pairs.shape).astype(np.int64), len(names)
    once = np.sort(numbers[:, 0] * count + numbers[:, 1])
    once = once[np.diff(once, prepend=-1) > 0]
    return Graph(np.stack(divmod(once, count), 1).astype(np.int32), np.zeros(count, np.int32))


def together(graphs: list[Graph]) -> Graph:
    """Several graphs as one with as many parts, so that one pass plays on all of them."""
    first = np.concatenate([[0], np.cumsum([graph.nodes for graph in graphs])])
    edges = np.concatenate([graph.edges + at for graph, at in zip(graphs, first)]).astype(np.int32)
    return Graph(edges, np.repeat(np.arange(len(graphs), dtype=np.int32), np.diff(first)))


def read(path: Path) -> Graph:
    """A network from an edge list: a line `u v ...` an edge, '%' and '#' begin comments (KONECT, SNAP)."""
    pairs = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.replace(",", " ").split()
        if not words or words[0][0] in "%#":
            continue
        if len(words) < 2:
            raise BadInput(f"{path}, line {number}: an edge is two nodes, not {line!r}")
        pairs.append(words[:2])
    if not pairs:
        raise BadInput(f"{path} holds no edge")
    return cleaned(np.array(pairs))


# --- Sampled graphexes ------------------------------------------------------------------------------------------------


class Sample(NamedTuple):
    """A sampled graphex, the labels (N,) of its nodes, and how many nodes are expected to be halves of one."""

    graph: Graph
    labels: np.ndarray
    split: float


def sampled(law: PowerLaw, size: float, rng: np.random.Generator, tolerance: float = 0.5) -> Sample:
    """The graph of size nu = `size` of a power-law graphex.

    Labels up to a bound A are drawn one by one. Beyond it only those with an edge are drawn: first those with an edge
    to a label below A (exactly), then the edges among themselves, each between two labels of its own. Where such a
    label should have been one of the others, a node is counted twice and no edge is lost; A is chosen so that fewer
    than `tolerance` such nodes are expected.
    """
    if size <= 0:
        raise BadInput(f"the size nu of a graphex is positive, not {size}")
    last = bound(law, size, tolerance)
    low = rng.uniform(0, last, rng.poisson(size * last))
    weight = law.factor(low)
    total = np.cumsum(weight)
    inner = pairs_among(weight, total, law.factor(0.0) ** 2, rng) if len(low) else np.empty((0, 2), int)
    far, outer = far_labels(law, size, last, weight, total, rng) if len(low) else (np.empty(0), np.empty((0, 2), int))
    lone = 2 * rng.poisson((size * law.beyond(last)) ** 2 / 2)
    fresh = beyond_label(law, last, lone, rng)
    at = len(low) + len(far)
    edges = np.concatenate([inner, outer, at + np.arange(lone).reshape(-1, 2)])
    if not len(edges):
        raise BadInput(f"a graphex of size {size} came out without an edge; take a larger size")
    labels = np.concatenate([low, far, fresh])
    there = np.zeros(len(labels), bool)
    there[edges] = True
    return Sample(cleaned(edges), labels[there], split_of(law, size, last))


def split_of(law: PowerLaw, size: float, last: float) -> float:
    """The expected number of far labels with an edge to another far label and one more edge to anybody."""
    return size**3 * law.beyond(last, 2) * law.beyond(last) * law.s


def bound(law: PowerLaw, size: float, tolerance: float) -> float:
    last = 1.0
    while split_of(law, size, last) > tolerance:
        last *= 1.25
    return last


def beyond_label(law: PowerLaw, last: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Labels beyond `last` with density in proportion to f, by inversion."""
    return (1 + last) * rng.random(count) ** (-law.s / (1 - law.s)) - 1


def pairs_among(weight: np.ndarray, total: np.ndarray, most: float, rng: np.random.Generator) -> np.ndarray:
    """Edges (E, 2) that are there independently with probability w_i w_j <= `most` < 1, in time O(E).

    A coin of probability p is whether a Poisson number of mean -log(1 - p) is positive, and Poisson numbers of all
    pairs are one Poisson number, dealt to pairs in proportion: by w_i w_j, and thinned to the right mean.
    """
    excess = -np.log1p(-most) / most  # the largest of -log(1 - p) / p
    count = rng.poisson(excess * total[-1] ** 2 / 2)
    one = np.searchsorted(total, np.sort(rng.random(count)) * total[-1])  # sorted, so that memory is read in order
    other = rng.permutation(np.searchsorted(total, np.sort(rng.random(count)) * total[-1]))
    pairs = np.stack([one, other], 1)
    p = weight[pairs[:, 0]] * weight[pairs[:, 1]]
    return pairs[(rng.random(count) * p * excess < -np.log1p(-p)) & (pairs[:, 0] != pairs[:, 1])]


def far_labels(
    law: PowerLaw, size: float, last: float, weight: np.ndarray, total: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The labels beyond `last` with an edge to a label below it, and those edges.

    Candidates come at rate nu f(a) sum_j f(a_j), each with its first edge to j in proportion to f(a_j); all its other
    edges are tossed for, and it stays when none of them goes to an earlier label: so each label with an edge comes
    exactly once.
    """
    labels = beyond_label(law, last, rng.poisson(size * law.beyond(last) * total[-1]), rng)
    first = np.searchsorted(total, rng.random(len(labels)) * total[-1])
    own = law.factor(labels)
    most = law.factor(last) * law.factor(0.0)
    excess = -np.log1p(-most) / most
    more = rng.poisson(excess * own * total[-1])
    who = np.repeat(np.arange(len(labels)), more)
    other = np.searchsorted(total, rng.random(len(who)) * total[-1])
    p = own[who] * weight[other]
    there = (rng.random(len(who)) * p * excess < -np.log1p(-p)) & (other != first[who])
    who, other = who[there], other[there]
    stays = np.ones(len(labels), bool)
    stays[who[other < first[who]]] = False
    number = np.cumsum(stays) - 1 + len(weight)
    who, other = who[stays[who]], other[stays[who]]
    ends = np.concatenate([first[stays], other]), np.concatenate([number[stays], number[who]])
    return labels[stays], np.stack(ends, 1)


def sampled_pairwise(limit: Limit, labels: np.ndarray, rng: np.random.Generator) -> Graph:
    """Edges by the toss of a coin for every pair of given labels: any graphex or graphon, small graphs only."""
    chance = np.asarray(limit(labels[:, None], labels[None, :]), float)
    if not (chance >= 0).all() or not (chance <= 1).all():
        raise BadInput(f"W is a probability; it reaches from {chance.min():.3g} to {chance.max():.3g}")
    tossed = np.triu(rng.random(chance.shape) < chance, 1)
    return cleaned(np.argwhere(tossed))


# --- Stand-ins for networks of the world ------------------------------------------------------------------------------


def attached(nodes: int, each: int, rng: np.random.Generator) -> Graph:
    """Preferential attachment (Barabasi and Albert): every newcomer brings `each` edges."""
    import networkx

    return cleaned(np.array(networkx.barabasi_albert_graph(nodes, each, seed=int(rng.integers(2**31))).edges))


def weighted(expected: np.ndarray, rng: np.random.Generator) -> Graph:
    """Chung and Lu: node i has about `expected[i]` edges. Weights are clipped where a probability would pass 1."""
    weight = expected / np.sqrt(expected.sum())
    weight = np.minimum(weight, 0.99)
    return cleaned(pairs_among(weight, np.cumsum(weight), float(weight.max()) ** 2, rng))


def blocks(nodes: int, hubs: int, rng: np.random.Generator, to_hub: float = 0.02, among: float = 0.5) -> Graph:
    """A few hubs that mostly know each other, and many nodes that know hubs alone."""
    spokes = np.argwhere(rng.random((nodes - hubs, hubs)) < to_hub) + np.array([hubs, 0])
    return cleaned(np.concatenate([np.argwhere(np.triu(rng.random((hubs, hubs)) < among, 1)), spokes]))


def configured(degrees: np.ndarray, rng: np.random.Generator) -> Graph:
    """The configuration model: stubs are joined at random; loops and doubles are dropped."""
    if degrees.sum() % 2:
        raise BadInput("degrees must add up to an even number")
    return cleaned(rng.permutation(np.repeat(np.arange(len(degrees)), degrees)).reshape(-1, 2))


def shipped(name: str) -> Graph:
    """A small real network that ships with networkx."""
    import networkx

    found = {
        "karate": networkx.karate_club_graph,
        "women": networkx.davis_southern_women_graph,
        "miserables": networkx.les_miserables_graph,
        "florence": networkx.florentine_families_graph,
    }
    if name not in found:
        raise unknown("network", name, [*found, *STAND_INS])
    return cleaned(np.array(found[name]().edges))


STAND_INS: dict[str, Callable[[np.random.Generator], Graph]] = {
    "attachment": lambda rng: attached(4000, 2, rng),
    "chung-lu": lambda rng: weighted(np.minimum(1.5 * rng.pareto(1.2, 4000) + 0.5, 600.0), rng),
    "hubs": lambda rng: blocks(4000, 60, rng),
}


def network(name: str, rng: np.random.Generator) -> Graph:
    """A network by name (a stand-in or one that ships), or from a file when the name is a path."""
    if name in STAND_INS:
        return STAND_INS[name](rng)
    return read(Path(name)) if Path(name).is_file() else shipped(name)
