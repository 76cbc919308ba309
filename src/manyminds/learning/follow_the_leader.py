"""Follow-The-Leader for ridge regression on sparse features: exact sums, one exact block of the solution a step.

The leader at time t is the W that minimises F_t(W) = sum_{i <= t} |W' phi(x_i) - y_i|^2 + ridge |W|^2. It needs the
past only through A = sum phi phi' and B = sum phi y', so nothing is replayed and nothing is forgotten. Where phi has
only K non-zeros, at rows s, a new observation changes K x K numbers of A, and the step of Liu, Du, Lee and Lin (arXiv
2401.13034) solves for those rows of W exactly with all others held:

    W[s] <- (A[s, s] + ridge I)^-1 (B[s] - A[s, not s] W[not s]).

That is one step of block coordinate descent on F_t: it never raises F_t, and equals the leader where s is everything.
It costs a function of K and of the non-zeros in K rows of A, not of D and not of t.

A row of A is a small hash table of (column, value): only pairs of features that were ever active together are stored.
A row with room for every feature is a plain dense one. `parts` independent regressions may share one set of features,
one for each discrete action, say. Everything is pure and may be jitted, scanned and vmapped. Use float64
(`jax.enable_x64`) where exactness counts.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.core import BadInput

FREE = -1  # a place in a row that holds no column
LIMIT = 2.0  # GiB of sums and weights that are allocated without asking
SPREAD = 0x9E3779B1 - 2**32  # odd, so that any `width` columns in a row have different first places; as int32


class Leader(NamedTuple):
    """What is known after some observations; P parts, D features, rows of `width` places, S outputs."""

    columns: Array  # int32 (P, D, width): the column of each stored number of A, or FREE
    gram: Array  # (P, D, width): A
    cross: Array  # (P, D, S): B
    weights: Array  # (P, D, S): W
    energy: Array  # (P,): sum of |y|^2, so that F is known exactly
    seen: Array  # int32 (): observations
    skipped: Array  # int32 (): observations with a number that is not finite, left out
    lost: Array  # int32 (): numbers of A that found no place; above 0 the sums are no longer exact


def memory(size: int, width: int, outputs: int, bytes_each: int = 4, parts: int = 1) -> float:
    """GiB that sums and weights take."""
    return parts * size * (width * (4 + bytes_each) + 2 * outputs * bytes_each) / 2**30


def begun(
    size: int, outputs: int, width: int, dtype: Any = jnp.float32, limit: float = LIMIT, parts: int = 1
) -> Leader:
    """Nothing seen yet, all weights 0. `width` is a power of two. Raises `BadInput` above `limit` GiB."""
    if width & (width - 1):
        raise ValueError(f"the width of a row must be a power of two, not {width}")
    bytes_each = jnp.dtype(dtype).itemsize
    needed = memory(size, width, outputs, bytes_each, parts)
    if needed > limit:
        whole = parts * size**2 * bytes_each / 2**30
        raise BadInput(
            f"{size:,} features with rows of {width} need {needed:.3g} GiB (all pairs would need {whole:.3g}), and the "
            f"limit is {limit:.3g} GiB; take fewer bins, groups or grid dimensions, narrower rows, or raise the limit"
        )
    columns = jnp.full((parts, size, width), FREE, jnp.int32)
    sums, cross, weights = (jnp.zeros((parts, size, n), dtype) for n in (width, outputs, outputs))
    counts = (jnp.zeros((), jnp.int32) for _ in range(3))  # buffers of their own, so that all may be donated
    return Leader(columns, sums, cross, weights, jnp.zeros(parts, dtype), *counts)


def first_place(column: Array, width: int) -> Array:
    return (column * jnp.int32(SPREAD)) & (width - 1)


def found(row: Array, wanted: Array, new: bool = True) -> tuple[Array, Array, Array]:
    """The places of `wanted` columns (K,) in one row (width,), by linear probing; -1 where there is none.

    With `new`, columns that are missing are put in. Two that want one free place are settled by the larger column, so
    the outcome does not depend on the order of writes. Returns (row, places, how many found no place).
    """
    width = row.shape[0]
    start = first_place(wanted, width)

    def going(state: tuple[Array, Array, Array, Array]) -> Array:
        return state[2].any() & (state[3] < width)

    def probe(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        row, place, looking, tried = state
        at = (start + tried) & (width - 1)
        there = row[at]
        if new:
            row = row.at[jnp.where(looking & (there == FREE), at, width)].max(wanted, mode="drop")
            there = row[at]
        hit = looking & (there == wanted)
        ended = hit if new else hit | (there == FREE)
        return row, jnp.where(hit, at, place), looking & ~ended, tried + 1

    first = (row, jnp.full_like(wanted, -1), jnp.ones(wanted.shape, bool), jnp.int32(0))
    row, place, looking, _ = lax.while_loop(going, probe, first)
    return row, place, looking.sum(dtype=jnp.int32)


class Rows(NamedTuple):
    """The rows s of A taken out, and where the columns s stand in them."""

    columns: Array  # (K, width)
    gram: Array  # (K, width)
    places: Array  # (K, K); -1 where a pair is not stored

    def block(self) -> Array:
        """A[s, s]."""
        inside = jnp.take_along_axis(self.gram, jnp.maximum(self.places, 0), axis=1)
        return jnp.where(self.places >= 0, inside, 0)

    def times(self, weights: Array) -> Array:
        """A[s, :] W, (K, S), for weights (D, S)."""
        size = weights.shape[0]
        if self.gram.shape[1] >= size:
            return self.gram[:, :size] @ weights
        return jnp.einsum("kw,kws->ks", self.gram, weights[jnp.maximum(self.columns, 0)])


def taken(leader: Leader, part: Array | int, index: Array, new: bool) -> tuple[Rows, Array]:
    """The rows `index` of a part, with room made for new pairs if asked for, and how many pairs found no place."""
    columns, gram = leader.columns[part, index], leader.gram[part, index]
    size, width = leader.columns.shape[1:]
    if width >= size:  # dense: a column's place is its number
        places = jnp.broadcast_to(index, (len(index), len(index)))
        columns = columns.at[:, index].set(index) if new else columns
        return Rows(columns, gram, places), jnp.int32(0)
    columns, places, lost = jax.vmap(partial(found, new=new), (0, None))(columns, index)
    return Rows(columns, gram, places), lost.sum(dtype=jnp.int32)


def block_solution(rows: Rows, cross: Array, index: Array, weights: Array, ridge: float) -> Array:
    """(A[s, s] + ridge I)^-1 (B[s] - A[s, not s] W[not s]), (K, S), for B and W of one part.

    Solved for the change of W[s], which is the same and loses fewer digits where the block is nearly singular.
    """
    block = rows.block()
    short = cross[index] - rows.times(weights) - ridge * weights[index]
    matrix = block + ridge * jnp.eye(block.shape[0], dtype=block.dtype)
    return weights[index] + jax.scipy.linalg.solve(matrix, short, assume_a="pos")


def predicted(leader: Leader, index: Array, value: Array, part: Array | int = 0) -> Array:
    """W' phi, (S,)."""
    return value @ leader.weights[part, index]


def observed(
    leader: Leader, index: Array, value: Array, target: Array, part: Array | int = 0
) -> tuple[Leader, Rows]:  # fmt: skip
    """The sums with one more observation; W stays. Also the rows that were touched."""
    rows, lost = taken(leader, part, index, new=True)
    width = rows.columns.shape[1]
    places = jnp.where(rows.places < 0, width, rows.places)
    gram = rows.gram.at[jnp.arange(len(index))[:, None], places].add(value[:, None] * value[None, :], mode="drop")
    after = leader._replace(
        columns=leader.columns.at[part, index].set(rows.columns, unique_indices=True),
        gram=leader.gram.at[part, index].set(gram, unique_indices=True),
        cross=leader.cross.at[part, index].add(value[:, None] * target[None, :], unique_indices=True),
        energy=leader.energy.at[part].add(target @ target),
        seen=leader.seen + 1,
        lost=leader.lost + lost,
    )
    return after, rows._replace(gram=gram)


def updated(
    leader: Leader, index: Array, value: Array, target: Array, ridge: float, part: Array | int = 0
) -> Leader:  # fmt: skip
    """One observation: its sums, and the exact solution for the rows it touches.

    An observation with a number that is not finite changes nothing and is counted. `index` (K,) must hold different
    features, `value` (K,), `target` (S,) in the dtype of the leader.
    """
    if target.shape != leader.cross.shape[2:]:
        raise BadInput(f"a target has shape {target.shape}, and this model has outputs {leader.cross.shape[2:]}; the "
                       "sizes of a stream may not change")  # fmt: skip
    good = jnp.isfinite(target).all() & jnp.isfinite(value).all()
    # A row is written whether or not it is good, with zeros where it is not: a branch would copy all of A.
    value, target = jnp.where(good, value, 0), jnp.where(good, target, 0)
    after, rows = observed(leader, index, value, target, part)
    weights = after.weights[part]
    solution = jnp.where(good, block_solution(rows, after.cross[part], index, weights, ridge), weights[index])
    return after._replace(
        weights=after.weights.at[part, index].set(solution, unique_indices=True),
        seen=after.seen - ~good,
        skipped=after.skipped + ~good,
    )


def revisited(leader: Leader, index: Array, ridge: float, part: Array | int = 0) -> Leader:
    """The block step at rows s without a new observation: extra sweeps bring W to the leader."""
    rows, _ = taken(leader, part, index, new=False)
    solution = block_solution(rows, leader.cross[part], index, leader.weights[part], ridge)
    return leader._replace(weights=leader.weights.at[part, index].set(solution, unique_indices=True))


def swept(leader: Leader, indices: Array, ridge: float) -> Leader:
    """One block step for each row of `indices` (N, K), in order."""
    return lax.scan(lambda now, index: (revisited(now, index, ridge), None), leader, indices)[0]


def learnt(leader: Leader, indices: Array, values: Array, targets: Array, ridge: float) -> tuple[Leader, Array]:
    """A stream of N observations in order: the leader after it, and what was predicted before each was seen, (N, S)."""

    def step(now: Leader, row: tuple[Array, Array, Array]) -> tuple[Leader, Array]:
        index, value, target = row
        return updated(now, index, value, target, ridge), predicted(now, index, value)

    return lax.scan(step, leader, (indices, values, targets))


def widened(leader: Leader, width: int) -> Leader:
    """The same sums in rows of another width (a power of two): what is done when rows ran full.

    Raises ValueError where the numbers that are held do not fit.
    """
    size = leader.columns.shape[1]

    def one(columns: Array, gram: Array) -> tuple[Array, Array, Array]:
        held, row = columns != FREE, jnp.full(width, FREE, jnp.int32)
        if width >= size:
            places = jnp.where(held, columns, width)
            row = row.at[places].set(columns, mode="drop")
        else:
            row, places, _ = found(row, columns)
        fits = held & (places >= 0)
        values = jnp.zeros(width, gram.dtype).at[jnp.where(fits, places, width)].add(gram, mode="drop")
        return row, values, (held & ~fits).sum(dtype=jnp.int32)

    columns, gram, lost = jax.jit(jax.vmap(jax.vmap(one)))(leader.columns, leader.gram)
    if int(lost.sum()):
        raise ValueError(f"{int(lost.sum())} numbers do not fit into rows of {width}")
    return leader._replace(columns=columns, gram=gram)


def matrix(leader: Leader, part: int = 0) -> Any:
    """A of one part as a scipy sparse array (D, D)."""
    from scipy.sparse import csr_array

    columns = np.asarray(leader.columns[part])
    rows, places = np.nonzero(columns != FREE)
    size = columns.shape[0]
    return csr_array((np.asarray(leader.gram[part])[rows, places], (rows, columns[rows, places])), shape=(size, size))


def stored(leader: Leader) -> int:
    """Numbers of A that are stored."""
    return int((leader.columns != FREE).sum())


def solved(leader: Leader, ridge: float, part: int = 0, tolerance: float = 1e-12) -> np.ndarray:
    """The leader itself: (A + ridge I)^-1 B, (D, S), in float64, over the features that were ever seen.

    Directly (Cholesky) up to 6000 such features, by conjugate gradients above.
    """
    from scipy.linalg import cho_factor, cho_solve
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import cg

    gram, cross = matrix(leader, part).astype(np.float64), np.asarray(leader.cross[part], np.float64)
    used = np.flatnonzero((np.asarray(leader.columns[part]) != FREE).any(axis=1))
    weights = np.zeros_like(cross)
    if not len(used):
        return weights
    inner = gram[used][:, used]
    if len(used) <= 6000:
        weights[used] = cho_solve(cho_factor(inner.toarray() + ridge * np.eye(len(used))), cross[used])
        return weights
    whole = (inner + ridge * eye_array(len(used))).tocsr()
    for k in range(cross.shape[1]):
        weights[used, k], failed = cg(whole, cross[used, k], rtol=tolerance, maxiter=20_000)
        if failed:
            raise FloatingPointError(f"conjugate gradients did not solve output {k} to {tolerance:g}; raise the ridge")
    return weights


def objective(leader: Leader, weights: np.ndarray, ridge: float, part: int = 0) -> float:
    """F(W) on all that one part has seen, W (D, S)."""
    weights, cross = np.asarray(weights, np.float64), np.asarray(leader.cross[part], np.float64)
    fit = float(leader.energy[part]) - 2 * (weights * cross).sum()
    return float(fit + (weights * (matrix(leader, part) @ weights)).sum() + ridge * (weights**2).sum())


def gap(leader: Leader, ridge: float, part: int = 0) -> float:
    """How far W is from the leader: (F(W) - F(W*)) / F(W*)."""
    best = objective(leader, solved(leader, ridge, part), ridge, part)
    return (objective(leader, np.asarray(leader.weights[part]), ridge, part) - best) / best
