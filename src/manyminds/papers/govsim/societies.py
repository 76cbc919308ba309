"""Who sits at the commons: rule societies that run without any model, seats named by the user, and the conditions."""

from dataclasses import dataclass, replace
from typing import Any

from manyminds.agents.commoners import RULES
from manyminds.agents.commons_language import SELFISH, commons_agent
from manyminds.agents.person import Person
from manyminds.agents.seats import PERSON, seated
from manyminds.core import Agent, Lab
from manyminds.models.load import names_model
from manyminds.papers.govsim.rows import Kind


@dataclass(frozen=True)
class Society:
    """A named mix of minds, one a seat, in the order of the personas."""

    name: str
    seats: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        kinds = {kind_of_seat(seat) for seat in self.seats}
        if "language" in kinds:
            return "language" if len(kinds) == 1 else "mixed"
        return "person" if "person" in kinds else "rule"


def kind_of_seat(seat: str) -> Kind:
    return "person" if seat == PERSON else "language" if names_model(seat) else "rule"


def alike(mind: str, members: int = 5, name: str = "") -> Society:
    return Society(name or mind, (mind,) * members)


def labels(models: tuple[str, ...]) -> tuple[str, ...]:
    """A short name for each model reference: what stands after its last `#` or `/`; in full where two collide."""
    short = [reference.rpartition("#")[2].rpartition("/")[2] or reference for reference in models]
    return tuple(name if short.count(name) == 1 else full for name, full in zip(short, models))


OUTSIDER = "takes:20"
SOCIETIES = (
    *(alike(f"takes:{wish}") for wish in (10, 11, 12, 13, 14, 15, 20)),
    *(alike(mind) for mind in ("greedy", "fair-share", "noisy", "universaliser", "planner", "mute")),
    Society("outsider, takers", (OUTSIDER, *("takes:10",) * 4)),
    Society("outsider, matchers", (OUTSIDER, *("matcher",) * 4)),
    Society("outsider, compensators", (OUTSIDER, *("compensator",) * 4)),
    Society("outsider, universalisers", (OUTSIDER, *("universaliser",) * 4)),
    Society("three left", ("takes:17", *("takes:20",) * 4)),
)


# Talk and transparency are separate switches. The released "no language" configuration turns both off; the paper's text
# speaks of talk alone, so all four cells of the two by two are here: default, no talk, closed books, neither.
CONDITIONS: dict[str, dict[str, Any]] = {
    "default": {"talk": True, "open_books": True},
    "universalisation": {"talk": True, "open_books": True, "universalisation": True},
    "no talk": {"talk": False, "open_books": True},
    "closed books": {"talk": True, "open_books": False},
    "neither": {"talk": False, "open_books": False},
    "newcomer": {"talk": True, "open_books": True},
}


def minds_of(society: Society, condition: str) -> tuple[str, ...]:
    """Who sits where. The paper's newcomer is out for itself: a rule in that seat gives way to a greedy one."""
    *locals_, last = society.seats
    if condition == "newcomer" and kind_of_seat(last) == "rule":
        last = "greedy"
    return (*locals_, last)


def agents_of(
    society: Society, names: tuple[str, ...], condition: str, lab: Lab, temperature: float, rates: bool
) -> dict[str, Agent]:
    """The minds at the table. A newcomer that is a language model or a person is told its selfish goal."""
    newcomer = names[-1] if condition == "newcomer" else None

    def goal(name: str) -> str:
        return SELFISH if name == newcomer else ""

    def language(model: Any, name: str) -> Agent:
        return commons_agent(model, name, goal(name), temperature, rates)

    agents: dict[str, Agent] = {}
    for name, mind in zip(names, minds_of(society, condition), strict=True):
        agent = seated(mind, name, RULES, lab.model, language)
        agents[name] = replace(agent, told=goal(name)) if isinstance(agent, Person) else agent
    return agents
