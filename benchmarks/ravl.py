"""Updates a second of ten diverse critics (64 wide, batches of 256), beside the Jacobian of all members at once."""

import argparse
from time import perf_counter, process_time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from manyminds.core.array_worlds import Box
from manyminds.learning import sac
from manyminds.learning.replay import Rows


def batch(rows: int, size: int, actions: int) -> Rows:
    rng = np.random.default_rng(0)
    shapes = ((rows, size), (rows, actions), (rows,), (rows, size))
    return Rows(*(jnp.asarray(rng.normal(size=s), jnp.float32) for s in shapes), jnp.zeros(rows, bool))


def naive(critics, rows):
    """The action gradients row by row as a Jacobian of all members: members times the work."""
    one = lambda s, a: jax.jacrev(lambda b: sac.values(critics, s, b))(a)  # noqa: E731
    return jax.vmap(one, out_axes=1)(rows.observation, rows.action)


def measured(settings: sac.SAC, rows: Rows, updates: int) -> tuple[float, float]:
    """Updates a second by the clock, and by processor time of all threads (two cores)."""
    state = sac.start(settings, rows.observation.shape[1], Box(rows.action.shape[1]), jax.random.key(0))
    arrays, static = eqx.partition(state, eqx.is_array)

    def one(arrays, key):
        after, logged = sac.update(settings, eqx.combine(arrays, static), rows, key)
        return eqx.filter(after, eqx.is_array), logged["target"]

    go = jax.jit(lambda arrays, key: jax.lax.scan(one, arrays, jax.random.split(key, updates)))
    jax.block_until_ready(go(arrays, jax.random.key(1)))
    clock, spent = perf_counter(), process_time()
    jax.block_until_ready(go(arrays, jax.random.key(2)))
    return updates / (perf_counter() - clock), 2 * updates / (process_time() - spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=200)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--depths", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--rows", type=int, default=256)
    given = parser.parse_args()
    rows = batch(given.rows, 4, 2)
    for depth in given.depths:
        settings = sac.SAC(critics=given.members, diversity=1.0, width=given.width, depth=depth)
        clock, spent = measured(settings, rows, given.updates)
        print(f"N={given.members}, {depth} hidden layers of {given.width}, batch {given.rows}: "
              f"{clock:.0f} updates/s by the clock, {spent:.0f} on two idle cores by processor time")  # fmt: skip
    critics = sac.start(sac.SAC(critics=given.members, width=given.width), 4, Box(2), jax.random.key(0)).critics.model
    times = []
    for slopes in (lambda c, r: sac.values_and_slopes(c, r)[1], naive):
        run = eqx.filter_jit(slopes)
        jax.block_until_ready(run(critics, rows))
        clock = perf_counter()
        for _ in range(10):
            jax.block_until_ready(run(critics, rows))
        times.append((perf_counter() - clock) / 10)
    print(f"action gradients of all members: {times[0] * 1e3:.1f} ms, as one Jacobian {times[1] * 1e3:.1f} ms, "
          f"ratio {times[1] / times[0]:.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
