"""What must come out at a commons: the planner's optimum, the sustainable catch, and what talk is worth."""

from collections.abc import Sequence
from math import comb


def grown(left: int, full: int = 100, dead: int = 5) -> int:
    """The pool of the next month after `left` units were left; below `dead` it is lost."""
    return min(2 * left, full) if left >= dead else 0


def planner_optimum(months: int = 12, full: int = 100, dead: int = 5, keep_alive: bool = False) -> int:
    """The most that a single planner can take in `months` months, by dynamic programming over the pool.

    `keep_alive`: the pool must be at least `dead` after the last harvest too.
    """
    impossible = -(10**9)
    last = [(h - dead if h >= dead else impossible) if keep_alive else h for h in range(full + 1)]
    value = last
    for _ in range(months - 1):
        ahead = value
        go_on = [max((take + ahead[grown(h - take, full, dead)] for take in range(max(h - dead, -1) + 1)),
                     default=impossible) for h in range(full + 1)]  # fmt: skip
        value = go_on if keep_alive else [max(h, go_on[h]) for h in range(full + 1)]
    return value[full]


def sustainable_total(pool: int, full: int = 100, dead: int = 5) -> int:
    """f: the most that all together may take without the pool being smaller next month, by its definition."""
    return max(take for take in range(pool + 1) if grown(pool - take, full, dead) >= pool)


def sustainable_share(pool: int, members: int, full: int = 100, dead: int = 5) -> int:
    """f per member, by its definition: the most that each may take if all take the same, and the pool is kept."""
    fits = (take for take in range(pool // members + 1) if grown(pool - members * take, full, dead) >= pool)
    return max(fits, default=0)


def total_under_mean(beliefs: Sequence[int]) -> int:
    """What all take when they follow the mean of their beliefs: as much as without any talk, less what rounding loses.

    Only who takes changes, so a mean cannot save a commons that the beliefs would lose in that month.
    """
    return len(beliefs) * (sum(beliefs) // len(beliefs))


def survival_without_talk(members: int, p_greedy: float) -> float:
    """Everybody follows an own belief, and one greedy believer is enough to lose the commons."""
    return (1 - p_greedy) ** members


def survival_with_median(members: int, p_greedy: float) -> float:
    """Everybody follows the median of the announced beliefs (an odd number of members): a majority must be modest."""
    few = range((members - 1) // 2 + 1)
    return sum(comb(members, k) * p_greedy**k * (1 - p_greedy) ** (members - k) for k in few)
