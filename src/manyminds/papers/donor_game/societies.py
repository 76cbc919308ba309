"""Societies whose strategies are texts: written by language models, or sentences that genomes are rendered to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite
from pathlib import Path
from random import Random
from typing import Any, Literal

from pydantic import BaseModel

from manyminds.agents.donors import STOCKS, Giver, Sentence, founder, mutated, parsed, sentence
from manyminds.agents.language import LanguageAgent, Profile
from manyminds.core import Lab, NoAnswer, Seeds, play, render, welfare
from manyminds.learning.culture import (
    Birth,
    Generation,
    Member,
    Selection,
    Trial,
    average,
    evolve,
    imitation,
    mutation_bias,
    selection_differential,
)
from manyminds.models.ask import ask
from manyminds.models.request import Request, user
from manyminds.papers.donor_game.records import write
from manyminds.worlds.games.gift import Gift, Outcome, donations, rates, replayed, reputations

TRIES = 10  # attempts at an answer, as in the paper


class Line(BaseModel, frozen=True):
    """One generation of one run. Bounds: donors without a possible answer gave nothing, or gave all."""

    generation: int
    resources: float | None  # mean over members and games
    donation: float | None  # mean fraction given
    resources_if_all: float | None = None
    donation_if_all: float | None = None
    differential: float | None = None
    bias: float | None = None
    gini: float | None = None
    rates: dict[str, float] = {}
    donations: dict[str, float] = {}  # by member
    survivors: list[str] = []
    strategies: dict[str, str] = {}


class Run(BaseModel, frozen=True):
    """One society over its generations."""

    society: str
    repeat: int
    ending: Literal["finished", "failed"]
    reason: str = ""
    lines: list[Line] = []
    asked_again: int = 0  # answers that were not legal
    without_strategy: int = 0
    kinship: float | None = None  # mean distance of a newborn's default gift to the nearest adviser's (sentences)


class Broken(Exception):
    """A play that failed ends its society; the generations before it stay on the record."""


@dataclass
class Society:
    """One run of one society: how it lives, and what it has seen."""

    name: str
    repeat: int
    world: dict[str, Any]  # settings of `Gift`
    size: int
    generations: int
    selection: Selection
    seeds: Seeds
    lab: Lab
    temperature: float = 0.8
    show_scores: bool = False
    models: Sequence[str] = ()  # of the slots, in turn; none: sentences
    stock: str = "reciprocal"
    random_parents: bool = False
    noise: float = 0.06
    bias: float = 0.0
    invalid: Counter[str] = field(default_factory=Counter)
    without: int = 0
    scores: dict[str, float] = field(default_factory=dict)  # of the last generation that lived
    ended: list[tuple[Generation, Gift]] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"{self.name}/{self.repeat}"

    # ---- minds

    def mind(self, member: Member) -> Any:
        if not self.models:
            return Giver(parsed(member.strategy))
        text = f"Your strategy as a donor: {member.strategy}" if member.strategy else ""
        return LanguageAgent(self.lab.model(self.models[member.slot % len(self.models)]), Profile(member.name, text),
                             temperature=self.temperature, tries=TRIES, invalid=self.invalid)  # fmt: skip

    def birth(self) -> Birth:
        if self.models:
            return self.written
        stock = STOCKS[self.stock]

        def copied(text: str, rng: Random) -> str:
            return sentence(mutated(stock, parsed(text), rng, self.noise, self.bias))

        return imitation(copied, lambda rng: sentence(founder(stock, rng)), self.seeds, self.random_parents)

    async def written(self, name: str, number: int, slot: int, advisers: tuple[Member, ...]) -> tuple[Any, str]:
        """A newborn asks its model for one sentence; without one it plays without a strategy."""
        told = [{"strategy": one.strategy, "score": self.scores.get(one.name, 0.0)} for one in advisers]
        rules = Gift(tuple(map(str, range(self.size))), **self.world).told()
        text = render(__package__, "strategy", name=name, rules=rules, advisers=told, show_scores=self.show_scores)
        request = Request((user(text),), temperature=self.temperature, output=Sentence(),
                          repeat=f"{self.seeds}/strategy/{name}")  # fmt: skip
        model = self.lab.model(self.models[slot % len(self.models)])
        asked = await ask(model, request, TRIES, self.invalid)
        if isinstance(asked.value, NoAnswer):
            self.without += 1
            return "", asked.value.reason
        return asked.value, asked.texts[-1][:4000]

    # ---- life

    async def live(self, number: int, members: tuple[Member, ...]) -> Trial:
        """Two games; what the members do in them is all that selection sees."""
        world = Gift(tuple(member.name for member in members), **(self.world | {"generation": number}))
        agents = {member.name: self.mind(member) for member in members}
        record = self.lab.record(f"{self.place}/generation {number}")
        played = await play(world, agents, self.seeds.child("generation", number), record)
        if played.ending != "finished":
            raise Broken(f"generation {number}: {played.reason}")
        end: Outcome = played.outcome
        tested = Trial(end.scores, donations(end.encounters), reputations(end.encounters), end)
        self.scores = dict(end.scores)
        self.ended.append((Generation(number, members, tested), world))
        return tested

    async def run(self) -> Run:
        reason = ""
        try:
            lived = await evolve(self.size, self.generations, self.live, self.birth(), self.selection, self.seeds)
        except Broken as broken:
            reason = str(broken)
            lived = [generation for generation, _ in self.ended]
        worlds = [world for _, world in self.ended]
        lines = [line_of(generation, world) for generation, world in zip(lived, worlds)]
        if self.models:
            write(Path(self.lab.folder) / f"{self.name}_{self.repeat}.json", lived, worlds, self.selection)
        return Run(society=self.name, repeat=self.repeat, ending="failed" if reason else "finished", reason=reason,
                   lines=lines, asked_again=sum(self.invalid.values()), without_strategy=self.without,
                   kinship=None if self.models else kinship(lived))  # fmt: skip


def known(value: float) -> float | None:
    """The value, or None where there is none."""
    return float(value) if isfinite(value) else None


def line_of(generation: Generation, world: Gift) -> Line:
    """The measures of one generation."""
    tested, end = generation.tested, generation.tested.seen
    names = [member.name for member in generation.members]
    equality = welfare.equality(list(tested.scores.values()))
    return Line(
        generation=generation.number,
        resources=known(average(tested.scores, names)),
        resources_if_all=replayed(world, end.encounters, 1.0),
        donation=known(average(tested.trait, names)),
        donation_if_all=known(average(donations(end.encounters, 1.0), names)),
        differential=known(selection_differential(generation)),
        bias=known(mutation_bias(generation)),
        gini=None if equality is None else 1 - equality,
        rates=rates(end.encounters),
        donations=dict(tested.trait),
        survivors=list(generation.survivors),
        strategies={member.name: member.strategy for member in generation.members},
    )


def kinship(lived: Sequence[Generation]) -> float | None:
    """How far, on average, a newborn's default gift is from that of the nearest of its advisers."""
    gaps = []
    for before, after in pairwise(lived):
        advice = [parsed(m.strategy).first for m in before.members if m.name in before.survivors]
        gaps += [min(abs(parsed(m.strategy).first - one) for one in advice) for m in after.newborns()]
    return sum(gaps) / len(gaps) if gaps else None
