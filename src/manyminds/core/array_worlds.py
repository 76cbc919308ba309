"""Worlds on arrays: the verbs of a turn world, pure and jit-able, for policies that learn by gradient.

An array world holds parameters, never progress. One state is one copy of the world; thousands are a `vmap`. Nothing
restarts by itself: whoever rolls a world out decides that, so that the last observation of an episode is never lost.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from jax import Array


@dataclass(frozen=True)
class Discrete:
    """One of `n` actions, as an integer from 0 to n - 1."""

    n: int


@dataclass(frozen=True)
class Box:
    """A vector of `size` numbers, each from `low` to `high`."""

    size: int
    low: float = -1.0
    high: float = 1.0


Space = Discrete | Box


class Effects(NamedTuple):
    """What a step did. `ended`: nothing comes after, the value of the next state is 0. `cut`: only the clock stopped
    it, so the next state keeps its value. Confusing the two biases every value that is bootstrapped."""

    reward: "Array"
    ended: "Array"
    cut: "Array"


class ArrayWorld(Protocol):
    """Pure rules on arrays; every method may be jitted and vmapped over states and keys."""

    @property
    def observation_size(self) -> int: ...

    @property
    def actions(self) -> Space: ...

    def reset(self, key: "Array") -> Any:
        """The first state of an episode."""

    def observe(self, state: Any) -> "Array":
        """What the policy sees of a state: float32, shape (observation_size,)."""

    def step(self, state: Any, action: "Array", key: "Array") -> tuple[Any, Effects]:
        """The next state and what the action did."""
