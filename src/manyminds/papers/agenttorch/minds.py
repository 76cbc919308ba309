"""The minds that decide to isolate and to work: a planted rule, a language model per archetype, or nobody.

All of them see the same sight, which is made of the simulated past alone. The planted rule is the hidden truth of the
stand-in world; it is scripted, and nothing calls it a language model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from manyminds.agents.yes_rates import yes_rates
from manyminds.core import Seeds, render
from manyminds.models.request import Model, system, user
from manyminds.worlds.populations.city import MONTHLY

Action = Literal["isolate", "work"]
ACTIONS: tuple[Action, ...] = ("isolate", "work")
CONTEXTS = ("demographics", "disease", "stimulus")  # each prompt shows what the one before shows, and more


class Sight(NamedTuple):
    """What a prompt may show beside who is asked. All figures are of the simulated past."""

    cases: int  # of the whole city in the past week
    change: int | None  # per cent against the mean of the four weeks before; None where that is 0
    months: int  # since the disease came
    payment: int  # dollars this month
    population: int
    disease: bool = True
    stimulus: bool = True

    def within(self, context: str) -> "Sight":
        """The same moment as a prompt of less context shows it."""
        level = CONTEXTS.index(context)
        return self._replace(disease=level >= 1, stimulus=level >= 2)


class Answers(NamedTuple):
    """P(yes) by action and archetype, and what it cost."""

    isolate: np.ndarray
    work: np.ndarray
    queries: int = 0
    invalid: int = 0


class Mind(Protocol):
    """Whoever answers for the archetypes, once a decision time."""

    async def answers(self, sight: Sight, week: int, before: Answers | None) -> Answers: ...


@dataclass(frozen=True)
class Rule:
    """The hidden rule p* = sigmoid(linear): people stay at home for fear of many cases, tire of it, and can afford it
    when paid; the old fear more, and support moves those who earn little. Effects by level; ours."""

    base: float = -1.0
    age: tuple[float, ...] = (-0.5, -0.3, 0.0, 0.1, 0.4, 0.9)
    income: tuple[float, ...] = (-0.4, -0.1, 0.1, 0.4)
    fear: float = 0.8  # for each unit of ln(1 + weekly cases per thousand)
    rising: float = 0.1  # for cases that doubled against the four weeks before
    fatigue: float = 0.25  # for each month
    support: tuple[float, ...] = (3.0, 2.2, 1.2, 0.5)  # for $600, by income

    def logit(self, levels: dict[str, np.ndarray], sight: Sight) -> np.ndarray:
        told = self.base + np.asarray(self.age)[levels["age"]] + np.asarray(self.income)[levels["income"]]
        if sight.disease:
            change = 0 if sight.change is None else np.clip(sight.change / 100, -1, 2)
            told = told + self.fear * np.log1p(1000 * sight.cases / sight.population) + self.rising * change
            told = told - self.fatigue * min(sight.months, 18)
        if sight.stimulus:
            told = told + sight.payment / 600 * np.asarray(self.support)[levels["income"]]
        return told

    def isolate(self, levels: dict[str, np.ndarray], sight: Sight) -> np.ndarray:
        return 1 / (1 + np.exp(-self.logit(levels, sight)))

    def work(self, levels: dict[str, np.ndarray], sight: Sight) -> np.ndarray:
        """Who would stay at home is less willing to work; children and the old are out of the question."""
        able = (levels["age"] > 0) & (levels["age"] < 5)
        return np.where(able, 1 / (1 + np.exp(0.55 * self.logit(levels, sight) - 0.9)), 0.05)


@dataclass(frozen=True)
class Planted:
    """Answers drawn from the hidden rule, `repeats` for each archetype and action; counted as queries."""

    rule: Rule
    levels: dict[str, np.ndarray]  # of each archetype
    repeats: int
    seeds: Seeds
    context: str = "stimulus"

    async def answers(self, sight: Sight, week: int, before: Answers | None) -> Answers:
        seen, rng = sight.within(self.context), self.seeds.numpy("planted", week)
        exact = (self.rule.isolate(self.levels, seen), self.rule.work(self.levels, seen))
        count = len(exact[0])
        if not self.repeats:  # the truth itself
            return Answers(*exact)
        found = [rng.binomial(self.repeats, p) / self.repeats for p in exact]
        return Answers(*found, queries=2 * count * self.repeats)


@dataclass
class Asked:
    """A language model, asked `repeats` times for each archetype that somebody is of."""

    model: Model
    people: Sequence[dict[str, str] | None]  # attributes by archetype; None where nobody is of it
    repeats: int
    stream: str
    context: str = "stimulus"
    kept: dict[str, Any] = field(default_factory=dict)

    async def answers(self, sight: Sight, week: int, before: Answers | None) -> Answers:
        there = [k for k, person in enumerate(self.people) if person is not None]
        found, queries, invalid = {}, 0, 0
        for action in ACTIONS:
            last = getattr(before, action) if before else np.full(len(self.people), 0.5)
            questions = [asked(self.people[k], sight.within(self.context), action) for k in there]
            rates = await yes_rates(self.model, questions, self.repeats, f"{self.stream}/{week}/{action}")
            p = np.array(last, float)
            for k, rate in zip(there, rates):
                p[k] = last[k] if rate.share is None else rate.share  # nothing valid: as in the week before
                queries, invalid = queries + rate.calls, invalid + rate.asked - rate.valid
            found[action] = p
        return Answers(found["isolate"], found["work"], queries, invalid)


def asked(person: dict[str, str] | None, sight: Sight, action: Action) -> tuple[Any, ...]:
    """The messages that ask one archetype for one action."""
    assert person is not None
    who = ", ".join(f"{name} {value}" for name, value in person.items() if name in ("gender", "age"))
    income = MONTHLY[int(person["income band"])] if "income band" in person else None
    text = render(__package__, "question", who=who or "everybody", region=person.get("borough"), income=income,
                  sight=sight, action=action)  # fmt: skip
    return system(render(__package__, "citizen")), user(text)
