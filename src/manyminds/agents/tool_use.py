"""What the environment of a specified agent says: tools that run at once, at the end, or together with a summary.

Tools belong to the environment and are given as one function of (tool, input). A tool that is itself a language model
is `LanguageTool`. Mistakes of a tool are observations, never exceptions.
"""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise

from manyminds.core.actions import Choice
from manyminds.core.render import render
from manyminds.models.ask import ask
from manyminds.models.constrain.markers import Segment
from manyminds.models.request import Model, Request, user

Segments = tuple[Segment, ...]
Tools = Callable[[str, str], str | Awaitable[str]]


async def used(tools: Tools, name: str, said: str) -> str:
    """What a tool answers, or that it failed."""
    try:
        found = tools(name, said)
        return str(await found if inspect.isawaitable(found) else found)
    except Exception as problem:  # a tool may be anybody's code; what goes wrong in it is for the agent to read
        return f"The tool {name} failed: {type(problem).__name__}: {problem}"


def calls(segments: Segments) -> list[tuple[str, str]]:
    """(tool, input) of every call."""
    pairs = pairwise(segments)
    return [(a.content, b.content) for a, b in pairs if (a.state, b.state) == ("action", "input")]


def since(segments: Segments, *states: str) -> Segments:
    """The segments after the last one in any of these states."""
    last = max((at for at, one in enumerate(segments) if one.state in states), default=-1)
    return segments[last + 1 :]


def labelled(segments: Segments) -> list[tuple[str, str, str]]:
    """(label, tool, input) of every labelled call, in the order of the labels' numbers."""
    triples = zip(segments, segments[1:], segments[2:])
    found = [(a.content, b.content, c.content) for a, b, c in triples
             if (a.state, b.state, c.state) == ("label", "action", "input")]  # fmt: skip
    return sorted(found, key=lambda one: [int(number) for number in re.findall(r"\d+", one[0])] or [0])


async def solved(tools: Tools, segments: Segments) -> str:
    """All labelled calls of a plan, in the order of their labels; a label in a later input stands for its result."""
    results: dict[str, str] = {}
    for label, tool, said in labelled(segments):
        for known in sorted(results, key=len, reverse=True):
            said = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", lambda found, known=known: results[known], said)  # type: ignore[misc]
        results[label] = await used(tools, tool, said)
    return "\n".join(f"{label}: {result}" for label, result in results.items())


@dataclass(frozen=True)
class LanguageTool:
    """A tool that asks a model (the LLM tool of ReWOO)."""

    model: Model
    repeat: str = ""

    async def __call__(self, said: str) -> str:
        return (await self.model.complete(Request((user(said),), repeat=f"{self.repeat}/tool"))).text.strip()


@dataclass(frozen=True)
class Summariser:
    """A summary of what the tools found; kept only where the model itself rates it above the raw observations."""

    model: Model
    repeat: str = ""

    async def __call__(self, question: str, raw: str) -> str:
        text = render(__package__, "summarise", question=question, observations=raw)
        summary = (await self.model.complete(Request((user(text),), repeat=f"{self.repeat}/summary"))).text.strip()
        if not summary:
            return raw
        text = render(__package__, "which_is_better", question=question, first=summary, second=raw)
        request = Request((user(text),), output=Choice(("first", "second")), repeat=f"{self.repeat}/which")
        asked = await ask(self.model, request, 2)
        return summary if asked.value == "first" else raw


@dataclass(frozen=True)
class Bench:
    """The environment of the published agents: the question, and what tools, evaluator and summariser say."""

    question: str
    tools: Tools
    evaluate: Callable[[str], str] = lambda proposed: "Unknown."
    summarise: Summariser | None = None

    async def __call__(self, state: str, segments: Segments) -> str | None:
        if state in ("question", "user"):
            return self.question if not segments else None
        if state == "observation":
            return await used(self.tools, *calls(segments)[-1])
        if state == "evaluation":
            return self.evaluate(segments[-1].content)
        if state == "solution":
            return await solved(self.tools, segments)
        found = await asyncio.gather(*(used(self.tools, *one) for one in calls(since(segments, "plan", "summary"))))
        raw = "\n".join(found)
        return await self.summarise(self.question, raw) if self.summarise and raw else raw
