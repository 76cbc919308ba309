"""Wolves, sheep and grass on a torus: every animal moves, feeds, starves and breeds by the rules of the NetLogo model.

The rules and numbers are those of the medical digital twins of arXiv 2402.05750 and 2403.13851. Sheep meet only through
grass and wolves only through sheep, so a random winner for each green patch, and a random matching of the wolves and
sheep of each patch, have the law of animals that act one after another in random order.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from manyminds.core.array_worlds import Box, Effects
from manyminds.worlds.populations.draws import numbered, uniform
from manyminds.worlds.populations.slots import Births, births, chosen, winners, words

GREEN = -1  # of `wait`; other values count the ticks a brown patch still waits


class Herd(NamedTuple):
    """Animals of one kind, one a slot."""

    x: Array  # float32, [0, size)
    y: Array
    heading: Array  # degrees
    energy: Array
    alive: Array


class Land(NamedTuple):
    wait: Array  # (size * size,) int8
    sheep: Herd
    wolves: Herd
    carry: Array  # (2,): what has been asked for and not yet been removed, less than one animal
    lost: Array  # births that found no slot; not 0 means that the figures are wrong


class Told(NamedTuple):
    """What happened in one tick, in numbers of animals."""

    meals: Array
    eaten: Array
    starved: Array  # (2,) sheep, wolves
    born: Array  # (2,)
    removed: Array  # (2,)


@dataclass(frozen=True)
class Predation:
    """`by="number"`: an action is how many (sheep, wolves) to remove this tick, any real number from 0; `by="share"`:
    the probabilities with which every green patch, sheep and wolf is removed.

    `rounding="carried"` keeps what rounding leaves for the next ticks, so that half a wolf a tick is one every second
    tick; "plain" forgets it, as the paper's law does, and removes nothing below a half.
    """

    size: int = 255
    by: Literal["number", "share"] = "number"
    rounding: Literal["carried", "plain"] = "carried"
    grass_energy: float = 4.0
    sheep_energy: float = 20.0
    sheep_breed: float = 0.04
    wolves_breed: float = 0.05
    regrowth: int = 30
    turn: int = 50
    density: tuple[float, float] = (2500 / 255**2, 1250 / 255**2)  # of sheep and wolves at the start
    room: tuple[float, float] = (0.125, 0.0625)  # slots for sheep and wolves a patch

    @property
    def patches(self) -> int:
        return self.size * self.size

    @property
    def slots(self) -> tuple[int, int]:
        return tuple(max(64, round(share * self.patches / 64) * 64) for share in self.room)  # type: ignore[return-value]

    @property
    def observation_size(self) -> int:
        return 3

    @property
    def actions(self) -> Box:
        return Box(2, 0.0, jnp.inf) if self.by == "number" else Box(3, 0.0, 1.0)

    def reset(self, key: Array) -> Land:
        """Half of the patches green; animals anywhere, with the energies of the model."""
        keys = jax.random.split(key, 4)
        green = jax.random.bernoulli(keys[0], 0.5, (self.patches,))
        wait = jax.random.randint(keys[1], (self.patches,), 0, self.regrowth, jnp.int8)
        sheep, wolves = (self.herd(k, slots, round(d * self.patches), most)
                         for k, slots, d, most in zip(keys[2:], self.slots, self.density, (8, 40)))  # fmt: skip
        wait = jnp.where(green, jnp.int8(GREEN), wait)
        return Land(wait, sheep, wolves, jnp.zeros(2, jnp.float32), jnp.int32(0))

    def herd(self, key: Array, slots: int, number: int, most: int) -> Herd:
        """`number` animals with energies from 0 to `most` - 1."""
        keys = jax.random.split(key, 4)
        x, y, heading = (span * jax.random.uniform(k, (slots,), jnp.float32)
                         for k, span in zip(keys, (self.size, self.size, 360)))  # fmt: skip
        energy = jax.random.randint(keys[3], (slots,), 0, most).astype(jnp.float32)
        return Herd(x, y, heading, energy, jnp.arange(slots) < number)

    def observe(self, land: Land) -> Array:
        """Numbers of green patches, sheep and wolves."""
        counts = (land.wait == GREEN).sum(), land.sheep.alive.sum(), land.wolves.alive.sum()
        return jnp.stack(counts).astype(jnp.float32)

    def step(self, land: Land, action: Array, key: Array) -> tuple[Land, Effects]:
        """One tick; `ended` when a species of animals is extinct. There is no reward: the cost is the paper's."""
        after, _ = self.ticked(land, action, key)
        return after, Effects(jnp.float32(0), self.extinct(after), jnp.bool_(False))

    def extinct(self, land: Land) -> Array:
        return ~(land.sheep.alive.any() & land.wolves.alive.any())

    def ticked(self, land: Land, action: Array, key: Array) -> tuple[Land, Told]:
        """One tick, and what happened in it: sheep, wolves, grass, and only then whoever controls the land."""
        to_sheep, to_wolves, to_control = jax.random.split(key, 3)
        sheep, wait, meals, starved, bred = self.graze(land.sheep, land.wait, to_sheep)
        wolves, sheep, eaten, starved_wolves, bred_wolves = self.hunt(land.wolves, sheep, to_wolves)
        wait = jnp.maximum(wait - 1, GREEN).astype(jnp.int8)
        lost = land.lost + bred.lost + bred_wolves.lost
        after, removed = self.controlled(Land(wait, sheep, wolves, land.carry, lost), action, to_control)
        born = jnp.stack([bred.child.sum(), bred_wolves.child.sum()])
        return after, Told(meals, eaten, jnp.stack([starved, starved_wolves]), born, removed)

    def graze(self, sheep: Herd, wait: Array, key: Array) -> tuple:
        to_move, to_win, to_breed = jax.random.split(key, 3)
        sheep = self.moved(sheep, to_move)
        patch = self.patch(sheep)
        eats = winners(words(to_win, len(patch)), patch, sheep.alive & (wait[patch] == GREEN), self.patches)
        wait = wait.at[jnp.where(eats, patch, self.patches)].set(jnp.int8(self.regrowth), mode="drop")
        sheep, starved = starving(sheep._replace(energy=sheep.energy + self.grass_energy * eats))
        sheep, bred = self.bred(sheep, self.sheep_breed, to_breed)
        return sheep, wait, eats.sum(), starved, bred

    def hunt(self, wolves: Herd, sheep: Herd, key: Array) -> tuple:
        """Round by round a random wolf of each patch eats a random sheep of it, until either has no more."""
        to_move, to_wolf, to_sheep, to_breed = jax.random.split(key, 4)
        wolves = self.moved(wolves, to_move)
        there, prey_there = self.patch(wolves), self.patch(sheep)
        rank, prey_rank = words(to_wolf, len(there)), words(to_sheep, len(prey_there))

        def meeting(hungry: Array, prey: Array) -> tuple[Array, Array]:
            wolf_at = jnp.zeros(self.patches, bool).at[there].max(hungry)
            prey_at = jnp.zeros(self.patches, bool).at[prey_there].max(prey)
            return hungry & prey_at[there], prey & wolf_at[prey_there]

        def one_round(now: tuple[Array, ...]) -> tuple[Array, ...]:
            hungry, prey, fed, dead = now
            eats, dies = winners(rank, there, hungry, self.patches), winners(prey_rank, prey_there, prey, self.patches)
            return *meeting(hungry & ~eats, prey & ~dies), fed | eats, dead | dies

        nobody = jnp.zeros_like(wolves.alive), jnp.zeros_like(sheep.alive)
        start = (*meeting(wolves.alive, sheep.alive), *nobody)
        fed, dead = lax.while_loop(lambda now: now[0].any(), one_round, start)[2:]
        sheep = sheep._replace(alive=sheep.alive & ~dead)
        wolves, starved = starving(wolves._replace(energy=wolves.energy + self.sheep_energy * fed))
        wolves, bred = self.bred(wolves, self.wolves_breed, to_breed)
        return wolves, sheep, dead.sum(), starved, bred

    def controlled(self, land: Land, action: Array, key: Array) -> tuple[Land, Array]:
        """The land after the removal, and how many (sheep, wolves) were removed: never more than there are."""
        keys = jax.random.split(key, 3)
        herds, slots = (land.sheep, land.wolves), self.slots
        if self.by == "share":
            gone = [h.alive & (uniform(k, numbered(n)) < u) for h, k, n, u in zip(herds, keys, slots, action[1:])]
            mown = (land.wait == GREEN) & (uniform(keys[2], numbered(self.patches)) < action[0])
            land = land._replace(wait=jnp.where(mown, jnp.int8(self.regrowth), land.wait))
        else:
            wanted = jnp.maximum(action, 0) + land.carry
            number = jnp.round(wanted)
            gone = [chosen(words(k, n), h.alive, c) for h, k, n, c in zip(herds, keys, slots, number)]
            carry = jnp.clip(wanted - number, -0.5, 0.5) if self.rounding == "carried" else jnp.zeros(2, jnp.float32)
            land = land._replace(carry=carry)
        sheep, wolves = (h._replace(alive=h.alive & ~g) for h, g in zip(herds, gone))
        return land._replace(sheep=sheep, wolves=wolves), jnp.stack([g.sum() for g in gone])

    def patch(self, herd: Herd) -> Array:
        # x may be rounded up to `size` itself, hence the remainder.
        column, row = (jnp.floor(at).astype(jnp.int32) % self.size for at in (herd.x, herd.y))
        return column * self.size + row

    def moved(self, herd: Herd, key: Array) -> Herd:
        """A turn of up to `turn` - 1 whole degrees to the right, one to the left, a step, and its energy."""
        right, left = (jnp.floor(self.turn * uniform(k, numbered(len(herd.x)))) for k in jax.random.split(key))
        heading = jnp.mod(herd.heading + right - left, 360)
        x, y = self.ahead(herd.x, herd.y, heading)
        return lax.optimization_barrier(Herd(x, y, heading, herd.energy - 1, herd.alive))

    def ahead(self, x: Array, y: Array, heading: Array) -> tuple[Array, Array]:
        angle = jnp.deg2rad(heading)
        return jnp.mod(x + jnp.cos(angle), self.size), jnp.mod(y + jnp.sin(angle), self.size)

    def bred(self, herd: Herd, rate: float, key: Array) -> tuple[Herd, Births]:
        """Parents halve their energy; a child has the other half, turns anywhere, steps once, and acts no more."""
        to_coin, to_turn = jax.random.split(key)
        number = numbered(len(herd.x))
        bears = herd.alive & (uniform(to_coin, number) < rate)
        energy = jnp.where(bears, herd.energy / 2, herd.energy)
        found = births(herd.alive, bears)
        heading = jnp.mod(herd.heading[found.parent] + 360 * uniform(to_turn, number), 360)
        x, y = self.ahead(herd.x[found.parent], herd.y[found.parent], heading)
        child = Herd(x, y, heading, energy[found.parent], found.child)
        adult = Herd(herd.x, herd.y, herd.heading, energy, herd.alive)
        return Herd(*(jnp.where(found.child, new, old) for new, old in zip(child, adult))), found


def starving(herd: Herd) -> tuple[Herd, Array]:
    """Who has less than no energy dies; and how many did."""
    dies = herd.alive & (herd.energy < 0)
    return herd._replace(alive=herd.alive & ~dies), dies.sum()
