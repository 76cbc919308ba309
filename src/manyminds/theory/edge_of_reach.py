"""States at the edge of reach of short model rollouts, what their errors do to values, and the best values there are.

Sims, Lu, Teh (arXiv 2402.12527). Worlds here are tables: `after[s, a]` is the cell that follows, `reward[s, a]` what is
paid. Everything is exact, so it is what learners on such tables are measured against.
"""

import numpy as np


def supports(after: np.ndarray, starts: np.ndarray, steps: int) -> np.ndarray:
    """Where a rollout may be at each step, when every action may be taken.

    `after`: cells, shape (cells, actions). `starts`: a mask, shape (cells,). Returns masks of shape (steps + 1, cells):
    row t is the support of rho_t.
    """
    rows = [np.asarray(starts, bool)]
    for _ in range(steps):
        reached = np.zeros(len(after), bool)
        reached[after[rows[-1]]] = True
        rows.append(reached)
    return np.array(rows)


def edge_of_reach(after: np.ndarray, starts: np.ndarray, steps: int) -> np.ndarray:
    """The mask of states in supp(rho_k) and in no supp(rho_t) with t < k (section 4, definition 1).

    They serve as bootstrap targets and are never themselves updated.
    """
    rows = supports(after, starts, steps)
    return rows[steps] & ~rows[:steps].any(0)


def distances(after: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The fewest steps from any start to each cell, by breadth-first search; -1 where none leads."""
    found = np.where(starts, 0, -1)
    front, steps = np.flatnonzero(starts), 0
    while len(front):
        steps += 1
        following = np.unique(after[front])
        front = following[found[following] < 0]
        found[front] = steps
    return found


def optimal_values(after: np.ndarray, reward: np.ndarray, discount: float, tolerance: float = 1e-12) -> np.ndarray:
    """The values of the best policy, shape (cells,), by value iteration."""
    values = np.zeros(len(after))
    while True:
        following = (reward + discount * values[after]).max(1)
        if np.abs(following - values).max() <= tolerance * (1 - discount):
            return following
        values = following


def policy_values(after: np.ndarray, reward: np.ndarray, policy: np.ndarray, discount: float) -> np.ndarray:
    """The discounted return of a deterministic policy (an action a cell), from each cell.

    By doubling: the return of 2n steps is that of n steps, and of n more from where they led.
    """
    cells = np.arange(len(after))
    place, total, weight = after[cells, policy], reward[cells, policy].astype(float), discount
    while weight > 1e-18:
        total, place, weight = total + weight * total[place], place[place], weight**2
    return total


def propagated(error: float, discount: float, steps: int) -> np.ndarray:
    """The error of Q at s_{k-t} for t = 0..k, after exact backups along a rollout whose last value is off by `error`.

    The proposition on error propagation (section 4): discount^t error.
    """
    return error * discount ** np.arange(steps + 1)


def backed_up(rewards: np.ndarray, true: np.ndarray, error: float, discount: float, sweeps: int) -> np.ndarray:
    """Q less its true value at s_{k-t}, t = 0..k, measured by running the backups of one rollout.

    `rewards`: of the k steps. `true`: the k + 1 true values along the rollout. The last value is held at true + error,
    as nothing ever updates it; the others begin at 0 and are swept in the order of the rollout (the slow one).
    """
    steps = len(rewards)
    q = np.zeros(steps + 1)
    q[steps] = true[steps] + error
    for _ in range(sweeps):
        for t in range(steps):
            q[t] = rewards[t] + discount * q[t + 1]
    return (q - true)[::-1]
