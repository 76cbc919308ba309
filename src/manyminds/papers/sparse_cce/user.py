"""A user's game file: gaps, certificates, and a warning where regret looks small and is not."""

from pathlib import Path

import numpy as np

from manyminds.core import BadInput, Seeds
from manyminds.learning.no_regret import LEARNERS
from manyminds.learning.no_regret_markov import markov_self_play
from manyminds.papers.sparse_cce.experiments import learners, spread
from manyminds.papers.sparse_cce.rows import User
from manyminds.theory.markov_games import MarkovGame, checked_policies, gaps
from manyminds.theory.sparse_cce import audit, extract, mixture, warning
from manyminds.worlds.games.markov import read_game

SMALL = 0.05  # a regret below this share of the payoffs' span looks like convergence


def audited(path: Path, episodes: int, stages: int, learner: str, samples: int, seeds: Seeds) -> User:
    """Audit the policies in a file, or those of learners that play its game for `episodes` episodes."""
    found = read_game(path)
    try:
        if found.payoffs is not None:
            return normal_form(path.name, found.payoffs, found.policies, episodes, stages, learner, samples, seeds)
        assert found.game is not None
        return markov(path.name, found.game, found.policies, episodes, learner, samples, seeds)
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from None


def normal_form(name: str, payoffs: np.ndarray, given: tuple[np.ndarray, ...] | None, episodes: int, stages: int,
                learner: str, samples: int, seeds: Seeds) -> User:  # fmt: skip
    """A game repeated for `stages` revealed stages. Given policies are (T, H, k), or (T, k) if constant."""
    if given is None:
        policies = spread(learners(payoffs, episodes, learner, seeds.numpy("user")), stages)
    else:
        policies = tuple(np.repeat(p[:, None], stages, axis=1) if p.ndim == 2 else p for p in given)
    policies = mixture(payoffs, policies)
    rows = audit(payoffs, policies, seeds.jax("user"), samples)
    span = float(np.ptp(payoffs)) or 1.0
    nearest = extract(payoffs, policies)
    return User(
        file=name, kind="normal form, repeated", policies=origin(given, learner), episodes=len(policies[0]),
        stages=policies[0].shape[1], span=span, values=[a.value for a in rows],
        markov_gaps=[a.markov_gap for a in rows], markov_exact=True, history_gaps=[a.history_gap for a in rows],
        errors=[a.error for a in rows], exact=all(a.error == 0 for a in rows),
        certificates=[a.certificate for a in rows], extracted=nearest.regrets.tolist(),
        warning=warning(rows, SMALL * span),
    )  # fmt: skip


def markov(name: str, game: MarkovGame, given: tuple[np.ndarray, ...] | None, episodes: int, learner: str, samples: int,
           seeds: Seeds) -> User:  # fmt: skip
    """A Markov game; totals over its stages. Gaps that are too many to enumerate are lower bounds from rollouts."""
    played = markov_self_play(game, episodes, LEARNERS[learner], seeds.numpy("user")) if given is None else given
    policies = checked_policies(game, played)
    rows = gaps(game, policies, limit=20_000, samples=samples, rng=seeds.numpy("rollouts"))
    span = float(np.ptp(game.rewards)) * game.stages or 1.0
    markov_gaps, history = [float(r["markov_gap"]) for r in rows], [float(r["history_gap"]) for r in rows]
    errors = [float(r["error"]) for r in rows]
    worst = int(np.argmax(history))
    hidden = (
        max(markov_gaps) <= SMALL * span
        and history[worst] > max(2 * max(markov_gaps), SMALL * span / 2) + 2 * errors[worst]
    )
    told = (
        f"regret against Markov deviations is {max(markov_gaps):.3g}, but player {worst} gains {history[worst]:.3g} an "
        "episode by remembering what happened; these policies are no coarse correlated equilibrium"
    )
    return User(
        file=name, kind="Markov game", policies=origin(given, learner), episodes=len(policies[0]), stages=game.stages,
        span=span, values=[float(r["value"]) for r in rows], markov_gaps=markov_gaps,
        markov_exact=all(r["markov_exact"] for r in rows), history_gaps=history, errors=errors,
        exact=all(r["exact"] for r in rows), certificates=[None] * len(rows), extracted=None,
        warning=told if hidden else "",
    )  # fmt: skip


def origin(given: tuple[np.ndarray, ...] | None, learner: str) -> str:
    return f"{learner} in self-play" if given is None else "from the file"
