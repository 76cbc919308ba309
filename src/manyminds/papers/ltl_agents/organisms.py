"""Small decoders raised on short ReAct protocols of which a known share of the states has the wrong form.

They follow friendships among a few people in encyclopedias of one sentence a page; each is asked in other encyclopedias
than those that it was raised on. Sampled at temperature 1 and left alone, it writes faults as it has read them (at 0 it
writes what is most frequent, which is the right form); on its tokens it can be held to the specification of ReAct.
`Brief` shows it the protocol alone, without instructions.
"""

from random import Random
from typing import Any

import msgspec
from pydantic import BaseModel

from manyminds.agents.published_agents import published
from manyminds.core import Lab, Seeds
from manyminds.models.house.tokenizer import chat
from manyminds.models.request import Completion, Model, Request, user
from manyminds.models.scripted import Scripted
from manyminds.papers.ltl_agents.arms import Cell, How, arm, in_turn
from manyminds.papers.ltl_agents.data import made
from manyminds.papers.ltl_agents.scripted import BEGINS, Reasoner
from manyminds.tuning.organisms import Grown, Lesson, Raising, organism
from manyminds.worlds.texts.mini_wiki import Question, Wiki
from manyminds.worlds.texts.words import fresh_names

PEOPLE = 20
WAYS: tuple[How, ...] = ("replies", "free")  # a model on this machine is masked where its replies are enforced
REPLY_TOKENS = 64
OBSERVATION = published("react").state["observation"].marker


class Writer(BaseModel, frozen=True):
    """One organism and its runs, a cell for each encyclopedia and way."""

    corruption: float
    seed: int
    grown: Grown
    cells: list[Cell]


class Brief:
    """A model that is shown the protocol and nothing else of what it is asked."""

    def __init__(self, model: Model) -> None:
        self.model, self.name = model, model.name

    async def complete(self, request: Request) -> Completion:
        shown = (user(brief(request.messages[-1].content)),)
        return await self.model.complete(msgspec.structs.replace(request, messages=shown, max_tokens=REPLY_TOKENS))


def brief(text: str) -> str:
    return text.rpartition(BEGINS)[2].strip()


def friends(names: list[str], rng: Random) -> tuple[Wiki, list[Question]]:
    """An encyclopedia in which everybody has one friend, all in one ring, and for everybody a question of one or two
    steps."""
    ring = rng.sample(names, len(names))
    friend = dict(zip(ring, [*ring[1:], ring[0]]))
    wiki = Wiki({name: (f"{name} has the friend {friend[name]}.",) for name in names})
    asked = []
    for number, name in enumerate(ring):
        steps = 1 + number % 2
        people = [name, friend[name]][:steps]
        text = f"Who is {'the friend of ' * steps}{name}?"
        asked.append(Question(text, friend[people[-1]], "chain", tuple((("Search", one),) for one in people)))
    return wiki, asked


async def lessons(names: list[str], corruption: float, count: int, seeds: Seeds) -> list[Lesson]:
    """Prompts and replies of scripted runs that are left alone; each state goes wrong with the chance `corruption`."""
    found: list[Lesson] = []
    while len(found) < count:
        here = seeds.child("protocols", len(found))
        wiki, asked = friends(names, here("wiki"))
        script = Reasoner("react", {one.text: one for one in asked}, corruption, here.root)

        def noted(request: Request, script: Reasoner = script) -> str:
            said = script(request)
            opened = "" if "Answer:" in said else f"\n{OBSERVATION}"  # it lets the environment speak
            found.append(Lesson(chat([("user", brief(request.messages[-1].content))]), said + opened))
            return said

        tasks = [made(wiki, one) for one in asked]
        await arm(Scripted("protocols", noted), "protocols", "react", "free", 0, 0, wiki, tasks, here, in_turn)
    return found


async def raised(lab: Lab, raising: Raising, corruption: float, seed: int, encyclopedias: int) -> Writer:
    """Raise one organism and let it answer, held to the specification and left alone."""
    seeds = lab.seeds.child("organism", seed)
    names = fresh_names(seeds("names"), PEOPLE, 3)
    name = f"writer {corruption:g} {seed}"
    grown = await organism(lab, name, seed, raising, lambda count: lessons(names, corruption, count, seeds))
    model = Brief(lab.model(grown.model))

    async def gathered(jobs: list[Any]) -> list[Any]:
        return await lab.gather(jobs, f"runs of {name}")

    cells = []
    for number in range(encyclopedias):
        wiki, asked = friends(names, seeds("asked", number))
        tasks, here = [made(wiki, one) for one in asked], seeds.child("asked", number)
        told = (0, seed, wiki, tasks, here, gathered, corruption)  # no examples
        cells += [await arm(model, f"raised on {corruption:g}", "react", how, *told, temperature=1.0) for how in WAYS]
    return Writer(corruption=corruption, seed=seed, grown=grown, cells=cells)
