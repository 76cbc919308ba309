"""The hiring program: closed forms, a check that shares nothing with it, symmetries, and what breaks it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory import hiring
from manyminds.theory.audit import TABLE, audit_probability, by_state_alone, closed_form, random_audit
from manyminds.theory.contracts import bonus
from manyminds.theory.hiring import Instance, best_deterministic, separable_value, solve
from manyminds.theory.hiring_checks import Responses, check, responses, value_under
from manyminds.theory.hiring_instances import KINDS, from_plain, garbled, permuted, plain, random_instance


@pytest.mark.parametrize(("point", "value"), TABLE)
def test_the_random_audit_in_closed_form(point, value):
    assert closed_form(*point) == pytest.approx(value, abs=1e-12)
    instance = random_audit(*point)
    found = solve(instance)
    assert found.value == pytest.approx(value, abs=1e-6) == pytest.approx(found.dual, abs=1e-6)
    assert check(instance, found).holds()
    if value > by_state_alone(*point[:2]) + 1e-9:
        assert found.mu[1, 1] == pytest.approx(audit_probability(point[1], point[3]))
    assert best_deterministic(instance).value == pytest.approx(by_state_alone(*point[:2]))


def instances(kinds=KINDS, **sizes):
    return some.builds(lambda seed, kind: random_instance(np.random.default_rng(seed), kind, **sizes),
                       some.integers(0, 2**32), some.sampled_from(kinds))  # fmt: skip


@settings(max_examples=25)
@given(instances(signals=3, states=2))
def test_the_independent_check_confirms_incentives_value_and_payments(instance):
    found = solve(instance)
    seen = check(instance, found)
    assert seen.holds(1e-8) and seen.worst is None and seen.deviations <= 2 * 2 * 2 * 27
    assert seen.value == pytest.approx(found.value, abs=1e-8) == pytest.approx(found.dual, abs=1e-7)
    assert seen.paid == pytest.approx(found.paid, abs=1e-8)
    assert found.value >= best_deterministic(instance).value - 1e-7
    assert best_deterministic(instance).value >= best_deterministic(instance, others_reports=False).value - 1e-7
    assert responses(instance, found, 1e-7).obedient


@settings(max_examples=20)
@given(instances(("independent",)))
def test_independent_signals_separate(instance):
    assert solve(instance).value == pytest.approx(separable_value(instance), abs=1e-7)


@settings(max_examples=12)
@given(instances(), some.integers(0, 2**32))
def test_order_of_agents_cap_and_garbling(instance, seed):
    value = solve(instance).value
    assert solve(permuted(instance, (1, 0))).value == pytest.approx(value, abs=1e-7)
    assert solve(replace(instance, cap=2 * instance.cap)).value >= value - 1e-8
    channel = np.random.default_rng(seed).dirichlet(np.ones(2), size=2)
    assert (garbled(instance, 0, channel).values <= instance.values + 1e-12).all()  # Blackwell


def test_one_agent_is_the_single_agent_contract():
    law = np.zeros((2, 2, 2))
    for state in range(2):
        law[0, :, state] = 0.5
        law[1, state, state], law[1, 1 - state, state] = 0.8, 0.2
    instance = Instance([0.5, 0.5], law, ([0, 0.05],), np.eye(2), 1.0)
    found = solve(instance)
    assert found.value == pytest.approx(0.8 - 0.8 * bonus(0.05, 0.8, 0.5)) == pytest.approx(separable_value(instance))
    assert found.value == pytest.approx(best_deterministic(instance).value)


def test_a_grid_over_deterministic_mechanisms_never_beats_the_program():
    instance, best = random_audit(), -np.inf
    levels = np.linspace(0, 0.4, 5)
    for right in levels:  # the worker alone works, paid for being right
        for wrong in levels:
            paid = np.where(np.eye(2) > 0, right, wrong)
            honest = (0.75 * right + 0.25 * wrong) - 0.05
            if honest >= max(0.5 * (right + wrong), right * 0.5 + wrong * 0.5) - 1e-12 and paid.min() >= 0:
                best = max(best, 0.75 - honest - 0.05)
    assert best == pytest.approx(0.6) and best <= solve(instance).value


def test_a_dearer_shirker_can_help():
    """The value is not monotone in a single cost: raising the cost of the lazy effort helps."""
    cheap = random_audit()
    dear = replace(cheap, costs=(np.array([0.04, 0.05]), cheap.costs[1]))
    assert solve(dear).value > solve(cheap).value + 0.01


def test_a_cap_too_small_falls_back_and_says_so():
    found = solve(random_audit(cap=0.01))
    assert found.value == pytest.approx(0.5) and found.paid.sum() == 0 and "nobody is asked" in found.note
    assert solve(random_audit(cap=0.0)).value == pytest.approx(0.5)


def test_signals_that_cannot_come_are_paid_nothing():
    law = np.zeros((2, 3, 2))
    law[:, 2] = 0  # the third signal never comes
    law[0, :2] = 0.5
    law[1, 0], law[1, 1] = (0.9, 0.1), (0.1, 0.9)
    instance = Instance([0.5, 0.5], law, ([0, 0.05],), np.eye(2), 1.0)
    found = solve(instance)
    assert found.payments[0][:, 2].max() == 0 and check(instance, found).holds() and np.isfinite(found.value)


def test_three_agents_with_three_efforts_and_signals():
    instance = random_instance(np.random.default_rng(1), "common noise", 3, 3, 3)
    found = solve(instance)
    assert check(instance, found).holds(1e-8) and found.value == pytest.approx(found.dual, abs=1e-7)


def test_bad_instances_are_refused_in_words():
    values = plain(random_audit())
    assert solve(from_plain(values)).value == pytest.approx(0.63)
    flat = values | {"law": np.reshape(values["law"], (4, 4, 2)).tolist(), "signals": [2, 2]}
    assert solve(from_plain(flat)).value == pytest.approx(0.63)
    wrong = np.array(values["law"])
    wrong[0, 1, 0, 0, 1] += 0.5
    for change, reason in (({"law": wrong.tolist()}, r"efforts \(0, 1\) in state 1"),
                           ({"costs": [[0, -1], [0, 0.1]]}, "negative"),
                           ({"prior": [0.5, 0.6]}, "prior"), ({"utility": [[2, 0], [0, 1]]}, "utility"),
                           ({"cap": -1}, "cap"), ({"law": [[1]]}, "law"), ({"color": 1}, "color"),
                           ({"utility": [[1, 0, 0]]}, "states")):  # fmt: skip
        with pytest.raises(ValueError, match=reason):
            from_plain(values | change)
    with pytest.raises(ValueError, match="cap is missing"):
        from_plain({k: v for k, v in values.items() if k != "cap"})


# --- named mutants


def test_mutant_without_the_cap_on_payments():
    """Dropping x <= cap mu: phantom payments at profiles never drawn buy incentives, and the certificate breaks."""
    instance = random_audit()
    free = solve(instance, capped=False)
    assert free.dual > 0.65 - 1e-6 > 0.63  # q - 2c: as if the audit cost nothing
    assert not check(instance, free).holds(1e-6)


def test_mutant_that_announces_all_recommendations():
    """If the worker sees whether it is audited, it shirks when it is not: the audit's effect is gone."""
    instance, found = random_audit(), solve(random_audit())
    unaudited = replace(instance, law=instance.law[:, :1], costs=(instance.costs[0], np.zeros(1)))
    alone = found._replace(
        mu=np.array([[0.0], [1.0]]), payments=tuple(g[:, :1] for g in found.payments), actions=found.actions[:, :1]
    )
    assert check(instance, found).holds() and not check(unaudited, alone).holds()


def test_mutant_that_tests_one_deviation_at_a_time(monkeypatch):
    """Effort and misreport tested apart let a double deviation through."""
    rng = np.random.default_rng(0)
    incentives, caught = hiring._incentives, 0

    def apart(instance, agent, x, z, width, relax):
        rows = incentives(instance, agent, x, z, width, relax).tolil()
        efforts, signals = instance.efforts[agent], instance.signals[agent]
        keep, at = [], 0
        for told in range(efforts):
            for done in range(efforts):
                keep.append(at)
                cells = [(seen, said) for seen in range(signals) for said in range(signals)]
                keep += [at + 1 + k for k, (seen, said) in enumerate(cells) if told == done or seen == said]
                at += 1 + len(cells)
        return rows[keep].tocsr()

    for _ in range(30):
        instance = random_instance(rng, "arbitrary")
        monkeypatch.setattr(hiring, "_incentives", apart)
        found = solve(instance)
        monkeypatch.setattr(hiring, "_incentives", incentives)
        caught += not check(instance, found).holds(1e-6)
    assert caught >= 1


def test_mutant_that_draws_recommendations_apart():
    """The product of mu's marginals loses the correlation, and with it incentives or value."""
    rng, hurt = np.random.default_rng(3), 0
    for _ in range(30):
        instance = random_instance(rng, "arbitrary")
        found = solve(instance)
        apart = found._replace(mu=np.outer(found.mu.sum(axis=1), found.mu.sum(axis=0)))
        if abs(apart.mu - found.mu).max() > 1e-6:
            seen = check(instance, apart)
            hurt += not seen.holds(1e-6) or seen.value < found.value - 1e-6
    assert hurt >= 1


def test_value_under_is_the_value_of_what_agents_do():
    instance = random_audit()
    found = solve(instance)
    honest = ((0, 1), (0, 1))
    obey = Responses(((0, 1), (0, 1)), (honest, honest), True)
    assert value_under(instance, found, obey) == pytest.approx(0.63)
    shirk = Responses(((0, 0), (0, 1)), (honest, honest), False)
    assert value_under(instance, found, shirk) < 0.55  # the action rule trusts a worker who sees a coin
