"""Mean-field equilibria beside mfglib: the same game, the same mirror descent, time to equal exploitability.

Ours runs in float64 on one device; mfglib loops over time in PyTorch. It wants rich below 15 and so an environment of
its own: `pip install mfglib -e .`, without constraints.txt. Also printed: how fast sparse graphs are sampled, games
played on them, and swarms moved.
"""

import argparse
from dataclasses import replace
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np

from manyminds.theory import mean_field_games as mfg
from manyminds.theory.graphexes import PowerLaw
from manyminds.theory.mean_field_games import Descent
from manyminds.worlds.populations.network_games import GAMES
from manyminds.worlds.populations.network_play import played
from manyminds.worlds.populations.sparse_graphs import sampled, together

ALONE = np.ones((1, 1))


def timed(work):
    start = perf_counter()
    found = work()
    return found, perf_counter() - start


def theirs(name, steps):
    """The game in mfglib's form; its horizon T has T + 1 decisions."""
    import torch
    from mfglib.env import Environment

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)  # tensors this small are faster so
    game = GAMES[name]
    states = len(game.start)

    def transition(env, t, L):
        seen = L.sum(1)
        p = torch.zeros(states, states, 2)  # (x', x, u)
        if name == "rumour":
            p[1, 0, :], p[0, 0, :], p[1, 1, :] = seen[1], 1 - seen[1], 1.0
            return p
        caught = game.infection * seen[1]
        p[0, 0, 0], p[1, 0, 0], p[0, 0, 1] = 1 - caught, caught, 1.0
        p[0 if name == "sis" else 2, 1, :], p[1, 1, :] = game.recovery, 1 - game.recovery
        if name == "sir":
            p[2, 2, :] = 1.0
        return p

    def reward(env, t, L):
        r = torch.zeros(states, 2)
        if name == "rumour":
            seen = L.sum(1)
            r[1, 1] = game.fresh * seen[0] - game.stale * seen[1]
            return r
        r[1] -= game.ill
        r[:, 1] -= game.protection
        return r

    return Environment(T=steps - 1, S=(states,), A=(2,), mu0=torch.tensor(game.start), r_max=10.0, reward_fn=reward,
                       transition_fn=transition)  # fmt: skip


def solvers(steps, iterations):
    import torch
    from mfglib.alg import OnlineMirrorDescent
    from mfglib.scoring import exploitability_score

    for name in ("sis", "sir", "rumour"):
        game, how = replace(GAMES[name], steps=steps), Descent(iterations, 0.1)
        with jax.enable_x64(True):
            first, compiled = timed(lambda: jax.block_until_ready(mfg.mirror_descent(game, ALONE, how)))  # noqa: B023
            _, ours = timed(lambda: jax.block_until_ready(mfg.mirror_descent(game, ALONE, how)))  # noqa: B023
        env = theirs(name, steps)
        solver, spent = timed(lambda: OnlineMirrorDescent(alpha=0.1).solve(
            env, max_iter=iterations, atol=None, rtol=None, verbose=False))  # noqa: B023  # fmt: skip
        policy = solver[0][-1] if isinstance(solver, tuple) else solver[-1]
        apart = np.abs(policy.numpy() - np.asarray(first.policy[:, 0])).max()
        score = exploitability_score(env, torch.as_tensor(policy))
        print(f"{name}, T={steps}, {iterations} iterations: mfglib {spent:.2f} s, ours {ours:.3f} s "
              f"({compiled:.2f} s with compilation); ratio {spent / ours:.0f} ({spent / compiled:.0f}); "
              f"exploitability {score:.5f} and {float(first.gain[-1, 0]):.5f}; policies apart {apart:.1e}")  # fmt: skip


def graphs():
    law = PowerLaw(0.5)
    for size in (400.0, 2000.0):
        found, spent = timed(lambda: sampled(law, size, np.random.default_rng(0)).graph)  # noqa: B023
        print(f"a graphex of {found.nodes:,} nodes, {len(found.edges):,} edges: {spent:.3f} s")
    many = together([sampled(law, 400.0, np.random.default_rng(i)).graph for i in range(20)])
    game = GAMES["sis"]
    policies = jnp.full((6, game.steps, 2, 2), 0.5)
    played(game, many, policies, jax.random.key(0))
    _, spent = timed(lambda: played(game, many, policies, jax.random.key(1)))
    print(f"SIS on 20 graphs, {many.nodes:,} nodes, {game.steps} steps: {spent:.2f} s, "
          f"{many.nodes * game.steps / spent / 1e6:.1f} M agent-steps/s")  # fmt: skip


def swarms():
    from manyminds.papers.dec_pomfc.training import rule_of, swarm_of
    from manyminds.worlds.populations.lifted import followed

    for task in ("aggregation", "kuramoto", "vicsek", "quadratic"):
        swarm, rule = swarm_of(task, 50), rule_of(task)
        step = jax.jit(jax.vmap(lambda key: followed(swarm, rule, lambda *_: jnp.zeros(rule.size), 200, key).reward))  # noqa: B023
        keys = jax.random.split(jax.random.key(0), 50)
        jax.block_until_ready(step(keys))
        _, spent = timed(lambda: jax.block_until_ready(step(keys)))  # noqa: B023
        print(f"{task}, N=200, 50 episodes of 50 steps: {200 * 50 * 50 / spent / 1e6:.1f} M agent-steps/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--alone", action="store_true", help="without mfglib")
    options = parser.parse_args()
    if not options.alone:
        solvers(options.steps, options.iterations)
    graphs()
    swarms()


if __name__ == "__main__":
    main()
