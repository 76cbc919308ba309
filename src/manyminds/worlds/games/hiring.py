"""Agents hired for information: each is told an effort in private, works or not, sees a signal, reports, and is paid.

The mechanism (arXiv 2307.06210) is public: how recommendations are drawn, and what is paid for which recommendations,
reports and state. A round has two turns: all choose efforts, then all see their signals and report. What an agent does
not see: what the others were told, did, saw and reported, and the state, until the round is over.
"""

from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal, NamedTuple

import numpy as np

from manyminds.core import Choice, Event, NoAnswer, View, render
from manyminds.theory.hiring import Instance, Mechanism

SMALLEST = 5e-7  # amounts and chances below this are not worth a line


@dataclass(frozen=True)
class Words:
    """How agents, their efforts, their signals and the states are called."""

    agents: tuple[str, ...]
    efforts: tuple[tuple[str, ...], ...]
    signals: tuple[tuple[str, ...], ...]
    states: tuple[str, ...]


AUDIT_WORDS = Words(
    ("worker", "auditor"), (("rest", "work"), ("rest", "audit")), (("low", "high"), ("low", "high")), ("low", "high")
)


def plain_words(instance: Instance) -> Words:
    """Numbered names for any instance, counting from 1."""
    return Words(
        tuple(f"agent {i + 1}" for i in range(instance.agents)),
        tuple(tuple(f"effort {b + 1}" for b in range(k)) for k in instance.efforts),
        tuple(tuple(f"signal {s + 1}" for s in range(k)) for k in instance.signals),
        tuple(f"state {t + 1}" for t in range(len(instance.prior))),
    )


class Line(NamedTuple):
    """One line of a contract: when the others were told and reported so, and the state was so, a report earns `pay`."""

    others_told: tuple[str, ...]
    chance: float  # of that, given what this agent is told
    report: str
    others_reports: tuple[str, ...]
    state: str
    pay: float


def contract(mechanism: Mechanism, words: Words, agent: int, told: int) -> list[Line]:
    """The lines of an agent's contract on a recommendation that pay anything, in order."""
    chances = np.take(mechanism.mu, told, axis=agent)
    total = chances.sum()
    lines = []
    for profile in np.ndindex(*mechanism.mu.shape):
        if profile[agent] != told or mechanism.mu[profile] <= SMALLEST:
            continue
        others_told = tuple(words.efforts[j][b] for j, b in enumerate(profile) if j != agent)
        for cell in np.argwhere(mechanism.payments[agent][profile] > SMALLEST):
            *said, state = (int(k) for k in cell)
            reports = tuple(words.signals[j][s] for j, s in enumerate(said) if j != agent)
            pay = float(mechanism.payments[agent][profile][tuple(cell)])
            chance = float(mechanism.mu[profile] / total)
            lines.append(
                Line(others_told, chance, words.signals[agent][said[agent]], reports, words.states[state], pay)
            )
    return lines


class Sight(NamedTuple):
    """All that one agent may know when it acts; the mechanism and the instance are public."""

    agent: int
    told: int
    phase: Literal["effort", "report"]
    effort: int | None  # what it chose this round
    signal: int | None  # what it saw
    round: int  # from 1
    rounds: int
    instance: Instance
    mechanism: Mechanism


class Deed(NamedTuple):
    """What one agent did in one round. `None` where no answer came."""

    told: int
    effort: int | None
    signal: int
    report: int | None
    pay: float
    utility: float


@dataclass(frozen=True)
class State:
    round: int  # rounds that are over
    told: tuple[int, ...]
    efforts: tuple[int | None, ...] | None = None  # chosen; None before that
    signals: tuple[int, ...] = ()
    truth: int = 0
    deeds: tuple[tuple[Deed, ...], ...] = ()  # by round and agent
    earned: float = 0.0  # by the principal, utility less payments


class Outcome(NamedTuple):
    """What came out: the deeds of all rounds, each agent's total, and the principal's."""

    deeds: tuple[tuple[Deed, ...], ...]
    utilities: dict[str, float]
    principal: float
    silent: int

    def obedience(self, agent: int) -> tuple[int, int, int]:
        """(rounds in which the agent did as told and told the truth, rounds with an answer, rounds)."""
        mine = [deeds[agent] for deeds in self.deeds]
        answered = [d for d in mine if d.effort is not None and d.report is not None]
        return sum(d.effort == d.told and d.report == d.signal for d in answered), len(answered), len(mine)


@dataclass(frozen=True, eq=False)
class Hiring:
    """The world. Who gives no effort makes the cheapest; who gives no report is paid nothing that round, and counts as
    reporting its first signal."""

    instance: Instance
    mechanism: Mechanism
    words: Words = AUDIT_WORDS
    rounds: int = 10

    def reset(self, rng: Random) -> State:
        return State(0, self.recommended(rng))

    def recommended(self, rng: Random) -> tuple[int, ...]:
        """One profile drawn from mu, jointly for all agents."""
        at = rng.choices(range(self.mechanism.mu.size), self.mechanism.mu.ravel().tolist())[0]
        return tuple(int(b) for b in np.unravel_index(at, self.mechanism.mu.shape))

    def observe(self, state: State) -> dict[str, View]:
        if state.round == self.rounds:
            return {}
        return {name: self.view(state, i) for i, name in enumerate(self.words.agents)}

    def view(self, state: State, agent: int) -> View:
        phase: Literal["effort", "report"] = "effort" if state.efforts is None else "report"
        effort = state.efforts[agent] if state.efforts else None
        signal = state.signals[agent] if state.efforts else None
        sight = Sight(agent, state.told[agent], phase, effort, signal, state.round + 1, self.rounds, self.instance,
                      self.mechanism)  # fmt: skip
        options = self.words.efforts[agent] if phase == "effort" else self.words.signals[agent]
        return View(sight, self.text(sight), Choice(options))

    def text(self, sight: Sight) -> str:
        """What a language model reads: the contract whole, and this turn."""
        words, i = self.words, sight.agent
        rules = self.contracts[i, sight.told]
        done = None if sight.effort is None else words.efforts[i][sight.effort]
        saw = None if sight.signal is None else words.signals[i][sight.signal]
        return render(__package__, "hiring/act", rules=rules, sight=sight, told=words.efforts[i][sight.told], done=done,
                      saw=saw, efforts=words.efforts[i], signals=words.signals[i])  # fmt: skip

    @cached_property
    def contracts(self) -> dict[tuple[int, int], str]:
        """The readable contract of every agent for every recommendation that is ever made."""
        chances = {(i, told): float(np.take(self.mechanism.mu, told, axis=i).sum())
                   for i, efforts in enumerate(self.words.efforts) for told in range(len(efforts))}  # fmt: skip
        return {key: self.contract_text(*key) for key, chance in chances.items() if chance > 0}

    def contract_text(self, agent: int, told: int) -> str:
        """The readable contract of one agent for one recommendation."""
        words, instance = self.words, self.instance
        costs = list(zip(words.efforts[agent], instance.costs[agent].tolist(), strict=True))
        return render(
            __package__, "hiring/contract", name=words.agents[agent], others=self.others(agent), costs=costs,
            told=words.efforts[agent][told], lines=contract(self.mechanism, words, agent, told), states=words.states,
            accuracy=self.informed(agent, told), drawn=self.drawn(agent, told), cap=instance.cap,
            prior=list(zip(words.states, instance.prior.tolist(), strict=True)),
        )  # fmt: skip

    def others(self, agent: int) -> tuple[str, ...]:
        return tuple(name for j, name in enumerate(self.words.agents) if j != agent)

    def drawn(self, agent: int, told: int) -> list[tuple[tuple[str, ...], float]]:
        """What the others were told, with its chance given what this agent is told."""
        mu, found = self.mechanism.mu, []
        total = np.take(mu, told, axis=agent).sum()
        for profile in np.ndindex(*mu.shape):
            if profile[agent] == told and mu[profile] > SMALLEST:
                others = tuple(self.words.efforts[j][b] for j, b in enumerate(profile) if j != agent)
                found.append((others, float(mu[profile] / total)))
        return found

    def informed(self, agent: int, told: int) -> list[tuple[str, tuple[str, ...], str, list[tuple[str, str, float]]]]:
        """By own effort, what the others were told and do, and the state: own and others' signals with their chance."""
        words, rows = self.words, []
        for b, effort in enumerate(words.efforts[agent]):
            for profile in np.argwhere(np.take(self.mechanism.mu, told, axis=agent) > SMALLEST):
                others = [int(k) for k in profile]
                law = self.instance.law[(*others[:agent], b, *others[agent:])]
                done = tuple(words.efforts[j][k] for j, k in zip(self.indices(agent), others, strict=True))
                for t, state in enumerate(words.states):
                    cells = [
                        (tuple(int(k) for k in cell), float(law[(*cell, t)]))
                        for cell in np.argwhere(law[..., t] > SMALLEST)
                    ]
                    rows.append(
                        (effort, done, state, [(self.own(agent, c), self.theirs(agent, c), p) for c, p in cells])
                    )
        return rows

    def indices(self, agent: int) -> list[int]:
        return [j for j in range(self.instance.agents) if j != agent]

    def own(self, agent: int, cell: tuple[int, ...]) -> str:
        return self.words.signals[agent][cell[agent]]

    def theirs(self, agent: int, cell: tuple[int, ...]) -> str:
        return " and ".join(self.words.signals[j][cell[j]] for j in self.indices(agent))

    def step(self, state: State, answers: dict[str, str | NoAnswer], rng: Random) -> tuple[State, list[Event]]:
        """Efforts first, then reports; who was silent is named in the event."""
        given = [answers[name] for name in self.words.agents]
        silent = {n: a.reason for n, a in zip(self.words.agents, given, strict=True) if isinstance(a, NoAnswer)}
        options = self.words.efforts if state.efforts is None else self.words.signals
        chosen = tuple(None if isinstance(a, NoAnswer) else options[i].index(a) for i, a in enumerate(given))
        if state.efforts is None:
            return self.worked(state, chosen, silent, rng)
        return self.paid(state, chosen, silent, rng)

    def worked(
        self, state: State, efforts: tuple[int | None, ...], silent: dict[str, str], rng: Random
    ) -> tuple[State, list[Event]]:
        truth = rng.choices(range(len(self.instance.prior)), self.instance.prior.tolist())[0]
        made = tuple(int(self.instance.costs[i].argmin()) if b is None else b for i, b in enumerate(efforts))
        chances = self.instance.law[made][..., truth]
        at = rng.choices(range(chances.size), chances.ravel().tolist())[0]
        signals = tuple(int(s) for s in np.unravel_index(at, chances.shape))
        after = State(state.round, state.told, efforts, signals, truth, state.deeds, state.earned)
        data = {"told": list(state.told), "efforts": list(efforts), "signals": list(signals), "state": truth}
        return after, [Event("efforts", data | {"silent": silent})]

    def paid(
        self, state: State, reports: tuple[int | None, ...], silent: dict[str, str], rng: Random
    ) -> tuple[State, list[Event]]:
        said = tuple(0 if s is None else s for s in reports)
        action = int(self.mechanism.actions[(*state.told, *said)].argmax())
        deeds, events, pays = [], [], []
        for i, name in enumerate(self.words.agents):
            pay = 0.0 if reports[i] is None else float(self.mechanism.payments[i][(*state.told, *said, state.truth)])
            effort = state.efforts[i]
            cost = float(self.instance.costs[i].min() if effort is None else self.instance.costs[i][effort])
            deeds.append(Deed(state.told[i], effort, state.signals[i], reports[i], pay, pay - cost))
            pays.append(pay)
            text = f"Round {state.round + 1}: the truth was {self.words.states[state.truth]}; you were paid {pay:.3f}."
            events.append(Event("paid", {"agent": name, "pay": pay}, (name,), text))
        earned = float(self.instance.utility[action, state.truth]) - sum(pays)
        data = {"reports": list(reports), "action": action, "state": state.truth, "earned": earned, "silent": silent}
        after = State(
            state.round + 1, self.recommended(rng), deeds=(*state.deeds, tuple(deeds)), earned=state.earned + earned
        )
        return after, [Event("reports", data), *events]

    def outcome(self, state: State) -> Outcome:
        totals = {name: sum(d[i].utility for d in state.deeds) for i, name in enumerate(self.words.agents)}
        silent = sum((d.effort is None) + (d.report is None) for deeds in state.deeds for d in deeds)
        return Outcome(state.deeds, totals, state.earned, silent)
