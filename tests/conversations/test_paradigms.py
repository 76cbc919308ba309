"""Who hears whom, against the table of the paper, and what can be known when, by counting it out."""

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.conversations.paradigms import PARADIGMS, Debate, along, paradigm, reach, speeches
from manyminds.core import BadInput


def delivery(name, agents):
    """For each speech in order: (speaker, who receives it)."""
    return [(s.speaker, sorted(s.hearers)) for each in PARADIGMS[name].turn(agents) for s in each]


def test_delivery_is_that_of_the_table():
    every = [0, 1, 2, 3]
    assert delivery("memory", 4) == [(a, every) for a in range(4)]
    assert delivery("report", 4) == [(0, every), (1, [0, 1]), (2, [0, 2]), (3, [0, 3])]
    assert delivery("relay", 4) == [(0, [0, 1]), (1, [1, 2]), (2, [2, 3]), (3, [0, 3])]
    assert delivery("debate", 4) == [(0, every), (1, [1, 2]), (2, [2, 3]), (3, [1, 3]),
                                     (1, [0, 1, 2]), (2, [0, 2, 3]), (3, [0, 1, 3])]  # fmt: skip
    assert delivery("collective-refinement", 4) == [(a, every) for a in range(4)]
    assert [len(each) for each in PARADIGMS["collective-refinement"].turn(4)] == [4]  # at once


@pytest.mark.parametrize("agents", [2, 3, 5, 8])
def test_what_can_be_known_after_each_turn(agents):
    """By hand: a bus in one turn; a ring needs n - 1 forwardings, n - 1 of them in the first turn for the first agent's
    words, the rest in the second; a star in two, through its centre."""
    whole = [agents] * agents
    known = {name: [list(map(len, turn)) for turn in reach(PARADIGMS[name], agents, 3)] for name in PARADIGMS}
    assert known["memory"][0] == whole and known["collective-refinement"][0] == whole
    # The last speaker of a ring has heard all of them, the first hears it, the others have heard those before them.
    assert known["relay"][0] == [agents, *range(2, agents + 1)] and known["relay"][1] == whole
    assert known["report"][0] == [agents] + [2] * (agents - 1) and known["report"][1] == whole
    assert known["debate"][1] == whole


@given(st.integers(2, 6), st.data())
def test_reach_against_passing_it_on(agents, data):
    """Any directed graph: breadth-first search in time equals sets that are passed on word by word."""
    edges = data.draw(st.sets(st.tuples(st.integers(0, agents - 1), st.integers(0, agents - 1))))
    graph = nx.DiGraph([edge for edge in edges if edge[0] != edge[1]])
    graph.add_nodes_from(range(agents))
    ordered = nx.DiGraph()
    ordered.add_nodes_from(range(agents))
    ordered.add_edges_from(graph.edges)
    for together in (False, True):
        shape = along(ordered, together)
        known, turns = [{a} for a in range(agents)], 3
        found = []
        spoken = list(speeches(shape, agents, turns))
        for turn in range(1, turns + 1):
            now = [(at, s) for t, at, s in spoken if t == turn]
            for at in sorted({at for at, _ in now}):
                before = [set(k) for k in known]
                for _, speech in [(a, s) for a, s in now if a == at]:
                    for hearer in speech.hearers:
                        known[hearer] |= before[speech.speaker]
            found.append([set(k) for k in known])
        assert reach(shape, agents, turns) == found


def test_any_graph_and_bad_ones():
    path = along(nx.path_graph(["a", "b", "c"]))
    assert [sorted(s.hearers) for (s,) in path.turn(3)] == [[0, 1], [0, 1, 2], [1, 2]]
    with pytest.raises(BadInput, match="counted from 0"):
        path.turn(2)
    with pytest.raises(BadInput, match="relay"):
        paradigm("relays")
    assert len(Debate(rounds=3).turn(4)) == 1 + 3 * 3
