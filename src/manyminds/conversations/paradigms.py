"""Paradigms: who speaks when in a turn, and who hears it. Four of them are bus, star, ring and tree; any graph will do.

A turn is a sequence of rounds. Whoever speaks in the same round speaks at once and hears the others only afterwards.
The definitions are those of MALLM (arXiv 2410.22932, section 3) with agents counted from 0.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from manyminds.core import BadInput, unknown

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class Speech:
    """One occasion to speak: whose it is, who hears it (the speaker always does), and whether it must be a draft."""

    speaker: int
    hearers: frozenset[int]
    drafts: bool = False


Round = tuple[Speech, ...]


class Paradigm(Protocol):
    """Who speaks and who hears, for any number of agents. `latest_only`: of each speaker only the last words are
    remembered. `early`: may a group that agrees stop in the middle of a turn?"""

    latest_only: bool
    early: bool

    def turn(self, agents: int) -> tuple[Round, ...]: ...


def everyone(agents: int) -> frozenset[int]:
    return frozenset(range(agents))


def one_by_one(speeches: Iterable[Speech]) -> tuple[Round, ...]:
    return tuple((speech,) for speech in speeches)


@dataclass(frozen=True)
class Memory:
    """A bus: everyone hears everything."""

    latest_only: bool = False
    early: bool = True

    def turn(self, agents: int) -> tuple[Round, ...]:
        return one_by_one(Speech(agent, everyone(agents)) for agent in range(agents))


@dataclass(frozen=True)
class Report:
    """A star: the first agent drafts for all, the others answer to it alone."""

    latest_only: bool = False
    early: bool = True

    def turn(self, agents: int) -> tuple[Round, ...]:
        rest = [Speech(agent, frozenset({0, agent})) for agent in range(1, agents)]
        return one_by_one([Speech(0, everyone(agents), drafts=True), *rest])


@dataclass(frozen=True)
class Relay:
    """A ring: each agent speaks to the next."""

    latest_only: bool = False
    early: bool = True

    def turn(self, agents: int) -> tuple[Round, ...]:
        return one_by_one(Speech(agent, frozenset({agent, (agent + 1) % agents})) for agent in range(agents))


@dataclass(frozen=True)
class Debate:
    """A tree: the first agent drafts for all, the others pass words round among themselves `rounds` times, and what
    they say last reaches the first agent too. Nothing is decided before that."""

    rounds: int = 2
    latest_only: bool = False
    early: bool = False

    def turn(self, agents: int) -> tuple[Round, ...]:
        speeches = [Speech(0, everyone(agents), drafts=True)]
        for debated in range(self.rounds):
            for agent in range(1, agents):
                following = agent + 1 if agent + 1 < agents else 1
                last = {0} if debated == self.rounds - 1 else set()
                speeches.append(Speech(agent, frozenset({agent, following} | last)))
        return one_by_one(speeches)


@dataclass(frozen=True)
class CollectiveRefinement:
    """All answer at once, each with its own last answer and those of all others before it: decided by voting only."""

    latest_only: bool = True
    early: bool = False

    def turn(self, agents: int) -> tuple[Round, ...]:
        return (tuple(Speech(agent, everyone(agents), drafts=True) for agent in range(agents)),)


@dataclass(frozen=True)
class Along:
    """Any graph: an edge (a, b) says that b hears a. `together`: all speak at once instead of one after another."""

    edges: tuple[tuple[int, int], ...]
    together: bool = False
    latest_only: bool = False
    early: bool = True

    def turn(self, agents: int) -> tuple[Round, ...]:
        beyond = sorted({node for edge in self.edges for node in edge if not 0 <= node < agents})
        if beyond:
            raise BadInput(f"the graph names the agents {beyond}, and there are {agents}, counted from 0")
        heard = [frozenset({a, *(b for x, b in self.edges if x == a)}) for a in range(agents)]
        speeches = tuple(Speech(agent, heard[agent]) for agent in range(agents))
        return (speeches,) if self.together else one_by_one(speeches)


def along(graph: "networkx.Graph", together: bool = False) -> Along:
    """A networkx graph as a paradigm, its nodes as agents in their order; undirected edges carry words both ways."""
    number = {node: i for i, node in enumerate(graph)}
    edges = {(number[a], number[b]) for a, b in graph.edges}
    both = edges if graph.is_directed() else edges | {(b, a) for a, b in edges}
    return Along(tuple(sorted(both)), together)


PARADIGMS: dict[str, Paradigm] = {
    "memory": Memory(),
    "report": Report(),
    "relay": Relay(),
    "debate": Debate(),
    "collective-refinement": CollectiveRefinement(),
}


def paradigm(name: str) -> Paradigm:
    """The paradigm called `name`."""
    if name not in PARADIGMS:
        raise unknown("paradigm", name, PARADIGMS)
    return PARADIGMS[name]


def speeches(paradigm: Paradigm, agents: int, turns: int) -> Iterator[tuple[int, int, Speech]]:
    """Every speech of `turns` turns as (turn from 1, round counted through all turns, speech)."""
    rounds = paradigm.turn(agents)
    for turn in range(turns):
        for at, spoken in enumerate(rounds):
            for speech in spoken:
                yield turn + 1, turn * len(rounds) + at, speech


def reach(paradigm: Paradigm, agents: int, turns: int) -> list[list[set[int]]]:
    """Whose knowledge each agent can hold after each turn, if all pass on all they know: time-respecting reachability.

    Found by breadth-first search over (agent, time): an edge leads from an agent on to its next moment, and from a
    speaker to each hearer. Element [t][a] is the set of agents from which a path leads to agent a by turn t + 1.
    """
    import networkx as nx

    graph, rounds = nx.DiGraph(), len(paradigm.turn(agents))
    for time in range(turns * rounds):
        graph.add_edges_from(((agent, time), (agent, time + 1)) for agent in range(agents))
    for _, time, speech in speeches(paradigm, agents, turns):
        graph.add_edges_from(((speech.speaker, time), (hearer, time + 1)) for hearer in speech.hearers)
    after = [nx.descendants(graph, (source, 0)) for source in range(agents)]
    ends = [rounds * (turn + 1) for turn in range(turns)]
    return [
        [{source for source in range(agents) if (agent, end) in after[source]} for agent in range(agents)]
        for end in ends
    ]
