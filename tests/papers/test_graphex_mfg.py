"""The paper runs small, its claims hold, and the traps of sparse graphs are caught by name."""

import json
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import Seeds
from manyminds.lab.command import main
from manyminds.papers.graphex_mfg import finite, limits
from manyminds.papers.graphex_mfg.paper import CLAIMS, Config, Results
from manyminds.theory.graphexes import PowerGraphon, PowerLaw
from manyminds.theory.mean_field_games import Descent
from manyminds.worlds.populations import network_play, sparse_graphs
from manyminds.worlds.populations.network_games import GAMES, SIS

CLAIM = {claim.id: claim for claim in CLAIMS}
LAW = PowerLaw(0.5)


def holds(name, **parts):
    given = {"limits": [], "facts": [], "cells": [], "closures": {}, "replies": {}}
    return CLAIM[name].check(Results.model_construct(**given | parts)).holds


def solved(name, how=None, steps=50):
    game = replace(GAMES[name], steps=steps)
    how = how or Descent(1000, 0.1, 0.05)
    return limits.LimitGame(**limits.solved(name, game, LAW, 200.0, 5, how, 6, PowerGraphon(), "joint"))


@pytest.fixture(scope="module")
def sis():
    return solved("sis")


@pytest.fixture(scope="module")
def graph():
    return finite.sampled_graphs(LAW, 800.0, 4, 0.5, Seeds(0))[0]


def test_sis_needs_entropy_and_its_periphery_is_better_off(sis):
    for name in ("core-sis", "plain-stalls", "degrees", "labels", "graphon", "degree-matters"):
        assert holds(name, limits=[sis]), name
    first = {c.solver: c.gain[0] for c in sis.curves}
    assert first["mirror"] == pytest.approx(34.25, abs=0.005)


def test_a_start_that_is_not_learnt_from_is_caught():
    """One iteration is the uniform policy: none of the claims on equilibria may hold."""
    row = solved("sis", Descent(1, 0.0, 0.05))
    assert not holds("core-sis", limits=[row]) and not holds("degrees", limits=[row])


@pytest.mark.slow
def test_monotone_games_are_solved_a_thousand_times_better():
    rows = [solved("sir"), solved("rumour")]
    for name in ("core-sir", "core-rumour", "degrees"):
        assert holds(name, limits=rows), name


def graphs_of(sizes, runs, keep_isolated=False):
    found = []
    for size in sizes:
        graph, split = finite.sampled_graphs(LAW, size, runs, 0.5, Seeds(0))
        row = finite.facts(f"nu={size:g}", graph, 5, LAW, size, split)
        if keep_isolated:
            row = row.model_copy(update={"nodes": [n + round(size) for n in row.nodes]})
        found.append(row)
    return found


def test_graphs_obey_the_law_and_isolated_nodes_do_not():
    rows = graphs_of((50.0, 200.0), 30)
    for name in ("nodes", "edges", "degree-law", "approaches"):
        assert holds(name, facts=rows), name
    assert not holds("nodes", facts=graphs_of((50.0,), 30, keep_isolated=True))


def test_the_hybrid_predicts_better_and_mutants_do_not(sis, graph):
    def measured(limit):
        row = finite.Cell(**finite.cell("sis", GAMES["sis"], limit, graph, "nu=400", Seeds(1)))
        return {"limits": [limit], "cells": [row]}

    assert holds("better-sis", **measured(sis)) and holds("small-sis", **measured(sis))
    flows = np.array(sis.flows)
    # The periphery taken for the core: labels in place of degrees.
    as_core = sis.model_copy(update={"flows": np.repeat(flows[:, :1], 6, 1).tolist()})
    assert not holds("better-sis", **measured(as_core))
    # Classes weighted as in another set of nodes (evenly) are no longer what was seen.
    even = sis.model_copy(update={"flows": np.repeat(flows.mean(1, keepdims=True), 6, 1).tolist()})
    right, wrong = (np.mean(measured(limit)["cells"][0].overall) for limit in (sis, even))
    assert wrong > right


def test_a_core_that_meets_everybody_is_caught(sis, graph):
    """The plain mean over all nodes is not what the core meets: the periphery is many and seldom met."""
    flows, policy, game = np.array(sis.flows), np.array(sis.policies)[0], GAMES["sis"]
    seen = network_play.played(game, graph, np.array(sis.policies), Seeds(1).jax("play"))
    met = finite.mixed(flows, seen).mean(1)
    wrong = [flows[0, 0]]
    for t in range(game.steps):
        chance = np.asarray(game.transition(jnp.asarray(met[t], jnp.float32)))
        wrong.append(np.einsum("x,xu,xuy->y", wrong[-1], policy[t], chance))
    right, plain = (
        network_play.distance(seen.shares[:, :, 0], mu[:, None]).mean() for mu in (flows[:, 0], np.array(wrong))
    )
    assert plain > 1.5 * right


def test_closures_differ_and_the_joint_one_is_nearer():
    graph = finite.sampled_graphs(LAW, 200.0, 8, 0.5, Seeds(0))[0]
    found = finite.closures(SIS(steps=30, start=(0.9, 0.1)), graph, 3, Seeds(0))
    assert holds("memory", closures=found)
    assert not holds("memory", closures={"iid": found["joint"], "joint": found["iid"]})


def test_best_replies_on_a_graph_gain_something_and_never_lose(sis):
    graph = finite.sampled_graphs(LAW, 60.0, 1, 0.5, Seeds(0))[0]
    found = finite.best_replies(GAMES["sis"], sis, graph, 10, 5, Seeds(0))
    assert found["core"] > 0 and found["periphery"] > 0


def test_too_high_a_k_max_leaves_no_core_and_says_so():
    star = sparse_graphs.cleaned(np.array([[0, 1], [0, 2], [2, 3]]))
    assert finite.facts("star", star, 20, None, None).outward == 0
    dense = finite.facts("karate", sparse_graphs.network("karate", None), 5, None, None)
    assert dense.apart is None and "least sparse" in dense.note
    limit = solved("rumour", Descent(5, 0.1), steps=4)
    cell = finite.Cell(**finite.cell("rumour", replace(GAMES["rumour"], steps=4), limit, star, "star", Seeds(0)))
    assert cell.core == [None] and np.isfinite(cell.overall).all()


def test_defaults_and_configs_of_claims():
    config = Config()
    assert (config.steps, config.s, config.runs, config.step, config.labels) == (50, 0.5, 20, 0.1, 50)
    for claim in CLAIMS:
        Config(**claim.config)


def test_it_runs_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.txt").write_text("\n".join(f"{u} {v}" for u, v in sparse_graphs.network("karate", None).edges))
    words = ["games=sis", "steps=6", "sizes=40", "runs=2", "last=2", "iterations=20", "labels=3", "networks=net.txt",
             "deviators=0", "plays=2", "memory_size=0", "--json"]  # fmt: skip
    with pytest.raises(SystemExit) as left:
        main(["run", "graphex-mfg", *words])
    found = json.loads(capsys.readouterr().out)
    assert left.value.code in (0, 1) and [c["graph"] for c in found["results"]["cells"]] == ["nu=40", "net.txt"]
    assert "edge-lists" in {c["id"] for c in found["claims"]} and found["files"]
