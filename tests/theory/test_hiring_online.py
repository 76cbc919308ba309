"""Learning while hiring: strict rules, costs by bisection, repair of incentives, and regret under true responses."""

import numpy as np
import pytest

from manyminds.theory import hiring_online as online
from manyminds.theory.audit import random_audit
from manyminds.theory.hiring import solve
from manyminds.theory.hiring_checks import check
from manyminds.theory.hiring_instances import random_instance
from manyminds.theory.hiring_online import Learning, estimated, own_law, repaired, run, searched, slope, strict_rules

LEARNER = random_audit(0.9, 0.1, 0.1, 1.0, 0.6)
OPTIMUM = solve(LEARNER).value


def test_strict_rules_have_the_margins_they_say():
    rules = strict_rules(LEARNER)
    assert online.checked_margins(LEARNER, rules) == pytest.approx(0.025)
    with pytest.raises(ValueError, match="effort 0 of agent 0"):
        strict_rules(random_audit())  # idle signals are coins: no margin for the truth
    arbitrary = random_instance(np.random.default_rng(0), "arbitrary")
    with pytest.raises(ValueError, match="depends on the efforts of others"):
        own_law(arbitrary, 0)


def test_costs_by_bisection_are_right_when_the_law_is_known():
    law, costs = own_law(LEARNER, 0), LEARNER.costs[0]
    found = searched(law, costs, law, strict_rules(LEARNER)[0], 10**6, Learning(), np.random.default_rng(0))
    assert found.costs == pytest.approx([0, 0.1], abs=1e-5) and found.rounds == 20
    three = np.stack([np.array([[q, 1 - q], [1 - q, q]]) / 2 for q in (0.6, 0.75, 0.95)])
    prices = np.array([0.02, 0.05, 0.2])
    rules = [online.strictest(three, prices, b, 2.0) for b in range(3)]
    found = searched(three, prices, three, rules, 10**6, Learning(), np.random.default_rng(0))
    assert found.costs == pytest.approx(prices - prices[0], abs=1e-4)  # through the effort in between


def test_inferring_efforts_from_reports_takes_more_rounds_and_finds_the_same():
    law = own_law(LEARNER, 0)
    unseen = Learning(observe_effort=False)
    found = searched(law, LEARNER.costs[0], law, strict_rules(LEARNER)[0], 10**6, unseen, np.random.default_rng(0))
    assert found.costs == pytest.approx([0, 0.1], abs=1e-4) and found.rounds > 1000


def test_estimates_converge_and_states_never_seen_are_filled():
    seen = estimated(LEARNER, 10**7, np.random.default_rng(0))
    assert abs(seen.law - LEARNER.law).max() < 1e-3
    few = estimated(LEARNER, 1, np.random.default_rng(0))
    assert abs(few.law.sum(axis=(2, 3)) - 1).max() < 1e-12


def test_repair_restores_what_a_wrong_program_breaks():
    rules, found = strict_rules(LEARNER), solve(LEARNER, relax=0.002)
    assert not check(LEARNER, found).holds()
    assert check(LEARNER, repaired(LEARNER, found, rules, online.repair(rules, 0.002))).holds(1e-9)
    assert check(LEARNER, repaired(LEARNER, found, rules, 1.0)).slack > -1e-9


def test_regret_grows_slowly_with_the_mixture_and_fast_without():
    horizons, curves = (10**5, 10**7), {}
    for plan in ("commit", "no mixture", "always explore", "never explore"):
        runs = [
            [run(LEARNER, t, np.random.default_rng(k), plan, Learning(0.04), OPTIMUM) for k in range(4)]
            for t in horizons
        ]
        curves[plan] = slope(horizons, [np.mean([r.regret for r in some]) for some in runs])
        if plan == "commit":
            assert all(r.obedient for some in runs for r in some) and max(r.cost_error for r in runs[1]) < 0.01
        if plan == "no mixture":
            assert not any(r.obedient for some in runs for r in some)
    assert 0.6 <= curves["commit"] <= 0.76 and curves["no mixture"] > 0.8
    assert curves["always explore"] == pytest.approx(1) == pytest.approx(curves["never explore"])


def test_mutant_that_takes_obedience_for_granted(monkeypatch):
    honest = run(LEARNER, 10**7, np.random.default_rng(0), "no mixture", Learning(0.04), OPTIMUM)
    assert not honest.obedient and OPTIMUM - honest.value > 0.1
    monkeypatch.setattr(online, "value_under", lambda instance, mechanism, behaviour: check(instance, mechanism).value)
    as_if = run(LEARNER, 10**7, np.random.default_rng(0), "no mixture", Learning(0.04), OPTIMUM)
    assert as_if.regret < honest.regret / 5


def test_mutant_whose_agents_respond_to_the_estimated_law(monkeypatch):
    """Such agents obey whatever the program believes; real ones find the error in it."""
    kept, real_solve, real_responses = {}, online.solve, online.responses

    def remembering(instance, relax=0.0):
        kept["guess"] = instance
        return real_solve(instance, relax)

    def obedient():
        runs = (run(LEARNER, 10**6, np.random.default_rng(k), "no mixture", Learning(1e-9), OPTIMUM) for k in range(4))
        return [r.obedient for r in runs]

    assert not all(obedient())
    monkeypatch.setattr(online, "solve", remembering)
    monkeypatch.setattr(online, "responses", lambda instance, mechanism: real_responses(kept["guess"], mechanism, 1e-7))
    assert all(obedient())


def test_a_relaxed_program_that_does_not_solve_says_so(monkeypatch):
    class Failed:
        status, message = 4, "numerical trouble"

    import scipy.optimize

    monkeypatch.setattr(scipy.optimize, "linprog", lambda *a, **k: Failed)
    with pytest.raises(ArithmeticError, match="numerical trouble"):
        solve(LEARNER, relax=0.01)
