"""The population engine: a step made of pure substeps over a state of arrays, time under scan, in chunks that resume.

- `place`: what never changes (contacts, attributes): arrays, handed in, never copied into the compiled code.
- `parameters`: what is calibrated or decided from outside: arrays; may have a leading axis of runs.
- `state`: what changes: a tuple of arrays in the smallest types that hold the values.

A step observes, acts and lets the transitions follow each other; all of it compiles to one function. The key of step t
is folded from the run's key and t, so a run that was killed goes on exactly as if it had not been.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.core import BadInput


class Moment(NamedTuple):
    """When a substep happens: `t` counts steps from 0 (int32), `key` is this step's own."""

    t: Array
    key: Array

    def stream(self, number: int) -> Array:
        """The key of one of this step's random streams; two substeps must not share a number."""
        return jax.random.fold_in(self.key, number)


Observe = Callable[[Any, Any, Any, Moment], Any]  # (place, parameters, state, moment) -> what agents see
Act = Callable[[Any, Any, Any, Moment], Any]  # (place, parameters, seen, moment) -> what agents do
Transition = Callable[[Any, Any, Any, Any, Moment], tuple[Any, dict[str, Array]]]


def unseen(place: Any, parameters: Any, state: Any, moment: Moment) -> Any:
    return state


def idle(place: Any, parameters: Any, seen: Any, moment: Moment) -> Any:
    return None


@dataclass(frozen=True)
class Dynamics:
    """The rules. `transitions`: functions (place, parameters, state, actions, moment) -> (state, measured), in order;
    `measured` is a dict of scalars or small arrays, and no two transitions measure under one name."""

    transitions: tuple[Transition, ...]
    observe: Observe = unseen
    act: Act = idle

    def step(self, place: Any, parameters: Any, state: Any, moment: Moment) -> tuple[Any, dict[str, Array]]:
        seen = self.observe(place, parameters, state, moment)
        actions = self.act(place, parameters, seen, moment)
        measured: dict[str, Array] = {}
        for transition in self.transitions:
            state, found = transition(place, parameters, state, actions, moment)
            if twice := measured.keys() & found.keys():
                raise ValueError(f"two transitions measure {sorted(twice)}; give each a name of its own")
            measured |= found
        return state, measured

    def steps(self, place: Any, parameters: Any, state: Any, key: Array, first: Array, length: int) -> Any:
        """The state after `length` steps from step `first`, and what was measured, with a leading axis of steps.

        Pure and differentiable (each step is rematerialised where a gradient is taken).
        """

        def one(carry: Any, t: Array) -> tuple[Any, dict[str, Array]]:
            return self.step(place, parameters, carry, Moment(t, jax.random.fold_in(key, t)))

        return lax.scan(jax.checkpoint(one, prevent_cse=False), state, first + jnp.arange(length, dtype=jnp.int32))


@partial(jax.jit, static_argnums=(0, 6), donate_argnums=(3,))
def advanced(
    dynamics: Dynamics, place: Any, parameters: Any, state: Any, key: Array, first: Array, length: int
) -> tuple[Any, dict[str, Array]]:
    """`Dynamics.steps`, compiled once a length; `state` is given away. With keys of shape (runs,) all runs at
    once: `state` and `parameters` then have a leading axis of runs, and what is measured has one after its steps."""
    if not key.ndim:
        return dynamics.steps(place, parameters, state, key, first, length)
    many = jax.vmap(lambda p, s, k: dynamics.steps(place, p, s, k, first, length), out_axes=(0, 1))
    return many(parameters, state, key)


class Underway(NamedTuple):
    """What a checkpoint of a simulation holds."""

    day: np.ndarray  # steps done, shape ()
    state: Any
    daily: dict[str, np.ndarray]  # what each step measured; zeros for the steps to come


@dataclass
class Simulation:
    """One simulation on its way: who drives it calls `forward` until `day` is `days`, with parameters of its choice.

    `keeper` (for example a `core.checkpoints.Checkpoint`) keeps the state after every `forward`; a simulation that is
    made again with the same arguments goes on from there.
    """

    dynamics: Dynamics
    place: Any
    state: Any
    key: Array
    days: int
    keeper: Any = None
    day: int = 0
    daily: dict[str, np.ndarray] = field(default_factory=dict)
    asked: bool = False  # was the keeper asked for what it has?

    def forward(self, parameters: Any, length: int = 1, done: Callable[[], None] = lambda: None) -> None:
        """Take `length` steps (fewer at the end). What was measured stands in `daily[name][day]`, on the host."""
        self.resume(parameters)
        length = min(length, self.days - self.day)
        if length <= 0:
            raise BadInput(f"the simulation has ended: all of its {self.days} steps are taken")
        first = jnp.int32(self.day)
        self.state, found = advanced(self.dynamics, self.place, parameters, self.state, self.key, first, length)
        for name, values in found.items():
            self.daily[name][self.day : self.day + length] = np.asarray(values)
        self.day += length
        if self.keeper is not None:
            self.keeper.save(Underway(np.array(self.day), self.state, self.daily))
        for _ in range(length):
            done()

    def resume(self, parameters: Any) -> int:
        """Go to where the keeper says that this simulation was; the steps done. Asks only once."""
        if not self.asked:
            self.asked = True
            shapes = jax.eval_shape(partial(advanced, self.dynamics, length=1), self.place, parameters, self.state,
                                    self.key, jnp.int32(0))[1]  # fmt: skip
            self.daily = {name: np.zeros((self.days, *leaf.shape[1:]), leaf.dtype) for name, leaf in shapes.items()}
            kept = self.keeper.load(Underway(np.array(0), self.state, self.daily)) if self.keeper else None
            if kept is not None:
                self.state, self.day = kept.state, int(kept.day)
                self.daily = {name: np.array(values) for name, values in kept.daily.items()}
            else:
                # A copy, because the first chunk gives its state away and the caller may still hold it.
                self.state = jax.tree.map(jnp.array, self.state)
        return self.day


def simulated(
    dynamics: Dynamics,
    place: Any,
    parameters: Any,
    state: Any,
    key: Array,
    days: int,
    chunk: int = 7,
    keeper: Any = None,
    done: Callable[[], None] = lambda: None,
) -> tuple[Any, dict[str, np.ndarray]]:
    """The state after `days` steps under constant parameters, and what every step measured: `daily[name][day]`."""
    simulation = Simulation(dynamics, place, state, key, days, keeper)
    for _ in range(simulation.resume(parameters)):
        done()
    while simulation.day < days:
        simulation.forward(parameters, chunk, done)
    return simulation.state, simulation.daily
