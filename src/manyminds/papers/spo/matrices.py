"""Self-play on preference matrices: the regret identity, rates, the linear programme, and where Borda goes wrong."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.learning.self_play import FIXED_HEDGE, SelfPlay, self_played, tuned_rate
from manyminds.theory import preferences as theory

RATES = (0.05, 0.5)  # constant rates of Hedge, beside the tuned one
MARKS = 20


class Played(BaseModel, frozen=True):
    """One random matrix played at one rate."""

    rate: float
    tuned: bool
    identity: float  # |exploitability of the average - regret / rounds|
    average: float  # exploitability of the average
    last: float  # the largest exploitability of the last mixture at any mark
    final: float  # that of the last mixture at the end
    bound: float  # sqrt(2 ln N / T)
    distance: float  # total variation from the minimax winner


def played(matrix: np.ndarray, rounds: int, rate: float, marks: int = 1) -> SelfPlay:
    """Hedge against itself in double precision."""
    with jax.enable_x64(True):
        found = self_played(jnp.asarray(matrix), rounds, FIXED_HEDGE, 1 / rate, marks=marks)
        return SelfPlay(*map(np.asarray, found))


def identities(seeds: Seeds, count: int, size: int, rounds: int) -> list[dict[str, Any]]:
    """`count` random matrices at every rate, all at once."""
    rounds -= rounds % MARKS
    rng, tuned = seeds.numpy("matrices"), tuned_rate(size, rounds)
    games = np.stack([theory.random_preferences(rng, size) for _ in range(count)])
    rates = np.array([*RATES, tuned])
    with jax.enable_x64(True):
        one = lambda game, rate: self_played(game, rounds, FIXED_HEDGE, 1 / rate, marks=MARKS)  # noqa: E731
        found = jax.vmap(jax.vmap(one, (None, 0)), (0, None))(jnp.asarray(games), jnp.asarray(rates))
        found = SelfPlay(*map(np.asarray, found))
    rows = []
    for i, game in enumerate(games):
        winner = theory.minimax_winner(game).mixture
        for j, rate in enumerate(rates):
            average = found.average[i, j]
            beaten = theory.exploitability(game, average)
            rows.append(
                Played(
                    rate=rate, tuned=j == len(RATES), identity=abs(beaten - found.regret[i, j]), average=beaten,
                    last=found.last_exploitability[i, j].max(), final=theory.exploitability(game, found.last[i, j]),
                    bound=float(np.sqrt(2 * np.log(size) / rounds)), distance=theory.distance(average, winner),
                ).model_dump()
            )  # fmt: skip
    return rows


def programmes(seeds: Seeds, count: int, sizes: tuple[int, ...]) -> dict[str, float]:
    """The largest |value| and exploitability of minimax winners by linear programme, over random matrices."""
    values, beaten = [], []
    for size in sizes:
        for i in range(count):
            game = theory.random_preferences(seeds.numpy(size, i), size)
            winner = theory.minimax_winner(game)
            values.append(abs(winner.value))
            beaten.append(theory.exploitability(game, winner.mixture))
    return {"value": max(values), "exploitability": max(beaten), "games": float(len(values))}


def rates(seeds: Seeds, size: int, rounds: int) -> dict[str, Any]:
    """The worst exploitability over cyclic games when the rate is tuned to each number of rounds."""
    rng = seeds.numpy("cyclic")
    weighted = [theory.cycle(*rng.uniform(0.1, 1, 3)) for _ in range(8)]
    games = [*weighted, *(theory.random_preferences(rng, size) for _ in range(4))]
    times = np.unique(np.geomspace(max(rounds // 100, 10), rounds, 5).astype(int))
    worst = []
    for t in times:
        worst.append(max(float(played(g, int(t), tuned_rate(len(g), int(t))).regret) for g in games))
    slope = float(np.polyfit(np.log(times), np.log(worst), 1)[0])
    return {"rounds": times.tolist(), "worst": worst, "slope": slope}


def favourite(seeds: Seeds, size: int, gap: float, rate: float) -> dict[str, Any]:
    """A Condorcet winner by `gap`: rounds times exploitability stays at ln(N) / rate, whatever the rounds."""
    game = theory.with_favourite(seeds.numpy("favourite"), size, gap)
    times = [1000, 3000, 10_000]
    scaled = [t * theory.exploitability(game, played(game, t, rate).average) for t in times]
    return {"rounds": times, "scaled": scaled, "theory": float(np.log(size) / rate)}


def trap() -> dict[str, Any]:
    """The matrix on which Borda and Bradley-Terry choose what the minimax winner does not."""
    game = theory.BORDA_TRAP
    winner, scores = theory.minimax_winner(game), theory.fitted_to(game)
    return {
        "minimax": winner.mixture.tolist(), "borda": theory.borda(game).tolist(), "bradley_terry": scores.tolist(),
        "misfit": theory.misfit(game, scores), "condorcet": theory.condorcet(game),
        "exploited": theory.exploitability(game, np.eye(4)[int(scores.argmax())]),
    }  # fmt: skip
