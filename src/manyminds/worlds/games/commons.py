"""A commons: everyone wishes, the pool is divided, people talk, and what is left doubles (GovSim, arXiv 2404.16698).

A month is: a private harvest on its first day, the test for collapse, an optional report and talk on its last day but
one, optional minutes, and growth at its end. Who may talk (`talk`) and who may see the others' catches (`open_books`)
are separate switches.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from manyminds.core import Event, Form, NoAnswer, View, Whole, render
from manyminds.worlds.games.skins import SKINS, Skin

Phase = Literal["harvest", "talk", "minutes", "over"]
CLERK = "clerk"


class Utterance(BaseModel, frozen=True):
    """What a speaker of the town hall answers."""

    response: str = Field(description="what you say to the others", max_length=2000)
    conclude: bool = Field(description="true if you think that the talk can end here")
    next_speaker: str = Field("", description="the name of who should speak next")
    proposed_limit: int | None = Field(None, ge=0, description="a limit per person that you propose, or null")


class Minutes(BaseModel, frozen=True):
    """What the clerk keeps of a talk."""

    summary: str = Field(description="one sentence that sums the talk up")
    limit: int | None = Field(None, ge=0, description="the limit per person that was agreed on, or null without one")


@dataclass(frozen=True)
class Said:
    speaker: str
    text: str
    proposed_limit: int | None = None


@dataclass(frozen=True)
class State:
    pool: int
    month: int = 0  # whole months behind us
    phase: Phase = "harvest"
    alive: bool = True
    speaker: str = ""
    said: tuple[Said, ...] = ()  # in this month's talk
    limit: int | None = None  # the latest agreed limit per person
    pools: tuple[int, ...] = ()  # before each harvest
    wishes: tuple[dict[str, int], ...] = ()
    takes: tuple[dict[str, int], ...] = ()
    limits: tuple[int | None, ...] = ()  # in force at each harvest
    mute: tuple[tuple[str, ...], ...] = ()  # who gave no answer at each harvest
    spoken: int = 0  # turns to speak that were had, silent ones included
    clipped: int = 0
    silent: int = 0  # answers that did not come, at harvests, talks and minutes
    strangers: int = 0  # next speakers that do not exist


class Sight(NamedTuple):
    """All that one member may know when it harvests or speaks."""

    name: str
    others: tuple[str, ...]
    month: int  # from 1
    pool: int
    members: int
    own: int | None  # own last catch
    catches: dict[str, int]  # last month's in sight
    limit: int | None
    threshold: int | None  # the universalisation hint: more than this each, and the pool shrinks
    said: tuple[Said, ...]
    today: date = date(2024, 1, 1)
    topic: str = ""  # what the harvest is about, in the words of the skin
    standing: tuple[str, ...] = ()  # what holds until further notice: the agreed limit, the hint


class Transcript(NamedTuple):
    """What the clerk sees."""

    month: int
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Outcome:
    months: int  # harvested in, the one that collapsed included
    alive: bool
    gains: dict[str, int]
    pools: list[int]
    wishes: list[dict[str, int]]
    takes: list[dict[str, int]]
    limits: list[int | None]
    over_usage: int  # (member, month) harvests above the per-member threshold
    harvests: int  # (member, month) harvests in all
    mute: list[list[str]]  # who gave no answer, by harvest; such a member took nothing
    utterances: int  # turns to speak, silent ones included
    clipped: int
    silent: int
    strangers: int  # next speakers that do not exist
    left: int


@dataclass(frozen=True)
class Commons:
    members: tuple[str, ...]
    skin: Skin = SKINS["fishery"]
    allocation: Literal["stochastic", "proportional"] = "stochastic"
    talk: bool = False
    open_books: bool = True  # may members see what the others caught?
    universalisation: bool = False  # are members told what would follow if everybody did that?
    months: int = 12
    full: int = 100
    dead: int = 5  # a pool below this after the harvest does not come back
    joins: dict[str, int] = field(default_factory=dict)  # member -> whole months before it takes part; others 0
    opening_meeting: bool = False  # a talk before the first harvest
    max_utterances: int = 10  # in one talk, the moderator's report included
    growth: int = 2
    cap: int | None = None  # what the pool grows to at most; None: `full`
    clerk: bool = True  # does somebody take minutes, and so agree on a limit?
    start: date = date(2024, 1, 1)  # in the month of the first harvest

    def reset(self, rng: Random) -> State:
        state = State(pool=self.full)
        if not self.full:
            return replace(state, phase="over", alive=False)
        return self.opened(state) if self.talk and self.opening_meeting else state

    def present(self, state: State) -> tuple[str, ...]:
        return tuple(member for member in self.members if self.joins.get(member, 0) <= state.month)

    def first_day(self, month: int) -> date:
        """The day of the harvest of a month (0 is the first)."""
        months = self.start.month - 1 + month
        return date(self.start.year + months // 12, months % 12 + 1, 1)

    def today(self, state: State) -> date:
        """The harvest is on the first day of a month, the talk about it on the last but one."""
        harvested = len(state.takes) > state.month
        return self.first_day(state.month + 1) - timedelta(2) if harvested else self.first_day(state.month)

    # ---- what is seen

    def observe(self, state: State) -> dict[str, View]:
        if state.phase == "harvest":
            return {member: self.harvest_view(state, member) for member in self.present(state)}
        if state.phase == "talk":
            return {state.speaker: self.talk_view(state, state.speaker)}
        if state.phase == "minutes":
            text = render(__package__, "commons/minutes", skin=self.skin, said=state.said)
            return {CLERK: View(Transcript(state.month + 1, state.said), text, Form(Minutes))}
        return {}

    def sight(self, state: State, member: str) -> Sight:
        last = state.takes[-1] if state.takes else {}
        # A report is read out at the meeting: who came later was not there to hear it.
        seen = {who: n for who, n in last.items() if who == member or (self.open_books and member in last)}
        present = self.present(state)
        others = tuple(who for who in present if who != member)
        before = state.pools[-1] if state.phase == "talk" and state.pools else state.pool  # the month's own pool
        threshold = fair_share(before, len(present)) if self.universalisation else None
        topic = f"how many {self.skin.unit} to {self.skin.takes} at the {self.skin.place}"
        heard = state.phase == "talk" or self.joins.get(member, 0) <= max(state.month - 1, 0)
        standing = (limit_text(self.skin, state.limit), hint_text(self.skin, threshold))
        return Sight(
            member, others, state.month + 1, state.pool, len(present), last.get(member), seen, state.limit, threshold,
            state.said if heard else (), self.today(state), topic, tuple(filter(None, standing)),
        )  # fmt: skip

    def harvest_view(self, state: State, member: str) -> View:
        sight = self.sight(state, member)
        text = render(__package__, "commons/harvest", skin=self.skin, world=self, sight=sight)
        return View(sight, text, Whole(0, state.pool, soft=True))

    def talk_view(self, state: State, member: str) -> View:
        sight = self.sight(state, member)
        text = render(__package__, "commons/talk", skin=self.skin, world=self, sight=sight)
        return View(sight, text, Form(Utterance))

    # ---- what happens

    def step(self, state: State, answers: dict[str, Any], rng: Random) -> tuple[State, list[Event]]:
        if state.phase == "harvest":
            return self.harvested(state, answers, rng)
        if state.phase == "talk":
            return self.spoken(state, answers[state.speaker])
        return self.written(state, answers[CLERK])

    def harvested(self, state: State, answers: dict[str, Any], rng: Random) -> tuple[State, list[Event]]:
        """Divide the pool and test for collapse; growth comes only when the month is over."""
        silent = {who: a.reason for who, a in answers.items() if isinstance(a, NoAnswer)}
        said = {who: 0 if who in silent else a for who, a in answers.items()}  # the documented default: nothing
        wishes = {who: min(max(n, 0), state.pool) for who, n in said.items()}
        clipped = [who for who, n in said.items() if n != wishes[who]]
        takes = ALLOCATIONS[self.allocation](state.pool, wishes, rng)
        left = state.pool - sum(takes.values())
        after = replace(
            state, pool=left, alive=left >= max(self.dead, 1),  # an empty pool never grows
            pools=(*state.pools, state.pool),
            wishes=(*state.wishes, wishes), takes=(*state.takes, takes), limits=(*state.limits, state.limit),
            clipped=state.clipped + len(clipped), silent=state.silent + len(silent), mute=(*state.mute, tuple(silent)),
        )  # fmt: skip
        record = {"month": state.month + 1, "date": self.today(state).isoformat(), "pool": state.pool, "left": left,
                  "wanted": said, "collected": takes, "clipped": clipped, "silent": silent}  # fmt: skip
        events = [Event("harvest", record), *self.results(state, takes)]
        return (self.opened(after), events) if self.talk else self.month_over(after, events)

    def results(self, state: State, takes: dict[str, int]) -> list[Event]:
        """Each member learns its own catch; with open books the moderator publishes all of them."""
        month, unit, day = state.month + 1, self.skin.unit, self.today(state).isoformat()
        own = [
            Event("catch", {"member": who, "collected": n, "date": day}, (who,), f"Month {month}: you got {n} {unit}.")
            for who, n in takes.items()
        ]
        if not self.open_books:
            return own
        listed = ", ".join(f"{who} {n}" for who, n in takes.items())
        text = f"Month {month}, report of the moderator, in {unit}: {listed}."
        met = self.today(replace(state, takes=(*state.takes, takes))).isoformat()
        return [*own, Event("report", {"collected": takes, "date": met}, tuple(takes), text)]

    def opened(self, state: State) -> State:
        return replace(state, phase="talk", said=(), speaker=self.present(state)[0])

    def spoken(self, state: State, answer: Utterance | NoAnswer) -> tuple[State, list[Event]]:
        present = self.present(state)
        following = [member for member in present if member != state.speaker] or [state.speaker]
        if isinstance(answer, NoAnswer):
            said = (*state.said, Said(state.speaker, ""))
            after = replace(state, silent=state.silent + 1, said=said, spoken=state.spoken + 1)
            events = [Event("silence", {"speaker": state.speaker, "reason": answer.reason})]
            return self.passed_on(after, self.neighbour(state), False, events)
        said = Said(state.speaker, answer.response, answer.proposed_limit)
        stranger = bool(answer.next_speaker) and answer.next_speaker not in following
        chosen = answer.next_speaker if answer.next_speaker in following else following[0]
        counts = {"strangers": state.strangers + stranger, "spoken": state.spoken + 1}
        after = replace(state, said=(*state.said, said), **counts)
        record = {"speaker": state.speaker, "utterance": answer.response, "proposed_limit": answer.proposed_limit,
                  "conclude": answer.conclude, "next_speaker": answer.next_speaker,
                  "date": self.today(state).isoformat()}  # fmt: skip
        text = f"{state.speaker} said: {answer.response}"
        return self.passed_on(after, chosen, answer.conclude, [Event("utterance", record, present, text)])

    def neighbour(self, state: State) -> str:
        present = self.present(state)
        return present[(present.index(state.speaker) + 1) % len(present)]

    def passed_on(self, state: State, chosen: str, conclude: bool, events: list[Event]) -> tuple[State, list[Event]]:
        reported = self.open_books and bool(state.takes)
        if conclude or len(state.said) + reported >= self.max_utterances:
            after = replace(state, phase="minutes", speaker="")
            return (after, events) if self.clerk else self.month_over(after, events)
        return replace(state, speaker=chosen), events

    def written(self, state: State, answer: Minutes | NoAnswer) -> tuple[State, list[Event]]:
        """The clerk's minutes; without an answer no limit was agreed on."""
        present, day = self.present(state), self.today(state).isoformat()
        if isinstance(answer, NoAnswer):
            minutes = Event("minutes", {"reason": answer.reason, "limit": None, "date": day})
            agreed, silent = None, 1
        else:
            minutes = Event("minutes", answer.model_dump() | {"date": day}, present, answer.summary)
            agreed, silent = answer.limit, 0
        text = limit_text(self.skin, agreed)
        limit = Event("limit", {"limit": agreed, "date": day}, present, text)
        return self.month_over(replace(state, limit=agreed, silent=state.silent + silent), [minutes, limit])

    def month_over(self, state: State, events: list[Event]) -> tuple[State, list[Event]]:
        """Growth, if a month was harvested; then the next month or the end."""
        if len(state.takes) == state.month:  # the opening meeting: nothing was harvested yet
            return replace(state, phase="harvest"), events
        cap = self.full if self.cap is None else self.cap
        grown = min(self.growth * state.pool, cap) if state.alive else state.pool
        month = state.month + 1
        over = not state.alive or month == self.months
        after = replace(state, pool=grown, month=month, phase="over" if over else "harvest")
        day = (self.first_day(month) - timedelta(1)).isoformat()
        text = f"Month {month} is over; there are {grown} {self.skin.stock}."
        return after, [*events, Event("month", {"month": month, "pool": grown, "date": day}, self.present(after), text)]

    def outcome(self, state: State) -> Outcome:
        gains = {member: sum(month.get(member, 0) for month in state.takes) for member in self.members}
        over = sum(n > fair_share(pool, len(month)) for pool, month in zip(state.pools, state.takes)
                   for n in month.values())  # fmt: skip
        return Outcome(
            months=len(state.takes), alive=state.alive, gains=gains, pools=list(state.pools), wishes=list(state.wishes),
            takes=list(state.takes), limits=list(state.limits), over_usage=over, harvests=sum(map(len, state.takes)),
            mute=[list(names) for names in state.mute], utterances=state.spoken, clipped=state.clipped,
            silent=state.silent, strangers=state.strangers, left=state.pool,
        )  # fmt: skip


def limit_text(skin: Skin, limit: int | None) -> str:
    """The agreed limit in words; nothing where none is agreed on."""
    return "" if limit is None else f"The agreed limit is {limit} {skin.unit} per person."


def hint_text(skin: Skin, threshold: int | None) -> str:
    """The universalisation hint in words; it holds for one month, because the threshold follows the pool."""
    if threshold is None:
        return ""
    begins = "in a month that begins like this one, the next would begin with less"
    return f"If everybody took more than {threshold} {skin.unit} {begins}."


def fair_share(pool: int, members: int) -> int:
    """What each may take so that the pool, doubled, is as large as before: floor(floor(h/2)/n) (section 2)."""
    return pool // 2 // members


def stochastic(pool: int, wishes: dict[str, int], rng: Random) -> dict[str, int]:
    """Unit by unit, each to a uniformly random member who still wants more."""
    if sum(wishes.values()) <= pool:
        return dict(wishes)
    got = dict.fromkeys(wishes, 0)
    for _ in range(pool):
        got[rng.choice([who for who in got if got[who] < wishes[who]])] += 1
    return got


def proportional(pool: int, wishes: dict[str, int], rng: Random) -> dict[str, int]:
    """In proportion to the wishes; the units lost by rounding down go to random members with a remainder."""
    demand = sum(wishes.values())
    if demand <= pool:
        return dict(wishes)
    got = {who: wish * pool // demand for who, wish in wishes.items()}
    rest = [who for who, wish in wishes.items() if wish * pool % demand]
    for who in rng.sample(rest, pool - sum(got.values())):
        got[who] += 1
    return got


ALLOCATIONS = {"stochastic": stochastic, "proportional": proportional}
