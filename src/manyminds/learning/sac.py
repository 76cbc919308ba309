"""Soft actor-critic over a box of actions, with an ensemble of critics that may be pushed to disagree.

Haarnoja et al. (arXiv 1812.05905) with the minimum over `critics` members; `diversity` adds the penalty on aligned
action gradients of EDAC (An et al., arXiv 2110.01548, equation 7). Two critics without diversity are the usual
algorithm; ten with diversity are the critics of RAVL (arXiv 2402.12527, section 5).
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax import Array

from manyminds.core.array_worlds import Box
from manyminds.learning.replay import Rows
from manyminds.learning.training import Fitting, Logged, applied, fitting
from manyminds.networks.dense import Layers, WithPrior, each, each_batch, ensemble, uniform
from manyminds.networks.policies import SquashedActor


@dataclass(frozen=True)
class SAC:
    """Settings. `target_entropy` None: minus the number of action dimensions."""

    critics: int = 2
    diversity: float = 0.0
    width: int = 256
    depth: int = 2
    step_size: float = 3e-4
    discount: float = 0.99
    tracking: float = 0.005  # how far the targets move towards the critics in one update
    target_entropy: float | None = None
    norm: bool = False  # layer norms in the critics bound how they extrapolate
    start_temperature: float = 1.0  # alpha at first; large beside the rewards, it hides them for thousands of updates
    prior: float = 0.0  # scale of a fixed random network in every critic, so that members differ where no data is

    def optimiser(self) -> optax.GradientTransformation:
        return optax.adam(self.step_size)


class State(NamedTuple):
    actor: Fitting
    critics: Fitting  # an ensemble: arrays have a leading axis of members
    targets: eqx.Module
    temperature: Fitting  # the logarithm of alpha


def start(settings: SAC, observation_size: int, actions: Box, key: Array) -> State:
    """Networks as in the released code of RAVL: hidden biases .1, last layers uniform in plus or minus .003."""
    if settings.diversity and settings.critics < 2:
        raise ValueError("diversity compares critics with each other; it needs at least two")
    to_actor, to_critics = jax.random.split(key)
    hidden = [settings.width] * settings.depth
    options = {"bias": 0.1, "last": uniform(3e-3)}
    layers = Layers((observation_size, *hidden, 2 * actions.size), to_actor, **options)

    def critic(key: Array) -> eqx.Module:
        sizes = (observation_size + actions.size, *hidden, 1)
        learnt = Layers(sizes, key, norm=settings.norm, **options)
        if not settings.prior:
            return learnt
        return WithPrior(learnt, Layers(sizes, jax.random.fold_in(key, 1), norm=settings.norm), settings.prior)

    critics = ensemble(critic, to_critics, settings.critics)
    optimiser = settings.optimiser()
    actor = fitting(SquashedActor(layers, actions), optimiser)
    temperature = jnp.log(jnp.float32(settings.start_temperature))
    return State(actor, fitting(critics, optimiser), critics, fitting(temperature, optimiser))


class Targets(Protocol):
    """What critics are fitted to, shape (rows,): the usual targets, or others that patch or penalise them."""

    def __call__(self, settings: SAC, state: State, rows: Rows, alpha: Array, key: Array) -> Array: ...


def values(critics: eqx.Module, observation: Array, action: Array) -> Array:
    """Every critic's value of one observation and action, shape (critics,)."""
    return each(critics, jnp.concatenate([observation, action]))[:, 0]


def update(settings: SAC, state: State, rows: Rows, key: Array, aim: Targets | None = None) -> tuple[State, Logged]:
    """One update of critics, actor, temperature and targets on a batch. `aim`: other targets than the usual ones."""
    to_target, to_actor = jax.random.split(key)
    optimiser = settings.optimiser()
    alpha = jnp.exp(state.temperature.model)
    target = (aim or targets)(settings, state, rows, alpha, to_target)
    (_, said), gradient = eqx.filter_value_and_grad(critic_loss, has_aux=True)(
        state.critics.model, settings, rows, target
    )
    critics = applied(state.critics, gradient, optimiser)
    (_, heard), gradient = eqx.filter_value_and_grad(actor_loss, has_aux=True)(
        state.actor.model, critics.model, rows, alpha, to_actor
    )
    actor = applied(state.actor, gradient, optimiser)
    wanted = -float(rows.action.shape[-1]) if settings.target_entropy is None else settings.target_entropy
    temperature = applied(
        state.temperature, -jnp.exp(state.temperature.model) * (heard["log prob"] + wanted), optimiser
    )
    followed = jax.tree.map(
        lambda old, new: old + settings.tracking * (new - old) if eqx.is_inexact_array(old) else old,
        state.targets,
        critics.model,
    )
    logged = {"target": target.mean(), "alpha": alpha, **said, **heard}
    return State(actor, critics, followed, temperature), logged


def targets(settings: SAC, state: State, rows: Rows, alpha: Array, key: Array) -> Array:
    """r + discount (1 - ended) [min_j Q_j(s', a') - alpha log pi(a' | s')], a' drawn from the policy."""
    soft = soft_values(state, rows.after, alpha, key)
    return jax.lax.stop_gradient(rows.reward + settings.discount * jnp.where(rows.ended, 0.0, soft))


def soft_values(state: State, observation: Array, alpha: Array, key: Array) -> Array:
    """min_j Q_j(s, a) - alpha log pi(a | s) by the target critics, a drawn from the policy, shape (rows,)."""
    action, log_prob = acted(state.actor.model, observation, key)
    return each_row(state.targets, observation, action).min(0) - alpha * log_prob


def critic_loss(critics: eqx.Module, settings: SAC, rows: Rows, target: Array) -> tuple[Array, Logged]:
    """The squared errors, summed over critics and averaged over rows, plus the diversity penalty."""
    if settings.diversity:
        said, slopes = values_and_slopes(critics, rows)
    else:
        said = each_row(critics, rows.observation, rows.action)
    error = ((said - target) ** 2).mean(1).sum()
    logged = {"value": said.mean(), "spread": (said.mean(0) - said.min(0)).mean(), "error": error}
    if settings.diversity:
        aligned = together(slopes)
        return error + settings.diversity * aligned, logged | {"alignment": aligned}
    return error, logged


def each_row(critics: eqx.Module, observation: Array, action: Array) -> Array:
    """Every critic's value of a whole batch, shape (critics, rows): one matrix product a member and layer."""
    return each_batch(critics, jnp.concatenate([observation, action], -1))[..., 0]


def values_and_slopes(critics: eqx.Module, rows: Rows) -> tuple[Array, Array]:
    """Values, shape (critics, rows), and their gradients by the action, (critics, rows, action size), in one pass.

    Each member is differentiated by itself: a Jacobian of all members would cost members times as much.
    """

    def total(action: Array) -> tuple[Array, Array]:
        said = each_batch(critics, jnp.concatenate([jnp.broadcast_to(rows.observation, seen), action], -1))[..., 0]
        return said.sum(), said  # no row and no member sees another's action

    count = jax.tree.leaves(eqx.filter(critics, eqx.is_array))[0].shape[0]
    seen = (count, *rows.observation.shape)
    slopes, said = jax.grad(total, has_aux=True)(jnp.broadcast_to(rows.action, (count, *rows.action.shape)))
    return said, slopes


def alignment(critics: eqx.Module, rows: Rows) -> Array:
    """Mean over rows of 1/(N-1) sum_{i != j} <g_i, g_j>, g the unit action gradients of the N critics."""
    return together(values_and_slopes(critics, rows)[1])


def together(slopes: Array) -> Array:
    """How aligned action gradients of shape (critics, rows, action size) are: |sum of units|^2 less the N squares."""
    # The root of a sum of squares has no gradient at 0, where a critic is flat.
    squares = (slopes**2).sum(-1, keepdims=True)
    units = slopes / (jnp.sqrt(jnp.where(squares > 0, squares, 1.0)) + 1e-10)
    pairs = (units.sum(0) ** 2).sum(-1) - (units**2).sum((0, -1))
    return (pairs / (slopes.shape[0] - 1)).mean()


def actor_loss(actor: SquashedActor, critics: eqx.Module, rows: Rows, alpha: Array, key: Array) -> tuple[Array, Logged]:
    """alpha log pi(a | s) - min_j Q_j(s, a), a drawn from the policy by reparametrisation."""

    action, log_prob = acted(actor, rows.observation, key)
    loss = alpha * log_prob - each_row(critics, rows.observation, action).min(0)
    return loss.mean(), {"log prob": log_prob.mean()}


def acted(actor: SquashedActor, observation: Array, key: Array) -> tuple[Array, Array]:
    """An action for each row, and the logarithm of its density."""
    return jax.vmap(lambda seen, own: actor(seen).sample_and_log_prob(own))(
        observation, jax.random.split(key, observation.shape[0])
    )
