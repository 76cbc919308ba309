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

from manyminds.conversations.ballots import Style
from manyminds.conversations.decisions import Consensus, Decision, Never, Outcome
from manyminds.conversations.metered import Meter
from manyminds.conversations.methods import Minds, Question, Reply
from manyminds.conversations.paradigms import Memory, Paradigm
from manyminds.conversations.personas import Experts, Nobody, Persona, Proposer
from manyminds.conversations.plain import answer_of
from manyminds.conversations.sitting import Sitting
from manyminds.conversations.transcript import Discussed, solution_of
from manyminds.core import BadInput


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
            outcome = await self.take_turn(sitting)
        answer, decided = (sitting.fallback or solution_of(sitting.current), False) if outcome is None else outcome
        return Discussed(sitting.seats, tuple(sitting.talk), tuple(sitting.votes), answer, decided, sitting.turn,
                         meter.calls, meter.tokens, meter.seconds, dict(+(faults + meter.invalid)))  # fmt: skip

    async def take_turn(self, sitting: Sitting) -> Outcome | None:
        """Everybody speaks; the answer and whether it is agreed on, if the group has decided."""
        sitting.turn += 1
        for rounds in self.paradigm.turn(len(sitting.seats)):
            first = len(sitting.talk)
            said = await gather(*(sitting.speak(speech, first + i) for i, speech in enumerate(rounds)))
            for utterance in said:
                sitting.talk.append(utterance)
                at_once = self.paradigm.early and self.decision.each_message
                if at_once and (outcome := await self.decision.reached(sitting)):
                    return outcome
        return await self.decision.reached(sitting)


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
