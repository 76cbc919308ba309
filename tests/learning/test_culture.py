"""Generations: who survives, what is passed on, and the same on arrays."""

import asyncio
from itertools import pairwise
from random import Random

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.core import BadInput, Seeds
from manyminds.learning import culture_arrays as arrays
from manyminds.learning.culture import (
    Generation,
    Member,
    Trial,
    evolve,
    imitation,
    mutation_bias,
    selected,
    selection_differential,
)

NAMES = tuple("abcdef")


@given(
    some.lists(some.integers(0, 3), min_size=6, max_size=6), some.sampled_from(["truncation", "random", "reputation"])
)
def test_exactly_half_survives_and_nobody_better_is_lost(scores, selection):
    tested = Trial(dict(zip(NAMES, scores)), reputations=dict(zip(NAMES, scores)))
    kept = selected(NAMES, tested, 3, selection, Random(1))
    assert len(kept) == 3 and list(kept) == [name for name in NAMES if name in kept]
    if selection != "random":
        lost = [tested.scores[name] for name in NAMES if name not in kept]
        assert min(tested.scores[name] for name in kept) >= max(lost)


def test_ties_are_broken_by_lot_and_no_value_is_last():
    tested = Trial(dict.fromkeys(NAMES, 1.0))
    drawn = [selected(NAMES, tested, 3, "truncation", Random(i)) for i in range(2000)]
    shares = [sum(name in kept for kept in drawn) / 2000 for name in NAMES]
    assert shares == pytest.approx([0.5] * 6, abs=0.05)
    unknown = Trial({"a": float("nan"), "b": -1e9})
    assert selected(("a", "b"), unknown, 1, "truncation", Random(0)) == ("b",)
    with pytest.raises(BadInput):
        selected(NAMES, tested, 7, "truncation", Random(0))


def lineage(selection="truncation", random_parents=False, root=0, generations=6):
    async def live(number, members):
        seen.append((number, members))
        values = {member.name: member.strategy for member in members}
        return Trial(values, values, {name: -value for name, value in values.items()})

    seen = []
    birth = imitation(lambda x, rng: x + rng.gauss(0, 0.1), lambda rng: rng.gauss(0, 1), Seeds(root), random_parents)
    return asyncio.run(evolve(6, generations, live, birth, selection, Seeds(root))), seen


def test_survivors_are_unchanged_and_newborns_take_the_free_places():
    lived, seen = lineage()
    assert [generation.number for generation in lived] == list(range(1, 7)) and len(seen) == 6
    for before, after in pairwise(lived):
        old = {member.name: member for member in before.members}
        assert len(before.survivors) == 3
        for member in after.members:
            if member.born < after.number:
                assert old[member.name] is member and member.name in before.survivors
            else:
                assert member.advisers == before.survivors and member.name.startswith(f"{after.number}_")
        assert sorted(member.slot for member in after.members) == list(range(6))
    assert lived[-1].survivors == ()


def test_selection_works_on_what_is_passed_on():
    last = [max(g.tested.scores.values()) for g in lineage()[0]]
    assert last == sorted(last)
    best = np.mean([np.mean(list(lineage(root=i)[0][-1].tested.scores.values())) for i in range(20)])
    lot = np.mean([np.mean(list(lineage("random", root=i)[0][-1].tested.scores.values())) for i in range(20)])
    worst = np.mean([np.mean(list(lineage("reputation", root=i)[0][-1].tested.scores.values())) for i in range(20)])
    assert best > lot + 0.5 > lot - 0.5 > worst


def test_the_control_passes_nothing_on():
    def nearness(random_parents):
        gaps = []
        for root in range(20):
            for before, after in pairwise(lineage("random", random_parents, root)[0]):
                advice = [m.strategy for m in before.members if m.name in before.survivors]
                gaps += [min(abs(m.strategy - a) for a in advice) for m in after.newborns()]
        return np.mean(gaps)

    assert nearness(False) < 0.12 < nearness(True)


def test_measures_by_hand():
    members = (Member("a", 0), Member("b", 0), Member("2_1", 0, 2), Member("2_2", 0, 2))
    tested = Trial({}, {"a": 0.6, "b": 0.4, "2_1": 0.3, "2_2": 0.1})
    generation = Generation(2, members, tested, ("a", "2_2"))
    assert selection_differential(generation) == pytest.approx((0.35 - 0.35) / 0.35)
    assert mutation_bias(generation) == pytest.approx(0.2 - 0.5)
    generous = Generation(2, members, tested, ("a", "b"))
    assert selection_differential(generous) == pytest.approx((0.5 - 0.2) / 0.35)
    assert np.isnan(mutation_bias(Generation(1, members[:2], tested)))
    with pytest.raises(BadInput):
        asyncio.run(evolve(5, 2, None, None, "truncation", Seeds(0)))


# ---- on arrays


@pytest.mark.parametrize("selection", range(3))
@given(scores=some.lists(some.integers(0, 3), min_size=6, max_size=6))
def test_arrays_keep_who_python_keeps(selection, scores):
    value = jnp.array(scores, jnp.float32)[:, None]
    keys = jax.random.split(jax.random.key(0), 1)
    kept = arrays.survives(keys, arrays.Trial(value, value, value), 3, jnp.array([selection]))[:, 0].tolist()
    assert sum(kept) == 3
    if arrays.SELECTIONS[selection] != "random":
        lost = [score for score, lives in zip(scores, kept) if not lives]
        assert min(score for score, lives in zip(scores, kept) if lives) >= max(lost)


def test_arrays_break_ties_by_lot_and_measure_as_python_does():
    keys, ones = jax.random.split(jax.random.key(0), 2000), jnp.ones((6, 2000))
    kept = arrays.survives(keys, arrays.Trial(ones, ones, ones), 3, jnp.zeros(2000, int))
    assert kept.mean(1).tolist() == pytest.approx([0.5] * 6, abs=0.05)
    nobody = arrays.Trial(ones.at[0].set(jnp.nan), ones, ones)
    assert not arrays.survives(keys, nobody, 3, jnp.zeros(2000, int))[0].any()
    trait = jnp.array([[0.6], [0.4], [0.3], [0.1]])
    lived = arrays.Lived((), arrays.Trial(trait, trait, trait), jnp.array([[True], [True], [False], [False]]),
                         jnp.array([[False], [False], [True], [True]]))  # fmt: skip
    assert float(arrays.selection_differential(lived)[0]) == pytest.approx((0.5 - 0.2) / 0.35)
    assert float(arrays.mutation_bias(lived)[0]) == pytest.approx(0.2 - 0.5)


def test_evolution_on_arrays_climbs_and_keeps_survivors_first():
    def live(keys, x):
        return arrays.Trial(x, x, -x)

    def breed(keys, x):
        return x + 0.1 * jax.vmap(lambda key: jax.random.normal(key, x.shape[:1]), out_axes=-1)(keys)

    start = jnp.tile(jax.random.normal(jax.random.key(1), (6, 1)), 3)
    keys, selection = jax.random.split(jax.random.key(2), 3), jnp.array([0, 1, 2])
    lived = arrays.evolve(keys, start, live, breed, 20, selection)
    moved = lived.strategy[-1].mean(0) - start.mean(0)
    assert moved[0] > 0.3 and moved[2] < -0.3
    for before, after, kept in zip(lived.strategy, lived.strategy[1:], lived.survives):
        for column in range(3):
            assert after[:3, column].tolist() == before[:, column][kept[:, column]].tolist()
    assert lived.newborn[0].all() and lived.newborn[1, :, 0].tolist() == [False] * 3 + [True] * 3
