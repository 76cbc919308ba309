"""What needs no language model: drift against its closed form, hidden profiles against reachability, calls, consensus.

Scripted minds are called scripted. The array twin plays thousands of samples; on some it is compared with real
discussions, word by word, so that what holds for the twin holds for the engine.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import networkx as nx
from pydantic import BaseModel

from manyminds.conversations.ballots import DISAGREE, SOLUTION
from manyminds.conversations.consensus import THRESHOLDS, stopped_at
from manyminds.conversations.decisions import Never
from manyminds.conversations.discussion import Discussion
from manyminds.conversations.drifting import Drifter, Law, draws, drifted
from manyminds.conversations.methods import Minds, Question
from manyminds.conversations.paradigms import PARADIGMS, Paradigm, along, reach
from manyminds.conversations.personas import Experts, Nobody
from manyminds.core import Seeds
from manyminds.models.request import Request
from manyminds.models.scripted import Scripted
from manyminds.worlds.texts.clues import Clues, answer_by
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import Family, Item, items
from manyminds.worlds.texts.norms import Norms
from manyminds.worlds.texts.rewording import Rewording

STUDIED = ("memory", "report", "relay", "debate")
# First accuracy, spoiled and mended per turn; the first two are the easy and the hard task of the worked example, both
# with a stationary share of .714, the third is ours.
LAWS: dict[str, Law] = {
    "basic": Law(0.9, 0.08, 0.2),
    "reasoning": Law(0.4, 0.08, 0.2),
    "norms": Law(0.8, 0.06, 0.14),
}
STANDINS: dict[str, tuple[Family, int]] = {"basic": (Rewording(), 3), "reasoning": (Hops(), 3), "norms": (Norms(), 3)}


class Drifting(BaseModel, frozen=True):
    """Right solutions at the end of each turn, one row a seed, out of `samples` each."""

    task: str
    paradigm: str
    samples: int
    right: list[list[int]]


class Twin(BaseModel, frozen=True):
    """Turns of real discussions on real items compared with the array twin on the same draws."""

    task: str
    paradigm: str
    turns: int
    differing: int


class Profile(BaseModel, frozen=True):
    """A hidden profile: how many clues each agent can know after each turn, and what reachability says."""

    graph: str
    known: list[list[int]]
    expected: list[list[int]]
    solved: list[float]  # share of discussions whose current solution is right after each turn


class Calls(BaseModel, frozen=True):
    """Calls of discussions that never agree, in free text, everybody hearing everything."""

    agents: int
    turns: int
    calls: int


def drift(task: str, name: str, seeds: Seeds, samples: int, turns: int, agents: int, runs: int) -> dict[str, Any]:
    """`runs` seeds of one kind of task in one paradigm."""
    found = [
        drifted(PARADIGMS[name], LAWS[task], agents, draws(seeds.child(run), samples, turns, agents)).sum(axis=0)
        for run in range(runs)
    ]
    right = [row.tolist() for row in found]
    return Drifting(task=task, paradigm=name, samples=samples, right=right).model_dump()


def wrong_for(family: Family, item: Item) -> str:
    """An answer that the family's checker refuses."""
    return next(text for text in ("A", "B", "nobody") if not family.check(item, f"#{text}").ok)


async def twin(task: str, name: str, seeds: Seeds, samples: int, turns: int, agents: int) -> dict[str, Any]:
    """Discussions by scripted minds on items of the stand-in, each turn's solution scored by the family's checker."""
    family, level = STANDINS[task]
    drawn, paradigm = draws(seeds, samples, turns, agents), PARADIGMS[name]
    expected = drifted(paradigm, LAWS[task], agents, drawn)
    talk = Discussion(paradigm=paradigm, decision=Never(), proposer=Nobody(), style="marked", agents=agents,
                      max_turns=turns)  # fmt: skip
    differing = 0
    for i, item in enumerate(items(family, level, "test", seeds.child("items"), samples)):
        mind = Drifter(LAWS[task], drawn.first[i], tuple(drawn.mover[i]), tuple(drawn.move[i]), item.answer,
                       wrong_for(family, item))  # fmt: skip
        held = await talk.held(Question(item.prompt), Minds(Scripted("scripted:drift", mind)), f"drift/{i}")
        right = [family.check(item, f"#{solution}").ok for solution in held.by_turn]
        differing += sum(a != b for a, b in zip(right, expected[i].tolist(), strict=True))
    return Twin(task=task, paradigm=name, turns=samples * turns, differing=differing).model_dump()


def graphs(agents: int) -> dict[str, Paradigm]:
    """The studied paradigms, collective refinement, and graphs that no paper names."""
    cycle = nx.relabel_nodes(nx.cycle_graph(agents, create_using=nx.DiGraph), lambda node: agents - 1 - node)
    backwards = nx.DiGraph()
    backwards.add_nodes_from(range(agents))
    backwards.add_edges_from(cycle.edges)
    return PARADIGMS | {"path": along(nx.path_graph(agents)), "ring against the turn": along(backwards)}


def gossip(request: Request) -> str:
    """Says every clue that it sees, and who fits them as far as it can tell."""
    lines = [line for message in request.messages for line in message.content.split("\n")]
    seen = sorted({line.strip() for line in lines if line.startswith("Clue ")})
    task = request.messages[0].content
    prompt = task[task.index("One of these people") : task.index("Who is meant?") + len("Who is meant?")]
    fitting = answer_by(prompt, seen)
    who = fitting[0] if len(fitting) == 1 else "unknown"
    return "\n".join([f"{DISAGREE} I know this:", *seen, f"{SOLUTION} {who}"])


async def profile(name: str, paradigm: Paradigm, seeds: Seeds, agents: int, turns: int, count: int) -> dict[str, Any]:
    """Hidden profiles talked over by minds that pass on all they know."""
    family, mind = Clues(), Scripted("scripted:gossip", gossip)
    talk = Discussion(paradigm=paradigm, decision=Never(), proposer=Nobody(), style="marked", agents=agents,
                      max_turns=turns)  # fmt: skip
    known: set[tuple[tuple[int, ...], ...]] = set()
    right = [0] * turns
    for i, item in enumerate(items(family, agents, "test", seeds, count)):
        held = await talk.held(Question(item.prompt), Minds(mind), f"profile/{i}", item.meta["clues"])
        rows = []
        for turn in range(1, turns + 1):
            heard = ["\n".join(u.text for u in held.talk if u.turn <= turn and a in u.hearers) for a in range(agents)]
            rows.append(tuple(sum(c in heard[a] or c == item.meta["clues"][a] for c in item.meta["clues"]) for a in
                              range(agents)))  # fmt: skip
        known.add(tuple(rows))
        for turn, solution in enumerate(held.by_turn):
            right[turn] += family.check(item, f"#{solution}").ok
    expected = [[len(sources) for sources in turn] for turn in reach(paradigm, agents, turns)]
    seen = [list(row) for row in known.pop()] if len(known) == 1 else []
    return Profile(graph=name, known=seen, expected=expected, solved=[r / count for r in right]).model_dump()


def stubborn(request: Request) -> str:
    """Names a new expert when asked for one, and never agrees with anybody."""
    if '"role"' in request.messages[-1].content:
        return f'{{"role": "Expert {request.repeat}", "description": "knows it"}}'
    return f"{DISAGREE} I have a better one."


async def calls(agents: int, turns: int) -> dict[str, Any]:
    talk = Discussion(proposer=Experts(), agents=agents, max_turns=turns)
    held = await talk.held(Question("?"), Minds(Scripted("scripted:stubborn", stubborn)), f"calls/{agents}/{turns}")
    return Calls(agents=agents, turns=turns, calls=held.calls).model_dump()


def ordered(length: int = 9, most: int = 5) -> dict[str, int]:
    """Every string of agreements up to a length, for up to `most` agents: how often a stricter rule stops earlier than
    a laxer one, how often majority and supermajority differ among three, and whether two of four are a majority."""
    earlier = differ = strings = 0
    stop: Callable[..., float] = lambda s, n, rule: stopped_at(s, n, THRESHOLDS[rule]) or float("inf")  # noqa: E731
    for agents in range(1, most + 1):
        for size in range(1, length + 1):
            for string in product((True, False), repeat=size):
                ends = [stop(string, agents, rule) for rule in ("majority", "supermajority", "unanimity")]
                earlier += ends != sorted(ends)
                differ += agents == 3 and ends[0] != ends[1]
                strings += 1
    two_of_four = stopped_at((False, True), 4, THRESHOLDS["majority"]) == 2
    return {"strings": strings, "earlier": earlier, "differ": differ, "two_of_four": int(two_of_four)}
