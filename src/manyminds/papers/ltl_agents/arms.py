"""One arm of the experiment: a model, one published agent, with its specification enforced or left alone."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from pydantic import BaseModel

from manyminds.agents.published_agents import published
from manyminds.agents.specified import Run, Specified
from manyminds.agents.tool_use import Bench, Summariser
from manyminds.core import Seeds, render
from manyminds.models.constrain.markers import Segment
from manyminds.models.request import Model
from manyminds.papers.ltl_agents.data import Task
from manyminds.worlds.texts.mini_wiki import TOOLS, Question, Reader, Wiki, questions

AgentName = Literal["react", "pass"]
How = Literal["tokens", "replies", "free"]  # enforced on tokens, on whole replies, or not at all


class Cell(BaseModel, frozen=True):
    """What one arm did on one seed; `right` and `legal` by question, so that arms can be compared in pairs."""

    who: str
    agent: str
    how: How
    shots: int
    seed: int
    temperature: float = 1.0  # 0: the likeliest replies
    corruption: float | None = None  # of scripted models and of the raising of house models
    right: list[bool]
    overlap: list[float] = []  # of words with the answer, by question
    legal: list[bool]
    complete: list[bool]
    calls: list[int]
    tools: list[int]
    kinds: list[str]
    forced: int = 0
    repaired: int = 0
    rolled_back: int = 0
    tokens: int = 0  # that the model wrote
    problems: dict[str, int] = {}


def shown(agent: str, wiki: Wiki, item: Question) -> str:
    """A worked example: the question's own calls with what the tools really answer."""
    reader, spec = Reader(wiki), published(agent)
    segments = [Segment("question", item.text)]
    for one in item.rounds:
        if agent == "react":
            for tool, said in one:
                segments += [Segment("thought", "I look that up."), Segment("action", tool), Segment("input", said),
                             Segment("observation", reader(tool, said))]  # fmt: skip
        else:
            segments.append(Segment("plan", "I look that up."))
            for tool, said in one:
                segments += [Segment("action", tool), Segment("input", said)]
            segments.append(Segment("summary", "\n".join(reader(*call) for call in one)))
    segments += [Segment("final-thought", "I know enough."), Segment("answer", item.answer)]
    return spec.written(tuple(segments))


async def arm(
    model: Model, who: str, agent: str, how: How, shots: int, seed: int, wiki: Wiki, items: Sequence[Task],
    seeds: Seeds, gather: Callable[[list[Awaitable[Run]]], Awaitable[list[Run]]], corruption: float | None = None,
    summarise: bool = False, temperature: float = 1.0, ranking: Literal["model", "order"] = "model",
) -> Cell:  # fmt: skip
    """Run an agent on all questions, at a temperature. `gather` decides how many run side by side."""
    examples = tuple(shown(agent, wiki, one) for one in questions(wiki, seeds("examples", seed), shots))
    declared = Specified(published(agent), render(__package__, "task"), TOOLS, examples, ranking,
                         temperature=temperature, free=how == "free")  # fmt: skip
    readers = [Reader(item.wiki) for item in items]

    def going(number: int, item: Task) -> Awaitable[Run]:
        repeat = f"{seeds}/{who}/{agent}/{how}/{shots}/{seed}/{number}"
        bench = Bench(item.text, readers[number], summarise=Summariser(model, repeat) if summarise else None)
        return declared.run(model, bench, repeat)

    runs = await gather([going(number, item) for number, item in enumerate(items)])
    scores = [item.score(run.last("answer")) for run, item in zip(runs, items)]
    problems: Counter[str] = Counter()
    for run in runs:
        problems.update(run.problems)
    return Cell(who=who, agent=agent, how=how, shots=shots, seed=seed, temperature=temperature,
                corruption=corruption, right=[ok for ok, _ in scores], overlap=[part for _, part in scores],
                legal=[run.legal for run in runs], complete=[run.complete for run in runs],
                calls=[run.calls for run in runs],
                tools=[reader.calls for reader in readers], kinds=[item.kind for item in items],
                forced=sum(run.forced for run in runs), repaired=sum(run.repaired for run in runs),
                tokens=sum(run.tokens for run in runs),
                problems=dict(problems))  # fmt: skip


async def in_turn(jobs: list[Awaitable[Run]]) -> list[Run]:
    """One run after the other, where nothing is waited for."""
    return [await job for job in jobs]
