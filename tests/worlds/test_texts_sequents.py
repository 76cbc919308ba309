"""Sequents: the kernel proves only what is true, shortest proofs are shortest, and no other text closes a goal."""

from itertools import product
from random import Random

import pytest

from manyminds.core import Seeds
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.sequents import (
    Sequent,
    Sequents,
    applied,
    grown,
    possible,
    proof,
    random_formula,
    read,
    written,
)

SEEDS = Seeds(4)


def holds(formula, truth):
    if isinstance(formula, str):
        return truth[formula]
    sign, a, b = formula[0], holds(formula[1], truth), holds(formula[2], truth)
    return {"&": a and b, "|": a or b, ">": not a or b}[sign]


def valid(sequent):
    """By the truth table."""
    for values in product((False, True), repeat=4):
        truth = dict(zip("pqrs", values))
        if all(holds(one, truth) for one in sequent.given) and not holds(sequent.goal, truth):
            return False
    return True


def shortest(sequent, most):
    """By breadth-first search over lists of open goals."""
    layer = {(sequent,)}
    for taken in range(1, most + 1):
        layer = {(*after, *rest) for goal, *rest in layer for _, after in possible(goal)}
        if () in layer:
            return taken
    return None


def test_what_is_proved_is_true_and_every_tactic_keeps_it_so():
    rng = Random(0)
    for _ in range(400):
        given = tuple(dict.fromkeys(random_formula(rng, rng.randint(1, 3)) for _ in range(rng.randint(0, 3))))
        sequent = Sequent(given, random_formula(rng, rng.randint(1, 3)))
        assert proof(sequent, 5) is None or valid(sequent)
        for _, goals in possible(sequent):
            assert valid(sequent) or not all(map(valid, goals)), "goals that are all true come from a true one"


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_shortest_proofs_are_shortest(level):
    for item in items(Sequents(), level, "train", SEEDS, 12):
        assert shortest(read(item.prompt), level) == level
        assert len(item.solution.split("\n")) == level + 1


def test_all_tactics_are_used_and_written_sequents_are_read():
    used = set()
    for level in (1, 2, 3, 5):
        for item in items(Sequents(), level, "raise", SEEDS, 40):
            used |= {line.split()[0] for line in item.solution.split("\n")[:-1]}
            assert written(read(item.prompt)) == item.prompt
    assert used == {"assumption", "intro", "split", "left", "right", "both", "cases", "apply"}


def test_tactics_by_hand():
    both = Sequent((("&", "p", "q"),), "q")
    assert applied(both, "both 1") == [Sequent(("p", "q"), "q")]
    assert applied(Sequent((("|", "p", "q"),), "r"), "cases 1") == [Sequent(("p",), "r"), Sequent(("q",), "r")]
    assert applied(Sequent(("p", (">", "p", "q")), "q"), "apply 2") == [Sequent(("p", (">", "p", "q")), "p")]
    assert applied(Sequent((), (">", "p", "p")), "intro") == [Sequent(("p",), "p")]
    for wrong in (
        "both 2",
        "both",
        "both x",
        "apply 1",
        "cases 1",
        "intro",
        "split",
        "assumption",
        "",
        "both ²",
        "qed",
    ):
        assert isinstance(applied(both, wrong), str), wrong


def test_a_goal_left_open_is_no_proof():
    family = Sequents()
    for item in items(family, 3, "train", SEEDS, 20):
        lines = item.solution.split("\n")
        for i in range(3):
            assert not family.check(item, "\n".join([*lines[:i], *lines[i + 1 :]])).ok
        assert (
            not family.check(item, "#done").ok and not family.check(item, item.solution + "\nassumption").progress < 1
        )
    assert proof(Sequent((), (">", (">", (">", "p", "q"), "p"), "p")), 8) is None, "Peirce's law is not intuitionistic"


def test_grown_sequents_are_true():
    rng = Random(3)
    assert all(valid(grown(rng, size)) for size in (1, 2, 3, 4, 5) for _ in range(60))
