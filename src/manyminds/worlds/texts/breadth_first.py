"""Shortest plans by breadth-first search: the oracle of worlds that are small."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

State = TypeVar("State", bound=Hashable)


def shortest_plan(
    start: State,
    legal: Callable[[State], Iterable[tuple[str, State]]],
    reached: Callable[[State], bool],
    most: int = 200_000,
) -> list[str] | None:
    """The actions from `start` to the nearest state that is `reached`; None if none is among the first `most` states.

    `legal`: the actions that work in a state, with where they lead. Of plans of one length, the first in their order.
    """
    came: dict[State, tuple[State, str] | None] = {start: None}
    waiting = deque([start])
    while waiting and len(came) < most:
        state = waiting.popleft()
        if reached(state):
            found: list[str] = []
            while (before := came[state]) is not None:
                state, action = before
                found.append(action)
            return found[::-1]
        for action, after in legal(state):
            if after not in came:
                came[after] = (state, action)
                waiting.append(after)
    return None
