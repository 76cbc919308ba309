"""Protocols to raise a model on, with a known share of states in the wrong form: what it then writes when left alone.

The pairs are prompts and replies of the scripted models, so they have the form of what a run asks.
"""

import asyncio
import json
from pathlib import Path

from manyminds.core import Seeds
from manyminds.models.request import Request
from manyminds.models.scripted import Scripted
from manyminds.papers.ltl_agents.arms import AgentName, arm, in_turn
from manyminds.papers.ltl_agents.data import made
from manyminds.papers.ltl_agents.scripted import Reasoner
from manyminds.worlds.texts.mini_wiki import questions, wiki

Pairs = list[tuple[str, str]]


def traces(seeds: Seeds, runs: int, corruption: float, agent: AgentName = "react", shots: int = 0) -> Pairs:
    """(prompt, reply) of every call of `runs` runs. Their encyclopedia is none of those that are asked in the paper."""
    world = wiki(seeds("traces", "wiki"))
    items = questions(world, seeds("traces", "questions"), runs)
    script, seen = Reasoner(agent, {item.text: item for item in items}, corruption, seeds.root), Pairs()

    def noted(request: Request) -> str:
        seen.append((request.messages[-1].content, script(request)))
        return seen[-1][1]

    tasks = [made(world, item) for item in items]
    asyncio.run(
        arm(Scripted("scripted:traces", noted), "traces", agent, "free", shots, 0, world, tasks, seeds, in_turn)
    )
    return seen


def save(path: Path | str, pairs: Pairs) -> None:
    """Pairs as JSON lines of `prompt` and `solution`."""
    lines = [json.dumps({"prompt": prompt, "solution": reply}, ensure_ascii=False) for prompt, reply in pairs]
    Path(path).write_text("".join(f"{line}\n" for line in lines), "utf-8")
