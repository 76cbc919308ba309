"""Backward induction on a discretised three-stage division, judged by Gambit on the same tree."""

import pytest

from manyminds.theory.bargaining import division_tree, finite_shares
from manyminds.theory.sequential import Decision, backward_induction, friendly

gambit = pytest.importorskip("pygambit")
SEATS = ("Alice", "Bob")
GRID = tuple(k / 8 for k in range(9))


def built(root):
    """The tree as a Gambit game, and its information sets by history."""
    game, places = gambit.Game.new_tree(players=list(SEATS), title="division"), {}

    def grow(node, place, history):
        if not isinstance(node, Decision):
            game.set_outcome(place, game.add_outcome(f"end {len(game.outcomes)}", list(node.payoffs)))
            return
        game.append_move(place, SEATS[node.player], list(node.moves))
        places[history] = place
        for name, child in zip(node.moves, list(place.children)):
            grow(node.moves[name], child, (*history, name))

    grow(root, game.root, ())
    return game, places


@pytest.mark.parametrize("factors", [(0.9, 0.9), (0.8, 0.95)])
def test_gambit_finds_no_regret_anywhere_and_the_same_value(factors):
    root = division_tree(factors, 3, GRID)
    solved = backward_induction(root, friendly)
    game, places = built(root)
    profile = game.mixed_behavior_profile()
    for history, place in places.items():
        for action in place.infoset.actions:
            profile[action] = 1.0 if action.label == solved.plan[history] else 0.0
    # One information set a node, so no regret at any of them is subgame perfection (one deviation is enough).
    assert max(float(profile.infoset_regret(place.infoset)) for place in places.values()) < 1e-9
    assert [float(profile.payoff(seat)) for seat in SEATS] == pytest.approx(solved.values.tolist(), abs=1e-9)
    assert abs(solved.values[0] - finite_shares(*factors, 3)[0]) <= 1 / 8 + 1e-9
