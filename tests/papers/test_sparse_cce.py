"""Sparse CCE as a paper: its claims and what breaks them, and users' games audited with a warning."""

import json
from functools import partial

import numpy as np
import paper_runs
import pytest

from manyminds.core import BadInput
from manyminds.lab.overrides import configured
from manyminds.papers.sparse_cce.paper import PAPER, Config, Results
from manyminds.theory.named_games import CHICKEN, SHAPLEY
from manyminds.theory.normal_form import equilibria
from manyminds.theory.sparse_cce import pure_plans
from manyminds.worlds.games.markov import random_markov_game

ran = partial(paper_runs.ran, PAPER)
verdicts = partial(paper_runs.verdicts, PAPER)

SMALL = {"episodes": (20, 200), "stages": (2, 8), "starts": 2, "samples": 100, "bounds": 4, "plans": (9, 81),
         "map_plans": (3, 81), "map_stages": (2, 16), "threats": (10, 20), "extractions": 6, "visits": 20,
         "contrasts": 2}  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("sparse"), Config(**SMALL))


def test_offline_the_claims_hold(report):
    found = verdicts(report.results)
    needs_the_full_run = {"hedge-table", "hedge-table-players", "certificate"}
    assert {k for k, v in found.items() if v == "absent"} == needs_the_full_run
    assert {v for k, v in found.items() if k not in needs_the_full_run} == {"holds"}, found
    assert len(report.files) == 1 and len(PAPER.tables(report.results)) == 8
    assert Results.model_validate(json.loads(report.results.model_dump_json())) == report.results


def changed(results, name, **parts):
    rows = [row.model_copy(update=parts) for row in getattr(results, name)]
    return results.model_copy(update={name: rows})


def test_each_claim_can_fail(report):
    """Broken results, and the claim that each of them breaks."""
    good = report.results
    falling = [r.model_copy(update={"history_gap": -float(r.stages)}) for r in good.learned]
    broken = {
        "vanishing": changed(good, "learned", markov_gap=0.5),
        "monotone": good.model_copy(update={"learned": falling}),
        "bounds": changed(good, "bounds", certificate=1.0),
        "bounds-200": changed(good, "bounds", divergence=99.0, divergence_error=0.0),
        "phase": changed(good, "phases", gap=0.0),
        "frontier": changed(good, "map", gap=0.1),
        "threats": changed(good, "threats", plain_gap=0.02),
        "kibitzer": changed(good, "threats", with_kibitzer=0.08),
        "reacting": changed(good, "threats", reacting=0.03),
        "visits": changed(good, "visits", value=-2.0),
        "extraction": changed(good, "extractions", regret=0.01),
        "tractable": changed(good, "contrasts", worst_gap=0.01),
    }
    for name, results in broken.items():
        claim = next(c for c in PAPER.claims if c.id == name)
        assert claim.verdict(results).verdict == "fails", name


@pytest.mark.slow
def test_the_full_table(tmp_path):
    full = SMALL | {"episodes": (100, 1000), "stages": (2, 8, 32, 64, 128, 256), "starts": 3, "samples": 500}
    found = verdicts(ran(tmp_path, Config(**full)).results)
    assert found["hedge-table"] == found["certificate"] == "holds"


def audited(tmp_path, values, **settings):
    file = tmp_path / "game.json"
    file.write_text(json.dumps(values))
    settings = {"episodes": (300,), "stages": (2, 8, 32), "samples": 200} | settings
    return ran(tmp_path, configured(Config, {"game": str(file)} | settings))


def test_learners_on_a_users_game_are_audited_and_warned_about(tmp_path):
    report = audited(tmp_path, {"payoffs": SHAPLEY.tolist()})
    row = report.results.user
    assert row.exact and max(row.markov_gaps) < 0.05 < min(row.history_gaps)
    assert "remembering" in row.warning and "remembering" in PAPER.tables(report.results)[0].note
    safe = audited(tmp_path, {"payoffs": (10 * CHICKEN).tolist()}).results.user  # they learn a pure equilibrium
    assert safe.warning == "" and safe.span == 70 and len(safe.extracted) == 2


def test_policies_in_the_file(tmp_path):
    plans = pure_plans(np.random.default_rng(0), (3, 3), 9, 10)
    row = audited(tmp_path, {"payoffs": SHAPLEY.tolist(), "policies": [p.tolist() for p in plans]}).results.user
    assert (row.episodes, row.stages, row.policies) == (9, 10, "from the file") and min(row.history_gaps) > 0.3
    nash = [p[None].tolist() for p in equilibria(SHAPLEY)[0]]
    row = audited(tmp_path, {"payoffs": SHAPLEY.tolist(), "policies": nash}).results.user
    assert max(row.history_gaps) < 1e-9 and row.stages == 32 and row.certificates == pytest.approx([0, 0], abs=1e-9)


def test_markov_games_with_and_without_policies(tmp_path):
    game = random_markov_game(np.random.default_rng(0), 3, 2, (2, 2))
    values = {"rewards": game.rewards.tolist(), "transitions": game.transitions.tolist(), "start": game.start.tolist()}
    policies = [np.random.default_rng(i).dirichlet([0.2, 0.2], (2, 3, 2)).tolist() for i in range(2)]
    row = audited(tmp_path, values | {"policies": policies}).results.user
    assert row.exact and row.kind == "Markov game" and row.certificates == [None, None]
    learned = audited(tmp_path, values, episodes=(40,)).results.user
    assert learned.episodes == 40 and learned.policies == "hedge in self-play"


def test_joint_policies_and_bad_files_are_refused(tmp_path):
    joint = np.full((2, 4, 3, 3), 1 / 9).tolist()
    with pytest.raises(BadInput, match="product policies"):
        audited(tmp_path, {"payoffs": SHAPLEY.tolist(), "policies": [joint, joint]})
    with pytest.raises(BadInput, match="payoff"):
        audited(tmp_path, {"payoff": 1})
    with pytest.raises(BadInput, match="cannot be read"):
        configured(Config, {"game": str(tmp_path / "none.json")})
    with pytest.raises(BadInput, match="learner"):
        configured(Config, {"learner": "hedgehog"})
