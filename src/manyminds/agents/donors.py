"""Rules that give: a strategy is a genome of a few numbers, one exact sentence, and the mind that follows it.

The genome stands in for a strategy that a language model writes. `decide` is its one definition: it is called with
floats in the turn-by-turn game and with arrays in the vectorised one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from manyminds.core import Invalid, View


class Genome(NamedTuple):
    """What a giver does. All but `slope` and the weights are shares of its own resources.

    The record of a recipient is the weighted mean of the links of its trace that are in sight. Without any (in the
    first round, or with all weights 0) it gives `first`; else `base + slope * record`, or with a `threshold` of at
    least 0 `first` where the record reaches it and `base` where not. Then it errs by a normal `jitter`, and keeps
    between `floor` and `cap`. Where it may punish, it spends `punish_size` on that when the record is below
    `punish_below`.
    """

    first: Any = 0.5
    base: Any = 0.0
    slope: Any = 0.0
    w1: Any = 0.0
    w2: Any = 0.0
    w3: Any = 0.0
    threshold: Any = -1.0
    floor: Any = 0.0
    cap: Any = 1.0
    jitter: Any = 0.0
    punish_below: Any = 0.0
    punish_size: Any = 0.0


LIMITS = {"first": (0.0, 1.0), "base": (-1.0, 1.0), "slope": (-2.0, 2.0), "w1": (0.0, 1.0), "w2": (0.0, 1.0),
          "w3": (0.0, 1.0), "threshold": (-1.0, 1.0), "floor": (0.0, 1.0), "cap": (0.0, 1.0), "jitter": (0.0, 1.0),
          "punish_below": (0.0, 1.0), "punish_size": (0.0, 1.0)}  # fmt: skip
DIGITS = 4  # a gene is a multiple of 10^-4, so that a sentence stays readable


class Decision(NamedTuple):
    fraction: Any  # of its own resources that it would give
    punish: Any  # would it rather punish, where it may?


def decide(genome: Genome, links: Sequence[Any], known: Sequence[Any], noise: Any, xp: ModuleType = np) -> Decision:
    """What a genome does at three `links`: fractions given, newest first, `known` False where there is none.

    Genes, links and `noise` (standard normal) are floats, or arrays of one shape; `xp` is numpy or jax.numpy.
    """
    weights = [xp.where(seen, w, 0 * w) for seen, w in zip(known, (genome.w1, genome.w2, genome.w3))]
    total = weights[0] + weights[1] + weights[2]
    judged = total > 0
    record = sum(w * link for w, link in zip(weights, links)) / xp.where(judged, total, 1 + 0 * total)
    stepped = xp.where(record >= genome.threshold, genome.first, genome.base)
    answer = xp.where(genome.threshold >= 0, stepped, genome.base + genome.slope * record)
    wanted = xp.where(judged, answer, genome.first) + genome.jitter * noise
    fraction = xp.clip(xp.maximum(xp.minimum(wanted, genome.cap), genome.floor), 0, 1)
    return Decision(fraction, judged & (record < genome.punish_below))


# ---- one sentence

ANCHOR = "My rule:"
NUMBER = r"(-?\d+(?:\.\d+)?)"
CLAUSES = (
    ("give {}% by default", ("first",)),
    (", on a record {}% plus {}% of it", ("base", "slope")),
    (" (its links weighed {}, {} and {})", ("w1", "w2", "w3")),
    (", or else the default from a record of {}% on", ("threshold",)),
    (", never less than {}% or more than {}%", ("floor", "cap")),
    (", give or take {}%", ("jitter",)),
    (", and spend {}% on punishing a record below {}%", ("punish_size", "punish_below")),
)
PLAIN = Genome()
OPTIONAL = CLAUSES[1:]
FORM = re.compile(
    re.escape(ANCHOR) + " "
    + "".join(
        (f"(?:{part})?" if clause in OPTIONAL else part)
        for clause in CLAUSES
        for part in [NUMBER.join(map(re.escape, clause[0].split("{}")))]
    )
    + r"\."
)  # fmt: skip
WEIGHTS = frozenset({"w1", "w2", "w3"})


def percent(gene: float, name: str) -> str:
    """A gene in words: weights as they are, all else in percent; moving the point in decimal is exact."""
    number = Decimal(repr(float(gene)))
    return f"{(number if name in WEIGHTS else number.scaleb(2)).normalize():f}"


def sentence(genome: Genome) -> str:
    """The genome as one sentence; clauses that say nothing are left out. `parsed` reads it back exactly."""
    said = []
    for form, names in CLAUSES:
        silent = all(getattr(genome, name) == getattr(PLAIN, name) for name in names)
        if (form, names) not in OPTIONAL or not silent:
            said.append(form.format(*(percent(getattr(genome, name), name) for name in names)))
    return f"{ANCHOR} {''.join(said)}."


def parsed(text: str) -> Genome:
    """The genome that the sentence in `text` describes; `Invalid` with the reason when there is none."""
    match = FORM.search(text)
    if match is None:
        raise Invalid(f"there is no sentence of the form '{sentence(PLAIN)}'")
    names = [name for _, clause in CLAUSES for name in clause]
    genes = {}
    for name, group in zip(names, match.groups()):
        if group is not None:
            genes[name] = float(Decimal(group) if name in WEIGHTS else Decimal(group).scaleb(-2))
            low, high = LIMITS[name]
            if not low <= genes[name] <= high:
                raise Invalid(f"{name} is {genes[name]:g}, outside {low:g} to {high:g}")
    return Genome(**genes)


@dataclass(frozen=True)
class Sentence:
    """A strategy as an action: free text with its anchor, of which the sentence after the anchor is kept."""

    anchor: str = "My strategy:"
    limit: int = 1500

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise Invalid("the strategy is empty")
        return value.strip()[: self.limit]

    def parse(self, text: str) -> str:
        start = text.lower().rfind(self.anchor.lower())
        if start < 0:
            raise Invalid(f"there is no sentence that begins with '{self.anchor}'")
        return self.check(text[start + len(self.anchor) :].strip(" *\n\t\"'").partition("\n")[0])

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        return f"Think first. Then end with one single line that begins with '{self.anchor}' and states it."


# ---- where genomes come from

Draw = tuple[str, float, float]  # ("uniform", low, high) or ("normal", mean, standard deviation)


@dataclass(frozen=True)
class Stock:
    """A kind of population: how founders draw their genes, the fixed ones, and which of them a generous bias lifts."""

    drawn: Mapping[str, Draw]
    fixed: Mapping[str, float]
    additive: tuple[str, ...]


FIRST: Draw = ("uniform", 0.3, 0.7)
STOCKS = {
    "unconditional": Stock({"first": FIRST}, {}, ("first",)),
    "reciprocal": Stock({"first": FIRST, "base": ("normal", 0.0, 0.05), "slope": ("uniform", 0.8, 1.1)}, {"w1": 1.0},
                        ("first", "base")),
    "threshold": Stock({"first": FIRST, "base": ("normal", 0.0, 0.05), "threshold": ("uniform", 0.1, 0.4)}, {"w1": 1.0},
                       ("first", "base")),
    "far-sighted": Stock({"first": FIRST, "base": ("normal", 0.0, 0.05), "slope": ("uniform", 0.8, 1.1),
                          "w1": ("uniform", 0.0, 1.0), "w2": ("uniform", 0.0, 1.0), "w3": ("uniform", 0.0, 1.0)}, {},
                         ("first", "base")),
    "punishing": Stock({"first": FIRST, "base": ("normal", 0.0, 0.05), "slope": ("uniform", 0.8, 1.1),
                        "punish_below": ("uniform", 0.0, 0.4), "punish_size": ("uniform", 0.0, 0.4)}, {"w1": 1.0},
                       ("first", "base")),
}  # fmt: skip


def limited(name: str, gene: float) -> float:
    low, high = LIMITS[name]
    return round(min(max(gene, 0.0 if name == "threshold" else low), high), DIGITS)


def founder(stock: Stock, rng: Random) -> Genome:
    """A genome of the first generation."""
    genes = dict(stock.fixed)
    for name, (law, a, b) in stock.drawn.items():
        genes[name] = limited(name, rng.uniform(a, b) if law == "uniform" else rng.gauss(a, b))
    return Genome(**genes)


def mutated(stock: Stock, parent: Genome, rng: Random, noise: float = 0.06, bias: float = 0.0) -> Genome:
    """An imperfect copy: normal noise on every drawn gene, and a generous `bias` on the additive ones."""
    genes = {}
    for name in stock.drawn:
        lift = bias if name in stock.additive else 0.0
        genes[name] = limited(name, getattr(parent, name) + rng.gauss(0, noise) + lift)
    return parent._replace(**genes)


# ---- the minds


@dataclass(frozen=True)
class Giver:
    """Follows a genome. Reads the fractions of the trace; who punished or refused gave nothing."""

    genome: Genome
    kind = "rule"

    async def act(self, view: View) -> Any:
        seen = view.data
        given = [act.fraction if act.kind == "gave" else 0.0 for act in seen.trace[:3]]
        links = [*given, 0.0, 0.0, 0.0][:3]
        known = [k < len(given) for k in range(3)]
        noise = view.seeds("jitter").gauss(0, 1) if self.genome.jitter else 0.0
        decision = decide(self.genome, links, known, noise)
        if seen.may_punish and decision.punish:
            return "punish", float(self.genome.punish_size) * seen.own
        return "donate", float(decision.fraction) * seen.own


def gives(share: float = 0.5) -> Giver:
    """Gives the same share whatever it sees."""
    return Giver(Genome(first=within(share)))


def reciprocator(slope: float = 1.0, base: float = 0.0, first: float = 0.5) -> Giver:
    """Gives in proportion to what the recipient gave last."""
    return Giver(Genome(first=within(first), base=base, slope=slope, w1=1.0))


def threshold(at: float = 0.3, amount: float = 0.5) -> Giver:
    """Gives an amount to those who last gave at least a threshold, else nothing."""
    return Giver(Genome(first=within(amount), w1=1.0, threshold=within(at)))


def punisher(below: float = 0.3, size: float = 0.2, amount: float = 0.5) -> Giver:
    """Gives an amount, and punishes where it may who last gave less than a threshold."""
    genome = Genome(first=within(amount), base=within(amount), w1=1.0)
    return Giver(genome._replace(punish_below=within(below), punish_size=within(size)))


def within(share: float) -> float:
    if not 0 <= share <= 1:
        raise ValueError(f"a share of the own resources is from 0 to 1, not {share:g}")
    return float(share)


@dataclass(frozen=True)
class Refuses:
    """Refuses to play where it may, else gives nothing."""

    kind = "rule"

    async def act(self, view: View) -> Any:
        return ("refuse", 0.0) if view.data.may_refuse else ("donate", 0.0)


RULES = {
    "gives": gives,
    "reciprocator": reciprocator,
    "threshold": threshold,
    "punisher": punisher,
    "refuses": Refuses,
}
