"""Who meets whom: edges in, rows of a fixed width out, and sums over neighbours that compile to plain gathers.

Rows have one width, chosen so that the least is read; an agent with more neighbours gets further rows, whose sums are
added to its own. Padding points to an agent beyond the last one, who carries nothing. Row i lists from whom i can catch
something: an edge (j, i) lets things flow from j to i, and in that direction alone.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.core import BadInput
from manyminds.worlds.populations.sharding import everywhere

FEW = 2**18  # agents whose floats fit in the cache of a core, so that one read is faster than a code and its table


class Rows(NamedTuple):
    """Compressed rows on the host: the neighbours of i are `neighbours[start[i] : start[i + 1]]`."""

    start: np.ndarray  # (agents + 1,) int64
    neighbours: np.ndarray  # (entries,) int32

    @property
    def agents(self) -> int:
        return len(self.start) - 1

    @property
    def degree(self) -> np.ndarray:
        return np.diff(self.start)


class Contacts(NamedTuple):
    """Rows of a fixed width, columns first. `more` are the further rows of agents with many neighbours."""

    neighbours: Array  # (width, agents) int32; `agents` where there is none
    more: Array  # (width, further rows) int32
    owner: Array  # (further rows,) int32

    @property
    def agents(self) -> int:
        return self.neighbours.shape[1]

    @property
    def bytes(self) -> int:
        """What one sum over all neighbours reads of the lists."""
        return sum(leaf.size * leaf.dtype.itemsize for leaf in self)


def checked(edges: np.ndarray, agents: int, name: str = "the edge list") -> np.ndarray:
    """The edges, shape (edges, 2), if every end is an agent; raises BadInput with row and column (from 1)."""
    edges = np.asarray(edges)
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise BadInput(f"{name} has the shape {edges.shape}; it must have two columns, from and to")
    if not np.issubdtype(edges.dtype, np.integer):
        whole = np.isfinite(edges) & (edges == np.floor(edges))
        if not whole.all():
            row, column = np.argwhere(~whole)[0]
            raise BadInput(
                f"{name}, row {row + 1}, column {column + 1}: {edges[row, column]} is not the number of an agent"
            )
    wrong = (edges < 0) | (edges >= agents)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise BadInput(f"{name}, row {row + 1}, column {column + 1}: there is no agent {int(edges[row, column])}; "
                       f"agents are numbered 0 to {agents - 1}")  # fmt: skip
    return edges.astype(np.int32)


def both_ways(edges: np.ndarray) -> np.ndarray:
    """Every edge in both directions, none twice, nobody with itself."""
    edges = np.asarray(edges, np.int64)
    edges = edges[edges[:, 0] != edges[:, 1]]
    size = int(edges.max(initial=0)) + 1
    joined = np.concatenate([edges[:, 0] * size + edges[:, 1], edges[:, 1] * size + edges[:, 0]])
    return np.stack(np.divmod(np.unique(joined), size), 1).astype(np.int32)


def rows(edges: np.ndarray, agents: int) -> Rows:
    """Edges (from, to) as rows by their `to`, in the order of the list."""
    from scipy.sparse import coo_matrix

    edges = checked(edges, agents)
    order = coo_matrix(
        (np.arange(len(edges)), (edges[:, 1], np.arange(len(edges)))), (agents, max(len(edges), 1))
    ).tocsr()
    return Rows(order.indptr.astype(np.int64), edges[order.indices, 0].astype(np.int32))


def mixing(meetings: np.ndarray, rng: np.random.Generator) -> Rows:
    """Random mixing: agent i stands `meetings[i]` times in a list, the list is shuffled, consecutive entries meet.

    The network of arXiv 2409.10568's released code, both ways: 2 meetings[i] neighbours (one less at each end of the
    list), repeats possible. An agent that meets itself meets nobody, which points beyond the last agent.
    """
    agents = len(meetings)
    start = np.concatenate([[0], np.cumsum(meetings, dtype=np.int64)])
    place = np.arange(start[-1], dtype=np.int32)
    rng.shuffle(place)  # place[p]: which entry stands at p; the entries of one agent are neighbours in number
    who = np.repeat(np.arange(agents, dtype=np.int32), meetings)
    listed = who[place]
    before, after = (np.full(len(listed), agents, np.int32) for _ in range(2))
    before[1:], after[:-1] = listed[:-1], listed[1:]
    found = np.empty((len(listed), 2), np.int32)
    found[place, 0], found[place, 1] = before, after
    found[found == who[:, None]] = agents
    return Rows(2 * start, found.reshape(-1))


def within(groups: np.ndarray, each_side: int) -> Rows:
    """Everybody meets the `each_side` next ones on either side of a ring of the own group (household, workplace).

    `groups`: int, shape (agents,); below 0 is in none. A group of up to 2 each_side + 1 is complete.
    """
    agents = len(groups)
    order = np.argsort(groups, kind="stable").astype(np.int32)
    sorted_groups = groups[order]
    first = np.flatnonzero(np.concatenate([[True], sorted_groups[1:] != sorted_groups[:-1]]))
    size = np.diff(np.append(first, agents))
    base, length = np.repeat(first, size), np.repeat(size, size)
    place = np.arange(agents) - base
    table = np.full((agents, 2 * each_side), agents, np.int32)
    for side, step in enumerate(k for s in range(1, each_side + 1) for k in (s, -s)):
        # On a small ring both sides reach the same one; it is met once.
        new = (2 * abs(step) < length) | ((2 * abs(step) == length) & (step > 0))
        new &= sorted_groups >= 0
        table[order[new], side] = order[(base + (place + step) % length)[new]]
    there = table < agents
    return Rows(np.concatenate([[0], np.cumsum(there.sum(1))]), table[there])


def packed(found: Rows, width: int | None = None) -> Contacts:
    """Rows as contacts of the width (1 to 32) at which the least is read, or of a given one."""
    agents, degree = found.agents, found.degree
    if width is None:
        counts = np.bincount(degree, minlength=2)
        sizes = np.arange(len(counts))
        # A further row costs its width and about three reads more, to be added to its owner's sum.
        spent = [w * agents + (w + 3) * (np.maximum(-(-sizes // w) - 1, 0) * counts).sum() for w in range(1, 33)]
        width = int(np.argmin(spent)) + 1
    further = np.maximum(-(-degree // width) - 1, 0)
    owner = np.repeat(np.arange(agents, dtype=np.int32), further)
    turn = np.arange(len(owner)) - np.repeat(np.cumsum(further) - further, further) + 1
    more = filled(found, owner, turn * width, width)
    return Contacts(jnp.asarray(filled(found, None, 0, width)), jnp.asarray(more), jnp.asarray(owner))


def filled(found: Rows, owner: np.ndarray | None, skip: np.ndarray | int, width: int) -> np.ndarray:
    """One row for each owner (every agent when None) with its neighbours from number `skip` on."""
    begin = (found.start[:-1] if owner is None else found.start[owner]) + skip
    left = (found.start[1:] if owner is None else found.start[owner + 1]) - begin
    out = np.full((width, len(begin)), found.agents, np.int32)
    for k in range(width):
        there = left > k
        out[k, there] = found.neighbours[begin[there] + k]
    return out


def summed(contacts: Contacts, carried: Array, table: Array | None = None) -> Array:
    """The sum of what the neighbours of each agent carry, shape (agents,).

    `carried`: shape (agents,), floats, or small whole numbers that stand for the floats of `table` (entry 0 is 0):
    one byte an agent keeps the random reads in the cache.
    """
    if table is not None and carried.shape[0] <= FEW:
        carried, table = table[carried], None
    padded = lax.optimization_barrier(jnp.concatenate([everywhere(carried), jnp.zeros((1,), carried.dtype)]))

    def at(values: Array, where: Array) -> Array:
        # Every number is an agent: to wrap negative ones would copy all lists.
        return values.at[where].get(mode="promise_in_bounds", wrap_negative_indices=False)

    def of(columns: Array) -> Array:
        total = None
        for k in range(columns.shape[0]):  # unrolled: twice as fast here as one gather and a sum over its axis
            value = at(padded, columns[k])
            value = value if table is None else at(table, value)
            total = value if total is None else total + value
        return jnp.zeros(columns.shape[1], jnp.float32) if total is None else total

    own = lax.optimization_barrier(of(contacts.neighbours))
    if not contacts.owner.shape[0]:
        return own
    return own.at[contacts.owner].add(
        of(contacts.more), mode="promise_in_bounds", indices_are_sorted=True, wrap_negative_indices=False
    )


def summed_by_rows(found: Rows, carried: Array) -> Array:
    """The same from compressed rows: a gather and a segment sum. Slower; for rows of wild lengths."""
    owner = np.repeat(np.arange(found.agents), found.degree)
    padded = jnp.concatenate([carried, jnp.zeros((1,), carried.dtype)])
    return jax.ops.segment_sum(padded[found.neighbours], owner, found.agents, indices_are_sorted=True)
