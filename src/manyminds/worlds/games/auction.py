"""An ascending auction of items in sequence, with budgets, hidden values and beliefs (arXiv 2310.05746, section 2).

Items come one by one. In a round everyone but the leader and those who withdrew bids at once; a bid that breaks a rule
is refused with the reason and made again. An item is sold when a round brings no bid (or the first brings only one).
Then its true value is announced, bidders give an account, and plan anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from manyminds.agents.bid_answers import OUT, Bid, Lessons, Priorities, Status
from manyminds.core import BadInput, Event, NoAnswer, View
from manyminds.worlds.games.auction_beliefs import checked_against, truth
from manyminds.worlds.games.auction_items import Entrant, Item, Order, ordered
from manyminds.worlds.games.auction_sights import Lot, Past, Sight, Sold, told

Phase = Literal["learn", "plan", "bid", "belief", "replan", "over"]
Ties = Literal["uniform", "released", "first"]


@dataclass(frozen=True)
class Check:
    """One entry of a stated account, set against the truth."""

    item: str  # after which item
    attempt: int  # 0 is the first answer, before any correction
    subject: Literal["self", "other"]
    entry: Literal["budget", "profit", "items"]
    about: str  # whose it is
    right: bool


@dataclass(frozen=True)
class Seat:
    """Everything on record of one bidder."""

    budget: int
    profit: int = 0
    won: tuple[tuple[str, int], ...] = ()  # (item, price)
    answers: int = 0  # to calls for bids, withdrawals and refused bids included
    failed: int = 0  # bids refused
    forced: int = 0  # withdrawals for want of a legal answer
    engagement: Mapping[str, int] = field(default_factory=dict)  # item -> bids that counted
    highest: Mapping[str, int] = field(default_factory=dict)  # item -> the last and highest of them
    status: Mapping[str, Any] = field(default_factory=dict)  # what it believes
    checks: tuple[Check, ...] = ()
    unparsed: int = 0  # accounts that never came in a readable form
    omitted: int = 0  # entries about others that an account left out
    plans: tuple[tuple[int, Mapping[str, int]], ...] = ()  # (position of the next item, item -> priority)
    unplanned: int = 0  # plans that never came; the old priorities are kept
    lessons: tuple[str, ...] = ()

    @property
    def plan(self) -> Mapping[str, int]:
        """The latest priorities, or none."""
        return self.plans[-1][1] if self.plans else {}


@dataclass(frozen=True)
class Sale:
    item: str
    winner: str  # empty: unsold
    price: int  # 0: unsold
    start: int  # the starting price, after discounts
    value: int
    halvings: int
    path: tuple[Mapping[str, int], ...]  # the bids of every round


@dataclass(frozen=True)
class State:
    items: tuple[Item, ...]  # in the order of sale
    seats: Mapping[str, Seat]
    phase: Phase = "plan"
    waiting: tuple[str, ...] = ()  # who is due now
    at: int = 0  # position of the item on sale
    start: int = 0  # its starting price, after discounts
    halvings: int = 0
    leader: str = ""
    high: int = 0  # the highest bid of all rounds before this one
    out: frozenset[str] = frozenset()
    heard: Mapping[str, int] = field(default_factory=dict)  # bids of this round that stand; nobody sees them yet
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # reasons given in this round
    rounds: tuple[Mapping[str, int], ...] = ()  # bids by round of this item, announced
    wrong: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # errors a bidder is told of
    attempt: int = 0  # of the account
    sales: tuple[Sale, ...] = ()


@dataclass(frozen=True)
class Outcome:
    profits: dict[str, int]
    seats: dict[str, Seat]
    sales: tuple[Sale, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Auction:
    """`markup`: the least raise, in percent of the starting price. `discount`: halve the start of an item that nobody
    bids on, up to three times. `tries`: refused bids in one round after which a bidder is taken to withdraw.
    `corrections`: how often a bidder may be told the errors of one account. `ties`: who leads among equal highest bids:
    anyone alike, or by the law of the released code, or the first by seat. `spoken`: are texts written for the views?
    """

    items: tuple[Item, ...]
    bidders: tuple[Entrant, ...]
    order: Order = "given"
    markup: int = 10
    discount: bool = False
    ties: Ties = "uniform"
    tries: int = 3
    corrections: int = 4
    past: Past | None = None
    spoken: bool = True

    def __post_init__(self) -> None:
        for kind, names in (("bidders", [b.name for b in self.bidders]), ("items", [i.name for i in self.items])):
            if len(set(names)) < len(names):
                raise BadInput(f"two {kind} have the same name: {', '.join(n for n in names if names.count(n) > 1)}")
        if not self.bidders or any(not bidder.name for bidder in self.bidders):
            raise BadInput("an auction needs at least one bidder, and every bidder a name")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(bidder.name for bidder in self.bidders)

    def reset(self, rng: Random) -> State:
        seats = {b.name: Seat(b.budget) for b in self.bidders}
        seats = {who: replace(seat, status=truth(seats, who)) for who, seat in seats.items()}
        state = State(ordered(self.items, self.order, rng), seats)
        learners = tuple(b.name for b in self.bidders if b.learning and self.past is not None)
        return replace(state, phase="learn", waiting=learners) if learners and self.items else self.planning(state)

    # ---- what is seen

    def observe(self, state: State) -> dict[str, View]:
        return {} if state.phase == "over" else {who: self.view(state, who) for who in state.waiting}

    def view(self, state: State, who: str) -> View:
        sight = self.sight(state, self.entrant(who))
        names = tuple(lot.name for lot in sight.lots)
        role = "plan" if state.phase == "replan" else state.phase
        action = {"learn": Lessons(), "plan": Priorities(names), "bid": Bid(), "belief": Status(self.names, who)}[role]
        return told(sight, action) if self.spoken else View(sight, "", action)

    def entrant(self, who: str) -> Entrant:
        return self.bidders[self.names.index(who)]

    def sight(self, state: State, bidder: Entrant) -> Sight:
        """All that one bidder may know: no true value before its hammer, nothing of others but what was announced."""
        seat, who = state.seats[bidder.name], bidder.name
        on_sale = state.items[state.at] if state.phase == "bid" else None
        first = state.at + (state.phase in ("belief", "replan"))
        lots = tuple(self.lot(state, item, bidder) for item in state.items[first:])
        estimates = {item.name: bidder.estimate(item) for item in state.items[: len(state.sales)]}
        sales = tuple(Sold(s.item, s.winner, s.price, s.value, estimates[s.item]) for s in state.sales)
        return Sight(
            role=state.phase, name=who, others=tuple(n for n in self.names if n != who), desire=bidder.desire,
            planning=bidder.plan, start_budget=bidder.budget, budget=seat.budget, lots=lots,
            item=lots[0] if on_sale else None, minimum=self.minimum(state) if on_sale else 0, markup=self.markup,
            step=self.step_of(state.start), high=state.high, leader=state.leader, rounds=state.rounds,
            halvings=state.halvings, made=seat.engagement.get(on_sale.name, 0) if on_sale else 0, sales=sales,
            status=seat.status, plan=seat.plan, refused=state.refused.get(who, ()), wrong=state.wrong.get(who, ()),
            lessons=seat.lessons, past=self.past.of(who) if state.phase == "learn" and self.past else None,
        )  # fmt: skip

    def lot(self, state: State, item: Item, bidder: Entrant) -> Lot:
        on_sale = state.phase == "bid" and item is state.items[state.at]
        return Lot(item.name, state.start if on_sale else item.price, bidder.estimate(item), item.description)

    # ---- the auctioneer's rules

    def step_of(self, start: int) -> int:
        """The least raise: a share of the STARTING price, rounded down, and never 0 or the auction might not end."""
        return max(start * self.markup // 100, 1)

    def minimum(self, state: State) -> int:
        """The least legal bid: the starting price, later the highest bid of earlier rounds and one raise."""
        return state.high + self.step_of(state.start) if state.leader else state.start

    def objection(self, state: State, who: str, bid: int) -> str:
        """Why a bid cannot stand, or nothing."""
        if bid > state.seats[who].budget:
            return f"it is more than you have left (${state.seats[who].budget})"
        if bid < state.start:
            return f"it is below the starting price of ${state.start}"
        if bid < self.minimum(state):
            return f"it must be at least ${self.step_of(state.start)} above the highest bid, ${state.high}"
        return ""

    def leading(self, bids: Mapping[str, int], rng: Random) -> str:
        """Who leads after a round."""
        if self.ties == "released":
            return released_leader(bids, rng)
        best = [who for who, bid in bids.items() if bid == max(bids.values())]
        return best[0] if self.ties == "first" else rng.choice(best)

    # ---- what happens

    def step(self, state: State, answers: dict[str, Any], rng: Random) -> tuple[State, list[Event]]:
        given = {who: answers[who] for who in state.waiting}  # whoever is not due is not heard
        if state.phase == "bid":
            return self.bid(state, given, rng)
        if state.phase == "belief":
            return self.accounted(state, given)
        return self.learned(state, given) if state.phase == "learn" else self.planned(state, given)

    def learned(self, state: State, given: dict[str, Any]) -> tuple[State, list[Event]]:
        events = []
        for who, answer in given.items():
            lessons = () if isinstance(answer, NoAnswer) else answer
            state = seated(state, who, lessons=lessons)
            events.append(Event("lessons", {"bidder": who, "lessons": list(lessons)} | silence(answer)))
        return self.planning(state), events

    def planning(self, state: State) -> State:
        """The first plans, of those who plan; without items there is nothing to do."""
        if not state.items:
            return replace(state, phase="over", waiting=())
        planners = tuple(b.name for b in self.bidders if b.plan != "none")
        return replace(state, phase="plan", waiting=planners) if planners else self.opened(state, 0)

    def planned(self, state: State, given: dict[str, Any]) -> tuple[State, list[Event]]:
        """Priorities for what is left; without an answer the old ones stay."""
        events, position = [], state.at + (state.phase == "replan")
        for who, answer in given.items():
            seat = state.seats[who]
            if isinstance(answer, NoAnswer):
                state = seated(state, who, unplanned=seat.unplanned + 1)
            else:
                state = seated(state, who, plans=(*seat.plans, (position, answer)))
            plan = dict(state.seats[who].plan)
            events.append(Event("plan", {"bidder": who, "before": position, "plan": plan} | silence(answer)))
        return self.opened(state, position), events

    def opened(self, state: State, position: int) -> State:
        """The next item, with everybody back in; or the end."""
        if position == len(state.items):
            return replace(state, phase="over", waiting=(), at=position)
        return replace(
            state,
            phase="bid",
            at=position,
            start=state.items[position].price,
            halvings=0,
            leader="",
            high=0,
            out=frozenset(),
            heard={},
            refused={},
            rounds=(),
            waiting=self.names,
        )

    def bid(self, state: State, given: dict[str, Any], rng: Random) -> tuple[State, list[Event]]:
        """Hear the bids that are due; the round ends when each of them stands or is withdrawn."""
        events, heard, refused = [], dict(state.heard), dict(state.refused)
        for who, answer in given.items():
            seat, item = state.seats[who], state.items[state.at].name
            state = seated(state, who, answers=seat.answers + 1)
            wanted = OUT if isinstance(answer, NoAnswer) else answer
            reason = self.objection(state, who, wanted) if wanted != OUT else ""
            if reason:
                state = seated(state, who, failed=seat.failed + 1)
                refused[who] = (*refused.get(who, ()), reason)
                text = f"Your bid of ${wanted} for {item} cannot stand: {reason}."
                events.append(
                    Event("refused", {"bidder": who, "item": item, "bid": wanted, "reason": reason}, (who,), text)
                )
                if len(refused[who]) < self.tries:
                    continue
            heard[who] = OUT if reason else wanted
            if reason or isinstance(answer, NoAnswer):
                state = seated(state, who, forced=state.seats[who].forced + 1)
                why = reason or answer.reason
                events.append(Event("forced_withdraw", {"bidder": who, "item": item, "reason": why}))
        waiting = tuple(who for who in state.waiting if who not in heard)
        state = replace(state, waiting=waiting, heard=heard, refused=refused)
        return (state, events) if waiting else self.round_over(state, events, rng)

    def round_over(self, state: State, events: list[Event], rng: Random) -> tuple[State, list[Event]]:
        """Announce the bids of a round, find the leader, and see whether the hammer falls."""
        said = {who: state.heard[who] for who in self.names if who in state.heard}  # in the order of seats
        bids = {who: bid for who, bid in said.items() if bid != OUT}
        item, first = state.items[state.at].name, not state.leader
        for who in bids:
            seat = state.seats[who]
            state = seated(state, who, engagement={**seat.engagement, item: seat.engagement.get(item, 0) + 1},
                           highest={**seat.highest, item: bids[who]})  # fmt: skip
        leader = self.leading(bids, rng) if bids else state.leader
        state = replace(state, out=state.out | (said.keys() - bids.keys()), leader=leader, rounds=(*state.rounds, said),
                        high=bids[leader] if bids else state.high, heard={}, refused={})  # fmt: skip
        record = {"item": item, "round": len(state.rounds) - 1, "bids": said, "leader": leader, "high": state.high}
        listed = ", ".join(f"{who} {'withdrew' if bid == OUT else f'${bid}'}" for who, bid in said.items())
        events.append(Event("round", record, self.names, f"{item}, round {len(state.rounds)}: {listed}."))
        waiting = tuple(who for who in self.names if who != leader and who not in state.out)
        if bids and not (first and len(bids) == 1) and waiting:
            return replace(state, waiting=waiting), events
        if not leader and self.discount and state.halvings < 3 and state.start > 1:
            return self.lowered(state, events)
        return self.hammer(state, events)

    def lowered(self, state: State, events: list[Event]) -> tuple[State, list[Event]]:
        """Half the starting price, and everybody is back in."""
        start, item = state.start // 2, state.items[state.at].name
        text = f"Nobody bids on {item}; it now starts at ${start}."
        events.append(Event("discount", {"item": item, "start": start}, self.names, text))
        return replace(state, start=start, halvings=state.halvings + 1, out=frozenset(), waiting=self.names), events

    def hammer(self, state: State, events: list[Event]) -> tuple[State, list[Event]]:
        """The leader pays its bid and gets the true value; only now is that value announced."""
        item, winner, price = state.items[state.at], state.leader, state.high if state.leader else 0
        if winner:
            seat = state.seats[winner]
            state = seated(state, winner, budget=seat.budget - price, profit=seat.profit + item.value - price,
                           won=(*seat.won, (item.name, price)))  # fmt: skip
        sale = Sale(item.name, winner, price, state.start, item.value, state.halvings, state.rounds)
        fate = (
            f"{item.name} is sold to {winner} for ${price}" if winner else f"Nobody wants {item.name}; it is not sold"
        )
        record = {"item": item.name, "winner": winner, "price": price, "value": item.value, "start": state.start}
        events.append(Event("hammer", record, self.names, f"{fate}. Its true value is ${item.value}."))
        tellers = tuple(b.name for b in self.bidders if b.beliefs)
        state = replace(state, sales=(*state.sales, sale), phase="belief", waiting=tellers, wrong={}, attempt=0)
        return (state, events) if tellers else (self.reconsidered(state), events)

    def accounted(self, state: State, given: dict[str, Any]) -> tuple[State, list[Event]]:
        """Set each account against the truth. What is wrong is told, and asked again, only with `correct_belief`."""
        events, wrong = [], {}
        for who, answer in given.items():
            seat, item = state.seats[who], state.sales[-1].item
            if isinstance(answer, NoAnswer):  # the previous account stays
                state = seated(state, who, unparsed=seat.unparsed + 1)
                events.append(Event("belief", {"bidder": who, "item": item, "status": None} | silence(answer)))
                continue
            found, errors, omitted = checked_against(truth(state.seats, who), answer, who)
            checks = tuple(Check(item, state.attempt, *entry) for entry in found)
            state = seated(state, who, status=answer, checks=(*seat.checks, *checks), omitted=seat.omitted + omitted)
            record = {"bidder": who, "item": item, "status": answer, "attempt": state.attempt, "errors": list(errors)}
            events.append(Event("belief", record))
            if errors and self.entrant(who).correct_belief and state.attempt < self.corrections:
                wrong[who] = errors
        state = replace(state, waiting=tuple(wrong), wrong=wrong, attempt=state.attempt + 1)
        return (state, events) if wrong else (self.reconsidered(state), events)

    def reconsidered(self, state: State) -> State:
        """New plans by those who adapt, while items are left."""
        planners = tuple(b.name for b in self.bidders if b.plan == "adaptive")
        if planners and state.at + 1 < len(state.items):
            return replace(state, phase="replan", waiting=planners, wrong={})
        return self.opened(replace(state, wrong={}), state.at + 1)

    def outcome(self, state: State) -> Outcome:
        profits = {who: seat.profit for who, seat in state.seats.items()}
        return Outcome(profits, dict(state.seats), state.sales, state.items)


def seated(state: State, who: str, **changes: Any) -> State:
    """The state with one bidder's record changed."""
    return replace(state, seats={**state.seats, who: replace(state.seats[who], **changes)})


def silence(answer: Any) -> dict[str, Any]:
    """Why there was no answer, for the record."""
    return {"silent": answer.reason} if isinstance(answer, NoAnswer) else {}


def released_leader(bids: Mapping[str, int], rng: Random) -> str:
    """The released code's draw: at every recorded bid it goes over the whole round again and, at each bid equal to the
    highest, draws between that bidder and the leader so far."""
    leader, high, recorded = "", -1, []
    for bidder in bids:
        recorded.append(bidder)
        for other in recorded:
            if bids[other] > high:
                leader, high = other, bids[other]
            elif bids[other] == high:
                leader = rng.choice([leader, other])
    return leader
