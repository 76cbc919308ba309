"""Do minds obey a contract that makes obedience optimal? The random audit with any mind in either seat."""

from typing import Any

from manyminds.agents.hired import RULES
from manyminds.agents.language import LanguageAgent
from manyminds.agents.seats import seated
from manyminds.core import Lab, play
from manyminds.papers.hiring_agents.rows import Obeyed
from manyminds.theory.audit import random_audit
from manyminds.theory.hiring import Instance, Mechanism, solve
from manyminds.worlds.games.hiring import Hiring


def contract_of(premium: float) -> tuple[Instance, Mechanism]:
    """The audit and its optimal mechanism among those in which every other effort is worse by `premium`.

    Without a premium an optimal contract leaves agents indifferent, and disobedience would be no mistake.
    """
    instance = random_audit()
    return instance, solve(instance, relax=-premium)


def promised(instance: Instance, mechanism: Mechanism, agent: int) -> float:
    """What an obedient agent expects per round, pay less cost."""
    axes = tuple(j for j in range(instance.agents) if j != agent)
    return float(mechanism.paid[agent] - mechanism.mu.sum(axis=axes) @ instance.costs[agent])


async def one(
    lab: Lab, minds: tuple[str, ...], repeat: int, rounds: int, premium: float, temperature: float
) -> list[Obeyed]:
    """One play, a row a seat."""
    instance, mechanism = contract_of(premium)
    world = Hiring(instance, mechanism, rounds=rounds)
    seats = dict(zip(world.words.agents, minds, strict=True))
    place = ("study", *minds, repeat)

    def language(model: Any, name: str) -> LanguageAgent:
        return LanguageAgent.direct(model, name, temperature=temperature)

    agents = {name: seated(mind, name, RULES, lab.model, language) for name, mind in seats.items()}
    played = await play(world, agents, lab.seeds.child(*place), lab.record("/".join(map(str, place))))
    rows = []
    for i, (name, mind) in enumerate(seats.items()):
        row = {"seat": name, "mind": mind, "repeat": repeat, "ending": played.ending, "reason": played.reason}
        if played.ending == "finished":
            obeyed, answered, total = played.outcome.obedience(i)
            row |= {"obeyed": obeyed, "answered": answered, "rounds": total,
                    "utility": played.outcome.utilities[name] / rounds, "principal": played.outcome.principal / rounds,
                    "promised": promised(instance, mechanism, i)}  # fmt: skip
        rows.append(Obeyed(**row))
    return rows
