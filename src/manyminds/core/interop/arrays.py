"""An array world in the functional form of JaxMARL, and as an environment of Gymnasium."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from manyminds.core.array_worlds import ArrayWorld, Discrete, Space

if TYPE_CHECKING:
    import gymnasium
    from jax import Array

ALL = "__all__"


@dataclass(frozen=True)
class Functional:
    """`reset(key) -> obs, state` and `step(key, state, actions) -> obs, state, rewards, dones, infos`, by agent.

    Everything may be jitted and vmapped over keys and states. A world of one policy has the one agent `agent`; a world
    with `seats` gives and takes one row a seat. `dones` holds, besides the agents, `__all__`.
    """

    world: ArrayWorld

    @cached_property
    def agents(self) -> tuple[str, ...]:
        return tuple(getattr(self.world, "seats", ("agent",)))

    @property
    def shared(self) -> bool:
        """Has the world one row a seat?"""
        return hasattr(self.world, "seats")

    def observation_size(self, agent: str) -> int:
        return self.world.observation_size

    def action_space(self, agent: str) -> Space:
        return self.world.actions

    def split(self, rows: "Array") -> dict[str, "Array"]:
        """One row a seat as a dictionary."""
        return {name: rows[k] for k, name in enumerate(self.agents)} if self.shared else {self.agents[0]: rows}

    def reset(self, key: "Array") -> tuple[dict[str, "Array"], Any]:
        state = self.world.reset(key)
        return self.split(self.world.observe(state)), state

    def step_env(self, key: "Array", state: Any, actions: dict[str, "Array"]) -> tuple[Any, Any, Any, Any, Any]:
        """One step; nothing begins anew by itself. `infos` says of an end whether it was one or only the clock."""
        import jax.numpy as jnp

        joint = jnp.stack([actions[name] for name in self.agents]) if self.shared else actions[self.agents[0]]
        state, effects = self.world.step(state, joint, key)
        over = jnp.logical_or(effects.ended, effects.cut)
        dones = dict.fromkeys(self.agents, over) | {ALL: over}
        rewards = self.split(effects.reward)
        infos = {"ended": effects.ended, "cut": effects.cut}
        return self.split(self.world.observe(state)), state, rewards, dones, infos

    def step(self, key: "Array", state: Any, actions: dict[str, "Array"]) -> tuple[Any, Any, Any, Any, Any]:
        """As `step_env`, and an episode that is over begins anew; its last observation is `infos["last"]`."""
        import jax
        from jax.numpy import where

        here, there = jax.random.split(key)
        last, after, rewards, dones, infos = self.step_env(here, state, actions)
        fresh, begun = self.reset(there)

        def anew(new: Any, old: Any) -> Any:
            return jax.tree.map(lambda a, b: where(dones[ALL], a, b), new, old)

        return anew(fresh, last), anew(begun, after), rewards, dones, infos | {"last": last}


def gymnasium_env(world: ArrayWorld) -> "gymnasium.Env[Any, Any]":
    """A world of one policy as an environment of Gymnasium: compiled once, one copy, NumPy in and out."""
    import gymnasium
    import jax
    import numpy as np

    class ArrayEnv(gymnasium.Env):  # type: ignore[misc]
        def __init__(self) -> None:
            space, size = world.actions, world.observation_size
            self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (size,), np.float32)
            if isinstance(space, Discrete):
                self.action_space = gymnasium.spaces.Discrete(space.n)
            else:
                self.action_space = gymnasium.spaces.Box(space.low, space.high, (space.size,), np.float32)
            self.begin, self.see, self.move = jax.jit(world.reset), jax.jit(world.observe), jax.jit(world.step)
            self.state: Any = None

        def key(self) -> Any:
            """A key from the environment's own generator, which `reset(seed=...)` seeds."""
            return jax.random.key(int(self.np_random.integers(2**32)))

        def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
            super().reset(seed=seed)
            self.state = self.begin(self.key())
            return np.asarray(self.see(self.state)), {}

        def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            self.state, effects = self.move(self.state, action, self.key())
            seen = np.asarray(self.see(self.state))
            return seen, float(effects.reward), bool(effects.ended), bool(effects.cut), {}

    return ArrayEnv()
