"""An agent that is declared: a specification, an environment that fills its states, and any model to write the rest."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from manyminds.core.actions import Choice, Invalid
from manyminds.core.errors import Refused
from manyminds.core.render import render
from manyminds.models.ask import ask
from manyminds.models.constrain.markers import EMPTY, Segment, escaped, split
from manyminds.models.constrain.replies import Continuation, Stretch, longest
from manyminds.models.constrain.specification import Specification
from manyminds.models.request import Model, Request, user

Segments = tuple[Segment, ...]
Environment = Callable[[str, Segments], Awaitable[str | None]]  # None: it has nothing more to say
END = "(end)"  # among the states to choose from, where the run may end


class Run(msgspec.Struct, frozen=True):
    """What came of a run.

    `legal`: a whole legal run; `complete`: it ended by itself, neither given up nor cut off. `forced`: states that we
    opened; `repaired`: contents that meant one that is allowed; `problems`: what was wrong with replies, by kind;
    `calls` of the model, those that chose a state among them.
    """

    segments: tuple[Segment, ...]
    text: str
    legal: bool
    complete: bool
    calls: int = 0
    tokens: int = 0
    forced: int = 0
    repaired: int = 0
    problems: dict[str, int] = {}

    def last(self, state: str) -> str:
        """The last content of a state, or nothing."""
        return next((one.content for one in reversed(self.segments) if one.state == state), "")


@dataclass(frozen=True)
class Specified:
    """Runs a specification with a model.

    Each reply is kept up to its first illegal part; then the next state is opened by us, chosen by the model among the
    legal ones (`ranking="model"`) or as the first that is declared (`"order"`). `attempts`: replies to the same place
    before the run is given up. `free`: the model is neither masked nor cut, for comparison.
    """

    specification: Specification
    instructions: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    ranking: Literal["model", "order"] = "model"
    attempts: int = 3
    calls: int = 40
    temperature: float = 0.0
    max_tokens: int = 512
    free: bool = False

    def __post_init__(self) -> None:
        self.specification.examples(list(self.examples))

    async def run(self, model: Model, environment: Environment, repeat: str = "") -> Run:
        going = (Free if self.free else Going)(self, model, environment, repeat)
        try:
            await going.on()
        except GivenUp as reason:
            going.problems[str(reason)] += 1
        return going.result()


class GivenUp(Exception):
    """A run cannot go on."""


class Going:
    """A run under way."""

    def __init__(self, agent: Specified, model: Model, environment: Environment, repeat: str) -> None:
        self.agent, self.model, self.environment, self.repeat = agent, model, environment, repeat
        self.specification = agent.specification
        self.at, self.segments, self.complete = self.specification.automaton.start, list[Segment](), False
        self.calls = self.tokens = self.forced = self.repaired = 0
        self.problems: Counter[str] = Counter()

    @property
    def may_end(self) -> bool:
        return self.at in self.specification.automaton.accepting

    @property
    def text(self) -> str:
        return self.specification.written(tuple(self.segments))

    def result(self) -> Run:
        return Run(tuple(self.segments), self.text, self.may_end, self.complete, self.calls, self.tokens, self.forced,
                   self.repaired, dict(self.problems))  # fmt: skip

    async def on(self) -> None:
        """From state to state until the run ends; raises `GivenUp`."""
        forced = ""
        while legal := self.specification.legal(self.at):
            if all(self.specification.state[name].environment for name in legal):
                if not await self.speak(legal[0]):
                    break
                continue
            found = await self.written(forced)
            self.take(found)
            forced = ""
            opened = found.opened or self.waiting(found)
            if found.problem and not opened:
                opened = await self.opened()
            if opened == END or (not opened and self.may_end):
                break
            if opened and not self.specification.state[opened].environment:
                forced = opened
            elif opened and not await self.speak(opened):
                break
        self.complete = self.may_end

    def waiting(self, found: Stretch) -> str:
        """The environment's state that a reply came to which ended well. The model was stopped at their markers, so
        where one is legal that is where it stopped."""
        legal = () if found.problem else self.specification.legal(self.at)
        return next((name for name in legal if self.specification.state[name].environment), "")

    def take(self, found: Stretch) -> None:
        for segment in found.segments:
            self.at = self.specification.step(self.at, segment)
            self.segments.append(segment)
        self.repaired += found.repaired
        self.count(found.problem)

    def count(self, problem: str) -> None:
        if problem:
            kinds = ("may not come", "is not allowed", "is empty", "outside of every state")
            self.problems[next((kind for kind in kinds if kind in problem), problem)] += 1

    async def speak(self, state: str) -> bool:
        """Let the environment fill a state; False where it has nothing more to say."""
        said = await self.environment(state, tuple(self.segments))
        if said is None and self.may_end:
            return False
        content = escaped((said or "").strip() or EMPTY, self.specification.markers)
        self.take(Stretch((Segment(state, content),)))
        return True

    async def written(self, forced: str) -> Stretch:
        """The next states by the model; raises `GivenUp` where no attempt brings any."""
        marker, problem = self.specification.state[forced].marker if forced else "", ""
        for _ in range(self.agent.attempts):
            output = Continuation(self.specification, self.at, marker)
            text = await self.asked(output, problem)
            found = longest(self.specification, self.at, output.after + text)
            if found.segments or found.opened:
                return found
            problem = found.problem
            self.count(problem)
            if not marker:
                chosen = await self.opened()
                if chosen == END or self.specification.state[chosen].environment:
                    return Stretch(opened=chosen)
                marker = self.specification.state[chosen].marker
        raise GivenUp(f"no legal text in {self.agent.attempts} attempts")

    async def asked(self, output: Continuation | None, problem: str = "") -> str:
        """One reply of the model."""
        agent, specification = self.agent, self.specification
        protocol = self.text + (f"\n{output.after}" if output and output.after else "")
        text = render(__package__, "specified", instructions=agent.instructions, states=specification.states,
                      tools=agent.tools, examples=agent.examples, problem=problem, protocol=protocol)  # fmt: skip
        if self.calls >= agent.calls:
            raise GivenUp("all calls are used up")
        self.calls += 1
        stops = tuple(state.marker for state in specification.states if state.environment)
        request = Request((user(text),), temperature=agent.temperature, max_tokens=agent.max_tokens, stop=stops,
                          output=output, repeat=f"{self.repeat}/{self.calls}")  # fmt: skip
        try:
            completion = await self.model.complete(request)
        except Refused as refusal:  # the context is full, or the server will not answer this
            raise GivenUp("refused") from refusal
        self.tokens += completion.usage.completion_tokens
        return completion.text

    async def opened(self) -> str:
        """The state that we open next: the only one that is legal, else as `ranking` says."""
        specification = self.specification
        options = [*specification.legal(self.at), *([END] if self.may_end else [])]
        self.forced += 1
        if len(options) == 1 or self.agent.ranking == "order":
            return options[0]
        marked = {specification.state[name].marker if name != END else END: name for name in options}
        text = render(__package__, "next_state", protocol=self.text)
        self.calls += 1
        request = Request((user(text),), output=Choice(tuple(marked)), repeat=f"{self.repeat}/{self.calls}")
        chosen = (await ask(self.model, request, 1)).value
        if chosen not in marked:
            self.problems["no state chosen"] += 1
            return options[0]
        return marked[chosen]


class Free(Going):
    """A run of a model that is left alone: replies are kept as they are, and tools answer wherever it stops."""

    def __init__(self, agent: Specified, model: Model, environment: Environment, repeat: str) -> None:
        super().__init__(agent, model, environment, repeat)
        self.so_far = ""

    @property
    def text(self) -> str:
        return self.so_far

    def result(self) -> Run:
        _, parts = split(self.so_far, self.specification.markers)
        segments = tuple(Segment(self.specification.states[number].name, said.strip()) for number, said in parts)
        try:
            self.specification.parse(self.so_far)
            legal = True
        except Invalid as problem:
            legal = False
            self.count(str(problem).partition(": ")[2] or str(problem))
        return Run(segments, self.so_far, legal, self.complete, self.calls, self.tokens, problems=dict(self.problems))

    async def on(self) -> None:
        environments = [state for state in self.specification.states if state.environment]
        self.so_far = self.specification.written(
            (Segment(environments[0].name, await self.environment(environments[0].name, ()) or EMPTY),)
        )
        every = self.specification.automaton.moves
        final = {letter.partition("=")[0] for moves in every for letter, to in moves.items() if not every[to]}
        while True:
            reply = (await self.asked(None)).strip()
            self.so_far += f"\n{reply}"
            _, parts = split(self.so_far, self.specification.markers)
            segments = tuple(Segment(self.specification.states[number].name, said.strip()) for number, said in parts)
            if not reply or segments[-1].state in final:
                break
            state = environments[-1]
            try:
                said = await self.environment(state.name, segments)
            except (IndexError, ValueError):  # it stopped where there is nothing to answer
                said = None
            said = escaped((said or "").strip() or EMPTY, self.specification.markers)
            self.so_far += f"\n{state.marker} {said}"
        self.complete = bool(reply)
