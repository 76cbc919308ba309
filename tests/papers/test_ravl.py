"""The paper runs small, its claims hold on the grid, and traps that hide or fake the result are caught by name."""

import json
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput, Seeds
from manyminds.lab.command import main
from manyminds.lab.overrides import overridden
from manyminds.learning import branched_rollouts as br
from manyminds.learning import tabular_dynamics as dynamics
from manyminds.learning.dynamics_ensembles import Fit
from manyminds.learning.sac import SAC
from manyminds.papers.ravl import bodies, datasets, exact, grids, planes
from manyminds.papers.ravl.paper import CLAIMS, Config, Results
from manyminds.theory import edge_of_reach as theory
from manyminds.worlds.control.plane import Plane

SEEDS = Seeds(0)
CLAIM = {claim.id: claim for claim in CLAIMS}


def holds(name, **parts):
    given = {"optimum": grids.optimum(), "grid": [], "blends": [], "doubts": {}, "plane": [], "plane_best": 26.0}
    return CLAIM[name].check(Results.model_construct(**given | parts)).holds


def cell(method, steps, **changed):
    recipe = replace(grids.METHODS[method], **changed) if changed else None
    return grids.Cell(**grids.cell(method, steps, SEEDS, 2, recipe))


def test_the_base_falls_short_and_recovers_at_full_length_and_a_patch_mends_it():
    rows = [cell("base", k) for k in (3, 5, 40)] + [cell("patch", k) for k in (3, 5)]
    for name in ("void-3", "void-5", "full", "bias-base", "patch-3", "patch-5"):
        assert holds(name, grid=rows), name


def test_ravl_mends_it_and_its_members_disagree_at_the_edge():
    rows = [cell("ravl-30", k) for k in (3, 5)]
    for name in ("bias-ravl", "apart"):
        assert holds(name, grid=rows), name
    assert min(rows[0].returns) > -7  # the base is near -13; how near the optimum of -4.19 is a claim on more seeds


@pytest.mark.parametrize(
    ("method", "mistake", "broken"),
    [
        ("base", {"offset": -10.2}, "void-3"),  # a low start mends the base for nothing
        ("ravl-30", {"cut_is_end": True}, "ravl-3"),  # the cut of a rollout taken for an end
        ("ravl-30", {"spread": 0.0}, "ravl-3"),  # members that do not differ
    ],
)
def test_traps_are_caught(method, mistake, broken):
    assert not holds(broken, grid=[cell(method, 3, **mistake)])


def test_starting_from_visited_model_states_is_another_edge_of_reach():
    """Rollouts that go on where the last ones stopped come everywhere in time: what fails then is not this failure."""
    assert min(cell("base", 3).void) > 0.03 and max(cell("base", 3, wander=True).void) < 0.01


@pytest.mark.slow
def test_more_data_of_one_walk_is_not_what_mends_it():
    """A buffer that is emptied every epoch sees less, and the base does no better for it."""
    assert holds("void-3", grid=[cell("base", 3, forget=True)])


def blended(method, shares=(0.0, 1.0)):
    return [grids.Blend(**row) for row in grids.blends(method, list(shares), 5, SEEDS, 2)]


def doubts():
    return {str(u): grids.doubts_at(u, SEEDS) for u in (0.0, 1.0)}


def test_the_truth_is_worse_for_a_penalised_base_because_its_penalty_vanishes():
    rows = blended("mopo")
    assert holds("mopo-worse", blends=rows) and holds("no-doubt", doubts=doubts())
    assert rows[0].penalty > 1 and rows[1].penalty == 0


def test_a_penalty_that_does_not_vanish_is_caught(monkeypatch):
    said = dynamics.said_of
    monkeypatch.setattr(dynamics, "said_of", lambda guesses, after, places, share: said(guesses, after, places, 0.0))
    assert not holds("no-doubt", doubts=doubts())
    assert not holds("mopo-worse", blends=blended("mopo"))


def test_the_exact_statements_and_their_mutants(monkeypatch):
    found = exact.Exact(**exact.exact(SEEDS, 30))
    assert holds("propagation", exact=found) and holds("edges", exact=found)
    with monkeypatch.context() as broken:
        broken.setattr(theory, "propagated", lambda e, d, k: e * d ** (np.arange(k + 1) + 1.0))
        assert not holds("propagation", exact=exact.Exact(**exact.exact(SEEDS, 3)))
    with monkeypatch.context() as broken:  # all that can be reached at step k, also what was reached before
        broken.setattr(theory, "edge_of_reach", lambda after, starts, k: theory.supports(after, starts, k)[k])
        found = [exact.same_edge(SEEDS.numpy(i)) for i in range(20)]
        assert not all(found)


def plane_row(method, largest, target, returns):
    rest = {name: [0.0, 0.0] for name in ("bias", "apart_at_edge", "apart_within")}
    return planes.Learnt(
        method=method, seeds=2, returns=returns, target=target, largest=largest, edge_share=0.0, **rest
    )


def test_claims_on_the_plane_can_fail():
    wild = plane_row("base", [400.0, 300.0], [[1.0, 150.0], [2.0, 120.0]], [3.0, 3.0])
    calm = plane_row("base", [40.0, 30.0], [[1.0, 50.0], [2.0, 20.0]], [3.0, 3.0])
    assert holds("plane-diverges", plane=[wild]) and not holds("plane-diverges", plane=[calm])
    norm, loud = (plane_row("ravl-norm", [top, 9.0], [[9.0], [9.0]], [4.0, 4.0]) for top in (20.0, 101.0))
    assert holds("plane-norm", plane=[norm]) and not holds("plane-norm", plane=[loud])


@pytest.mark.slow
def test_the_plane_runs_for_every_method():
    size = planes.Size(updates=4, every=2, rollouts=20, width=8, depth=2, data=50)
    for method in ("base", "patch", "patch-own", "ravl", "ravl-norm", "ravl-prior"):
        found = planes.Learnt(**planes.learnt(method, Plane(), size, SEEDS, 2))
        assert len(found.returns) == 2 and len(found.target[0]) == 2 and np.isfinite(found.largest).all()


def test_the_discounted_return_of_a_body_is_the_sum_of_what_it_is_paid_until_it_ends():
    class Counting:  # pays what it sees, and sees one more each step
        def move(self, seen, action):
            return seen + 1, seen[0]

    ended = lambda seen: seen[..., 0] >= 5  # noqa: E731
    found = bodies.followed(Counting(), ended, lambda seen: seen, jnp.array([[1.0], [4.0], [0.0]]), 0.5, 20)
    np.testing.assert_allclose(found, [1 + 2 / 2 + 3 / 4 + 4 / 8, 4, 1 / 2 + 2 / 4 + 3 / 8 + 4 / 16])


@pytest.mark.slow
def test_a_body_runs_with_its_true_world_as_the_model():
    size = bodies.Size(practice=6, data=50, updates=4, every=2, rollouts=20, width=8, episodes=2)
    for method in ("base", "ravl-prior"):
        found = bodies.Learnt(**bodies.learnt(method, "pendulum", size, SEEDS, 2))
        assert len(found.returns) == 2 and len(found.target[0]) == 2 and np.isfinite(found.bias).all()
        assert max(found.returns + found.left + found.first) <= 0  # the pendulum only costs


@pytest.mark.slow
def test_a_data_set_in_a_file_is_learnt_from(tmp_path):
    rng, n = np.random.default_rng(0), 300
    seen = np.concatenate([rng.uniform(1.0, 1.4, (n, 1)), rng.normal(0, 0.05, (n, 10))], 1)
    np.savez(tmp_path / "hopper.npz", observations=seen, actions=rng.uniform(-1, 1, (n, 3)), rewards=rng.normal(size=n),
             terminals=np.arange(n) % 50 == 49, timeouts=np.zeros(n, bool))  # fmt: skip
    fit = Fit(members=3, elites=2, width=8, depth=2, least_epochs=1, most_epochs=3)
    branches = br.Branches(steps=2, rollouts=20, updates=2, batch=16, real=0.5)
    found = datasets.Learnt(**datasets.learnt(
        tmp_path / "hopper.npz", "hopper-medium-v2", SAC(critics=3, diversity=1.0, width=8), branches, fit, 2, SEEDS, 0,
        episodes=1,
    ))  # fmt: skip
    assert found.rows == 299 and len(found.model_errors) == 3 and len(found.target) == 2


def test_the_sizes_of_the_paper_are_the_defaults():
    config = Config()
    assert config.steps == (3, 5, 10, 40) and config.shares == (0, 0.25, 0.5, 0.75, 1) and config.seeds >= 3
    defaults = br.Branches()
    assert (defaults.steps, defaults.real, defaults.rollouts, defaults.updates, defaults.kept) == (
        5,
        0.05,
        50_000,
        1000,
        5,
    )
    for claim in CLAIMS:
        Config(**claim.config)


def test_settings_on_a_data_set_are_read_from_words_and_refused_before_anything_runs():
    found = overridden(Config, ["branches.steps=1", "branches.real=.5", "fit.members=3", "plane_size.width=8"])
    assert (found.branches.steps, found.branches.real, found.fit.members, found.plane_size.width) == (1, 0.5, 3, 8)
    assert Config(**json.loads(found.model_dump_json())) == found
    for wrong in ("branches.stps=1", "branches.steps=0", "fit.width=many", "plane_size.wdth=8"):
        with pytest.raises(BadInput):
            overridden(Config, [wrong])


def test_it_runs_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["seeds=2", "steps=3", "methods=base", "blended=", "exact=3", "shares=0.0", "--json"]
    with pytest.raises(SystemExit) as left:
        main(["run", "ravl", *words])
    found = json.loads(capsys.readouterr().out)
    assert left.value.code in (0, 1) and found["results"]["grid"][0]["steps"] == 3 and found["files"]
