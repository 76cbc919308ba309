"""Independent and multi-agent PPO with one network for all agents (IPPO, MAPPO): the baselines of swarm learning.

Every agent is a learner of its own that happens to share the network and the reward. MAPPO (Yu et al., arXiv
2103.01955) differs in what the critic sees. The clipped surrogate is that of `learning/ppo.py`.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.learning.advantages import generalised_advantages
from manyminds.learning.ppo import PPO, Batch, improved
from manyminds.learning.training import Fitting, Logged


def update(
    settings: PPO, swarm: Any, agents: int, learners: int, scale: float, state: Fitting, key: Array
) -> tuple[Fitting, Logged]:
    """Whole episodes of `settings.copies` swarms, then some epochs on the steps of `learners` agents of each (agents
    are exchangeable, so that a part of them estimates the same gradient); a step for `trained`.

    `swarm` has `reset`, `seen`, `moved`, `reward`, `features` and `steps`; an agent's observation is what it sees,
    then the features of the swarm, and the network takes the part that it may see.
    """
    to_roll, to_learn = jax.random.split(key)
    network = state.model
    seen, action, log_prob, value, reward = jax.vmap(
        lambda k: episode(swarm, network, agents, learners, k), out_axes=1
    )(jax.random.split(to_roll, settings.copies))
    paid = jnp.broadcast_to(scale * reward[..., None], value[:-1].shape)
    last = (jnp.arange(swarm.steps) == swarm.steps - 1)[:, None, None] | jnp.zeros(paid.shape, bool)
    advantage = generalised_advantages(
        paid, value[:-1], value[1:], jnp.zeros_like(last), last, settings.discount, settings.decay
    )
    rows = Batch(seen, action, log_prob, value[:-1], advantage, advantage + value[:-1])
    flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[3:]), rows)
    learnt, logged = improved(settings, state, flat, to_learn)
    return learnt, {"return": reward.sum(0).mean(), **logged}


def episode(swarm: Any, network: Any, agents: int, learners: int, key: Array) -> tuple[Array, ...]:
    """One episode: what `learners` agents saw and did, its log-probability (T, learners, ...), the values at all times
    and after (T + 1, learners), and the reward (T,)."""
    to_reset, to_go, to_end = jax.random.split(key, 3)

    def look(state: Any, key: Array) -> Array:
        y, features = swarm.seen(state, key), swarm.features(state)
        return jnp.concatenate([y, jnp.broadcast_to(features, (agents, len(features)))], 1)

    def one(state: Any, key: Array) -> tuple[Any, tuple[Array, ...]]:
        to_see, to_act, to_move = jax.random.split(key, 3)
        seen = look(state, to_see)
        distribution, value = jax.vmap(network)(seen)
        action = distribution.sample(to_act)
        own = type(distribution)(distribution.mean[:learners], distribution.log_std[:learners])
        done = jnp.clip(action, -1, 1)
        kept = seen[:learners], action[:learners], own.log_prob(action[:learners]), value[:learners]
        return swarm.moved(state, done, to_move), (*kept, swarm.reward(state, done))

    end, (seen, action, log_prob, value, reward) = lax.scan(
        one, swarm.reset(to_reset, agents), jax.random.split(to_go, swarm.steps)
    )
    after = jax.vmap(network)(look(end, to_end)[:learners])[1]
    return seen, action, log_prob, jnp.concatenate([value, after[None]]), reward
