"""Exact optima of mean-field control against independent arithmetic."""

import numpy as np
import pytest

from manyminds.theory.mean_field_control import LinearQuadratic, TwoState, brute_force


def test_the_quadratic_world_has_the_known_values():
    plain = LinearQuadratic()
    assert plain.riccati() == pytest.approx((1.20520, 0.82078), abs=1e-5)
    assert plain.optimum() == pytest.approx(-0.63072, abs=1e-5)
    assert plain.fixed(plain.riccati()[1]) == pytest.approx(plain.optimum(), abs=1e-8)
    assert plain.fixed(0.0) == pytest.approx(-10.4667, abs=1e-3)
    assert LinearQuadratic(0.05).best_fixed() == pytest.approx((0.4285, -1.1040), abs=1e-4)
    assert LinearQuadratic(0.2).best_fixed() == pytest.approx((0.2575, -1.7212), abs=1e-4)


@pytest.mark.parametrize(("blur", "value"), [(0.0, -0.63072), (0.05, -1.0077), (0.2, -1.5520)])
def test_gains_that_move_with_the_variance(blur, value):
    assert LinearQuadratic(blur).best_moving() == pytest.approx(value, abs=5e-4)


def test_the_variance_recursion_is_what_many_agents_do():
    rng, world, gain, n = np.random.default_rng(0), LinearQuadratic(0.05), 0.6, 400_000
    x = rng.uniform(-1, 1, n)
    after = x - gain * (x + rng.normal(0, 0.05**0.5, n)) + rng.normal(0, 0.1, n)
    assert after.var() == pytest.approx(float(world.after(1 / 3, gain)), rel=0.01)


def test_mass_moves_as_two_states_say():
    world = TwoState(blur=0.25, works=0.5)
    assert world.acting(np.array([1.0, 0.2])) == pytest.approx((0.8, 0.4))
    assert float(world.after(0.4, np.array([1.0, 0.2]))) == pytest.approx(0.4 + 0.5 * (0.6 * 0.8 - 0.4 * 0.4))


def test_who_sees_nothing_does_as_well_as_open_loop_and_who_sees_does_better():
    """With an observation that says nothing the optimum over rules is that over blind ones; clear sight is worth more,
    and no observation is worth more than the state itself."""
    each = np.linspace(0, 1, 21)
    rules = np.stack(np.meshgrid(each, each, indexing="ij"), -1).reshape(-1, 2)
    blind = np.linspace(0, 1, 41)[:, None].repeat(2, 1)
    values = {blur: brute_force(TwoState(blur=blur), 101, rules) for blur in (0.0, 0.2, 0.5)}
    assert np.abs(values[0.5] - brute_force(TwoState(blur=0.5), 101, blind)).max() < 1e-4
    least = -3e-3  # the grids of rules differ in what they can reach
    assert (values[0.0] - values[0.2]).min() > least and (values[0.2] - values[0.5]).min() > least
    assert values[0.0][10] > values[0.5][10] + 0.005  # the error of the grids is .0013


def test_a_rule_that_sees_the_state_itself_would_be_caught():
    """Reading x where only y may be read makes the blurred optimum equal to the clear one."""

    class Leak(TwoState):
        def acting(self, rule):
            return rule[..., 0], rule[..., 1]

    each = np.linspace(0, 1, 21)
    rules = np.stack(np.meshgrid(each, each, indexing="ij"), -1).reshape(-1, 2)
    leaking, honest = (brute_force(kind(blur=0.4), 101, rules) for kind in (Leak, TwoState))
    assert np.abs(leaking - brute_force(TwoState(blur=0.0), 101, rules)).max() < 1e-9
    assert (leaking - honest).max() > 0.01
