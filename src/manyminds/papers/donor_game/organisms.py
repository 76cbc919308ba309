"""Societies whose strategies a model organism writes: newborns read the survivors' sentences and put down their own.

The organism is a small decoder raised on how sentences are handed down: three sentences, then an imperfect copy of
the first. In a society its sentences are parsed and followed to the letter (`Giver`); one that cannot be parsed is
counted and replaced by a founder's. What selection favours can only pass on through text, so newborns must resemble
those whose sentences they read; in the control, where they read strangers' sentences, nothing is passed on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.agents.donors import STOCKS, Genome, Sentence, founder, mutated, parsed, sentence
from manyminds.core import Claim, Finding, Invalid, Lab, NotHere, Seeds, Table, render
from manyminds.core import statistics as st
from manyminds.learning.culture import Birth, Member
from manyminds.models.house.tokenizer import chat
from manyminds.models.request import Request, user
from manyminds.papers.donor_game.societies import Run, Society
from manyminds.tuning.organisms import Grown, Lesson, Raising, organism
from manyminds.worlds.games.gift_schedules import alternating

STOCK, ERROR, ADVISERS = "unconditional", 0.03, 3
SIZE, GENERATIONS, ROUNDS = 6, 4, 6
FOUNDER = (0.05, 0.95)  # founders' gifts; wide, so that whom a newborn resembles can be told


class Lineage(BaseModel, frozen=True):
    """One society with its newborns' first gifts and what the sentences that they read said."""

    seed: int
    grown: Grown
    strangers: bool  # the control: newborns read sentences of nobody who lived
    run: Run
    written: int
    unreadable: int
    newborns: list[float]
    advisers: list[list[float]]  # the survivors', whoever was read


def words(strategies: Sequence[str]) -> str:
    return render(__package__, "inherit", advisers=strategies)


def rounded(genome: Genome) -> Genome:
    """In whole percents, which is as fine as a decoder of this size copies."""
    return genome._replace(first=round(float(genome.first), 2))


def drawn(rng: Random) -> Genome:
    return rounded(founder(STOCKS[STOCK], rng)._replace(first=rng.uniform(*FOUNDER)))


def answered(genome: Genome) -> str:
    return f"{Sentence().anchor} {sentence(genome)}"


async def lessons(count: int, seeds: Seeds) -> list[Lesson]:
    """Sentences of some advisers, and a copy of the first with a small error; in a society their order is drawn."""
    rng, found = seeds("lessons"), []
    for _ in range(count):
        advisers = [drawn(rng) for _ in range(ADVISERS)]
        copy = rounded(mutated(STOCKS[STOCK], advisers[0], rng, ERROR))
        asked = chat([("user", words([sentence(one) for one in advisers]))])
        found.append(Lesson(asked, answered(copy)))
    return found


@dataclass
class Written(Society):
    """A society of sentences that a model writes."""

    model: Any = None
    strangers: bool = False
    count: int = 0
    unreadable: int = 0

    def birth(self) -> Birth:
        async def born(name: str, number: int, slot: int, advisers: tuple[Member, ...]) -> tuple[Any, str]:
            rng = self.seeds("birth", name)
            if not advisers:
                return sentence(drawn(rng)), "a founder"
            read = [sentence(drawn(rng)) if self.strangers else one.strategy for one in advisers]
            return await self.copied(rng.sample(read, len(read)), name, rng)

        return born

    async def copied(self, read: Sequence[str], name: str, rng: Random) -> tuple[str, str]:
        """The sentence of a newborn, or a founder's where it cannot be read."""
        request = Request((user(words(read)),), temperature=self.temperature, max_tokens=60,
                          repeat=f"{self.seeds}/strategy/{name}")  # fmt: skip
        said = (await self.model.complete(request)).text
        self.count += 1
        try:
            return sentence(parsed(Sentence().parse(said))), said
        except Invalid as reason:
            self.unreadable += 1
            return sentence(drawn(rng)), f"unreadable ({reason}): {said[:200]}"


async def lineages(lab: Lab, raising: Raising, seed: int, societies: int = 10) -> list[Lineage]:
    """Raise one organism and let its sentences pass through societies, and through their controls."""
    seeds = lab.seeds.child("organism", seed)
    grown = await organism(lab, f"heir {seed}", seed, raising, lambda count: lessons(count, seeds.child("read")))
    model = lab.model(grown.model)
    world = {"rounds": alternating(SIZE, ROUNDS, 3), "endowment": 10.0, "multiplier": 2.0, "links": 3,
             "punishment": False, "partner_choice": False}  # fmt: skip

    async def one(strangers: bool, repeat: int) -> Lineage:
        name = f"organism {seed}{', strangers read' if strangers else ''}"
        society = Written(name, repeat, world, SIZE, GENERATIONS, "truncation", seeds.child(name, repeat), lab,
                          temperature=1.0, stock=STOCK, model=model, strangers=strangers)  # fmt: skip
        run = await society.run()
        newborns, advisers = parentage(run)
        return Lineage(seed=seed, grown=grown, strangers=strangers, run=run, written=society.count,
                       unreadable=society.unreadable, newborns=newborns, advisers=advisers)  # fmt: skip

    jobs = [one(strangers, repeat) for strangers in (False, True) for repeat in range(societies)]
    return await lab.gather(jobs, "societies of an organism")


def parentage(run: Run) -> tuple[list[float], list[list[float]]]:
    """The first gift in each newborn's sentence, and those in the sentences of the survivors before it."""
    newborns, advisers = [], []
    for before, after in pairwise(run.lines):
        survivors = [first(before.strategies[name]) for name in before.survivors]
        for name in after.strategies:
            if name not in before.survivors:
                newborns.append(first(after.strategies[name]))
                advisers.append(survivors)
    return newborns, advisers


def first(text: str) -> float:
    return float(parsed(text).first)


def resemblance(found: Sequence[Lineage]) -> float:
    """The correlation, over newborns, of their first gift with the survivors' mean; NaN where nothing varies."""
    newborns = np.array([gift for one in found for gift in one.newborns])
    means = np.array([np.mean(gifts) for one in found for gifts in one.advisers])
    if len(newborns) < 3 or newborns.std() == 0 or means.std() == 0:
        return float("nan")
    return float(np.corrcoef(newborns, means)[0, 1])


# ---- what must come out


def of(results: Any) -> list[Lineage]:
    if not results.organisms:
        raise NotHere("no organism was raised (organisms=3 raises three)")
    return list(results.organisms)


def all_counted(results: Any) -> Finding:
    """The share of newborns' sentences that could be read; it holds where every society lived to its end and every
    sentence was either read or counted as unreadable."""
    found = of(results)
    ended = all(one.run.ending == "finished" and len(one.run.lines) == GENERATIONS for one in found)
    counted = all(one.written == len(one.newborns) == (GENERATIONS - 1) * (SIZE // 2) for one in found)
    written = sum(one.written for one in found)
    return Finding(st.share(written - sum(one.unreadable for one in found), written), ended and counted)


def passed_on(results: Any) -> Finding:
    """The least gain, over organisms, of resemblance to the survivors on that of the control. It holds where even the
    lower end of a resemblance (95 %, Fisher's z) lies above the control's: few newborns resemble anybody by chance."""
    found, gains, sure = of(results), [], True
    for seed in sorted({one.seed for one in found}):
        mine = [one for one in found if one.seed == seed and not one.strangers]
        control = resemblance([one for one in found if one.seed == seed and one.strangers])
        seen, newborns = resemblance(mine), sum(len(one.newborns) for one in mine)
        low = np.tanh(np.arctanh(min(seen, 0.999999)) - 1.96 / max(newborns - 3, 1) ** 0.5)
        gains.append(seen - control)
        sure = sure and bool(low > max(control, 0.0))
    return Finding(float(np.min(gains)), sure, len(gains))


def organism_table(results: Any) -> Table:
    rows = []
    for seed in sorted({one.seed for one in results.organisms}):
        for strangers in (False, True):
            mine = [one for one in results.organisms if (one.seed, one.strangers) == (seed, strangers)]
            rows.append((seed, "strangers" if strangers else "survivors", sum(one.written for one in mine),
                         sum(one.unreadable for one in mine), resemblance(mine)))  # fmt: skip
    columns = ("seed", "newborns read", "sentences", "unreadable", "correlation with the survivors")
    return Table("Societies whose strategies a model organism writes", columns, tuple(rows))


MADE = "methods, transmission; derived"
ASKED = {"populations": (), "seeds": 0, "text_runs": 0, "organisms": 3}
ORGANISMS = (
    Claim("organism-counted", "six members, four generations: sentences of an organism that can be read, all others "
          "counted", MADE, "all accounted for", all_counted, config=ASKED),
    Claim("organism-inheritance", "newborns resemble the survivors whose sentences an organism read more than if it "
          "read strangers': least gain of correlation, three seeds", MADE, "> 0", passed_on, config=ASKED),
)  # fmt: skip
