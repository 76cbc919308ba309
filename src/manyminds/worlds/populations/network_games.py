"""Games that many play on a network, each against the states of its neighbours: epidemics, rumours, cyber security.

Every game is a finite mean-field game in the sense of `theory/mean_field_games.py`: what a player meets is the
distribution `seen` of its neighbours' states, whether they are three or infinitely many.
"""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array


def table(rows: list[list[list[Array | float]]]) -> Array:
    """An array (X, U, X) from nested lists of numbers and traced numbers."""
    return jnp.stack([jnp.stack([jnp.stack([jnp.asarray(p, float) for p in to]) for to in per]) for per in rows])


@dataclass(frozen=True)
class Epidemic:
    """What the two epidemics share. Action 1 protects: it costs, and keeps a susceptible player from infection."""

    steps: int = 50
    infection: float = 0.8
    recovery: float = 0.2
    ill: float = 2.0  # what a step of being infected costs
    protection: float = 0.5
    actions = 2

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"a game has at least one decision, not {self.steps}")

    def reward(self, seen: Array) -> Array:
        infected = jnp.zeros(seen.shape[0], seen.dtype).at[1].set(1)
        return -self.ill * infected[:, None] - self.protection * jnp.asarray([0.0, 1.0], seen.dtype)


@dataclass(frozen=True)
class SIS(Epidemic):
    """Susceptible, infected, susceptible again (Cui and Koeppl, arXiv 2112.01280)."""

    start: tuple[float, ...] = (0.5, 0.5)

    def transition(self, seen: Array) -> Array:
        caught, well = self.infection * seen[1], self.recovery
        return table([[[1 - caught, caught], [1.0, 0.0]], [[well, 1 - well]] * 2]).astype(seen.dtype)


@dataclass(frozen=True)
class SIR(Epidemic):
    """Susceptible, infected, then removed for good."""

    recovery: float = 0.1
    start: tuple[float, ...] = (0.9, 0.1, 0.0)

    def transition(self, seen: Array) -> Array:
        caught, well = self.infection * seen[1], self.recovery
        ill, gone = [[0.0, 1 - well, well]] * 2, [[0.0, 0.0, 1.0]] * 2
        return table([[[1 - caught, caught, 0.0], [1.0, 0.0, 0.0]], ill, gone]).astype(seen.dtype)


@dataclass(frozen=True)
class Rumour:
    """Unaware or aware; an aware player may tell (action 1), which is worth something while few know it already."""

    steps: int = 50
    fresh: float = 0.5  # gained per share of unaware neighbours
    stale: float = 0.4  # lost per share of aware ones
    start: tuple[float, ...] = (0.99, 0.01)
    actions = 2

    def transition(self, seen: Array) -> Array:
        return table([[[1 - seen[1], seen[1]]] * 2, [[0.0, 1.0]] * 2]).astype(seen.dtype)

    def reward(self, seen: Array) -> Array:
        telling = self.fresh * seen[0] - self.stale * seen[1]
        return jnp.zeros((2, 2), seen.dtype).at[1, 1].set(telling)


@dataclass(frozen=True)
class Cyber:
    """Defended or not, infected or not (states DI, DS, UI, US); action 1 asks for the other level of defence."""

    steps: int = 50
    switch: float = 0.3
    recovery: tuple[float, float] = (0.3, 0.2)  # defended, undefended
    attack: float = 0.1
    attacked: tuple[float, float] = (0.05, 0.1)
    # From a defended and an undefended infected neighbour, to the defended and to the undefended.
    spread: tuple[tuple[float, float], tuple[float, float]] = ((0.1, 0.2), (0.7, 0.8))
    defence: float = 0.7
    ill: float = 2.0
    start: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25)
    actions = 2

    def transition(self, seen: Array) -> Array:
        rows = []
        for level in (0, 1):
            from_defended, from_open = self.spread[level]
            spared = (1 - self.attack * self.attacked[level]) * (1 - from_defended * seen[0])
            caught = 1 - spared * (1 - from_open * seen[2])  # three independent causes
            for becomes in ([1 - self.recovery[level], self.recovery[level]], [caught, 1 - caught]):
                rows.append([self.placed(becomes, level, share) for share in (0.0, self.switch)])
        return table(rows).astype(seen.dtype)

    def placed(self, becomes: list, level: int, share: float) -> list:
        own, other = [(1 - share) * p for p in becomes], [share * p for p in becomes]
        return own + other if level == 0 else other + own

    def reward(self, seen: Array) -> Array:
        costs = [self.defence + self.ill, self.defence, self.ill, 0.0]
        return -jnp.repeat(jnp.asarray(costs, seen.dtype)[:, None], 2, 1)


@dataclass(frozen=True)
class Beach:
    """Places on a ring around a bar; near the bar is better, and so is having few others in one's place."""

    steps: int = 15
    places: int = 10
    bar: int = 5
    noise: float = 0.1
    crowd: float = 3.0
    actions = 3  # one place back, stay, one place on

    @property
    def start(self) -> tuple[float, ...]:
        return (1 / self.places,) * self.places

    def transition(self, seen: Array) -> Array:
        here = jnp.arange(self.places)
        moves = jnp.zeros((self.places, 3, self.places), seen.dtype)
        for action in range(3):
            for slip, p in ((-1, self.noise / 2), (0, 1 - self.noise), (1, self.noise / 2)):
                moves = moves.at[here, action, (here + action - 1 + slip) % self.places].add(p)
        return moves

    def reward(self, seen: Array) -> Array:
        far = jnp.abs(jnp.arange(self.places) - self.bar) / 5
        walk = jnp.asarray([1.0, 0.0, 1.0]) / 5
        return (-far[:, None] - walk - self.crowd * seen[:, None]).astype(seen.dtype)


@dataclass(frozen=True)
class Unmoved:
    """Another game in which everybody can only take its first action: what happens when nobody does anything."""

    game: Epidemic | Rumour | Cyber | Beach
    actions = 1

    @property
    def steps(self) -> int:
        return self.game.steps

    @property
    def start(self) -> tuple[float, ...]:
        return self.game.start

    def transition(self, seen: Array) -> Array:
        return self.game.transition(seen)[:, :1]

    def reward(self, seen: Array) -> Array:
        return self.game.reward(seen)[:, :1]


GAMES = {"sis": SIS(), "sir": SIR(), "rumour": Rumour(), "cyber": Cyber(), "beach": Beach()}
