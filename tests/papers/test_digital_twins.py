"""Both twins, tiny: a run from beginning to end, claims and what breaks them, files of others, what is refused."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from paper_runs import ran, verdicts
from scipy.io import savemat

from manyminds.core import BadInput, Seeds
from manyminds.learning.control import Plan
from manyminds.papers.digital_twins import grazing, metabolism
from manyminds.papers.digital_twins.files import columns, read_sets
from manyminds.papers.digital_twins.grazing import Fit, Judged, Meadow, SetMeans
from manyminds.papers.digital_twins.metabolism import Learnt, Ran
from manyminds.papers.digital_twins.paper import PAPER, Config, Results
from manyminds.papers.digital_twins.shown import figures, tables
from manyminds.worlds.populations.predation import Predation

TINY = Config(size=20, ticks=30, window=20, since=5, set_runs=2, families=("published", "quadratic", "neural"),
              fit_updates=3, updates=2, rollouts=1, trainings=1, tests=2, rivals=("nelder-mead",), horizon=1000,
              schedule_updates=2, schedule_seeds=1, cell_size=5, cell_ticks=100)  # fmt: skip


@pytest.mark.slow
def test_a_tiny_run_from_beginning_to_end(tmp_path):
    results = ran(PAPER, tmp_path, TINY).results
    assert {j.method for j in results.judged} == {"none", "closed form", "learnt", "nelder-mead"}
    assert len(tables(results)) == 6 and all(path.stat().st_size for path in figures(results, tmp_path))
    assert set(verdicts(PAPER, results).values()) <= {"holds", "fails", "absent"}


def judged(method, cost, seed=0, target=0):
    return Judged(target=target, method=method, seed=seed, weights=[0.004, 0.006], simulations=8, cost=[cost] * 3,
                  late=[[900.0, 180, 46]] * 3, removed=1.0, arrived=3, arrival=3.0, extinct=0,
                  promised=0.0)  # fmt: skip


def made(learnt=0.01, waste=3.6, cell=(3.5, 3.7, 3.8), wolves=0.05):
    """What a good run finds; each argument breaks one claim."""
    scale = 0.04
    rows = [judged("none", 0.2), judged("closed form", 0.02), judged("nelder-mead", 0.015)]
    rows += [judged("learnt", learnt, s) for s in range(5)]
    late = {name: np.array(v) * scale for name, v in grazing.REFERENCE.items()}
    late["none"][2] *= 1 + wolves - 0.05
    cells = [Ran(name=n, waste=[w, w + 0.01, w - 0.01], promised=w, run=[[0.0] * 5] * 2, spread=[[0.0] * 5] * 2,
                 late=[1247.0, 168, 176, 108, 303]) for n, w in zip(("learnt", "1", "0.2"), cell)]  # fmt: skip
    return Results(scale=scale, targets=[[184.0, 46.0]], judged=rows, alone=[[0.004, 0.006, 0.00401, 0.006]],
                   sets=[SetMeans(name=n, late=[v.tolist()] * 3, run=[], extinct=0) for n, v in late.items()],
                   learnt=[Learnt(kind=k, seed=i, before=3.8, waste=waste, inflow=[1.0] * 20) for i in range(5)
                           for k in ("schedule", "feedback")],
                   cells=cells, cell_ticks=1000, constants={"1": 3.738}, phases={"0 to 5000, then 0.88": 3.648},
                   fits=[Fit(family="neural", seen=0.1, unseen=0.2),
                         Fit(family="quadratic", seen=0.1, unseen=0.3)])  # fmt: skip


def test_every_claim_holds_for_good_results_and_is_broken_by_a_bad_one(tmp_path):
    assert set(verdicts(PAPER, made()).values()) == {"holds"}
    broken = {
        "tenth": made(learnt=0.03), "corrected": made(learnt=0.021), "half-the-budget": made(learnt=0.016),
        "schedule": made(waste=3.65), "feedback": made(waste=3.74), "cell": made(cell=(3.7, 3.6, 3.8)),
        "cell-low": made(cell=(3.7, 3.9, 3.6)), "land": made(wolves=0.11),
    }  # fmt: skip
    for claim, results in broken.items():
        assert verdicts(PAPER, results)[claim] == "fails", claim
    assert len(tables(made())) == 6 and len(figures(made(), tmp_path)) == 1


def test_a_gain_below_the_noise_of_seeds_is_no_gain():
    results = made()
    noisy = [
        c.model_copy(update={"waste": [3.0, 3.9, 3.4] if c.name == "1" else [3.5, 3.3, 3.2]}) for c in results.cells[:2]
    ]
    assert verdicts(PAPER, results.model_copy(update={"cells": noisy}))["cell"] == "fails"


def test_training_and_unseen_seeds_are_different_streams(monkeypatch):
    """The keys that are judged on are none of those that training was given."""
    given = {}

    def caught(name):
        def keep(*args, **kwargs):
            given[name] = next(
                a for a in args if hasattr(a, "dtype") and jax.dtypes.issubdtype(a.dtype, jax.dtypes.prng_key)
            )
            raise InterruptedError

        return keep  # fmt: skip

    meadow, target, seeds = Meadow(51, 20, 10), np.array([[180.0, 48.0]]), Seeds(0)
    monkeypatch.setattr(grazing, "control", caught("training"))
    monkeypatch.setattr(grazing, "tried", caught("unseen"))
    with pytest.raises(InterruptedError):
        grazing.learnt(meadow, target, grazing.mechanistic(np.ones(3), 1.0), Plan(20), seeds, 3)
    row = {"target": 0, "method": "none", "seed": 0, "weights": [0.0, 0.0], "simulations": 0}
    with pytest.raises(InterruptedError):
        grazing.judged(meadow, target, [row], seeds, 4)
    training, unseen = (set(map(tuple, np.asarray(jax.random.key_data(k)).tolist())) for k in given.values())
    assert len(training) == 3 and len(unseen) == 4 and not training & unseen


def test_what_the_world_costs_is_never_what_the_metamodel_promises():
    """The closed form promises exactly nothing; the judgement of runs must not repeat that."""
    target = np.array([180.0, 48.0])
    scale = Meadow(51, 20, 10).scale
    weights = grazing.closed_form(target, scale).tolist()
    x = np.tile(np.array([900.0, 150, 70]), (4, 21, 1))
    row = {"target": 0, "method": "closed form", "seed": 0, "weights": weights, "simulations": 0}
    found = grazing.judgement(Meadow(51, 20, 10), target, row, x, np.ones((4, 20, 2)))
    assert found.promised < 1e-12 and found.cost[0] == pytest.approx(0.5 * ((150 / 180 - 1) ** 2 + (70 / 48 - 1) ** 2))
    assert found.removed == 40 and found.arrival is None


def test_arrival_is_the_first_tick_that_is_not_left_again():
    run, target = np.full((200, 2), 100.0), np.array([100.0, 100.0])
    assert grazing.arrival(run, target) == 0
    run[:100] = 50
    # 60 of the 100 ticks must be of the second half for a mean of 80.
    assert grazing.arrival(run, target) == pytest.approx(60, abs=1)
    run[150:] = 10
    assert grazing.arrival(run, target) is None


def test_runs_of_the_cell_begin_with_its_numbers_and_differ_by_seed_alone():
    """The start has a number of its own among what is folded into a key (-1 is refused by jax 0.10)."""
    inflows = {"1": np.ones(2), "40": np.full(2, 40.0), "1 again": np.ones(2)}
    one, more, again = metabolism.ran(5, inflows, 20, Seeds(0), 2, lambda: None)
    assert one.run[0] == more.run[0] == [80_000, 20_000, 20_000, 0, 0] and one.spread[0] == [0.0] * 5
    assert one.run == again.run and one.run != more.run and one.spread[-1] != [0.0] * 5


def test_unreachable_targets_and_empty_windows_are_refused_before_anything_runs(tmp_path):
    with pytest.raises(BadInput, match="late window"):
        ran(PAPER, tmp_path, TINY.model_copy(update={"window": 30}))
    with pytest.raises(BadInput, match="cannot be reached"):
        grazing.closed_form((4000.0, 1.0), 1.0)


def test_published_files_are_read_and_bad_ones_refused(tmp_path):
    run = np.tile(np.array([24_288.0, 4001, 1916]), (50, 1))
    savemat(tmp_path / "none.mat", {"Ya": run, "Ta": np.arange(50)})
    (only,) = read_sets(str(tmp_path), ("none",), 20)
    assert only.late == [[24_288.0, 4001, 1916]] and len(only.run) == 50
    savemat(tmp_path / "sheep 2%.mat", {"Y": run[:, :2]})
    (tmp_path / "grass 2%.mat").write_bytes(b"no matrix")
    refused = {
        "sheep 2%": "has no 'Ya'",
        "grass 2%": "cannot be read",
        "wolves 1.5%": "no file",
        "bears": "no condition",
    }
    for name, said in refused.items():
        with pytest.raises(BadInput, match=said):
            read_sets(str(tmp_path), (name,), 20)
    with pytest.raises(BadInput, match="after window"):
        read_sets(str(tmp_path), ("none",), 60)
    with pytest.raises(BadInput, match="should be"):
        columns(tmp_path / "sheep 2%.mat", "Y", 3)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [{"regrowth": 0}, {"wolves_breed": 0.06}, {"sheep_energy": 18.0}])
def test_a_wrong_rule_of_the_land_moves_its_means_beyond_what_the_claim_allows(wrong):
    keys, none, land = jax.random.split(jax.random.key(0), 4), jnp.zeros((4, 3)), Predation(51, by="share")
    right, moved = (np.asarray(grazing.removal_runs(world, 500, none, 1, keys)[0])[:, 300:].mean((0, 1))
                    for world in (land, replace(land, **wrong)))  # fmt: skip
    off = np.abs(moved / right - 1)
    assert (off > (0.02, 0.03, 0.04)).any()
