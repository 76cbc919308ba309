"""What memory is worth to a deviator: best replies to the posterior over which of T product policies is in force.

The setting is a normal-form game repeated for H stages whose profiles are revealed (arXiv 2303.12287; construction and
constants derived here, see the paper's folder). In each episode one of T policies is in force, each a mixture for each
stage that ignores what happened; the deviator knows the T policies, not which one it is, and sees what the others do.
The others ignore it too, so its best deviation replies in every stage to the posterior predictive, which is Vovk's
aggregating algorithm under logarithmic loss. Weights stay in logarithms.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

MOST_HISTORIES = 2_000_000
MOST_NUMBERS = 200_000_000


class Deviation(NamedTuple):
    """The best history-dependent deviation of one player, per stage (divided by H)."""

    value: float  # what it earns
    error: float  # standard error of `value`; 0 when exact
    divergence: float  # E sum_h KL(policy in force || predictive), at most ln T
    variation: np.ndarray  # (H,) E of the total variation between the same two
    divergence_error: float = 0.0  # its standard error


class Others(NamedTuple):
    """What one player faces: `table` (own actions, K joint actions of the others), `policies` (T, H, K)."""

    table: np.ndarray
    policies: np.ndarray


def facing(payoffs: np.ndarray, policies: tuple[np.ndarray, ...], player: int) -> Others:
    """The game and the policies as `player` sees them. `policies[j]` has shape (T, H, |A_j|)."""
    others = [np.shape(p)[2] for j, p in enumerate(policies) if j != player]
    if (size := int(np.prod([*np.shape(policies[0])[:2], *others]))) > MOST_NUMBERS:
        raise ValueError(f"the joint play of {len(others)} others over all policies and stages takes {size:,} numbers")
    table = np.moveaxis(np.asarray(payoffs[player], float), player, 0)
    joint = np.ones((*np.shape(policies[0])[:2], 1))
    for other, policy in enumerate(policies):
        if other != player:
            joint = (joint[..., :, None] * np.asarray(policy, float)[..., None, :]).reshape(*joint.shape[:2], -1)
    return Others(table.reshape(len(table), -1), joint)


def logarithms(probabilities: np.ndarray) -> np.ndarray:
    """log p, with -inf for zero and no warning."""
    with np.errstate(divide="ignore"):
        return np.log(probabilities)


def posterior(log_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (..., T) that sum to one, and where no policy explains the history: there the prior (uniform) is kept."""
    top = log_weights.max(axis=-1, keepdims=True)
    lost = ~np.isfinite(top[..., 0])
    safe = np.where(lost[..., None], 0.0, log_weights - np.where(np.isfinite(top), top, 0.0))
    weights = np.exp(safe)
    return weights / weights.sum(axis=-1, keepdims=True), lost


def predictive(policies: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The predictive distribution (H, K) before each stage of one sequence `seen` (H,) of the others' joint actions.

    On any sequence its logarithmic loss exceeds that of the best of the T policies by at most ln T.
    """
    logs = logarithms(policies)
    stages = np.arange(len(seen))
    weights, _ = posterior(np.concatenate([np.zeros((1, len(policies))), logs[:, stages, seen].T.cumsum(axis=0)[:-1]]))
    return np.einsum("ht,thk->hk", weights, policies)


@partial(jax.jit, static_argnames="samples")
def _sampled(table: Array, policies: Array, key: Array, samples: int) -> tuple[Array, Array, Array]:
    """Values (N,), divergences (N,) and total variations (H,), by one scan over the stages."""
    count = policies.shape[0]
    in_force = jnp.arange(samples) % count  # every policy equally often, up to a remainder
    drawn = jax.random.permutation(jax.random.fold_in(key, 1), count)[in_force]

    def stage(log_weights: Array, inputs: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array, Array]]:
        policy, draw = inputs  # (T, K)
        logs = jnp.log(policy)
        weights = jnp.exp(log_weights)
        mixed = weights @ jnp.concatenate([policy, jnp.ones((count, 1), policy.dtype)], axis=1)
        expected = mixed[:, :-1] / mixed[:, -1:]
        mine = policy[drawn]
        seen = jax.random.categorical(draw, logs[drawn])
        ratio = jnp.where(mine > 0, mine, 1) / jnp.where(mine > 0, expected, 1)
        kl = jnp.sum(mine * jnp.log(ratio), axis=1)
        tv = jnp.abs(mine - expected).sum(axis=1).mean() / 2
        after = log_weights + logs.T[seen]
        # Relative to the largest: the policies that matter stay near 0, where floats are dense.
        after = after - after.max(axis=1, keepdims=True)
        return after, ((expected @ table.T).max(axis=1), kl, tv)

    start = jnp.zeros((samples, count), policies.dtype)
    draws = jax.random.split(key, policies.shape[1])
    _, (values, kl, tv) = lax.scan(stage, start, (jnp.moveaxis(policies, 1, 0), draws))
    return values.mean(axis=0), kl.sum(axis=0), tv


def sampled(others: Others, key: Array, samples: int = 2000) -> Deviation:
    """The deviation over `samples` histories drawn from the policies; its value given a history is exact."""
    values, kl, tv = _sampled(
        jnp.asarray(others.table, jnp.float32), jnp.asarray(others.policies, jnp.float32), key, samples
    )
    values, kl = np.asarray(values, float), np.asarray(kl, float)
    errors = [float(x.std(ddof=1) / np.sqrt(samples)) if samples > 1 else np.inf for x in (values, kl)]
    return Deviation(float(values.mean()), errors[0], float(kl.mean()), np.asarray(tv, float), errors[1])


def exact(others: Others) -> Deviation:
    """The deviation over all K^(H-1) histories of the others; ValueError when they are more than MOST_HISTORIES."""
    count, stages, joint = others.policies.shape
    if joint ** (stages - 1) > MOST_HISTORIES:
        raise ValueError(f"{joint}^{stages - 1} histories are too many for an exact value; sample them")
    logs = logarithms(others.policies)
    value, kl, variation = 0.0, 0.0, np.zeros(stages)
    weights = np.full((1, count), -np.log(count))  # histories, policies: log of P(policy and history)
    for h in range(stages):
        found = _stage(others.table, others.policies[:, h], weights)
        value, kl, variation[h] = value + found[0] / stages, kl + found[1], found[2]
        weights = (weights[:, :, None] + logs[None, :, h]).transpose(0, 2, 1).reshape(-1, count)
        weights = weights[np.isfinite(weights).any(axis=1)]
    return Deviation(value, 0.0, kl, variation)


def _stage(table: np.ndarray, policy: np.ndarray, log_joint: np.ndarray) -> tuple[float, float, float]:
    """Expected best reply, divergence and total variation in a stage, from log P(policy, history) (histories, T)."""
    weights = np.exp(log_joint)
    reply = (weights @ policy @ table.T).max(axis=1).sum()
    expected = weights @ policy / weights.sum(axis=1, keepdims=True).clip(np.finfo(float).tiny)
    own = -np.sum(policy * np.where(policy > 0, logarithms(policy), 0), axis=1)  # entropies (T,)
    crossed = weights.sum(axis=1)[:, None] * expected
    kl = -np.sum(crossed * np.where(expected > 0, logarithms(expected), 0)) - weights.sum(axis=0) @ own
    tv = sum(
        (w[:, None] * np.abs(policy[None, t] - expected)).sum() for t, w in enumerate(weights.T)
    )  # a policy at a time keeps it within memory
    return float(reply), float(kl), float(tv) / 2


def exact_pure(others: Others) -> Deviation:
    """The deviation against policies that are pure in every stage, exactly, for any number of stages: a history leaves
    the plans that began with it, all equally likely."""
    count, stages, joint = others.policies.shape
    plans = others.policies.argmax(axis=2)
    group = np.zeros(count, int)  # of plans that have agreed so far
    value, kl, variation = 0.0, 0.0, np.zeros(stages)
    for h in range(stages):
        shares = np.zeros((group.max() + 1, joint))
        np.add.at(shares, (group, plans[:, h]), 1 / count)
        value += float((shares @ others.table.T).max(axis=1).sum()) / stages
        right = shares[group, plans[:, h]] / shares.sum(axis=1)[group]  # predictive probability of what each plan does
        kl -= float(np.log(right).mean())
        variation[h] = 1 - right.mean()
        group = np.unique(group * joint + plans[:, h], return_inverse=True)[1]
    return Deviation(value, 0.0, kl, variation)


def compositions(total: int, parts: int) -> np.ndarray:
    """All ways to write `total` as an ordered sum of `parts` counts, shape (C(total + parts - 1, parts - 1), parts)."""
    if parts == 1:
        return np.array([[total]])
    if parts == 2:
        first = np.arange(total + 1)
        return np.stack([first, total - first], axis=1)
    blocks = []
    for n in range(total + 1):
        rest = compositions(total - n, parts - 1)
        blocks.append(np.concatenate([np.full((len(rest), 1), n), rest], axis=1))
    return np.concatenate(blocks)


@jax.jit
def _of_counts(table: Array, policy: Array, logs: Array, counts: Array, log_ways: Array) -> tuple[Array, Array, Array]:
    """Sums over histories with these `counts`: best reply, divergence, total variation of stage sum(counts)."""
    log_joint = counts @ logs.T + log_ways[:, None] - jnp.log(policy.shape[0])
    weights = jnp.exp(log_joint)
    mixed = weights @ policy
    total = weights.sum(axis=1, keepdims=True)
    expected = mixed / jnp.maximum(total, jnp.finfo(mixed.dtype).tiny)
    safe = jnp.where(expected > 0, expected, 1)
    own = jnp.sum(policy * jnp.where(policy > 0, jnp.log(jnp.where(policy > 0, policy, 1)), 0), axis=1)
    kl = weights.sum(axis=0) @ own - jnp.sum(mixed * jnp.log(safe))
    tv = sum(jnp.sum(weights * jnp.abs(policy[None, :, k] - expected[:, k, None])) for k in range(policy.shape[1])) / 2
    return (mixed @ table.T).max(axis=1).sum(), kl, tv


def by_counts(table: np.ndarray, policy: np.ndarray, stages: int, block: int = 4096) -> Iterator[np.ndarray]:
    """For policies that are the same in every stage, exactly: after each stage (value, divergence, variation) of it.

    `policy` has shape (T, K). How often each joint action was seen is then all that matters, and there are only
    C(h + K - 1, K - 1) such counts. Runs at double precision; zero probabilities are allowed.
    """
    from scipy.special import gammaln

    with jax.enable_x64(True):
        logs = jnp.asarray(np.maximum(logarithms(policy), -1e300))
        fixed = jnp.asarray(table, jnp.float64), jnp.asarray(policy, jnp.float64), logs
        for h in range(stages):
            counts = compositions(h, policy.shape[1]).astype(float)
            ways = gammaln(h + 1) - gammaln(counts + 1).sum(axis=1)
            found = np.zeros(3)
            for begin in range(0, len(counts), block):
                some, log_ways = counts[begin : begin + block], ways[begin : begin + block]
                # A few shapes, so that it compiles a few times; the padding weighs nothing.
                missing = next(size for size in (64, 512, block) if size >= len(some)) - len(some)
                some = np.pad(some, ((0, missing), (0, 0)))
                log_ways = np.pad(log_ways, (0, missing), constant_values=-np.inf)
                found += np.array([float(x) for x in _of_counts(*fixed, jnp.asarray(some), jnp.asarray(log_ways))])
            yield found


def exact_constant(table: np.ndarray, policy: np.ndarray, stages: int) -> Deviation:
    """The deviation against policies (T, K) that are the same in every stage, exactly, for longer horizons."""
    rows = np.array(list(by_counts(table, policy, stages)))
    return Deviation(float(rows[:, 0].mean()), 0.0, float(rows[:, 1].sum()), rows[:, 2])


def brute_force(others: Others) -> float:
    """The best of all deterministic deviations that map what was seen so far to an action, by trying every one.

    An oracle for tiny cases: |A|^(1 + K + ... + K^(H-1)) deviations.
    """
    count, stages, joint = others.policies.shape
    histories = [seen for h in range(stages) for seen in product(range(joint), repeat=h)]
    actions = len(others.table)
    if actions ** len(histories) > 5_000_000:
        raise ValueError(f"{actions}^{len(histories)} deviations are too many to try")
    gain = np.zeros((len(histories), actions))  # what an action after a history adds to the expected total
    for at, seen in enumerate(histories):
        for t in range(count):
            chance = np.prod([others.policies[t, h, k] for h, k in enumerate(seen)]) / count
            gain[at] += chance * (others.table @ others.policies[t, len(seen)]) / stages
    plans = product(range(actions), repeat=len(histories))
    return float(max(sum(gain[at, a] for at, a in enumerate(plan)) for plan in plans))
