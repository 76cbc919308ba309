"""One discussion while it lasts: what was said so far, who sees how much of it, and how to ask a participant."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from manyminds.conversations.ballots import Contribution, Kind, Style
from manyminds.conversations.metered import Meter
from manyminds.conversations.methods import Question
from manyminds.conversations.paradigms import Paradigm, Speech
from manyminds.conversations.personas import Persona
from manyminds.conversations.questions import told
from manyminds.conversations.transcript import Utterance, Voted, messages, solution_of, standing, visible
from manyminds.core import Action, NoAnswer, Text, render
from manyminds.models.request import Message, Request, system, user


class Manner(Protocol):
    """How a discussion is led, as far as its participants notice; see `Discussion`."""

    paradigm: Paradigm
    style: Style
    panelists_draft: bool
    independent_first: bool
    thinks: bool
    visible_turns: int | None
    temperature: float
    max_tokens: int
    tries: int
    room: int


@dataclass
class Sitting:
    """What was said so far, and how to ask a participant."""

    settings: Manner
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
