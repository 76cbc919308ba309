"""A seller who knows the quality advises a buyer who does not, round after round (GLEE, arXiv 2410.05254).

Each round: the quality is drawn, the seller sees it and speaks, the buyer buys at the fixed price or not, and the round
is closed. A long-living buyer learns the quality of every round at its end (as in the released code); a myopic one is
new every round and sees two shares only, so that equal shares make equal prompts: it is not told the round either.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal, NamedTuple

from pydantic import Field

from manyminds.agents.correspondent import Briefed
from manyminds.agents.persuaders import BUYERS, RULES, SENDERS
from manyminds.core import Event, NoAnswer, PaperConfig, Table, View, render
from manyminds.theory.persuasion import cheap_talk, committed
from manyminds.worlds.games.bargaining import language
from manyminds.worlds.games.bilateral import Turn, money_text
from manyminds.worlds.games.bilateral_answers import Decide, Decided, Message, Tell, recommends
from manyminds.worlds.games.game import Game


@dataclass(frozen=True)
class Round:
    """One round behind us."""

    high: bool
    recommended: bool | None  # None: words that were not clear
    message: str
    bought: bool


@dataclass(frozen=True)
class State:
    qualities: tuple[bool, ...]  # of all rounds; nobody sees ahead
    past: tuple[Round, ...] = ()
    message: str = ""
    recommended: bool | None = None
    phase: Literal["offer", "decision", "over"] = "offer"
    turns: tuple[Turn, ...] = ()
    void: str = ""


class SellerSight(NamedTuple):
    """All that the seller may know."""

    name: str
    phase: str
    round: int  # from 1
    high: bool
    prior: float
    value: float | None  # per price; None: it was not told
    past: tuple[Round, ...]


class BuyerSight(NamedTuple):
    """All that a buyer may know."""

    name: str
    phase: str
    round: int | None  # None: a buyer who comes once
    message: str
    recommended: bool | None
    prior: float
    value: float
    past: tuple[Round, ...] | None  # of a buyer who stays
    statistics: tuple[float, float] | None  # of one who comes once: shares of rounds with a purchase, with a bad one


@dataclass(frozen=True)
class Sales:
    """How a game ended; the payoffs are sums over the rounds, in money."""

    rounds: list[Round]
    payoffs: tuple[float, float] | None  # None: void
    void: str
    unclear: int  # messages from which a rule could not tell what they advise
    turns: list[Turn]


@dataclass(frozen=True)
class Persuasion:
    players: tuple[str, str] = ("Alice", "Bob")
    money: float = 10_000.0  # the price
    prior: float = 0.5
    value: float = 1.25  # of a good product to the buyer, per price
    rounds: int = 20
    complete: bool = True  # does the seller know the value?
    text: bool = False  # a message in words, or a yes or no
    myopic: bool = False  # a new buyer every round

    def reset(self, rng: Random) -> State:
        return State(tuple(rng.random() < self.prior for _ in range(self.rounds)))

    # ---- what is seen

    def observe(self, state: State) -> dict[str, View]:
        if state.phase == "over":
            return {}
        seller, buyer = self.players
        return {seller: self.offer_view(state)} if state.phase == "offer" else {buyer: self.buyer_view(state)}

    def offer_view(self, state: State) -> View:
        at = len(state.past)
        sight = SellerSight(self.players[0], state.phase, at + 1, state.qualities[at], self.prior,
                            self.value if self.complete else None, state.past)  # fmt: skip
        rules = render(__package__, "persuasion/seller", world=self, sight=sight, money=money_text)
        call = render(__package__, "persuasion/offer", world=self, sight=sight)
        action = Tell(self.players[1]) if self.text else Decide("recommend", ("yes", "no"), self.players[1])
        return Briefed(sight, self.whole(rules, state.past, call), action, rules=rules, call=call)

    def buyer_sight(self, state: State) -> BuyerSight:
        past = None if self.myopic else state.past
        shares = statistics(state.past) if self.myopic else None
        return BuyerSight(self.players[1], state.phase, None if self.myopic else len(state.past) + 1, state.message,
                          state.recommended, self.prior, self.value, past, shares)  # fmt: skip

    def buyer_view(self, state: State) -> View:
        sight = self.buyer_sight(state)
        rules = render(__package__, "persuasion/buyer", world=self, sight=sight, money=money_text)
        call = render(__package__, "persuasion/decide", world=self, sight=sight)
        action = Decide("buy", ("yes", "no"), self.players[0])
        text = self.whole(rules, sight.past or (), call)
        return Briefed(sight, text, action, rules=rules, call=call, fresh=self.myopic)

    def whole(self, rules: str, past: tuple[Round, ...], call: str) -> str:
        lines = [self.told(number, each) for number, each in enumerate(past, 1)]
        return "\n\n".join(filter(None, (rules, "\n".join(lines), call)))

    def told(self, number: int, each: Round) -> str:
        """A round as it reads when it is over."""
        seller, buyer = self.players
        advice = "recommended it" if each.recommended else "did not recommend it"
        said = f"{seller} wrote: {each.message}" if self.text else f"{seller} {advice}"
        bought = f"{buyer} {'bought' if each.bought else 'did not buy'}"
        return f"Round {number}: {said}; {bought}; the quality was {'high' if each.high else 'low'}."

    # ---- what happens

    def step(self, state: State, answers: dict[str, Any], rng: Random) -> tuple[State, list[Event]]:
        name = self.players[0] if state.phase == "offer" else self.players[1]
        answer = answers[name]
        if isinstance(answer, NoAnswer):
            after = replace(state, phase="over", void=f"{name}: {answer.reason}")
            return after, [Event("void", {"player": name, "round": len(state.past) + 1, "reason": answer.reason})]
        return self.spoken(state, answer) if state.phase == "offer" else self.closed(state, answer)

    def spoken(self, state: State, answer: Decided | Message) -> tuple[State, list[Event]]:
        number, seller = len(state.past) + 1, self.players[0]
        if isinstance(answer, Message):
            message, advice = answer.text, recommends(answer.text)
        else:
            message, advice = "", answer.yes
        payload = {"message": message} if self.text else {"recommend": advice}
        turns = (Turn(number, "nature", "nature", {"high": state.qualities[number - 1]}),
                 Turn(number, seller, "message", payload, answer.raw))  # fmt: skip
        after = replace(state, phase="decision", message=message, recommended=advice, turns=state.turns + turns)
        return after, [Event("message", {"player": seller, "round": number} | payload)]

    def closed(self, state: State, answer: Decided) -> tuple[State, list[Event]]:
        number, (seller, buyer) = len(state.past) + 1, self.players
        each = Round(state.qualities[number - 1], state.recommended, state.message, answer.yes)
        turn = Turn(number, buyer, "purchase", {"buy": answer.yes}, answer.raw)
        over = number == self.rounds
        after = replace(state, phase="over" if over else "offer", past=(*state.past, each), message="",
                        recommended=None, turns=(*state.turns, turn))  # fmt: skip
        # A buyer who comes once takes nothing along; the next one is told the shares in its own view.
        hears = (seller,) if self.myopic else (seller, buyer)
        data = {"round": number, "high": each.high, "bought": each.bought}
        return after, [Event("round", data, hears, self.told(number, each))]

    def outcome(self, state: State) -> Sales:
        sold = [each for each in state.past if each.bought]
        gains = sum(self.value - 1 if each.high else -1.0 for each in sold)
        payoffs = None if state.void else (self.money * len(sold), self.money * gains)
        unclear = sum(each.recommended is None for each in state.past)
        return Sales(list(state.past), payoffs, state.void, unclear, list(state.turns))


def statistics(past: tuple[Round, ...]) -> tuple[float, float]:
    """The shares of rounds with a purchase, and with the purchase of a bad product; 0 before the first round."""
    n = max(len(past), 1)
    return sum(each.bought for each in past) / n, sum(each.bought and not each.high for each in past) / n


class Settings(PaperConfig):
    """One game of the grid."""

    money: float = Field(10_000, gt=0, description="the price of a product")
    prior: float = Field(0.5, ge=0, le=1, description="how probable a high quality is")
    worth: float = Field(1.25, ge=0, description="what a good product is worth to the buyer, in prices")
    rounds: int = Field(20, ge=1, le=1000)
    complete: bool = Field(True, description="does the seller know what a good product is worth to the buyer?")
    text: bool = Field(False, description="does the seller write a message (or say yes or no)?")
    myopic: bool = Field(False, description="does a new buyer come every round?")


def world_of(settings: Settings) -> Persuasion:
    return Persuasion(money=settings.money, prior=settings.prior, value=settings.worth, rounds=settings.rounds,
                      complete=settings.complete, text=settings.text, myopic=settings.myopic)  # fmt: skip


def score(sales: Sales) -> dict[str, float]:
    """Payoffs in money; NaN, which counts as unscored, where the game is void."""
    return dict(zip(("Alice", "Bob"), sales.payoffs or (float("nan"), float("nan"))))


def value(settings: Settings) -> list[Table]:
    """What one round is worth with and without a seller who is bound to a policy, times the rounds."""
    rows = []
    policies = {"commitment, best for the seller": committed, "cheap talk in one round (babbling)": cheap_talk}
    for name, policy in policies.items():
        advice = policy(settings.prior, settings.worth)
        scale = settings.money * settings.rounds
        high = settings.prior * advice.efficiency
        rows.append((name, scale * advice.sold, scale * (high * settings.worth - advice.sold), advice.lie))
    return [Table("Theory", ("what", "Alice", "Bob", "low quality recommended"), tuple(rows))]


GAME = Game(
    name="persuasion",
    title="A seller who knows the quality advises a buyer who does not",
    settings=Settings,
    seats=lambda settings: ("Alice", "Bob"),
    world=world_of,
    rules=RULES,
    language=language,
    value=value,
    score=score,
    roles={"Alice": SENDERS, "Bob": BUYERS},
)
