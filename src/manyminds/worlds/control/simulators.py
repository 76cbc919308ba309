"""MuJoCo bodies of gymnasium as exact models: any observation and action in, what truly follows out.

For replacing a learned model by the truth (arXiv 2402.12527, section 4). Needs gymnasium[mujoco], imported when used.
Observations leave out the place along the track; the bodies move the same way anywhere, so it is set to 0.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from manyminds.core import BadInput, unknown
from manyminds.core.array_worlds import Box, Effects

BODIES = {"hopper": "Hopper-v5", "walker2d": "Walker2d-v5", "halfcheetah": "HalfCheetah-v5"}


class Played(NamedTuple):
    """One episode: its first observation, its return plain and discounted, and its length."""

    first: np.ndarray
    total: float
    discounted: float
    length: int


@dataclass
class Simulator:
    """One body. Not pure: it owns a simulator, whose state is set before every move and never read after it."""

    name: str
    env: Any = field(init=False)

    def __post_init__(self) -> None:
        if self.name not in BODIES:
            raise unknown("body", self.name, BODIES)
        try:
            import gymnasium
            import mujoco  # noqa: F401  gymnasium says what is missing in another way

            self.env = gymnasium.make(BODIES[self.name]).unwrapped
        except ModuleNotFoundError as error:
            raise BadInput(f"the simulator needs the package {error.name!r}: pip install 'gymnasium[mujoco]'") from None

    @property
    def observation_size(self) -> int:
        return int(self.env.observation_space.shape[0])

    @property
    def action_size(self) -> int:
        return int(self.env.action_space.shape[0])

    def moved(self, observations: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Next observations, shape (rows, size), and rewards, shape (rows,). Velocities that the observation clipped
        (at 10, hopper and walker) are taken as they stand."""
        places = self.env.model.nq - 1
        after, paid = np.empty_like(observations, np.float32), np.empty(len(observations), np.float32)
        for i, (seen, action) in enumerate(zip(np.asarray(observations, float), np.asarray(actions, float))):
            self.env.data.qacc_warmstart[:] = 0  # else the solver begins where the last call left it
            self.env.set_state(np.concatenate([[0.0], seen[:places]]), seen[places:])
            after[i], paid[i], *_ = self.env.step(np.clip(action, -1, 1))
        return after, paid

    def move(self, observation: Any, action: Any) -> tuple[Any, Any]:
        """The same inside compiled code, one row; a vmap over rows is one call."""
        import jax
        import jax.numpy as jnp

        def called(seen: np.ndarray, acts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            rows = (np.asarray(x).reshape(-1, x.shape[-1]) for x in (seen, acts))
            after, paid = self.moved(*rows)
            return after.reshape(seen.shape), paid.reshape(seen.shape[:-1])

        shapes = (jax.ShapeDtypeStruct(observation.shape, jnp.float32), jax.ShapeDtypeStruct((), jnp.float32))
        return jax.pure_callback(called, shapes, observation, action, vmap_method="broadcast_all")

    def begun(self, seed: Any) -> Any:
        """The first observation of an episode of the body's own, inside compiled code."""
        import jax
        import jax.numpy as jnp

        def called(own: np.ndarray) -> np.ndarray:
            return np.asarray(self.env.reset(seed=int(own))[0], np.float32)

        shape = jax.ShapeDtypeStruct((self.observation_size,), jnp.float32)
        return jax.pure_callback(called, shape, seed, vmap_method="sequential")

    def episode(self, act: Any, seed: int, limit: int = 1000, discount: float = 0.99) -> Played:
        """One episode of `act(observation) -> action` from the body's own start."""
        seen, _ = self.env.reset(seed=seed)
        first, total, discounted = np.asarray(seen, np.float32), 0.0, 0.0
        for t in range(limit):
            seen, reward, ended, _, _ = self.env.step(np.asarray(act(np.asarray(seen, np.float32)), float))
            total, discounted = total + float(reward), discounted + discount**t * float(reward)
            if ended:
                break
        return Played(first, total, discounted, t + 1)


class Standing(NamedTuple):
    """What is seen of a body, and the steps taken."""

    seen: Any
    t: Any


@dataclass(frozen=True, eq=False)
class Body:
    """A simulated body as an array world: its state is what is seen of it. `ended`: is one that is seen so down?"""

    simulator: Simulator
    ended: Callable[[Any], Any]
    limit: int = 1000

    @property
    def observation_size(self) -> int:
        return self.simulator.observation_size

    @property
    def actions(self) -> Box:
        return Box(self.simulator.action_size)

    def reset(self, key: Any) -> Standing:
        import jax
        import jax.numpy as jnp

        return Standing(self.simulator.begun(jax.random.randint(key, (), 0, 2**31 - 1)), jnp.int32(0))

    def observe(self, state: Standing) -> Any:
        return state.seen

    def move(self, observation: Any, action: Any) -> tuple[Any, Any]:
        return self.simulator.move(observation, action)

    def step(self, state: Standing, action: Any, key: Any) -> tuple[Standing, Effects]:
        after, reward = self.move(state.seen, action)
        ended, t = self.ended(after), state.t + 1
        return Standing(after, t), Effects(reward, ended, (t >= self.limit) & ~ended)
