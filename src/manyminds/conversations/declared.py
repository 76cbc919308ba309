"""Declared agents as methods: a specification answers a question, alone or by a vote with a fallback for ties."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from manyminds.agents.published_agents import published
from manyminds.agents.specified import Run, Specified
from manyminds.agents.tool_use import Bench, Tools
from manyminds.agents.voted import voted
from manyminds.conversations.methods import Minds, Question, Reply, Said


def no_tools(tool: str, said: str) -> str:
    """What is observed where an agent asks for a tool and has none."""
    return f"The tool {tool} is not here."


def asked(question: Question) -> str:
    """A question as the text of a run's first state."""
    parts = (question.context, question.text, ", ".join(question.options), question.form)
    return "\n".join(filter(None, parts))


@dataclass(frozen=True)
class Declared:
    """One published agent (arXiv 2310.08535). `tools` gives a fresh set of tools for every question."""

    agent: str = "cot"
    tools: Callable[[], Tools] = lambda: no_tools
    described: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    temperature: float = 0.0

    async def run(self, question: Question, minds: Minds, repeat: str) -> Run:
        spec = published(self.agent, tuple(self.described) or ("Search", "Lookup", "Calculator"))
        declared = Specified(spec, tools=self.described, examples=self.examples, temperature=self.temperature)
        return await declared.run(minds.model, Bench(asked(question), self.tools()), repeat)

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        run = await self.run(question, minds, repeat)
        spec = published(self.agent)
        said = tuple(Said("environment" if spec.state[one.state].environment else "agent", one.content, one.state)
                     for one in run.segments)  # fmt: skip
        return Reply(run.last("answer"), said)


@dataclass(frozen=True)
class DeclaredVote:
    """Chain of thought by vote at temperature 0.7, and another agent's answer where the vote ties."""

    agent: Declared = Declared("cot", temperature=0.7)
    fallback: Declared = Declared("react")
    samples: int = 5

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        async def sample(number: int) -> str:
            return (await self.agent.run(question, minds, f"{repeat}/{number}")).last("answer")

        async def otherwise() -> str:
            return (await self.fallback.run(question, minds, f"{repeat}/fallback")).last("answer")

        found = await voted(sample, otherwise, self.samples)
        return Reply(found.answer, tuple(Said("agent", one, "answer") for one in found.answers), not found.tied)
