"""Learning marginals: self-consistency, training from an unnormalised log-probability, training from data.

The one-step form of self-consistency, for any order and any place d in it (arXiv 2310.12920, equation 5):

    log p(x_{<d}) + log p(x_d | x_{<d}) = log p(x_{<=d}).

All of these and p(nothing known) = 1 together are full consistency. On its own the loss has a useless solution (the
uniform law is consistent), so it always stands beside a likelihood or an energy.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from manyminds.core import BadInput
from manyminds.learning import any_order
from manyminds.learning.training import Fitting, Logged, applied, fitting
from manyminds.networks.marginals import MarginalModel, log_marginal

Energy = Callable[[Array], Array]  # one assignment (size,) -> its unnormalised log-probability
Objective = Literal["marginals", "squared", "one conditional", "full chain"]


def residuals(model: MarginalModel, x: Array, ranks: Array, known: Array | int) -> Array:
    """Left less right side of the one-step consistency (n,) after `known` variables of each order."""
    marginal = jax.vmap(lambda own: log_marginal(model, own))
    seen = any_order.prefix(x, ranks, known)
    place = any_order.at_rank(x, ranks, known)
    symbols = jnp.take_along_axis(x, place[:, None], axis=1)[:, 0]
    conditional = any_order.picked(any_order.next_log_probs(model.logits, seen, place), symbols)
    return marginal(seen) + conditional - marginal(any_order.prefix(x, ranks, jnp.asarray(known) + 1))


def consistency_loss(model: MarginalModel, key: Array, x: Array, cap: float | None = None) -> Array:
    """Mean squared residual at one random place of one random order a row.

    With a `cap` (ours, nats) what is beyond it counts linearly, so that the few steps into very unlikely symbols do not
    drown the others; the loss is 0 for the same models.
    """
    count, size = x.shape
    to_order, to_known = jax.random.split(key)
    known = jax.random.randint(to_known, (count,), 0, size)
    off = residuals(model, x, any_order.random_ranks(to_order, count, size), known)
    return (off**2 if cap is None else 2 * optax.losses.huber_loss(off, delta=cap)).mean()


def anchor_loss(model: MarginalModel) -> Array:
    """log p(nothing known) must be 0: the only constraint that fixes the constant."""
    return log_marginal(model, jnp.zeros(model.size, jnp.int32)) ** 2


def constraints(model: MarginalModel, key: Array, x: Array, cap: float | None = None) -> Array:
    """All constraints with the weights of the released code: size times the consistency, plus the anchor."""
    return model.size * consistency_loss(model, key, x, cap) + anchor_loss(model)


def standardised(advantage: Array) -> Array:
    """Less the mean, over the standard deviation; 0 everywhere when the batch agrees to within rounding."""
    centred = advantage - advantage.mean()
    spread = centred.std()
    flat = spread <= 1e-6 * (1 + jnp.abs(advantage).max())
    return jnp.where(flat, 0.0, centred / (spread + 1e-7))


def policy_gradient(log_prob: Array, advantage: Array) -> Array:
    """The loss whose gradient is the score-function estimate of the gradient of KL(p || exp(f) / Z), up to scale.

    `advantage` is log p - f of samples from p; the unknown log Z drops out with the mean of the batch.
    """
    return (lax.stop_gradient(standardised(advantage)) * log_prob).mean()


def energy_loss(
    model: MarginalModel,
    key: Array,
    x: Array,
    f: Array,
    objective: Objective,
    weight: float,
    scrambled_share: float = 0.0,
    cap: float | None = None,
) -> tuple[Array, Logged]:
    """The loss of one batch of samples `x` with energies `f`; `weight` (the paper's alpha) is that of the constraints.

    `marginals`: score function on the marginal head. `squared`: the spread of log p - f over the batch, which is the
    squared error with the best constant in place of a learnable log Z. `one conditional` (ARM-MC) and `full chain`
    (ARM-full) use the conditionals alone. ARM-MC needs two independent draws, for the advantage and for the gradient,
    to be unbiased. The whole chain needs one order for both: with two, nothing keeps the laws of different orders
    equal, and only the mean of their logarithms is drawn to the energy.
    `scrambled_share` of the samples get some symbols anew before they meet the constraints (see `marginal_step`).
    """
    first, second = jax.random.split(key)
    if objective in ("marginals", "squared"):
        logs = jax.vmap(lambda own: log_marginal(model, own))(x)
        gap = logs - f
        main = gap.var() if objective == "squared" else policy_gradient(logs, gap)
        noise = round(scrambled_share * len(x))
        mixed = jnp.concatenate([scrambled(second, x[:noise], model.symbols), x[noise:]]) if noise else x
        held = constraints(model, first, mixed, cap)
        return main + weight * held, {"gap": gap.mean(), "constraints": held}
    if objective == "one conditional":
        logs, other = (any_order.one_conditional(model.logits, own, x) for own in (first, second))
    elif objective == "full chain":
        logs = other = any_order.chain_log_prob(model.logits, x, any_order.random_ranks(first, *x.shape))
    else:
        raise ValueError(f"objective must be one of {Objective.__args__}, not {objective!r}")  # type: ignore[attr-defined]
    return policy_gradient(logs, other - f), {"gap": (other - f).mean(), "constraints": jnp.float32(0)}


class Sampling(NamedTuple):
    """Models of all seeds, the persistent samples of each, and how many steps were taken."""

    fit: Fitting  # every array with a leading axis of seeds
    x: Array  # int32 (seeds, batch, size)
    steps: Array  # int32 ()


def begun(make: Callable[[Array], Any], optimiser: optax.GradientTransformation, keys: Array, batch: int) -> Sampling:
    """The start of a training of as many seeds as there are `keys`: models, optimisers, uniformly random samples."""

    def one(key: Array) -> tuple[Fitting, Array]:
        to_model, to_samples = jax.random.split(key)
        model = make(to_model)
        return fitting(model, optimiser), jax.random.randint(
            to_samples, (batch, model.size), 1, model.symbols + 1, jnp.int32
        )

    return Sampling(*eqx.filter_vmap(one)(keys), jnp.int32(0))


def moved(state: Sampling, keys: Array, erase: int, refresh: int) -> Array:
    """The persistent samples after a blocked Gibbs step, or, every `refresh` steps, drawn anew.

    All seeds share the counter, so that what is drawn anew costs its `size` calls only when it happens.
    """
    _, batch, size = state.x.shape
    vmap = eqx.filter_vmap

    def step(models: Any) -> Array:
        return vmap(lambda m, k, x: any_order.gibbs(m.logits, k, x, min(erase, size)))(models, keys, state.x)

    def anew(models: Any) -> Array:
        return vmap(lambda m, k: any_order.sampled(m.logits, k, batch, size)[0])(models, keys)

    return lax.cond(state.steps % refresh == 0, anew, step, state.fit.model)


def energy_step(
    energy: Callable[[Any, Array], Array],
    targets: Any,
    optimiser: optax.GradientTransformation,
    objective: Objective = "marginals",
    weight: float = 4.0,
    erase: int = 4,
    refresh: int = 100,
    scrambled_share: float = 0.0,
    cap: float | None = None,
) -> Callable[[Sampling, Array], tuple[Sampling, Logged]]:
    """A step for `trained` (with one key for all seeds) towards exp(energy(target, x)) / Z.

    `targets` is a tree of arrays with a leading axis of seeds: what the energy of each seed depends on.
    """

    def one(fit: Fitting, target: Any, key: Array, x: Array) -> tuple[Fitting, Logged]:
        f = jax.vmap(lambda own: energy(target, own))(x)
        (value, logged), gradient = eqx.filter_value_and_grad(energy_loss, has_aux=True)(
            fit.model, key, x, f, objective, weight, scrambled_share, cap
        )
        return applied(fit, gradient, optimiser), {"loss": value, "energy": f.mean(), **logged}

    def step(state: Sampling, key: Array) -> tuple[Sampling, Logged]:
        seeds = len(state.x)
        to_move, to_learn = (jax.random.split(own, seeds) for own in jax.random.split(key))
        x = moved(state, to_move, erase, refresh)
        fit, logged = eqx.filter_vmap(one)(state.fit, targets, to_learn, x)
        return Sampling(fit, x, state.steps + 1), logged

    return step


def likelihood_step(
    data: Callable[[Array], Array], optimiser: optax.GradientTransformation, scored: str = "all"
) -> Callable[[Sampling, Array], tuple[Sampling, Logged]]:
    """Stage one of maximum likelihood: the conditionals alone. `data(key)` gives a batch (n, size) without unknowns."""

    def one(fit: Fitting, key: Array) -> tuple[Fitting, Logged]:
        to_data, to_loss = jax.random.split(key)
        x = data(to_data)
        loss, gradient = eqx.filter_value_and_grad(lambda m: any_order.likelihood_loss(m.logits, to_loss, x, scored))(
            fit.model
        )
        return applied(fit, gradient, optimiser), {"loss": loss}

    def step(state: Sampling, key: Array) -> tuple[Sampling, Logged]:
        fit, logged = eqx.filter_vmap(one)(state.fit, jax.random.split(key, len(state.x)))
        return Sampling(fit, state.x, state.steps + 1), logged

    return step


def marginal_step(
    data: Callable[[Array], Array],
    optimiser: optax.GradientTransformation,
    trains: Any,
    erase: int = 4,
    refresh: int = 100,
    own_share: float = 0.5,
    scrambled_share: float = 0.0,
    cap: float | None = None,
) -> Callable[[Sampling, Array], tuple[Sampling, Logged]]:
    """Stage two: the marginal head alone, on the frozen conditionals, half on data and half on the model's own samples.

    `trains` is a tree of booleans (see `only_marginal`), whose arrays alone the optimiser must know: begin with
    `with_optimiser`. With `own_share` 0 the head is trained on data alone and is free to drift everywhere else.
    Consistency holds for every assignment, so that any law may be mixed in: `scrambled_share` of the batch (ours) is
    data with some symbols drawn anew, and teaches the head what unlikely assignments are worth.
    """

    def one(fit: Fitting, key: Array, x: Array) -> tuple[Fitting, Logged]:
        to_data, to_loss, to_scramble = jax.random.split(key, 3)
        seen = data(to_data)
        own, noise = round(own_share * len(seen)), round(scrambled_share * len(seen))
        noisy = scrambled(to_scramble, seen[:noise], fit.model.symbols)
        batch = jnp.concatenate([noisy, seen[noise : len(seen) - own], x[:own]])
        free, frozen = eqx.partition(fit.model, trains)

        def loss(free: Any) -> Array:
            return constraints(eqx.combine(free, frozen), to_loss, batch, cap)

        value, gradient = jax.value_and_grad(loss)(free)
        updates, after = optimiser.update(gradient, fit.optimiser, free)
        return Fitting(eqx.combine(eqx.apply_updates(free, updates), frozen), after), {"loss": value}

    def step(state: Sampling, key: Array) -> tuple[Sampling, Logged]:
        to_move, to_learn = (jax.random.split(own, len(state.x)) for own in jax.random.split(key))
        x = moved(state, to_move, erase, refresh) if own_share else state.x
        fit, logged = eqx.filter_vmap(one)(state.fit, to_learn, x)
        return Sampling(fit, x, state.steps + 1), logged

    return step


def scrambled(key: Array, x: Array, symbols: int, changes: float = 2.0) -> Array:
    """Each symbol drawn anew, uniformly, with the probability that makes `changes` draws a row on average."""
    to_choose, to_draw = jax.random.split(key)
    chosen = jax.random.bernoulli(to_choose, min(changes / x.shape[1], 1.0), x.shape)
    return jnp.where(chosen, jax.random.randint(to_draw, x.shape, 1, symbols + 1, jnp.int32), x)


def with_features(state: Sampling, begin: Callable[[Any], Any]) -> Sampling:
    """The same state with what `begin` makes of each model (see `features_shared`)."""
    return state._replace(fit=state.fit._replace(model=eqx.filter_vmap(begin)(state.fit.model)))


def with_optimiser(state: Sampling, optimiser: optax.GradientTransformation, trains: Any) -> Sampling:
    """The same models and samples with a fresh optimiser over the arrays that `trains` names, and the clock at 0."""
    fresh = eqx.filter_vmap(lambda model: optimiser.init(eqx.filter(model, trains)))(state.fit.model)
    return Sampling(Fitting(state.fit.model, fresh), state.x, jnp.int32(0))


def accepted(energies: Any, x: Any) -> np.ndarray:
    """Energies of the assignments `x`, all finite; raises BadInput with the first assignment whose energy is not."""
    energies = np.asarray(energies)
    wrong = np.flatnonzero(~np.isfinite(energies))
    if len(wrong):
        at = int(wrong[0])
        said = " ".join(map(str, np.asarray(x)[at]))
        raise BadInput(
            f"the energy of ({said}) is {energies[at]}; give impossible assignments a large finite penalty instead"
        )
    return energies


def from_python(energy: Callable[[np.ndarray], float]) -> Energy:
    """A Python function of one assignment as an energy that can be jitted; it is called on this machine, row by row.

    A value that is not finite stops the training with the assignment.
    """

    def batch(x: np.ndarray) -> np.ndarray:
        rows = np.asarray(x).reshape(-1, np.shape(x)[-1])
        found = np.array([energy(row) for row in rows], np.float32)
        return accepted(found, rows).reshape(np.shape(x)[:-1]).astype(np.float32)

    def one(x: Array) -> Array:
        return jax.pure_callback(batch, jax.ShapeDtypeStruct((), jnp.float32), x, vmap_method="expand_dims")

    return one


def one_of(tree: Any, seed: int) -> Any:
    """The tree of one seed out of many."""
    return jax.tree.map(lambda leaf: leaf[seed] if eqx.is_array(leaf) else leaf, tree)
