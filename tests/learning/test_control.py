"""Control through models: gradients against finite differences, the two routes, failures, metamodels, minimisers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from manyminds.core import BadInput
from manyminds.core.array_worlds import Box
from manyminds.learning import metamodels
from manyminds.learning.control import (
    Adapted,
    Feedback,
    Path,
    Plan,
    Schedule,
    Shares,
    control,
    followed,
    imagined,
    late,
    modelled,
    replayed,
    rolled,
)  # fmt: skip
from manyminds.learning.derivative_free import cma_es, nelder_mead
from manyminds.learning.metamodels import Neural, PowerLaws, Runs
from manyminds.networks.dense import Layers
from manyminds.theory import predation as ode

START = jnp.array([2.0, 1.0])


def pond(x, u):
    """Two species, one removed."""
    return x + 0.1 * jnp.stack([x[0] * (1 - x[0] / 3) - u[0], 0.5 * x[0] - x[1]])


def short(path, aim=None):
    return ((path.x[-1] - jnp.array([1.5, 0.8])) ** 2).sum() + 0.01 * (path.u**2).sum()


def one_share(key, aim):
    return Shares(jnp.array([0.1]), (0,))


def rounded(decimals):
    """The pond as a world that only knows multiples of a power of ten."""

    def advance(state, u, key):
        return pond(state, u) if decimals is None else jnp.round(pond(state, jnp.round(u, decimals)), decimals)

    return Adapted(lambda key: START, advance, lambda s: s, 2, Box(1))  # fmt: skip


def gradient(world, through, weights=0.1):
    plan = Plan(20, 1, 1, through=through)

    def cost(w):
        return short(rolled(world, Shares(w, (0,)), pond, plan, jax.random.key(0)))

    return jax.value_and_grad(cost)(jnp.array([weights]))  # fmt: skip


def test_gradients_are_those_of_finite_differences():
    def cost(w):
        return float(short(imagined(pond, Shares(jnp.array([w]), (0,)), START, 20)))

    value, slope = gradient(rounded(None), "model")
    assert value == pytest.approx(cost(0.1)) and slope[0] == pytest.approx((cost(0.105) - cost(0.095)) / 0.01, rel=1e-2)


def test_without_rounding_both_routes_are_one_and_with_it_values_are_the_worlds():
    smooth, model = gradient(rounded(None), "world"), gradient(rounded(None), "model")
    assert smooth[0] == model[0] and smooth[1] == pytest.approx(model[1])
    coarse = gradient(rounded(1), "world")
    path = followed(rounded(1), Shares(jnp.array([0.1]), (0,)), jax.random.key(0), 20)
    assert coarse[0] == short(path) != smooth[0]  # the value is that of the integer world, never of a soft one
    assert coarse[1][0] != 0 and np.sign(coarse[1][0]) == np.sign(smooth[1][0])


def test_replaying_changes_no_value():
    shares = Shares(jnp.array([0.1]), (0,))
    path = followed(rounded(1), shares, jax.random.key(0), 10)
    again = replayed(lambda x, u: 7 * pond(x, u), shares, path)  # a wrong model: only derivatives may be wrong
    assert np.allclose(path.x, again.x, rtol=1e-6) and np.allclose(path.u, again.u, rtol=1e-6)


def test_control_learns_for_many_seeds_and_aims_at_once():
    def cost(path, aim):
        return ((path.x[-1, 0] - aim) ** 2).sum()

    aims, keys = jnp.array([1.0, 2.0]), jax.random.split(jax.random.key(0), 2)
    for through in ("world", "model"):
        plan = Plan(250, 1, 120, 2e-2, through=through)
        found, curves = control(rounded(4), cost, one_share, pond, plan, keys, aims, Shares.inside)
        # At rest x = 3 (1 - w).
        assert np.asarray(found.weights)[:, 0] == pytest.approx([2 / 3, 1 / 3], abs=0.02)
        assert curves.values["loss"].shape == (10, 2) and plan.simulations == (120 if through == "world" else 0)
    single, _ = control(rounded(4), cost, one_share, pond, plan, keys[0], aims[0])
    assert single.weights.shape == (1,)


def test_a_simulation_of_ones_own_in_three_functions():
    """Integers, chance, and a network of the time or of the state; nothing of it is differentiable."""

    def advance(n, u, key):
        return jnp.maximum(n + jax.random.poisson(key, 2.0) - jnp.round(u[0]).astype(jnp.int32), 0)

    world = Adapted(lambda key: jnp.int32(50), advance, lambda n: n.astype(jnp.float32)[None], 1, Box(1, 0.0, 50.0))
    for make in (lambda key, aim: Schedule(Layers((1, 8, 1), key, jnp.tanh), 1.0),
                 lambda key, aim: Feedback(Layers((1, 8, 1), key, jnp.tanh), jnp.array([50.0]), 1.0)):  # fmt: skip
        found, curves = control(world, lambda path, aim: ((late(path, 20)[0] - 20) / 20) ** 2, make,
                                lambda x, u: x + 2 - u, Plan(40, 2, 60, 3e-2), jax.random.key(0))  # fmt: skip
        assert curves.values["loss"][-1] < 0.2 * curves.values["loss"][0]
        assert (followed(world, found, jax.random.key(9), 40).u >= 0).all()


def test_what_explodes_or_is_not_a_number_is_refused():
    for broken in (lambda x, u: x * 1e6 + u.sum(), lambda x, u: x + jnp.sqrt(-1 - u.sum() ** 2)):
        with pytest.raises(FloatingPointError):
            control(modelled(broken, START, Box(1)), short, one_share, broken, Plan(20, 1, 3, through="model"),
                    jax.random.key(0))  # fmt: skip
    # Through the world the values stay finite, and the gradient of a broken model must be found out all the same.
    with pytest.raises(FloatingPointError):
        control(rounded(1), short, one_share, lambda x, u: x + jnp.sqrt(0 * x) * u, Plan(20, 1, 3), jax.random.key(0))


def test_an_empty_window_is_refused():
    with pytest.raises(BadInput, match="is empty"):
        late(Path(jnp.zeros((5, 2)), jnp.zeros((4, 1))), 7)


def test_the_clamp_has_no_gradient_outside():
    for w, expected in ((0.5, 3.0), (-0.2, 0.0), (1.3, 0.0)):
        slope = jax.grad(lambda v: Shares(v, (0,))(jnp.array([3.0]), jnp.float32(0)).sum())(jnp.array([w]))
        assert slope[0] == expected
    assert np.array_equal(Shares(jnp.array([-1.0, 2.0]), (0, 1)).inside().weights, [0, 1])


# --- metamodels


def decays(rates, steps=60):
    """Mean runs of x' = -(r + share) x, without and with removal."""
    t, shares = np.arange(steps + 1)[:, None], np.array([[0.0, 0.0], [0.02, 0.0], [0.0, 0.03]])
    x = np.stack([np.array([100.0, 50.0]) * np.exp(-(np.array(rates) + s) * t) for s in shares])
    return Runs(x, shares, 0)


def test_a_linear_law_is_found_by_regression():
    runs = decays((0.05, 0.02))
    line = metamodels.regressed(runs, 1)
    assert np.diag(line.weights[:, 1:]) == pytest.approx([-0.05, -0.02], abs=2e-3)
    assert metamodels.error(line, runs).max() < 0.02


@pytest.mark.slow
def test_a_linear_law_is_found_by_gradient():
    runs = decays((0.05, 0.02))
    unit = jnp.asarray(runs.unit)
    law = PowerLaws(jnp.log(jnp.array([0.03, 0.03])), jnp.eye(2), unit, (0, 1), (-1, -1), True)
    law, _ = metamodels.fitted(law, runs, jax.random.key(0), 200, 1e-2)
    assert np.exp(law.log_rate) == pytest.approx([0.05, 0.02], rel=0.1)
    net = Neural(Layers((2, 16, 2), jax.random.key(1), jnp.tanh), unit, 0.1)
    before = metamodels.error(net, runs).max()
    net, _ = metamodels.fitted(net, runs, jax.random.key(0), 200, 1e-2)
    assert metamodels.error(net, runs).max() < 0.3 * before


def test_a_run_of_a_metamodel_is_that_of_an_adaptive_solver():
    from manyminds.papers.digital_twins.grazing import mechanistic

    start = np.array([24_000.0, 5000, 1000])
    model = mechanistic(jnp.asarray(start, jnp.float32), 1.0)
    assert np.asarray(model.rate(jnp.asarray(start, jnp.float32))) == pytest.approx(ode.rates(start), rel=1e-4)
    ours = metamodels.followed(model, jnp.asarray(start, jnp.float32), jnp.tile(jnp.array([0.02, 0, 0]), (200, 1)))
    theirs = solve_ivp(lambda t, x: np.array(ode.rates(x)) - np.array([0.02, 0, 0]) * x, (0, 200), start, "LSODA",
                       rtol=1e-9, atol=1e-6)  # fmt: skip
    assert np.asarray(ours[-1]) == pytest.approx(theirs.y[:, -1], rel=1e-3)


def test_an_exploding_metamodel_has_infinite_error():
    runs = decays((0.05, 0.02))
    law = PowerLaws(jnp.zeros(2) + 3, 3 * jnp.eye(2), jnp.asarray(runs.unit), (0, 1), (1, 1), True)
    assert np.isinf(metamodels.error(law, runs)).all()


def test_runs_that_are_too_short_are_refused():
    with pytest.raises(BadInput, match="no piece"):
        metamodels.pieces(decays((0.05, 0.02), 5), 20, 10)


# --- minimisers without derivatives


@pytest.mark.parametrize("method", ["nelder-mead", "cma-es"])
def test_minimisers_find_a_valley_within_their_budget(method):
    calls = []

    def valley(x):
        calls.append(x)
        return np.nan if x[0] > 3 else (x[0] - 1) ** 2 + 10 * (x[1] - 0.5 * x[0]) ** 2

    start = np.array([-1.0, 2.0])
    found = (nelder_mead(valley, start, 0.5, 150) if method == "nelder-mead"
             else cma_es(valley, start, 0.5, 400, np.random.default_rng(0)))  # fmt: skip
    assert found.best == pytest.approx([1, 0.5], abs=0.02) and found.value < 1e-3
    assert len(calls) == len(found.history) == len(found.points) and np.all(np.diff(found.history) <= 0)
