"""A discussion: participants take turns along a graph of who hears whom, until a decision protocol stops them.

    reply = await Discussion(paradigm=Relay())(Question("..."), Minds(model), "run 1/item 7")

The parts are exchangeable (MALLM, arXiv 2410.22932, section 3): who takes part (`proposer`), who speaks when and who
hears it (`paradigm`), when and how they decide (`decision`). Roles of `Minds`: "agent 1", "agent 2", ... or "agent",
"persona", "extractor", "judge", "facts".
"""

from asyncio import gather
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from manyminds.conversations.ballots import Contribution, Kind, Style
from manyminds.conversations.decisions import Consensus, Decision, Never
from manyminds.conversations.metered import Meter
from manyminds.conversations.methods import Minds, Question, Reply
from manyminds.conversations.paradigms import Memory, Paradigm, Speech
from manyminds.conversations.personas import Experts, Nobody, Persona, Proposer
from manyminds.conversations.plain import answer_of
from manyminds.conversations.questions import told
from manyminds.conversations.transcript import (
    Discussed,
    Utterance,
    Voted,
    messages,
    solution_of,
    standing,
    visible,
)
from manyminds.core import Action, BadInput, NoAnswer, Text, render
from manyminds.models.request import Message, Request, system, user


@dataclass(frozen=True)
class Discussion:
    """A way to answer: `agents` panelists, after `moderators` neutral ones who draft and do not vote.

    A turn lets everybody speak as the paradigm says. Without `panelists_draft` only moderators (and first speakers of
    star and tree) bring solutions, the others feedback. `style`: where the solution stands in a message (see
    `Contribution`). An agent sees the messages it heard in the running turn and the `visible_turns` turns before it, as
    far as they fit in `room` characters.
    """

    paradigm: Paradigm = field(default_factory=Memory)
    decision: Decision = field(default_factory=Consensus)
    proposer: Proposer = field(default_factory=Experts)
    agents: int = 3
    moderators: int = 0
    max_turns: int = 7
    visible_turns: int | None = 2
    style: Style = "extracted"
    panelists_draft: bool = True
    independent_first: bool = False  # do all begin with a draft of their own, unheard?
    thinks: bool = True  # are they told to think step by step?
    temperature: float = 1.0
    max_tokens: int = 1024
    tries: int = 3
    room: int = 24_000

    def __post_init__(self) -> None:
        if self.style == "native" and not isinstance(self.decision, (Consensus, Never)):
            raise BadInput("minds of style 'native' read no ballots; decide by consensus or never")

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        found = await self.held(question, minds, repeat)
        answer = answer_of(question, found.answer, "native") if self.style == "native" else found.answer
        return Reply(answer, found.said(), found.decided)

    async def held(self, question: Question, minds: Minds, repeat: str, private: Sequence[str] = ()) -> Discussed:
        """The whole discussion. `private` holds what each seat alone knows, moderators first."""
        meter, faults = Meter(minds), Counter[str]()
        proposer = Nobody() if self.style == "native" else self.proposer  # the house model reads no personas
        named = await proposer(question, meter, self.agents, repeat, faults)
        seats = [Persona(f"Moderator {i + 1}" if self.moderators > 1 else "Moderator", neutral=True) for i in
                 range(self.moderators)] + distinct(named)  # fmt: skip
        sitting = Sitting(self, question, meter, tuple(seats), repeat, faults, tuple(private))
        outcome = None
        while outcome is None and sitting.turn < self.max_turns:
            outcome = await sitting.take_turn()
        answer, decided = (sitting.fallback or solution_of(sitting.current), False) if outcome is None else outcome
        return Discussed(sitting.seats, tuple(sitting.talk), tuple(sitting.votes), answer, decided, sitting.turn,
                         meter.calls, meter.tokens, meter.seconds, dict(+(faults + meter.invalid)))  # fmt: skip


def alone(times: int = 1, **settings: Any) -> Discussion:
    """One mind that answers, and improves its own solution until it has spoken `times` times: what a discussion has to
    beat, at once (1) and at the same length (as many times as a discussion has messages)."""
    return Discussion(**{"proposer": Nobody(), "decision": Never()} | settings | {"agents": 1, "max_turns": times})


def distinct(personas: Sequence[Persona]) -> list[Persona]:
    """Personas with names of their own: the second "Doctor" is "Doctor 2"."""
    seen: Counter[str] = Counter()
    found = []
    for persona in personas:
        seen[persona.role] += 1
        extra = f" {seen[persona.role]}" if seen[persona.role] > 1 else ""
        found.append(Persona(persona.role + extra, persona.description, persona.neutral))
    return found


@dataclass
class Sitting:
    """One discussion while it lasts: what was said so far, and how to ask a participant."""

    settings: Discussion
    question: Question
    meter: Meter
    seats: tuple[Persona, ...]
    repeat: str
    faults: Counter[str]
    private: tuple[str, ...] = ()
    talk: list[Utterance] = field(default_factory=list)
    votes: list[Voted] = field(default_factory=list)
    turn: int = 0
    fallback: str = ""  # the answer if nothing is ever decided, where a decision protocol names one
    surety: dict[int, tuple[tuple[str, float], ...]] = field(default_factory=dict)  # tokens of the last answer by seat

    @property
    def current(self) -> Utterance | None:
        """The utterance that carries the current solution: the latest draft, or the latest that did not agree."""
        return standing(self.talk)

    @property
    def voters(self) -> list[int]:
        return [seat for seat, persona in enumerate(self.seats) if not persona.neutral]

    async def take_turn(self) -> tuple[str, bool] | None:
        """Everybody speaks; the answer and whether it is agreed on, if the group has decided."""
        self.turn += 1
        decision, early = self.settings.decision, self.settings.paradigm.early
        for rounds in self.settings.paradigm.turn(len(self.seats)):
            first = len(self.talk)
            said = await gather(*(self.speak(speech, first + i) for i, speech in enumerate(rounds)))
            for utterance in said:
                self.talk.append(utterance)
                if early and decision.each_message and (outcome := await decision.reached(self)):
                    return outcome
        return await decision.reached(self)

    def kind_of(self, speech: Speech, current: Utterance | None) -> Kind:
        if speech.drafts or self.seats[speech.speaker].neutral:
            return "draft"
        if not self.settings.panelists_draft:
            return "feedback"
        return "draft" if current is None else "improve"

    async def speak(self, speech: Speech, number: int) -> Utterance:
        """One contribution, with its solution if it has one; an agent that gives no legal answer stays silent."""
        settings, seat = self.settings, speech.speaker
        blind = settings.independent_first and self.turn == 1
        own = settings.paradigm.latest_only  # then each refines its own solution, and those of others are history
        known = [] if blind else [u for u in self.talk if (u.speaker == seat if own else seat in u.hearers)]
        current, history = standing(known), self.history(seat, blind)
        kind = self.kind_of(speech, current)
        text = render(__package__, f"say_{kind}", current=solution_of(current), thinks=settings.thinks)
        output, purpose = Contribution(kind, settings.style, solution_of(current)), f"{self.turn}/{number}/say"
        spoken, spent = await self.asked(seat, text, output, purpose, current, history)
        if isinstance(spoken, NoAnswer) and spoken.reason.startswith("refused") and history:
            self.faults["history left out"] += 1  # most likely it did not fit into the context
            history = []
            spoken, spent = await self.asked(seat, text, output, purpose, current)
        if isinstance(spoken, NoAnswer):
            self.faults["silent"] += 1
            return Utterance(number, self.turn, seat, kind, "", None, "", None, speech.hearers,
                             tokens=spent, missing=spoken.reason)  # fmt: skip
        self.faults.update({"stance by words": spoken.by_rule, "stance in conflict": spoken.conflict})
        solution, proposal = spoken.solution, number
        if spoken.agrees and current is not None:
            solution, proposal = current.solution, current.proposal
        elif kind != "feedback" and settings.style == "extracted":
            solution, more = await self.extracted(spoken.text, number)
            spent += more
        agrees = spoken.agrees if current is not None else None
        return Utterance(number, self.turn, seat, kind, spoken.text, agrees, solution, proposal if solution else None,
                         speech.hearers, tuple(u.number for u in history), spent)  # fmt: skip

    def history(self, seat: int, blind: bool = False) -> list[Utterance]:
        settings = self.settings
        latest = settings.paradigm.latest_only
        return [] if blind else visible(self.talk, seat, self.turn, settings.visible_turns, latest, settings.room)

    async def extracted(self, text: str, number: int) -> tuple[str, int]:
        """The solution alone, word by word as it stands in a message (empty where there is none), and its tokens."""
        asked = render(__package__, "extract", task=told(self.question), message=text)
        request = Request((user(asked),), max_tokens=self.settings.max_tokens, output=Text(),
                          repeat=f"{self.repeat}/{self.turn}/{number}/extract")  # fmt: skip
        found, model = await self.meter.measured(request, "extractor", tries=self.settings.tries)
        silent = isinstance(found, NoAnswer)
        self.faults["no solution extracted"] += silent
        return "" if silent else str(found), model.spent.completion_tokens

    async def asked(
        self, seat: int, text: str, output: Action | None, purpose: str, current: Utterance | None = None,
        history: Sequence[Utterance] = (), tries: int | None = None, logprobs: bool = False,
    ) -> tuple[Any, int]:  # fmt: skip
        """What a participant answers, and the tokens that it wrote for it."""
        settings = self.settings
        request = Request(self.shown(seat, text, current, history), temperature=settings.temperature,
                          max_tokens=settings.max_tokens, output=output, logprobs=logprobs,
                          repeat=f"{self.repeat}/{purpose}/{seat}")  # fmt: skip
        found, model = await self.meter.measured(
            request, f"agent {seat + 1}", "agent", tries=settings.tries if tries is None else tries
        )
        if logprobs and model.exchanges:
            self.surety[seat] = model.exchanges[-1].completion.logprobs
        return found, model.spent.completion_tokens

    def shown(
        self, seat: int, text: str, current: Utterance | None, history: Sequence[Utterance]
    ) -> tuple[Message, ...]:
        """What a participant reads: task, role and current solution, the history, and what it is to do now."""
        private = self.private[seat] if seat < len(self.private) else ""
        task = told(self.question, private)
        if self.settings.style == "native":
            # The house model's own forms: work a task out; work it out again after what was worked out before.
            steps = [line for line in solution_of(current).split("\n") if not line.startswith("#")]
            again = render(__package__, "again_native", task=task, current="\n".join(steps))
            return (user(again if current else f"{task}<t>"),)
        head = render(__package__, "seat", task=task, persona=self.seats[seat], alone=len(self.seats) == 1,
                      current=solution_of(current))  # fmt: skip
        chat = messages(history, seat, [each.role for each in self.seats])
        if chat and chat[-1].role == "user":
            text = f"{chat.pop().content}\n\n{text}"
        return (system(head), *chat, user(text))
