"""Small games that the literature calls by name, and random ones; payoffs as in `normal_form`."""

import numpy as np

from manyminds.theory.normal_form import two_players

# Shapley (1964): the only equilibrium is uniform, and fictitious play circles it for ever.
SHAPLEY = two_players(np.eye(3), np.roll(np.eye(3), 1, axis=1))
ROCK_PAPER_SCISSORS = two_players([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], -np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]))
CHICKEN = two_players([[6, 2], [7, 0]], [[6, 7], [2, 0]])
MATCHING_PENNIES = two_players([[1, 0], [0, 1]], [[0, 1], [1, 0]])
# Actions: cooperate, defect, punish. No profile that threats can hold together is a Nash equilibrium of one stage.
THREATS = two_players(
    [[0.75, 0, 0], [1, 0.25, 0.1], [0, 0, 0]], np.transpose([[0.75, 0, 0], [1, 0.25, 0.1], [0, 0, 0]])
)

NAMED = {
    "shapley": SHAPLEY,
    "rock-paper-scissors": ROCK_PAPER_SCISSORS,
    "chicken": CHICKEN,
    "matching-pennies": MATCHING_PENNIES,
    "threats": THREATS,
}


def random_game(rng: np.random.Generator, *actions: int) -> np.ndarray:
    """Independent uniform payoffs in [0, 1] for players with so many actions each."""
    return rng.random((len(actions), *actions))
