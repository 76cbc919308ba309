"""What was said in a discussion, and how much of it each participant can see."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from manyminds.conversations.ballots import Kind
from manyminds.conversations.consensus import Stance
from manyminds.conversations.methods import Said
from manyminds.conversations.personas import Persona
from manyminds.models.request import Message


@dataclass(frozen=True)
class Utterance:
    """One contribution. `solution` is what its speaker stands for: its own, or the one it agrees with, which began as
    utterance number `proposal`. `seen` are the numbers of the utterances in the history that the speaker was shown."""

    number: int
    turn: int  # from 1
    speaker: int
    kind: Kind
    text: str
    agrees: bool | None
    solution: str
    proposal: int | None
    hearers: frozenset[int]
    seen: tuple[int, ...] = ()
    tokens: int = 0  # written for it, all tries together
    missing: str = ""  # why there is no answer

    @property
    def proposes(self) -> bool:
        return self.proposal == self.number

    @property
    def stance(self) -> Stance:
        return Stance(self.speaker, False if self.proposes else self.agrees or None)


@dataclass(frozen=True)
class Voted:
    """One vote: the options, each voter's ballot as text (None: invalid), and the option that won, if one did."""

    turn: int
    options: tuple[str, ...]
    ballots: tuple[str | None, ...]
    winner: int | None
    confidences: tuple[int, ...] = ()


@dataclass(frozen=True)
class Discussed:
    """A whole discussion. `faults` counts what went wrong, by name; `decided` says whether the group agreed."""

    participants: tuple[Persona, ...]
    talk: tuple[Utterance, ...]
    votes: tuple[Voted, ...]
    answer: str
    decided: bool
    turns: int
    calls: int
    tokens: int
    seconds: float  # of all its calls together, as recorded: the same when a run is resumed
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def by_turn(self) -> tuple[str, ...]:
        """The current solution at the end of each turn."""
        return tuple(solution_of(standing([u for u in self.talk if u.turn <= t + 1])) for t in range(self.turns))

    @property
    def written(self) -> int:
        """Tokens written in the talk itself: messages and the solutions taken out of them."""
        return sum(u.tokens for u in self.talk)

    def said(self) -> tuple[Said, ...]:
        names = [persona.role for persona in self.participants]
        return tuple(
            Said(names[u.speaker], u.text, u.kind, tuple(names[h] for h in sorted(u.hearers - {u.speaker})), u.turn)
            for u in self.talk
        )


def standing(talk: Sequence[Utterance]) -> Utterance | None:
    """The utterance that carries the latest proposal among `talk`: who hears only agreement still learns with what."""
    carrying = [u for u in talk if u.proposal is not None]
    return max(carrying, key=lambda u: (u.proposal, -u.number), default=None)


def solution_of(utterance: Utterance | None) -> str:
    """The solution that an utterance stands for; "" for no utterance."""
    return "" if utterance is None else utterance.solution


def visible(
    talk: Sequence[Utterance], agent: int, turn: int, turns: int | None, latest_only: bool = False, room: int = 10**9
) -> list[Utterance]:
    """The history that `agent` is shown in `turn`: what it heard in this turn and the `turns` turns before (None: all).

    `latest_only`: of each speaker only the last words. What goes beyond `room` characters is left out, oldest first.
    """
    heard = [u for u in talk if agent in u.hearers and (turns is None or u.turn >= turn - turns) and not u.missing]
    if latest_only:
        heard = list({u.speaker: u for u in heard}.values())
    kept: list[Utterance] = []
    for utterance in reversed(heard):
        room -= len(utterance.text)
        if room < 0:
            break
        kept.insert(0, utterance)
    return kept


def messages(history: Sequence[Utterance], agent: int, names: Sequence[str]) -> list[Message]:
    """The history as a chat: own words as the assistant's, those of others as the user's with their names before them.
    Neighbours of one role are joined, since many servers want roles to alternate."""
    found: list[Message] = []
    for utterance in history:
        own = utterance.speaker == agent
        told = Message("assistant" if own else "user",
                       utterance.text if own else f"{names[utterance.speaker]}: {utterance.text}")  # fmt: skip
        if found and found[-1].role == told.role:
            told = Message(told.role, f"{found.pop().content}\n\n{told.content}")
        found.append(told)
    return found
