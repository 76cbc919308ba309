"""One process of several that simulate one population together; prints the curve. Run by the tests of sharding."""

import contextlib
import json
import sys

import jax
import numpy as np

from manyminds.core import Seeds
from manyminds.worlds.populations import city, engine, sharding
from manyminds.worlds.populations.contacts import packed
from manyminds.worlds.populations.epidemic import Epidemic, placed


def curve(agents, days, processes=1, mutant=False):
    """New cases by day and borough, from the same city and seeds whatever the number of processes."""
    made = city.built(agents, Seeds(3))
    layers = tuple(packed(layer) for layer in city.network(made, Seeds(3), "city"))
    epidemic = Epidemic()
    place = placed(made.age, made.borough, layers)
    policy = epidemic.policy(np.array([3.0, 2.0]), 0.3, mobility=np.ones(3))
    state = epidemic.seeded(place, 0.01, Seeds(3).jax("seeds"))
    over = sharding.mesh()
    shared = contextlib.nullcontext()
    if over.size > 1:
        place, state = sharding.split(place, agents, over), sharding.split(state, agents, over)
        policy = sharding.split(policy, agents, over)
        shared = jax.set_mesh(over)
    with shared:
        _, daily = engine.simulated(epidemic.dynamics(), place, policy, state, Seeds(3).jax("run"), days, chunk=5)
    return daily["cases"].tolist(), over.size


if __name__ == "__main__":
    coordinator, processes, number, agents, days = sys.argv[1:]
    if int(processes) > 1:
        sharding.joined(coordinator, int(processes), int(number))
    cases, devices = curve(int(agents), int(days))
    print(json.dumps({"cases": cases, "devices": devices}), flush=True)
