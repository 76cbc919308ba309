"""Sampled graphexes against closed forms and a sampler by pairs; files, bad input, and play on graphs."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.core import BadInput
from manyminds.theory.graphexes import PowerGraphon, PowerLaw, fitted, meeting
from manyminds.worlds.populations import sparse_graphs as sg
from manyminds.worlds.populations.network_games import SIS, Unmoved
from manyminds.worlds.populations.network_play import distance, played


def rng(seed=0):
    return np.random.default_rng(seed)


def off(values, expected):
    """Standard errors between a mean and what it should be."""
    return abs(np.mean(values) - expected) / (np.std(values, ddof=1) / np.sqrt(len(values)))


@pytest.mark.parametrize(("s", "size"), [(0.3, 120.0), (0.5, 100.0), (0.7, 60.0)])
def test_sampled_graphexes_obey_the_closed_forms(s, size):
    law = PowerLaw(s)
    graphs = [sg.sampled(law, size, rng(i)).graph for i in range(60)]
    assert off([len(g.edges) for g in graphs], law.edges(size)) < 3.5
    assert off([g.nodes for g in graphs], law.nodes(size)) < 3.5
    for k in (1, 2, 3):
        assert off([(g.degree == k).sum() for g in graphs], float(law.degrees(size, k))) < 3.5


def test_isolated_nodes_would_be_seen():
    """Keeping the points without an edge gives another number of nodes altogether."""
    law, size = PowerLaw(0.5), 100.0
    last = sg.bound(law, size, 0.5)
    kept = [rng(i).poisson(size * last) for i in range(20)]
    assert off(kept, law.nodes(size)) > 50


def test_the_fast_sampler_agrees_with_tosses_for_every_pair():
    law, size, last = PowerLaw(0.4), 20.0, 80.0
    slow = [sg.sampled_pairwise(law, rng(i).uniform(0, last, rng(i).poisson(size * last)), rng(1000 + i))
            for i in range(60)]  # fmt: skip
    fast = [sg.sampled(law, size, rng(i)).graph for i in range(60)]
    for of in (lambda g: g.nodes, lambda g: len(g.edges), lambda g: int(g.degree.max())):
        a, b = [of(g) for g in slow], [of(g) for g in fast]
        assert abs(np.mean(a) - np.mean(b)) < 3.5 * np.sqrt((np.var(a) + np.var(b)) / 60)


def test_labels_go_with_nodes_and_the_integrals_are_right():
    law = PowerLaw(0.5)
    found = sg.sampled(law, 300.0, rng())
    assert len(found.labels) == found.graph.nodes and found.split < 0.5
    middle = found.labels < 2
    assert off(found.graph.degree[middle] / (300 * law.marginal(found.labels[middle])), 1) < 3.5
    a = np.linspace(0, 4000, 4_000_001)
    assert np.trapezoid(law.factor(a), a) + law.beyond(4000) == pytest.approx(law.s, abs=1e-5)
    assert law.beyond(3.0, 2) == pytest.approx(np.trapezoid(law.factor(a[a >= 3]) ** 2, a[a >= 3]), abs=1e-5)
    assert law.degree_law(np.arange(1, 5)) == pytest.approx([0.5, 0.125, 0.0625, 0.0390625])
    assert 300 * law.marginal(law.last_label(300, 7)) == pytest.approx(7)


@settings(max_examples=20)
@given(s=st.floats(0.25, 0.85), size=st.floats(150, 5000))
def test_fits_come_back(s, size):
    law = PowerLaw(s)
    found, nu = fitted(round(law.nodes(size)), round(law.edges(size)))
    assert found.s == pytest.approx(s, abs=0.03) and nu == pytest.approx(size, rel=0.15)


def test_bad_input_is_refused_with_what_would_be_right(tmp_path):
    for wrong in (0, 1, -2, 1.5):
        with pytest.raises(BadInput, match="between 0 and 1"):
            PowerLaw(wrong)
    with pytest.raises(BadInput, match="probability"):
        sg.sampled_pairwise(PowerGraphon(0.5, 0.0), np.linspace(0.01, 0.99, 9), rng())
    with pytest.raises(BadInput, match="least sparse"):
        fitted(34, 78)
    with pytest.raises(BadInput, match="positive"):
        sg.sampled(PowerLaw(), 0, rng())
    with pytest.raises(BadInput, match="without an edge"):
        sg.sampled(PowerLaw(), 1e-9, rng())
    with pytest.raises(BadInput, match="meet somebody"):
        meeting(lambda a, b: 0 * a * b, np.arange(3.0))
    with pytest.raises(BadInput, match="unknown network"):
        sg.network("karat", rng())
    with pytest.raises(BadInput, match="even"):
        sg.configured(np.array([1, 1, 1]), rng())
    file = tmp_path / "n.txt"
    for text, said in (("1\n", "line 1"), ("% nothing\n", "no edge"), ("1 1\n", "two different")):
        file.write_text(text)
        with pytest.raises(BadInput, match=said):
            sg.read(file)


def test_edge_lists_are_cleaned(tmp_path):
    file = tmp_path / "net.txt"
    file.write_text("% a comment\n# another\n10 20 1.5\n20 10\n7,7\n20 30\n\n10 20\n")
    graph = sg.read(file)
    assert graph.edges.tolist() == [[0, 1], [1, 2]] and graph.degree.tolist() == [1, 2, 1]
    both = sg.together([graph, graph])
    assert both.nodes == 6 and both.groups == 2 and both.edges.tolist()[2:] == [[3, 4], [4, 5]]
    own, other = both.ends
    assert (np.diff(own) >= 0).all() and len(other) == 8
    names = sg.cleaned(np.array([["ann", "bob"], ["bob", "ann"], ["bob", "cy"]]))
    assert names.edges.tolist() == [[0, 1], [1, 2]]


def test_stand_ins_have_hubs_and_no_isolated_nodes():
    for name in (*sg.STAND_INS, "karate", "miserables", "women", "florence"):
        graph = sg.network(name, rng())
        assert graph.degree.min() >= 1 and (np.diff(graph.edges, axis=1) > 0).all()
    degrees = rng().integers(1, 5, 400) * 2
    graph = sg.configured(degrees, rng())
    assert graph.degree.sum() > 0.95 * degrees.sum()


def test_a_million_nodes_need_no_pairs():
    """At a tenth of that, in memory that grows with the edges alone."""
    graph = sg.sampled(PowerLaw(0.5), 2400.0, rng()).graph
    assert graph.nodes > 100_000 and len(graph.edges) > 600_000


def test_play_on_a_star_and_on_parts():
    """Infection on a star without recovery or protection: leaves meet the hub alone."""
    star = sg.cleaned(np.stack([np.zeros(2000, int), np.arange(1, 2001)], 1))
    game = Unmoved(SIS(steps=1, recovery=0.0, infection=0.8, start=(0.5, 0.5)))
    seen = played(game, sg.together([star] * 4), np.ones((2, 1, 2, 1)), jax.random.key(0))
    assert seen.sizes.tolist() == [[1, 2000]] * 4 and seen.shares.shape == (2, 4, 2, 2)
    for hub, before, after in zip(seen.shares[0, :, 0, 1], seen.shares[0, :, 1, 1], seen.shares[1, :, 1, 1]):
        expected = before + (1 - before) * 0.8 * hub
        assert abs(after - expected) < 4 * 0.5 / np.sqrt(2000)
    assert np.allclose(seen.overall.sum(-1), 1)


def test_distance_counts_decisions_and_is_between_0_and_1():
    one, other = np.zeros((4, 2)), np.zeros((4, 2))
    one[:, 0], other[:, 1], other[3], one[3] = 1, 1, [9, 9], [-9, 0]  # what is after the last decision does not count
    assert distance(one, other) == 1 and distance(one, one) == 0
