"""Games in normal form: best replies, regrets, dominance, security levels and equilibria of small games.

Everywhere `payoffs` has shape (n, |A_1|, ..., |A_n|), `payoffs[i, a_1, ..., a_n]` is what player i gets, and a
`profile` is one probability vector for each player.
"""

from collections.abc import Sequence
from itertools import combinations, islice
from math import comb
from typing import NamedTuple

import numpy as np

Profile = tuple[np.ndarray, ...]
MOST_BASES = 1_000_000  # more bases than this and `equilibria` refuses; 11 x 11 has 705,432


class Security(NamedTuple):
    """What one player can guarantee against everybody else, and the mixed strategy that guarantees it."""

    value: float
    strategy: np.ndarray


def checked(payoffs: np.ndarray) -> np.ndarray:
    """The payoffs as floats, or a ValueError that says what shape they should have had."""
    game = np.asarray(payoffs, float)
    if game.ndim < 2 or game.shape[0] != game.ndim - 1:
        raise ValueError(f"payoffs of n players have the shape (n, |A_1|, ..., |A_n|), not {game.shape}")
    if not np.isfinite(game).all():
        raise ValueError("payoffs must be finite numbers")
    return game


def two_players(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Payoffs of shape (2, m, k) from the two matrices of a bimatrix game, both of shape (m, k)."""
    return checked(np.stack([np.asarray(row, float), np.asarray(column, float)]))


def pure(payoffs: np.ndarray, actions: Sequence[int]) -> Profile:
    """The profile in which player i plays `actions[i]` for certain."""
    return tuple(np.eye(k)[a] for k, a in zip(np.shape(payoffs)[1:], actions, strict=True))


def action_values(payoffs: np.ndarray, profile: Sequence[np.ndarray], player: int) -> np.ndarray:
    """Expected payoff of each action of `player`, shape (|A_player|,), while the others play their part."""
    values = np.moveaxis(payoffs[player], player, 0)
    for other in reversed([p for who, p in enumerate(profile) if who != player]):
        values = values @ other
    return values


def mixed_value(payoffs: np.ndarray, profile: Sequence[np.ndarray]) -> np.ndarray:
    """Expected payoffs of all players, shape (n,), under independent play of `profile`."""
    return np.array([profile[i] @ action_values(payoffs, profile, i) for i in range(len(profile))])


def regrets(payoffs: np.ndarray, profile: Sequence[np.ndarray]) -> np.ndarray:
    """What each player would gain by the best unilateral deviation, shape (n,), >= 0; zero at a Nash equilibrium."""
    values = [action_values(payoffs, profile, i) for i in range(len(profile))]
    return np.array([v.max() - p @ v for v, p in zip(values, profile, strict=True)])


def best_replies(
    payoffs: np.ndarray, profile: Sequence[np.ndarray], tolerance: float = 1e-9
) -> tuple[tuple[int, ...], ...]:
    """For each player all actions whose value against the others is within `tolerance` of the best."""
    values = [action_values(payoffs, profile, i) for i in range(len(profile))]
    return tuple(tuple(np.flatnonzero(v >= v.max() - tolerance).tolist()) for v in values)


def pure_equilibria(payoffs: np.ndarray, tolerance: float = 1e-9) -> list[tuple[int, ...]]:
    """All pure Nash equilibria as tuples of action indices, in lexicographic order, for any number of players."""
    game = checked(payoffs)
    stable = [game[i] >= game[i].max(axis=i, keepdims=True) - tolerance for i in range(game.shape[0])]
    return [tuple(a) for a in np.argwhere(np.logical_and.reduce(stable)).tolist()]


def security(payoffs: np.ndarray, player: int) -> Security:
    """The maximin of `player` in mixed strategies, by a linear program; the others may coordinate against it."""
    from scipy.optimize import linprog

    table = np.moveaxis(checked(payoffs)[player], player, 0)
    table = table.reshape(len(table), -1)  # own action, joint action of the others
    actions, replies = table.shape
    found = linprog(
        np.r_[np.zeros(actions), -1.0],
        A_ub=np.c_[-table.T, np.ones(replies)],
        b_ub=np.zeros(replies),
        A_eq=np.r_[np.ones(actions), 0.0][None],
        b_eq=[1.0],
        bounds=[(0, None)] * actions + [(None, None)],
    )
    return Security(float(found.x[-1]), found.x[:-1])


def dominated(
    payoffs: np.ndarray, strict: bool = True, by_mixed: bool = True, tolerance: float = 1e-9
) -> tuple[tuple[int, ...], ...]:
    """For each player the actions that some other strategy dominates.

    `strict`: better against everything; otherwise never worse and somewhere better. `by_mixed`: mixtures may dominate
    too (a linear program an action), otherwise only pure actions.
    """
    game = checked(payoffs)
    tables = [np.moveaxis(game[i], i, 0).reshape(game.shape[1 + i], -1) for i in range(game.shape[0])]
    beaten = _beaten_by_a_mixture if by_mixed else _beaten_by_an_action
    return tuple(tuple(a for a in range(len(t)) if beaten(t, a, strict, tolerance)) for t in tables)


def _beaten_by_an_action(table: np.ndarray, action: int, strict: bool, tolerance: float) -> bool:
    gains = np.delete(table, action, axis=0) - table[action]
    if strict:
        return bool((gains > tolerance).all(axis=1).any())
    return bool(((gains >= -tolerance).all(axis=1) & (gains > tolerance).any(axis=1)).any())


def _beaten_by_a_mixture(table: np.ndarray, action: int, strict: bool, tolerance: float) -> bool:
    from scipy.optimize import linprog

    gains = np.delete(table, action, axis=0) - table[action]  # other action, joint action of the others
    others, replies = gains.shape
    if not others:
        return False
    # Strict: raise the smallest gain (the last variable). Weak: raise the sum of gains, none of them negative.
    cost = np.r_[np.zeros(others), -1.0] if strict else np.r_[-gains.sum(axis=1), 0.0]
    found = linprog(
        cost,
        A_ub=np.c_[-gains.T, np.full(replies, 1.0 if strict else 0.0)],
        b_ub=np.zeros(replies),
        A_eq=np.r_[np.ones(others), 0.0][None],
        b_eq=[1.0],
        bounds=[(0, None)] * others + [(None, None) if strict else (0, 0)],
    )
    return found.status == 0 and -found.fun > tolerance


def iterated_elimination(
    payoffs: np.ndarray, strict: bool = True, by_mixed: bool = True
) -> tuple[tuple[int, ...], ...]:
    """The actions of each player that survive when all dominated ones are removed, again and again.

    Strict dominance gives the same survivors in any order. Weak dominance does not: here each round removes all weakly
    dominated actions of all players at once.
    """
    game = checked(payoffs)
    left = [list(range(k)) for k in game.shape[1:]]
    while any(gone := dominated(game[np.ix_(range(len(left)), *left)], strict, by_mixed)):
        left = [[a for at, a in enumerate(mine) if at not in out] for mine, out in zip(left, gone, strict=True)]
    return tuple(map(tuple, left))


def equilibria(payoffs: np.ndarray, tolerance: float = 1e-9) -> list[Profile]:
    """All extreme Nash equilibria of a two-player game, pure ones first, in a fixed order.

    Supports are enumerated as the vertices of the two best-reply polytopes (a vertex is a support together with a set
    of best replies), and every pair of vertices in which each action is unused or a best reply is an equilibrium. In a
    nondegenerate game these are all equilibria. In a degenerate game there are infinitely many: they are the convex
    combinations of those listed here that are exchangeable with each other, and none is missed at the corners.
    Refuses games with more than MOST_BASES supports (about 11 x 11), and other numbers of players.
    """
    game = checked(payoffs)
    if game.shape[0] != 2:
        raise ValueError(f"equilibria are enumerated for two players, this game has {game.shape[0]}")
    row, column = (_scaled(matrix) for matrix in game)
    rows, columns = row.shape
    if comb(rows + columns, rows) > MOST_BASES:
        raise ValueError(
            f"a {rows} x {columns} game has too many supports to enumerate; use a solver that follows paths"
        )
    mixes_row, labels_row = _vertices(column.T, tolerance)  # labels: own actions first, then the replies
    mixes_column, labels_column = _vertices(row, tolerance)
    labels_column = np.roll(labels_column, rows, axis=1)  # to the same order: the row's actions, then the column's
    both = (~labels_row).astype(float) @ (~labels_column).astype(float).T  # labels that neither vertex has
    found = [(mixes_row[r], mixes_column[c]) for r, c in np.argwhere(both == 0)]
    return sorted(found, key=_order)


def _scaled(matrix: np.ndarray) -> np.ndarray:
    """The same game with payoffs in [1, 2], which changes no equilibrium and makes the polytopes bounded."""
    span = matrix.max() - matrix.min()
    return 1 + (matrix - matrix.min()) / (span if span else 1.0)


def _vertices(replies: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Vertices but the origin of {x >= 0, replies @ x <= 1}, as probabilities (v, k), and which of the constraints are
    tight at each of them, (v, k + m)."""
    others, own = replies.shape
    rows = np.concatenate([-np.eye(own), replies])
    bounds = np.r_[np.zeros(own), np.ones(others)]
    points: dict[bytes, np.ndarray] = {}
    bases = combinations(range(own + others), own)
    while chunk := list(islice(bases, 20_000)):
        picked = rows[np.array(chunk)]
        solvable = np.abs(np.linalg.det(picked)) > 1e-12
        sides = bounds[np.array(chunk)[solvable]]
        corners = np.linalg.solve(picked[solvable], sides[..., None])[..., 0]
        inside = (corners @ rows.T <= bounds + tolerance).all(axis=1) & (corners.sum(axis=1) > tolerance)
        for corner in corners[inside]:
            points.setdefault((np.round(corner, 8) + 0.0).tobytes(), corner)
    found = np.array(list(points.values()))
    tight = np.abs(found @ rows.T - bounds) <= 10 * tolerance
    mixes = np.where(tight[:, :own], 0.0, found)
    return mixes / mixes.sum(axis=1, keepdims=True), tight


def _order(profile: Profile) -> tuple[int, tuple[float, ...]]:
    """Small supports first, then actions in their order."""
    return sum(int((p > 0).sum()) for p in profile), tuple(-np.round(np.concatenate(profile), 9))
