"""Rules for any matrix game, whatever the number of players and options: equilibrium, maximin, a fair coin, replies."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from manyminds.core import View
from manyminds.theory.normal_form import action_values, equilibria, pure_equilibria, security


@dataclass(frozen=True)
class Mixes:
    """What all of these share: a mix over the own options (a vector of probabilities), drawn from the view's stream."""

    kind = "rule"

    async def act(self, view: View) -> Any:
        sight = view.data
        if sight.phase == "predict":
            return sight.their_options[0][int(np.argmax(beliefs(sight)[0]))]
        mix = self.mix(sight)
        return sight.options[int(np.searchsorted(np.cumsum(mix), view.seeds("mix").random() * mix.sum(), side="right"))]

    def mix(self, sight: Any) -> np.ndarray:
        raise TypeError(f"{type(self).__name__} must say how it mixes")


@dataclass(frozen=True)
class Equilibrium(Mixes):
    """Its part of a Nash equilibrium of the one-shot game, in every round: number `which` of all that are found.

    With more than two players only pure equilibria are looked for. Both seats must mean the same one, so the list is
    the first player's: its order must not depend on who looks.
    """

    which: int = 0

    def mix(self, sight: Any) -> np.ndarray:
        return equilibrium_part(sight.payoffs, sight.place, self.which)


def equilibrium_part(payoffs: np.ndarray, place: int, which: int) -> np.ndarray:
    """The mix of the player in seat `place` in equilibrium number `which`. `payoffs` have that player's part first."""
    table = unturned(payoffs, place)
    found = [tuple(np.eye(k)[a] for k, a in zip(table.shape[1:], at)) for at in pure_equilibria(table)]
    if len(table) == 2:
        found = equilibria(table)
    if not found:
        raise ValueError(
            "this game of more than two players has no pure equilibrium, and mixed ones are not looked for"
        )
    return np.asarray(found[which % len(found)][place])


def unturned(payoffs: np.ndarray, place: int) -> np.ndarray:
    """A game as player `place` sees it (itself first), turned back to the order of the seats."""
    seen = [place, *(i for i in range(len(payoffs)) if i != place)]  # the seat behind each axis
    order = [seen.index(i) for i in range(len(payoffs))]
    return np.transpose(payoffs[order], (0, *(1 + i for i in order)))


@dataclass(frozen=True)
class Maximin(Mixes):
    """The mix that guarantees most against everybody else."""

    def mix(self, sight: Any) -> np.ndarray:
        return security(sight.payoffs, 0).strategy


@dataclass(frozen=True)
class Uniform(Mixes):
    """Any option, all alike."""

    def mix(self, sight: Any) -> np.ndarray:
        return np.full(len(sight.options), 1 / len(sight.options))


@dataclass(frozen=True)
class Responds(Mixes):
    """The best reply to how often each option of each other player was seen (with one imagined sight of each)."""

    def mix(self, sight: Any) -> np.ndarray:
        profile = [np.ones(len(sight.options)), *beliefs(sight)]
        return np.eye(len(sight.options))[int(np.argmax(action_values(sight.payoffs, profile, 0)))]


def beliefs(sight: Any) -> list[np.ndarray]:
    """What each other player is expected to do: one sight of each option, and those that there were."""
    found = []
    for i, options in enumerate(sight.their_options, 1):
        counts = np.ones(len(options)) + np.bincount([joint[i] for joint in sight.history], minlength=len(options))
        found.append(counts / counts.sum())
    return found


@dataclass
class Replies:
    """Predict, then reply: forecasts as `mind` does, and then plays the best reply to the forecast.

    Around any mind that answers the question what the other will do; it must sit in a seat with foresight. Without a
    forecast it takes the other's options for equally likely. Ties go to the first option.
    """

    mind: Any

    @property
    def kind(self) -> str:
        return str(getattr(self.mind, "kind", "rule"))

    async def act(self, view: View) -> Any:
        sight = view.data
        if sight.phase == "predict":
            return await self.mind.act(view)
        own = sight.payoffs[0]
        values = own.mean(axis=1) if sight.prediction is None else own[:, sight.prediction]
        return sight.options[int(np.argmax(values))]


GENERAL = {"equilibrium": Equilibrium, "maximin": Maximin, "uniform": Uniform, "responds": Responds}
