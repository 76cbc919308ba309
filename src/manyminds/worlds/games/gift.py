"""A game of gifts: who gives loses a unit, who receives gains more, and only others can repay (arXiv 2412.10270).

In every round half of the players are donors. A donor sees its partner's resources and a trace: what the partner did
when it last was donor and to whom, what that partner had done before, and so on. A donor may also punish or refuse,
where that is allowed. The schedule is played `games` times with roles swapped in between, so that nobody is favoured
by being the last to receive; resources and traces start afresh, and a player's score is the mean of what it ends with.
"""

import re
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal, NamedTuple

from manyminds.core import BadInput, Event, Invalid, NoAnswer, View, render
from manyminds.worlds.games.gift_schedules import Rounds, leaks, swapped

Verb = Literal["donate", "punish", "refuse"]
Deed = Literal["gave", "punished", "refused"]
DONE: dict[str, Deed] = {"donate": "gave", "punish": "punished", "refuse": "refused"}


@dataclass(frozen=True)
class Move:
    """What a donor decides."""

    verb: Verb
    amount: float = 0.0
    justification: str = ""


MARK = re.compile(r"answer\W{0,3}:", re.IGNORECASE)
AMOUNT = re.compile(r"\W*?([-+−]?)\s*((?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?)(.?.?)", re.DOTALL)
VERB = re.compile(r"\b(donat|giv|punish|refus)", re.IGNORECASE)
VERBS: dict[str, Verb] = {"donat": "donate", "giv": "donate", "punish": "punish", "refus": "refuse"}


@dataclass(frozen=True)
class Giving:
    """The action of a donor: an amount, with a verb where there is a choice of deeds.

    An amount above the own resources passes as said, because the world itself makes nothing of it and says so.
    """

    own: float
    punish: bool = False
    refuse: bool = False

    def check(self, value: Any) -> Move:
        """A move, a number (a gift), or a pair of verb and number."""
        if isinstance(value, Move):
            move = value
        elif isinstance(value, tuple) and len(value) == 2:
            move = Move(*value)
        else:
            move = Move("donate", value)
        if move.verb not in DONE or not {"donate": True, "punish": self.punish, "refuse": self.refuse}[move.verb]:
            raise Invalid(f"{move.verb!r} is not allowed here")
        amount = move.amount
        if isinstance(amount, bool) or not isinstance(amount, (int, float)) or not 0 <= amount < float("inf"):
            raise Invalid(f"{amount!r} is not an amount: it takes a number of at least 0")
        return replace(move, amount=0.0 if move.verb == "refuse" else float(amount))

    def parse(self, text: str) -> Move:
        marks = list(MARK.finditer(text))
        if not marks:
            raise Invalid("there is no line that begins with 'Answer:'")
        answer = text[marks[-1].end() :].strip()
        reasons = re.sub(r"^\W*justification\W{0,3}:", "", text[: marks[-1].start()].strip(), flags=re.IGNORECASE)
        named = {VERBS[found.lower()] for found in VERB.findall(answer)}
        if len(named) > 1:
            raise Invalid(f"the answer names several deeds ({' and '.join(sorted(named))})")
        if self.punish and not named:
            raise Invalid("the answer does not say whether to donate or to punish")
        verb: Verb = named.pop() if named else "donate"
        amount = 0.0 if verb == "refuse" else amount_in(answer, worded=self.punish)
        return self.check(Move(verb, amount, reasons.strip(" *\n")[:2000]))

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        forms = ["Answer: Donate X", "Answer: Punish X"] if self.punish else ["Answer: X"]
        if self.refuse:
            forms.append("Answer: Refuse")
        said = " or ".join(f"'{form}'" for form in forms)
        return (
            "First a few words after 'Justification:', then one last line of the form "
            f"{said}, where X is a number of units from 0 to {amount(self.own)}."
        )


def amount_in(answer: str, worded: bool) -> float:
    """The number at the start of an answer (after its verb, if any); thousands may be grouped by commas."""
    start = VERB.search(answer)
    where = re.sub(r"^\w*", "", answer[start.end() :]) if start and (worded or start.start() == 0) else answer
    found = AMOUNT.match(where)
    if found is None:
        raise Invalid("the answer does not begin with a number of units")
    sign, digits, after = found.groups()
    if sign in {"-", "−"}:
        raise Invalid("the amount is negative")
    if after.strip()[:1] == "%" or re.match(r"\s*percent", where[found.end(2) :], re.IGNORECASE):
        raise Invalid("the amount must be in units, not in percent")
    if re.match(r",\d|\.\d|\w", after):
        raise Invalid(f"the amount {where.split()[0]!r} can be read in two ways")
    if re.match(r"\s*(or|to|-|–)\s*\d", where[found.end(2) :], re.IGNORECASE):
        raise Invalid("the answer names several amounts")
    return float(digits.replace(",", ""))


@dataclass(frozen=True)
class Act:
    """One link of a trace: what somebody did as donor. `fraction` is of what it owned then."""

    giver: str
    receiver: str
    kind: Deed
    fraction: float
    amount: float
    round: int
    had_nothing: bool = False  # then the fraction is undefined and stands as 0


@dataclass(frozen=True)
class Encounter:
    """One donor and its recipient in one round, as it went."""

    game: int
    round: int
    donor: str
    recipient: str
    kind: Deed
    amount: float  # that moved or was spent
    fraction: float
    had: float
    donor_left: float
    recipient_left: float
    received: float  # what a gift added to the recipient, or (negative) what a punishment took
    status: Literal["acted", "silent", "invalid"] = "acted"  # silent: no answer; invalid: more than it had
    had_nothing: bool = False
    justification: str = ""
    trace: tuple[Act, ...] = ()  # as it was shown


class Sight(NamedTuple):
    """All that a donor may know."""

    name: str
    own: float
    partner: str
    partner_owns: float
    generation: int
    round: int
    trace: tuple[Act, ...]
    may_punish: bool
    may_refuse: bool


@dataclass(frozen=True)
class State:
    order: tuple[str, ...]  # who sits at which place of the schedule
    resources: dict[str, float]
    traces: dict[str, tuple[Act, ...]]
    game: int = 0  # whole games behind us
    round: int = 0  # whole rounds of this game behind us
    finals: tuple[dict[str, float], ...] = ()
    encounters: tuple[Encounter, ...] = ()


@dataclass(frozen=True)
class Outcome:
    scores: dict[str, float]  # mean over the games that ended
    finals: list[dict[str, float]]  # resources after each game
    encounters: list[Encounter]


@dataclass(frozen=True)
class Gift:
    players: tuple[str, ...]
    rounds: Rounds
    endowment: float = 10.0
    multiplier: float = 2.0
    links: int = 3
    punishment: bool = False
    partner_choice: bool = False
    bite: float = 2.0  # what each unit spent on punishment takes from the recipient
    games: int = 2
    generation: int = 1  # told to the players
    watched: bool = True  # refuse a schedule that shows a donor an act it took part in

    def __post_init__(self) -> None:
        places = {place for pairs in self.rounds for pair in pairs for place in pair}
        if len(set(self.players)) != len(self.players) or places - set(range(len(self.players))):
            raise BadInput(f"a schedule for {len(places)} places does not fit {len(set(self.players))} players")
        if self.watched and (found := leaks(self.rounds, self.links)):
            raise BadInput(f"in round {found[0][0] + 1} a donor would see itself in the trace: direct reciprocity")

    def reset(self, rng: Random) -> State:
        order = tuple(rng.sample(self.players, len(self.players)))
        return State(order, self.endowed(), {})

    def endowed(self) -> dict[str, float]:
        return dict.fromkeys(self.players, float(self.endowment))

    def pairs(self, state: State) -> dict[str, str]:
        """Who gives to whom in this round; the second game has the roles of the first one swapped."""
        rounds = swapped(self.rounds) if state.game % 2 else self.rounds
        return {state.order[donor]: state.order[recipient] for donor, recipient in rounds[state.round]}

    # ---- what is seen

    def observe(self, state: State) -> dict[str, View]:
        if state.game == self.games or not self.rounds:
            return {}
        return {donor: self.view(state, donor, recipient) for donor, recipient in self.pairs(state).items()}

    def view(self, state: State, donor: str, recipient: str) -> View:
        own = state.resources[donor]
        sight = Sight(donor, own, recipient, state.resources[recipient], self.generation, state.round + 1,
                      state.traces.get(recipient, ()), self.punishment, self.partner_choice)  # fmt: skip
        text = render(__package__, "gift/donate", world=self, sight=sight, said=said, amount=amount)
        return View(sight, text, Giving(own, self.punishment, self.partner_choice))

    def told(self) -> str:
        """The rules in words."""
        return render(__package__, "gift/rules", world=self)

    # ---- what happens

    def step(self, state: State, answers: dict[str, Any], rng: Random) -> tuple[State, list[Event]]:
        """All donors act at once: every effect is worked out on what was there before the round."""
        pairs = self.pairs(state)
        met = [self.encounter(state, donor, recipient, answers[donor]) for donor, recipient in pairs.items()]
        resources, traces = dict(state.resources), dict(state.traces)
        for each in met:
            resources[each.donor], resources[each.recipient] = each.donor_left, each.recipient_left
            act = Act(each.donor, each.recipient, each.kind, each.fraction, each.amount, each.round, each.had_nothing)
            traces[each.donor] = (act, *each.trace)[: self.links]
        after = replace(state, resources=resources, traces=traces, round=state.round + 1,
                        encounters=(*state.encounters, *met))  # fmt: skip
        events = [Event("encounter", record(each)) for each in met]
        if after.round < len(self.rounds):
            return after, events
        ended = Event("game", {"game": state.game + 1, "resources": resources})
        fresh = replace(after, game=state.game + 1, round=0, finals=(*state.finals, resources),
                        resources=self.endowed(), traces={})  # fmt: skip
        return fresh, [*events, ended]

    def encounter(self, state: State, donor: str, recipient: str, answer: Move | NoAnswer) -> Encounter:
        """What comes of one answer. No answer counts as a gift of nothing; more than one owns moves nothing."""
        own, theirs = state.resources[donor], state.resources[recipient]
        silent = isinstance(answer, NoAnswer)
        move = Move("donate") if isinstance(answer, NoAnswer) else answer
        invalid = move.amount > own
        kind = "gave" if invalid else DONE[move.verb]
        spent = 0.0 if invalid else move.amount
        effect = {"gave": self.multiplier * spent, "punished": -min(self.bite * spent, theirs), "refused": 0.0}[kind]
        return Encounter(
            state.game + 1, state.round + 1, donor, recipient, kind, spent, spent / own if own > 0 else 0.0, own,
            own - spent, theirs + effect, effect, "silent" if silent else "invalid" if invalid else "acted", own <= 0,
            move.justification, state.traces.get(recipient, ()),
        )  # fmt: skip

    def outcome(self, state: State) -> Outcome:
        finals = state.finals or (state.resources,)
        scores = {name: sum(final[name] for final in finals) / len(finals) for name in self.players}
        return Outcome(scores, list(finals), list(state.encounters))


def record(each: Encounter) -> dict[str, Any]:
    """An encounter as the record keeps it."""
    kept = {name: getattr(each, name) for name in Encounter.__dataclass_fields__ if name != "trace"}
    return kept | {"trace": [vars(act) for act in each.trace]}


def amount(units: float) -> str:
    """A number of units as it is told: never more than there is."""
    shown = f"{units:.2f}".rstrip("0").rstrip(".")
    return shown if float(shown) <= units else f"{int(units * 100) / 100:.2f}".rstrip("0").rstrip(".")


def said(act: Act) -> str:
    """A deed in words, as others hear of it."""
    if act.kind == "refused":
        return f"refused to play with {act.receiver}"
    if act.had_nothing:
        return f"had nothing to give to {act.receiver}"
    if act.kind == "punished":
        return f"punished {act.receiver}, giving up {act.fraction:.0%} of what it owned for that"
    return f"gave {act.fraction:.0%} of what it owned to {act.receiver}"


# ---- measures of what happened


def donations(encounters: list[Encounter], missing_as: float = 0.0) -> dict[str, float]:
    """The mean fraction that each donor gave away; punishing and refusing give nothing.

    A donor without resources has no fraction and does not count; without any it is missing. `missing_as` stands for the
    fraction of a donor without a possible answer: 0 and 1 are the bounds.
    """
    given: dict[str, list[float]] = {}
    for each in encounters:
        if not each.had_nothing:
            given_away = each.fraction if each.kind == "gave" else 0.0
            fraction = missing_as if each.status != "acted" else given_away
            given.setdefault(each.donor, []).append(fraction)
    return {name: sum(fractions) / len(fractions) for name, fractions in given.items()}


def rates(encounters: list[Encounter]) -> dict[str, float]:
    """Shares of all encounters: punished, refused, silent, invalid, and donors that had nothing."""
    n = max(len(encounters), 1)
    counts = {"punished": sum(e.kind == "punished" for e in encounters),
              "refused": sum(e.kind == "refused" for e in encounters),
              "silent": sum(e.status == "silent" for e in encounters),
              "invalid": sum(e.status == "invalid" for e in encounters),
              "had nothing": sum(e.had_nothing for e in encounters)}  # fmt: skip
    return {name: count / n for name, count in counts.items()}


def replayed(world: Gift, encounters: list[Encounter], missing_as: float) -> float:
    """The mean final resources had donors without a possible answer given the fraction `missing_as`, all else equal."""
    finals = []
    for game in sorted({each.game for each in encounters}):
        owned = world.endowed()
        for each in (e for e in encounters if e.game == game):
            fraction = missing_as if each.status != "acted" else each.fraction
            spent = fraction * owned[each.donor]
            owned[each.donor] -= spent
            if each.kind == "gave":
                owned[each.recipient] += world.multiplier * spent
            elif each.kind == "punished":
                owned[each.recipient] -= min(world.bite * spent, owned[each.recipient])
        finals += owned.values()
    return sum(finals) / len(finals)


DISCOUNT = 0.5  # of an earlier reputation against the latest act


def reputations(encounters: list[Encounter], discount: float = DISCOUNT) -> dict[str, float]:
    """How well each player treated others as these deserved, from 0 to 1, afresh in every game, mean over games.

    A first act counts as the fraction given; a later one as 1 - |fraction - reputation of the recipient|, averaged with
    what came before at weight `discount`. Whoever has none yet deserves nothing in particular: the fraction counts.
    """
    found: dict[str, list[float]] = {}
    for game in sorted({each.game for each in encounters}):
        known: dict[str, float] = {}
        for each in (e for e in encounters if e.game == game):  # in one round nobody is donor and recipient
            given = each.fraction if each.kind == "gave" else 0.0
            deserved = known.get(each.recipient)
            treated = given if deserved is None else 1 - abs(given - deserved)
            before = known.get(each.donor)
            known[each.donor] = given if before is None else (treated + discount * before) / (1 + discount)
        for name, value in known.items():
            found.setdefault(name, []).append(value)
    return {name: sum(values) / len(values) for name, values in found.items()}
