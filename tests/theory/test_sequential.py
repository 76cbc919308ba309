"""Backward induction: entry, chance, ties, and agreement with the equilibria of the same game in normal form."""

import numpy as np
import pytest

from manyminds.theory.normal_form import pure_equilibria, two_players
from manyminds.theory.sequential import Chance, Decision, End, backward_induction, friendly

ENTRY = Decision(0, {"out": End((0, 2)), "in": Decision(1, {"fight": End((-1, -1)), "share": End((1, 1))})})


def test_the_threat_to_fight_is_not_believed():
    found = backward_induction(ENTRY)
    assert found.plan == {(): "in", ("in",): "share"} and found.path(ENTRY) == ("in", "share")
    assert found.values.tolist() == [1, 1] and found.ties == ()
    normal = two_players([[0, 0], [-1, 1]], [[2, 2], [-1, 1]])  # the normal form believes it: out, fight
    assert (0, 0) in pure_equilibria(normal) and (1, 1) in pure_equilibria(normal)


def test_chance_is_averaged_and_must_sum_to_one():
    luck = Chance({"good": (0.25, End((4, 0))), "bad": (0.75, End((0, 4)))})
    root = Decision(0, {"gamble": luck, "safe": End((0.9, 0))})
    assert backward_induction(root).values.tolist() == [1, 3]
    with pytest.raises(ValueError, match="chance"):
        backward_induction(Chance({"a": (0.5, End((0,)))}))


def test_ties_are_named_and_broken_as_asked():
    root = Decision(0, {"mean": End((1, 0)), "kind": End((1, 5))})
    assert backward_induction(root).plan[()] == "mean" and backward_induction(root).ties == ((),)
    assert backward_induction(root, friendly).values.tolist() == [1, 5]


def test_long_centipede_ends_at_once():
    def centipede(step: int, steps: int) -> Decision | End:
        if step == steps:
            return End((steps, steps))
        stopped = (step + 1, step - 1) if step % 2 == 0 else (step - 1, step + 1)
        return Decision(step % 2, {"stop": End(stopped), "go on": centipede(step + 1, steps)})

    found = backward_induction(centipede(0, 20))
    assert found.path(centipede(0, 20)) == ("stop",) and np.allclose(found.values, [1, -1])
