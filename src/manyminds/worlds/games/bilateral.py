"""Alternating offers between two players: who proposes when, what each may know, and what becomes of an answer.

Odd stages belong to the first player, even ones to the second. An accepted proposal ends the game; after the last
stage, or after `cap` where there is no end, it ends without an agreement. A missing answer voids the game: it is not
scored.
What is divided and how proposals read is up to the game (`Bargaining`, `Negotiation`). Protocol of GLEE (2410.05254).
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal, NamedTuple

from manyminds.agents.correspondent import Briefed
from manyminds.core import Action, Event, NoAnswer, View, render
from manyminds.core.actions import numbers_in
from manyminds.worlds.games.bilateral_answers import Decide, Decided, Offer, Price

Phase = Literal["offer", "decision", "over"]
CAP = 99  # stages of a game "without end"; nobody is told


@dataclass(frozen=True)
class Turn:
    """One line of a game's record, the same for all two-player games."""

    stage: int
    actor: str
    kind: Literal["nature", "proposal", "decision", "message", "purchase"]
    payload: dict[str, Any]
    raw_text: str = ""


@dataclass(frozen=True)
class Proposal:
    stage: int
    by: int  # 0: the first player
    terms: float  # the first player's part, or the price
    message: str = ""


@dataclass(frozen=True)
class State:
    stage: int = 1
    phase: Phase = "offer"
    proposals: tuple[Proposal, ...] = ()
    turns: tuple[Turn, ...] = ()
    agreed: bool = False
    void: str = ""  # why the game does not count
    leaks: int = 0  # messages that tell what the other was not to know


class Sight(NamedTuple):
    """All that one player may know. Gains are shares of the money, as this player gets them; None: it was not told."""

    name: str
    other: str
    phase: Phase
    stage: int  # from 1
    rounds: int | None
    money: float
    pie: float | None  # what an agreement brings both together
    discounts: tuple[float, float | None]  # own, the other's
    values: tuple[float | None, float | None]  # own, the other's, in money (where a good is traded)
    offers: tuple[tuple[bool, float], ...]  # (was it mine?, what it gives me), oldest first
    messages: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Deal:
    """How a game ended. `terms`: the first player's part or the price, None without an agreement."""

    agreed: bool
    stage: int | None
    terms: float | None
    payoffs: tuple[float, float] | None  # in money, discounted; None: void
    first_offer: float | None  # the terms that were proposed first
    stages: int  # that were played
    void: str
    leaks: int
    turns: list[Turn]


def money_text(amount: float) -> str:
    """An amount as it is told, to the cent where it is not whole."""
    shown = f"{amount:,.2f}"
    return f"${shown.removesuffix('.00')}"


@dataclass(frozen=True)
class Alternating(ABC):
    """What every game of alternating offers shares. `rounds=None`: no end that anybody is told of."""

    players: tuple[str, str] = ("Alice", "Bob")
    money: float = 10_000.0
    rounds: int | None = None
    complete: bool = True  # does each know the other's parameter?
    messages: bool = False
    cap: int = CAP

    # ---- what a game must say

    game = ""  # the folder of its prompts

    @abstractmethod
    def proposing(self, seat: int) -> Action:
        """The contract of a proposal."""

    @abstractmethod
    def terms_of(self, seat: int, answer: Any) -> float:
        """The terms in an answer to `proposing`."""

    @abstractmethod
    def gain(self, seat: int, terms: float) -> float:
        """What terms bring a player, as a share of the money, before any discount."""

    @abstractmethod
    def payoff(self, seat: int, terms: float, stage: int) -> float:
        """What an agreement at `stage` is worth to a player, in money."""

    @abstractmethod
    def private(self, seat: int) -> float:
        """The parameter of a player that the other knows only under complete information."""

    @abstractmethod
    def in_words(self, terms: float) -> str:
        """What terms mean."""

    @abstractmethod
    def secrets_in(self, seat: int, numbers: list[float], text: str) -> bool:
        """Does a text tell the private parameter of `seat`?"""

    # ---- what is seen

    @property
    def last(self) -> int:
        return self.cap if self.rounds is None else self.rounds

    def reset(self, rng: Random) -> State:
        return State()

    def proposer(self, state: State) -> int:
        return (state.stage - 1) % 2

    def due(self, state: State) -> int:
        return self.proposer(state) if state.phase == "offer" else 1 - self.proposer(state)

    def observe(self, state: State) -> dict[str, View]:
        if state.phase == "over":
            return {}
        seat = self.due(state)
        return {self.players[seat]: self.view(state, seat)}

    def told_rounds(self) -> int | None:
        """How many stages the players are told of."""
        return self.rounds

    def told_private(self, seat: int) -> tuple[float, float | None]:
        """The own parameter, and the other's under complete information."""
        return self.private(seat), self.private(1 - seat) if self.complete else None

    def sight(self, state: State, seat: int) -> Sight:
        offers = tuple((p.by == seat, self.gain(seat, p.terms)) for p in state.proposals)
        said = tuple((self.players[p.by], p.message) for p in state.proposals if p.message)
        pie, discounts, values = self.known(seat)
        return Sight(self.players[seat], self.players[1 - seat], state.phase, state.stage, self.told_rounds(),
                     self.money, pie, discounts, values, offers, said)  # fmt: skip

    @abstractmethod
    def known(self, seat: int) -> tuple[float | None, tuple[float, float | None], tuple[float | None, float | None]]:
        """The pie, the discounts and the values as one player knows them."""

    def view(self, state: State, seat: int) -> View:
        sight = self.sight(state, seat)
        rules = render(__package__, f"{self.game}/rules", sight=sight, world=self, seat=seat, money=money_text)
        call = render(__package__, "bilateral/call", sight=sight)
        past = [self.told(proposal, refused=proposal is not state.proposals[-1] or state.phase == "offer")
                for proposal in state.proposals]  # fmt: skip
        text = "\n\n".join(filter(None, (rules, "\n".join(past), call)))
        action = self.proposing(seat) if state.phase == "offer" else Decide(other=self.players[1 - seat])
        return Briefed(sight, text, action, rules=rules, call=call)

    def told(self, proposal: Proposal, refused: bool = False) -> str:
        """A proposal as it reads."""
        who, other = self.players[proposal.by], self.players[1 - proposal.by]
        said = f" {who} writes: {proposal.message}" if proposal.message else ""
        answer = f" {other} rejected it." if refused else ""
        return f"Round {proposal.stage}: {who} proposes: {self.in_words(proposal.terms)}.{said}{answer}"

    # ---- what happens

    def step(self, state: State, answers: dict[str, Any], rng: Random) -> tuple[State, list[Event]]:
        seat = self.due(state)
        name = self.players[seat]
        answer = answers[name]
        if isinstance(answer, NoAnswer):
            after = replace(state, phase="over", void=f"{name}: {answer.reason}")
            return after, [Event("void", {"player": name, "stage": state.stage, "reason": answer.reason})]
        return self.proposed(state, seat, answer) if state.phase == "offer" else self.decided(state, seat, answer)

    def proposed(self, state: State, seat: int, answer: Offer | Price) -> tuple[State, list[Event]]:
        name, other = self.players[seat], self.players[1 - seat]
        made = Proposal(state.stage, seat, self.terms_of(seat, answer), answer.message)
        payload = {"terms": made.terms} | ({"message": made.message} if made.message else {})
        turn = Turn(state.stage, name, "proposal", payload, answer.raw)
        events = [Event("proposal", {"player": name, "stage": state.stage} | payload, (other,), self.told(made))]
        leak = not self.complete and self.leaks(seat, made.message)
        if leak:  # on the record only: what somebody says is not ours to filter
            events.append(Event("leak", {"player": name, "stage": state.stage, "message": made.message}))
        after = replace(state, phase="decision", proposals=(*state.proposals, made), turns=(*state.turns, turn),
                        leaks=state.leaks + leak)  # fmt: skip
        return after, events

    def leaks(self, seat: int, message: str) -> bool:
        return bool(message) and self.secrets_in(seat, numbers_in(re.sub(r"[$€£¥%]", " ", message)), message)

    def decided(self, state: State, seat: int, answer: Decided) -> tuple[State, list[Event]]:
        name, other, yes = self.players[seat], self.players[1 - seat], answer.yes
        turn = Turn(state.stage, name, "decision", {"accept": yes}, answer.raw)
        text = f"{name} {'accepts' if yes else 'rejects'} the proposal."
        events = [Event("decision", {"player": name, "stage": state.stage, "accept": yes}, (other,), text)]
        over = yes or state.stage >= self.last
        after = replace(state, agreed=yes, turns=(*state.turns, turn), phase="over" if over else "offer",
                        stage=state.stage if over else state.stage + 1)  # fmt: skip
        if over:
            events.append(Event("end", {"agreed": yes, "stage": state.stage}))
        return after, events

    def outcome(self, state: State) -> Deal:
        terms = state.proposals[-1].terms if state.agreed else None
        payoffs = (0.0, 0.0)
        if terms is not None:
            payoffs = (self.payoff(0, terms, state.stage), self.payoff(1, terms, state.stage))
        return Deal(state.agreed, state.stage if state.agreed else None, terms, None if state.void else payoffs,
                    state.proposals[0].terms if state.proposals else None, state.stage, state.void, state.leaks,
                    list(state.turns))  # fmt: skip
