"""A population split over devices and processes: the same step, the same draws, the same curve.

Agents are split along one axis of devices. A step exchanges one byte an agent (what each passes on) and a few sums;
everything else stays where it is.
"""

from typing import Any

import jax
import numpy as np
from jax import Array
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from manyminds.core import BadInput

AGENTS = "agents"


def joined(coordinator: str, processes: int, number: int) -> None:
    """Make this process number `number` (from 0) of `processes`; call it before anything is computed.

    `coordinator`: HOST:PORT of process 0.
    """
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(coordinator, processes, number)


def mesh() -> Mesh:
    """All devices of all processes on one axis."""
    return Mesh(np.array(jax.devices()), (AGENTS,))


def split(tree: Any, agents: int, over: Mesh) -> Any:
    """The arrays of `tree` with every axis of length `agents` split over the devices, the others whole everywhere.

    Raises BadInput when the agents cannot be split evenly; `padding` says how many more are needed.
    """
    if agents % over.size:
        raise BadInput(f"{agents:,} agents cannot be split evenly over {over.size} devices; "
                       f"add {padding(agents, over.size)} who take no part")  # fmt: skip

    def one(leaf: Any) -> Array:
        spec = [AGENTS if length == agents else None for length in np.shape(leaf)]
        sharding = NamedSharding(over, PartitionSpec(*spec))
        if jax.dtypes.issubdtype(getattr(leaf, "dtype", np.float32), jax.dtypes.prng_key):
            return jax.device_put(leaf, NamedSharding(over, PartitionSpec()))
        host = np.asarray(leaf)
        return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])

    return jax.tree.map(one, tree)


def everywhere(values: Array) -> Array:
    """The same array, whole on every device, if there is a mesh to be whole on; used on what contacts read."""
    current = jax.sharding.get_abstract_mesh()
    if current is None or current.empty:
        return values
    return jax.lax.with_sharding_constraint(values, PartitionSpec(*(None,) * values.ndim))


def padding(agents: int, devices: int) -> int:
    """How many agents are missing to an even split."""
    return -agents % devices
