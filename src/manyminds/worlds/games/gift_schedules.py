"""Who gives to whom in which round of a donor game, and why nobody can repay at once.

Half of the players (X, places 0 to k-1) give in odd rounds, the other half (Y) in even ones. In round t the player X_i
meets Y_(i + s_t mod k), so a schedule is the sequence of its shifts s_1, s_2, ... Two of the three conditions are on
shifts of one kind: those of odd rounds are all different, and so are those of even rounds (nobody gives to the same
player twice). The third keeps direct reciprocity out: who gives in round t sees the gifts of rounds t-1, t-2, ..., and
none of these came from or went to itself exactly if s_t - s_(t-1) + s_(t-2) - ... (an even number of terms) is not 0.
"""

from itertools import accumulate

from manyminds.core import BadInput

Rounds = tuple[tuple[tuple[int, int], ...], ...]  # rounds of (donor, recipient), by place

TWELVE = (0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 0)  # twelve players, twelve rounds: who meet again do so 5 rounds later
STEPS = 200_000  # that a search may take


def shifted(players: int, shifts: tuple[int, ...]) -> Rounds:
    """The rounds that these shifts make."""
    half = players // 2
    rounds = []
    for number, shift in enumerate(shifts):
        met = [(i, half + (i + shift) % half) for i in range(half)]
        rounds.append(tuple(met if number % 2 == 0 else [(y, x) for x, y in met]))
    return tuple(rounds)


def alternating(players: int = 12, rounds: int = 12, links: int = 3) -> Rounds:
    """Strictly alternating roles without repeated gifts and without a donor in the trace that it sees.

    Raises `BadInput` where there is no such schedule: then fewer rounds, a shorter trace or more players are needed.
    """
    even(players)
    if (players, rounds) == (12, 12) and links <= 3:
        return shifted(players, TWELVE)
    shifts = found(players // 2, rounds, links)
    if shifts is None:
        raise BadInput(
            f"{players} players cannot meet for {rounds} rounds so that no donor occurs in a trace of {links} links; "
            f"take at most {players} rounds, fewer links or more players"
        )
    return shifted(players, shifts)


def released(players: int = 12, rounds: int = 12) -> Rounds:
    """As in the authors' released code, for comparison only.

    All shifts in order with alternating roles, then the same meetings in the same order with roles swapped: one half
    gives in two consecutive rounds, so all-give-all averages half of what the paper states.
    """
    even(players)
    if rounds != players:
        raise BadInput(f"the released schedule has as many rounds as players ({players}), not {rounds}")
    half = players // 2
    first = shifted(players, tuple(-i % half for i in range(half)))
    return first + swapped(first)


def swapped(rounds: Rounds) -> Rounds:
    """The same meetings with donors and recipients exchanged."""
    return tuple(tuple((recipient, donor) for donor, recipient in pairs) for pairs in rounds)


def even(players: int) -> None:
    if players < 2 or players % 2:
        raise BadInput(f"a donor game needs an even number of players, at least 2, not {players}")


def found(half: int, rounds: int, links: int) -> tuple[int, ...] | None:
    """The first sequence of shifts that keeps the conditions, by depth-first search; None if there is none."""
    steps = 0

    def allowed(shifts: tuple[int, ...]) -> bool:
        if shifts[-1] in shifts[:-1][-2::-2]:  # given already by a player in the same role
            return False
        back = shifts[::-1][: links + 1]
        sums = list(accumulate(s if i % 2 == 0 else -s for i, s in enumerate(back)))
        return all(total % half for total in sums[1::2])

    def extended(shifts: tuple[int, ...]) -> tuple[int, ...] | None:
        nonlocal steps
        if len(shifts) == rounds:
            return shifts
        start = shifts[-1] + 1 if shifts else 0
        for i in range(half if shifts else 1):
            steps += 1
            longer = (*shifts, (start + i) % half)
            if steps < STEPS and allowed(longer) and (whole := extended(longer)):
                return whole
        return None

    return extended(()) if (rounds + 1) // 2 <= half and rounds < 900 else None


def leaks(rounds: Rounds, links: int) -> list[tuple[int, int]]:
    """The (round, donor) pairs, by index, in which the donor occurs in the trace that it is shown."""
    traces: dict[int, tuple[tuple[int, int], ...]] = {}
    seen = []
    for number, pairs in enumerate(rounds):
        after = {}
        for donor, recipient in pairs:
            shown = traces.get(recipient, ())
            if any(donor in act for act in shown):
                seen.append((number, donor))
            after[donor] = ((donor, recipient), *shown)[:links]
        traces |= after
    return seen
