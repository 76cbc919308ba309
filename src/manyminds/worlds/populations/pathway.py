"""A metabolic pathway of colliding molecules: enzymes on a torus bind, turn and release what they happen to meet.

The rules and numbers are those of the medical digital twins of arXiv 2402.05750 and 2403.13851. Substances S, P, Q, R
and T move by 1 in any direction, enzymes A, E, I and O and their complexes by 0.1. A: S -> P, E: P -> Q, I: Q -> R,
O: P -> T with the help of R; P and R hold A up.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.core.array_worlds import Box, Effects
from manyminds.worlds.populations.draws import numbered, uniform
from manyminds.worlds.populations.slots import words

KINDS = ("", "S", "P", "Q", "R", "T")  # of a slot; the first is an empty one
FORMS = ("A", "AS", "AP", "AR", "E", "EP", "EQ", "I", "IQ", "IR", "O", "OP", "OT", "OR", "ORP", "ORT")
# Chances in per cent. A form binds one molecule of its patch, each tried once a tick in random order.
BINDS = {
    "A": {"S": (4, "AS"), "P": (2, "AP"), "R": (8, "AR")},
    "E": {"P": (8, "EP"), "Q": (2, "EQ")},
    "I": {"Q": (2, "IQ"), "R": (2, "IR")},
    "O": {"P": (4, "OP"), "T": (2, "OT"), "R": (16, "OR")},
    "OR": {"P": (32, "ORP"), "T": (1, "ORT")},
    "OP": {"R": (16, "ORP")},
    "OT": {"R": (16, "ORT")},
}  # fmt: skip
ORDER = ("A", "E", "I", "O", "OR", "OP", "OT")  # who binds first
# One die a complex and tick: (chance, what it becomes, what it releases).
PARTS = {
    "AS": ((2, "A", "S"), (2, "AP", "")),
    "AP": ((4, "A", "P"),),
    "AR": ((1, "A", "R"),),
    "EP": ((2, "E", "P"), (3, "EQ", "")),
    "EQ": ((4, "E", "Q"),),
    "IQ": ((0.5, "I", "Q"), (2, "IR", "")),
    "IR": ((4, "I", "R"),),
    "OP": ((2, "O", "P"), (2, "OT", "")),
    "OT": ((4, "O", "T"),),
    "ORP": ((1, "OR", "P"), (10, "ORT", ""), (1, "OP", "R")),
    "ORT": ((8, "OR", "T"), (1, "OT", "R")),
    "OR": ((1, "O", "R"),),
}  # fmt: skip
HELD = np.array([len(form) - 1 for form in FORMS])  # molecules in a complex
SLOTS_OF_INFLOW = 16  # most molecules that may enter in one tick


def tables() -> tuple[np.ndarray, ...]:
    """The rules as arrays: chance and form after binding, by form and kind; phase, by form; upper edges of the die,
    form after and kind released, by form and face (a die that shows more than the last edge changes nothing)."""
    forms, kinds = len(FORMS), len(KINDS)
    chance, bound = np.zeros((forms, kinds), np.float32), np.repeat(np.arange(forms, dtype=np.int8)[:, None], kinds, 1)
    phase = np.full(forms, len(ORDER), np.int32)
    edges = np.full((forms, 3), 0, np.float32)
    after, freed = np.repeat(np.arange(forms, dtype=np.int8)[:, None], 4, 1), np.zeros((forms, 4), np.int8)
    for form, meets in BINDS.items():
        phase[FORMS.index(form)] = ORDER.index(form)
        for kind, (per_cent, then) in meets.items():
            at = FORMS.index(form), KINDS.index(kind)
            chance[at], bound[at] = per_cent / 100, FORMS.index(then)
    for form, faces in PARTS.items():
        i = FORMS.index(form)
        edges[i] = np.cumsum([face[0] / 100 for face in faces] + [0.0] * (3 - len(faces)))
        for j, (_, then, kind) in enumerate(faces):
            after[i, j], freed[i, j] = FORMS.index(then), KINDS.index(kind)
    return chance, bound, phase, edges, after, freed


CHANCE, BOUND, PHASE, EDGES, AFTER, FREED = tables()


class Cell(NamedTuple):
    kind: Array  # (slots,) int8, 0 where empty
    x: Array
    y: Array
    form: Array  # (enzymes,) int8
    enzyme_x: Array
    enzyme_y: Array
    carry: Array  # the part of a molecule that is still to enter
    entered: Array  # int32, since the start
    diluted: Array  # int32, since the start
    lost: Array  # molecules that found no slot; not 0 means that the figures are wrong


@dataclass(frozen=True)
class Pathway:
    """An action is how many S enter this tick: a real number from 0, whose fractions add up. `substances` and
    `enzymes` stand for a world of 100 x 100 patches and are scaled by area."""

    size: int = 100
    dilution: float = 5e-4
    substances: tuple[int, ...] = (80_000, 20_000, 20_000, 10, 10)
    enzymes: int = 200  # of each kind
    stride: float = 1.0
    enzyme_stride: float = 0.1

    @property
    def scale(self) -> float:
        """Of area, by which counts and inflow shrink."""
        return self.size**2 / 100**2

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(round(n * self.scale) for n in self.substances)

    @property
    def enzyme_numbers(self) -> int:
        return max(round(self.enzymes * self.scale), 1)

    @property
    def slots(self) -> int:
        return enough(sum(self.numbers) + 4 * self.enzyme_numbers)

    @property
    def observation_size(self) -> int:
        return 5

    @property
    def actions(self) -> Box:
        return Box(1, 0.0, SLOTS_OF_INFLOW - 1)

    def reset(self, key: Array) -> Cell:
        """Everything free and anywhere."""
        to_x, to_y, to_enzymes = jax.random.split(key, 3)
        kinds = np.repeat(np.arange(1, 6, dtype=np.int8), self.numbers)
        kind = jnp.zeros(self.slots, jnp.int8).at[: len(kinds)].set(kinds)
        free = np.array([FORMS.index(name) for name in "AEIO"], np.int8)
        form = jnp.asarray(np.repeat(free, self.enzyme_numbers))
        x, y = (self.size * jax.random.uniform(k, (self.slots,), jnp.float32) for k in (to_x, to_y))
        where = self.size * jax.random.uniform(to_enzymes, (2, len(form)), jnp.float32)
        none = jnp.int32(0)
        return Cell(kind, x, y, form, where[0], where[1], jnp.float32(0), none, none, none)

    def observe(self, cell: Cell) -> Array:
        """How many S, P, Q, R and T are free."""
        return jnp.stack([(cell.kind == k).sum() for k in range(1, 6)]).astype(jnp.float32)

    def step(self, cell: Cell, action: Array, key: Array) -> tuple[Cell, Effects]:
        """One tick: move, bind, part, dilute what was free all the time, and only then add what is new."""
        to_move, to_bind, to_part, to_dilute, to_enter = jax.random.split(key, 5)
        before, cell = cell.kind, self.moved(cell, to_move)
        binding, taken = self.bound(cell, to_bind)
        kind = removed(cell.kind, self.patch(cell.x, cell.y), taken, self.patch(cell.enzyme_x, cell.enzyme_y),
                       words(jax.random.fold_in(to_bind, 1), len(before)))  # fmt: skip
        die = uniform(to_part, numbered(len(cell.form)))
        face = (die[:, None] >= jnp.asarray(EDGES)[cell.form]).sum(-1)
        still = taken > 0
        form = jnp.where(still, binding, jnp.asarray(AFTER)[cell.form, face])
        freed = jnp.where(still, 0, jnp.asarray(FREED)[cell.form, face])
        gone = (kind > 0) & (uniform(to_dilute, numbered(len(kind))) < self.dilution)
        cell = cell._replace(kind=jnp.where(gone, 0, kind).astype(jnp.int8), form=form.astype(jnp.int8),
                             diluted=cell.diluted + gone.sum())  # fmt: skip
        cell = self.entered(cell, freed.astype(jnp.int8), action, to_enter)
        return cell, Effects(jnp.float32(0), jnp.bool_(False), jnp.bool_(False))

    def moved(self, cell: Cell, key: Array) -> Cell:
        to_free, to_enzymes = jax.random.split(key)

        def ahead(x: Array, y: Array, stride: float, key: Array) -> tuple[Array, Array]:
            angle = 2 * jnp.pi * uniform(key, numbered(len(x)))
            return jnp.mod(x + stride * jnp.cos(angle), self.size), jnp.mod(y + stride * jnp.sin(angle), self.size)

        x, y = ahead(cell.x, cell.y, self.stride, to_free)
        enzyme_x, enzyme_y = ahead(cell.enzyme_x, cell.enzyme_y, self.enzyme_stride, to_enzymes)
        return lax.optimization_barrier(cell._replace(x=x, y=y, enzyme_x=enzyme_x, enzyme_y=enzyme_y))

    def patch(self, x: Array, y: Array) -> Array:
        column, row = (jnp.floor(at).astype(jnp.int32) % self.size for at in (x, y))
        return column * self.size + row

    def bound(self, cell: Cell, key: Array) -> tuple[Array, Array]:
        """The form of each enzyme after binding, and the kind of molecule it took (0: none).

        Molecules are tried in random order until one binds. If the order is that of uniform times, the first success
        among n molecules of chance p comes after t with probability (1 - p t)^n: one draw a kind instead of n trials.
        Enzymes of one patch take turns, by the order of binding and at random within it.
        """
        to_turn, to_time = jax.random.split(key)
        size, kinds = len(cell.form), len(KINDS)
        here = self.patch(cell.enzyme_x, cell.enzyme_y)
        counts = jnp.zeros(self.size**2 * kinds, jnp.int32)
        counts = counts.at[self.patch(cell.x, cell.y) * kinds + cell.kind].add(1).reshape(-1, kinds)
        phase, chance = jnp.asarray(PHASE)[cell.form], jnp.asarray(CHANCE)[cell.form]
        word = words(to_turn, size)
        earlier = (phase[None] < phase[:, None]) | ((phase[None] == phase[:, None]) & (word[None] < word[:, None]))
        binds = phase < len(ORDER)
        turn = jnp.where(binds, ((here[None] == here[:, None]) & earlier).sum(1), -1)
        draw = uniform(to_time, numbered(size * kinds)).reshape(size, kinds)
        draw, turn, here = lax.optimization_barrier((jnp.log(jnp.maximum(draw, 2.0**-32)), turn, here))

        def one_turn(now: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            number, counts, taken = now
            n = counts[here]
            able = (n > 0) & (chance > 0)
            time = -jnp.expm1(draw / jnp.maximum(n, 1)) / jnp.where(able, chance, 1)
            time = jnp.where(able, time, jnp.inf)
            first = jnp.where((turn == number) & (time.min(1) <= 1), time.argmin(1), 0)
            counts = counts.at[here, first].add(-(first > 0).astype(jnp.int32))
            return number + 1, counts, jnp.where(first > 0, first, taken)

        start = jnp.int32(0), counts, jnp.zeros(size, jnp.int32)
        taken = lax.while_loop(lambda now: now[0] <= turn.max(), one_turn, start)[2]
        return jnp.asarray(BOUND)[cell.form, taken], taken

    def entered(self, cell: Cell, freed: Array, inflow: Array, key: Array) -> Cell:
        """What was released appears where its enzyme is, new S anywhere, each in the first empty slot."""
        wanted = jnp.maximum(inflow.reshape(()), 0) + cell.carry
        number = jnp.floor(wanted).astype(jnp.int32)
        new = (jnp.arange(SLOTS_OF_INFLOW) < number).astype(jnp.int8)  # kind 1 is S
        where = self.size * jax.random.uniform(key, (2, SLOTS_OF_INFLOW), jnp.float32)
        born = jnp.concatenate([freed, new])
        x, y = jnp.concatenate([cell.enzyme_x, where[0]]), jnp.concatenate([cell.enzyme_y, where[1]])

        def one(now: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
            kind, waiting, at, lost = now
            who, slot = jnp.argmax(waiting > 0), jnp.argmin(kind)
            room = kind[slot] == 0
            kind = kind.at[slot].set(jnp.where(room, waiting[who], kind[slot]))
            at = at.at[who].set(jnp.where(room, slot, len(kind)))
            return kind, waiting.at[who].set(0), at, lost + ~room

        nowhere = jnp.full(len(born), len(cell.kind), jnp.int32)
        start = cell.kind, born, nowhere, cell.lost + jnp.maximum(number - SLOTS_OF_INFLOW, 0)
        kind, _, at, lost = lax.while_loop(lambda now: (now[1] > 0).any(), one, start)
        return cell._replace(kind=kind, x=cell.x.at[at].set(x, mode="drop"), y=cell.y.at[at].set(y, mode="drop"),
                             carry=wanted - number, entered=cell.entered + number, lost=lost)  # fmt: skip


def removed(kind: Array, patch: Array, taken: Array, here: Array, word: Array) -> Array:
    """The slots after each enzyme took a random molecule of the kind `taken` from its patch."""

    def one(now: tuple[Array, Array]) -> tuple[Array, Array]:
        kind, waiting = now
        who = jnp.argmax(waiting > 0)
        fits = (kind == waiting[who]) & (patch == here[who]) & (waiting[who] > 0)
        slot = jnp.argmax(jnp.where(fits, word | 1, 0))
        return kind.at[slot].set(jnp.where(fits.any(), 0, kind[slot]).astype(kind.dtype)), waiting.at[who].set(0)

    patch = lax.optimization_barrier(patch)
    return lax.while_loop(lambda now: (now[1] > 0).any(), one, (kind, taken.astype(kind.dtype)))[0]


def enough(number: int) -> int:
    """A power of two of slots that holds `number` with room to spare: few sizes, so few compilations."""
    return 1 << int(np.ceil(np.log2(max(1.2 * number, 128))))


def mass(cell: Cell) -> Array:
    """Molecules that are free or bound. It is what there was at the start, plus inflow, less dilution, for ever."""
    return (cell.kind > 0).sum() + jnp.asarray(HELD)[cell.form].sum()


def packed(cells: Cell, slots: int) -> Cell:
    """Cells (with a leading axis of runs) in fewer or more slots, for molecules become few. On the host."""
    kind, x, y = (np.asarray(leaf) for leaf in (cells.kind, cells.x, cells.y))
    order = np.argsort(kind == 0, axis=1, kind="stable")[:, :slots]
    gap = ((0, 0), (0, max(slots - kind.shape[1], 0)))
    kind, x, y = (jnp.asarray(np.pad(np.take_along_axis(leaf, order, 1), gap)) for leaf in (kind, x, y))
    return cells._replace(kind=kind, x=x, y=y)
