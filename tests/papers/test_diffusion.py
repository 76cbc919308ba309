"""The paper runs small, its exact claims hold, broken samplers are caught by name, and bad input is refused."""

import json

import numpy as np
import pytest

from manyminds.core import BadInput, Seeds
from manyminds.lab.command import main
from manyminds.networks import samplers
from manyminds.papers.diffusion import checks, exact, learned, planner, taxonomy, user
from manyminds.papers.diffusion.paper import CLAIMS, PAPER, Config, Results
from manyminds.papers.index import BY_SLUG
from manyminds.theory import diffusions as theory
from manyminds.theory import guidance

SEEDS = Seeds(3)
CLAIM = {claim.id: claim for claim in CLAIMS}
WEIGHTS = (-1.0, 0.0, 1.0, 8.0)


def holds(name, **rows):
    return CLAIM[name].check(Results.model_construct(**rows)).holds


def test_what_needs_no_simulation():
    assert holds("decomposition", decompositions=exact.decompositions(SEEDS, 5))
    rows = exact.initialisation()
    assert holds("centred", initialisation=rows) and holds("offset", initialisation=rows)
    assert [r["centred"] for r in rows] == pytest.approx([5.8e-6, 1.4e-9, 1.5e-16], rel=0.02)
    assert holds("bound", bounds=exact.bounds())
    found = exact.discretisation(SEEDS, 2000)
    assert holds("halves", discretisation=found)
    assert found["ratios"] == pytest.approx([2.13, 2.07, 2.04, 2.02], abs=0.005)


def test_guidance():
    rows = exact.guided(SEEDS, WEIGHTS, 4000)
    for name in ("raised", "sharpened", "not-tilted", "conventions"):
        assert holds(name, guided=rows), name


def test_over_guidance_splits_or_collapses():
    rows = exact.over_guided(SEEDS, 100.0, 1000)
    assert holds("over-guided", over=rows)
    assert rows[0]["std"] == pytest.approx(14.7, abs=0.5) and rows[2]["std"] < 1e-15


def test_memorised_points_come_back():
    assert holds("memorises", memorised=exact.memorised(SEEDS, 100, 8, 300))


def test_a_shifted_weight_is_caught(monkeypatch):
    """Mutant: unconditional + w (conditional - unconditional), read as if it were the excess weight."""
    monkeypatch.setattr(guidance.Guidance, "mixed", lambda self, c, u: u + self.weight * (c - u))
    rows = exact.guided(SEEDS, (*WEIGHTS[:3], 8.0), 2000)
    assert not holds("conventions", guided=rows) and not holds("sharpened", guided=rows)


def test_a_tilted_density_is_no_substitute():
    """Mutant: reporting the tilted density as what the sampler gives."""
    rows = [dict(r, mean=r["tilted_mean"], std=r["tilted_std"]) for r in exact.guided(SEEDS, (1.0,), 500)]
    assert not holds("not-tilted", guided=rows)


def test_half_noise_is_caught(monkeypatch):
    """Mutant: the backward SDE with too little noise, right in the mean and wrong in the variance only."""

    def quiet(score, x, t, after, key):
        step = t - after
        return x + step * (x / 2 + score(x, t)) + 0.5 * step**0.5 * samplers.noise_like(key, x)

    monkeypatch.setitem(samplers.STEPS, "Euler-Maruyama", quiet)
    rows = exact.simulations(SEEDS, 1000)
    broken = [r for r in rows if r["method"] == "Euler-Maruyama"]
    assert all(abs(r["mean_off"]) < 4 for r in broken) and not holds("simulated", simulations=broken)
    assert holds("simulated", simulations=[r for r in rows if r["method"] != "Euler-Maruyama"])


def test_a_dropped_normal_part_is_caught(monkeypatch):
    """Mutant: the score on a subspace without what points back to it."""
    monkeypatch.setattr(exact.mixtures, "decomposed_score", lambda law, frame, x, t: law.score(x @ frame, t) @ frame.T)
    assert not holds("decomposition", decompositions=exact.decompositions(SEEDS, 1))


def test_a_flow_with_its_whole_score_is_caught(monkeypatch):
    """Mutant: the probability-flow equation without its half."""
    own = samplers.heun_ode
    monkeypatch.setitem(samplers.STEPS, "Heun ODE", lambda score, *rest: own(lambda x, t: 2 * score(x, t), *rest))
    assert not holds("one-law", same_law=exact.same_law(SEEDS, 1))


def test_a_bound_without_its_score_part_is_caught(monkeypatch):
    own = theory.kl_bound
    monkeypatch.setattr(theory, "kl_bound", lambda lam, end, early, error: own(lam, end, early, 0.0))
    assert not holds("bound", bounds=exact.bounds())


def test_f_hat_is_not_f_star():
    """Mutant: reporting the fitted reward as the realised one; with a wrong f_hat the two lie far apart."""
    row = {"seed": 0, "target": 1.0, "realised": 0.5, "promised": 0.92, "formula": 0.5, "true": 0.4}
    rows = [row | {"target": t, "realised": t / 2, "promised": 0.92 * t, "formula": t / 2} for t in (1.0, 2.0, 3.0)]
    assert holds("reward", rewarded=rows)
    assert not holds("reward", rewarded=[r | {"realised": r["promised"]} for r in rows])


SMALL = learned.Size(width=8, depth=1, steps=4, batch=8, step_size=1e-3, end=8.0, early=0.01, sampling_steps=4)


@pytest.mark.slow
def test_rows_of_small_trainings_have_their_columns():
    rows = learned.subspaces(SEEDS, 6, 2, 50, SMALL, 2)
    assert {r["net"] for r in rows} == {"encoder-decoder", "plain"} and len(rows) == 4
    problem = learned.Rewards(dimension=6, latent=2, unlabelled=50, labelled=20, label_noise=0.1, noise=0.3)
    for preferences in (False, True):
        rows = learned.rewarded(SEEDS, problem.model_copy(update={"preferences": preferences}), (1.0, 50.0), SMALL, 2)
        assert [r["within"] for r in rows] == [True, False] * 2
    plans = planner.between(SEEDS, SMALL, 100, 1)
    assert 0 <= plans[0]["reached"] <= 1 and len(planner.asked(SEEDS, SMALL, 100, 1)[0]["realised"]) == 3


def test_exponents_are_slopes():
    rows = [{"latent": d, "dimension": 32 * k, "count": n, "seed": 0, "distance": 2 * n ** (-1 / (d + 2))}
            for d in (1, 2) for k in (1, 2) for n in (100, 400, 1600)]  # fmt: skip
    assert checks.exponents(Results.model_construct(rates=rows))[2, 64] == pytest.approx(0.25)
    assert holds("rate-falls", rates=rows) and holds("rate-stays", rates=rows)


def test_the_taxonomy_names_papers_that_exist():
    assert set(taxonomy.NEIGHBOURS) <= set(BY_SLUG) and taxonomy.of("govsim").stands() == frozenset()
    assert "control: reward condition" in PAPER.stands


@pytest.mark.parametrize("settings", [
    {"early": 0.0}, {"early": 9.0}, {"guidance": 1.0, "mask_probability": 0.0}, {"labelled": 3},
    {"weights": (1.0, 0.0)}, {"weights": (-2.0,)}, {"data": "nowhere.npy"}])  # fmt: skip
def test_settings_that_cannot_be(settings):
    with pytest.raises(ValueError):
        Config(**settings)


def files(folder):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    y = x[:, 0] + 0.1 * rng.normal(size=60)
    y[::7] = np.nan
    np.save(folder / "x.npy", x)
    np.savez(folder / "both.npz", x=x, y=y)
    lines = [f"{a},{b},{'' if np.isnan(c) else c}" for (a, b), c in zip(x, y)]
    (folder / "both.csv").write_text("\n".join(["a,b,y", *lines]))
    return x, y


def test_data_files_in_their_forms(tmp_path):
    x, y = files(tmp_path)
    np.testing.assert_array_equal(user.read(tmp_path / "x.npy")[0], x)
    for name in ("both.npz", "both.csv"):
        got, labels = user.read(tmp_path / name)
        np.testing.assert_allclose(got, x)
        np.testing.assert_allclose(labels, y)
    np.savez(tmp_path / "other.npz", z=x)
    np.save(tmp_path / "short.npy", x[:3])
    np.save(tmp_path / "hole.npy", np.where(x > 1, np.nan, x))
    (tmp_path / "a.txt").write_text("1")
    for name, said in (
        ("other.npz", "no array"),
        ("short.npy", "20 rows"),
        ("hole.npy", "not finite"),
        ("a.txt", "none of"),
    ):
        with pytest.raises(BadInput, match=said):
            user.read(tmp_path / name)


def test_own_data_is_studied(tmp_path):
    files(tmp_path)
    row = user.studied(tmp_path / "both.npz", SMALL, 0.1, 0.0, SEEDS, tmp_path / "out")
    assert np.load(tmp_path / "out" / "samples.npy").shape == (12, 2)
    assert next(r["within"] for r in row["targets"]) and len(row["guidance"]) == 3
    assert PAPER.tables(Results(user=row))


SMALLEST = ["draws=2", "points=100", "law_tests=1", "seeds=2", "dimensions=[8]", "count=50", "steps=3", "width=8",
            "sampling_steps=4", "unlabelled=100", "targets=[1,2]"]  # fmt: skip


def ran_from_the_command_line(capsys, *more):
    with pytest.raises(SystemExit) as left:
        main(["run", "diffusion", *SMALLEST, *more, "--json"])
    assert left.value.code == 0
    return json.loads(capsys.readouterr().out)


def test_one_part_runs_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = ran_from_the_command_line(capsys, 'parts=["subspace"]')
    assert len(found["results"]["subspaces"]) == 4 and not found["results"]["guided"]


@pytest.mark.slow
def test_all_usual_parts_run_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = ran_from_the_command_line(capsys)
    assert len(found["results"]["guided"]) == 7 and found["files"]
