"""The paper runs small and says what it found; claims fall when what they speak of is broken."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import NotHere, Seeds
from manyminds.lab.command import main
from manyminds.learning import follow_the_leader as ftl
from manyminds.papers.losse import control, experiments
from manyminds.papers.losse.logs import learnt_log
from manyminds.papers.losse.paper import CLAIMS, Config, Results
from manyminds.papers.losse.rows import Cost, Encodings, Exact, LogReport, Regions, Regret, Shift
from manyminds.papers.losse.shown import figures, tables
from manyminds.worlds.control.classic import Moving, Pendulum
from manyminds.worlds.science.streams import transitions


def holds(name, **found):
    claim = next(c for c in CLAIMS if c.id == name)
    return claim.check(Results(**found)).holds


def exact(**changed):
    good = {"gram": 1e-15, "cross": 1e-15, "solve": 1e-13, "order": 1e-13, "rises": 0, "below": 0, "swept": 1e-10}
    return Exact(**{**good, "before": 3.0, "after": 0.1, "least": 0.05, **changed})


def test_exactness_holds_on_a_real_stream():
    found = Exact.model_validate(experiments.exact(Seeds(1), steps=12, sweeps=12))
    assert found.gram < 1e-12 and found.cross < 1e-12 and found.solve < 1e-10 and found.order < 1e-10
    assert found.rises == found.below == 0 and found.least <= found.after < found.before


def test_a_step_without_the_other_rows_breaks_the_claim_on_descent(monkeypatch):
    def dropped(rows, cross, index, weights, ridge):
        return jnp.linalg.solve(rows.block() + ridge * jnp.eye(len(index)), cross[index])

    monkeypatch.setattr(ftl, "block_solution", dropped)
    found = experiments.exact(Seeds(1), steps=25, sweeps=25)
    assert not holds("descent", exact=Exact.model_validate(found))


@pytest.mark.parametrize(
    ("claim", "broken"),
    [
        ("exactness", {"gram": 1e-6}),
        ("exactness", {"order": 1e-3}),
        ("descent", {"rises": 1}),
        ("descent", {"below": 1}),
        ("sweeps", {"swept": 1e-4}),
    ],
)
def test_claims_on_exactness_can_fall(claim, broken):
    assert holds(claim, exact=exact()) and not holds(claim, exact=exact(**broken))


def shifts(losse, online=(0.1, 0.1), leader=(0.001, 0.001)):
    """Rows at two correlations, three seeds that differ a little."""
    near = np.array([0.9, 1.0, 1.1])
    return [Shift(correlation=d, losse=list(near * a), exact=list(near * b), rivals={"NN online": list(near * c)},
                  step_sizes={"NN online": 1e-3}) for d, a, b, c in zip((0.0, 0.9), losse, leader, online)]  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "broken"),
    [
        ("shift-small", shifts((0.001, 0.02))),
        ("shift-exact", shifts((0.001, 0.002))),
        ("shift-online", shifts((0.001, 0.001), online=(0.1, 0.005))),
        ("shift-flat", shifts((0.001, 0.004))),
        ("no-forgetting", shifts((0.001, 0.004))),
    ],
)
def test_claims_on_shift_can_fall(claim, broken):
    assert holds(claim, shift=shifts((0.001, 0.001))) and not holds(claim, shift=broken)


def regrets(exact, network, slope=1.0):
    times, late = [100, 300, 1000, 3000, 10_000], [1000, 2000, 3000, 4000]
    rows = [[exact(t) + wiggle for t in times] for wiggle in (0.0, 0.01)]
    nets = [[network(t) * wiggle for t in late] for wiggle in (1.0, 1.1)]
    return Regret(times=times, exact=rows, sparse=rows, predicted_slope=slope, network_times=late, network=nets)


@pytest.mark.parametrize(
    ("claim", "broken"),
    [
        ("log-regret", regrets(lambda t: t**0.9, lambda t: t)),
        ("regret-slope", regrets(lambda t: 2 * np.log(t), lambda t: t)),
        ("linear-regret", regrets(np.log, np.log)),
    ],
)
def test_claims_on_regret_can_fall(claim, broken):
    assert holds(claim, regret=regrets(np.log, lambda t: t)) and not holds(claim, regret=broken)


def halves(losse, network):
    return [Regions(method=name, left=[0.01] * 3, later=[later, later * 1.1, later * 0.9], back=[0.01] * 3)
            for name, later in (("Losse", losse), ("NN online", network))]  # fmt: skip


def test_claims_on_forgetting_can_fall():
    good = halves(0.0101, 0.1)
    assert holds("forgets-little", regions=good) and holds("network-forgets", regions=good)
    assert not holds("forgets-little", regions=halves(0.02, 0.1))
    assert not holds("network-forgets", regions=halves(0.0101, 0.0102))


def encoded(tiles):
    return [Encodings(task="pendulum", features=name, size=64, active=64, rmse=[e, e * 1.01, e * 0.99])
            for name, e in (("Losse", 0.1), ("tile coding", tiles))]  # fmt: skip


def test_claims_on_encodings_and_cost_can_fall():
    assert holds("tiles", encodings=encoded(0.2)) and not holds("tiles", encodings=encoded(0.09))
    with pytest.raises(NotHere, match="digits took no part"):
        holds("digits", encodings=encoded(0.2))
    sizes = {"size": 1936, "larger_size": 30976, "stored": 1, "larger_stored": 1}
    good = Cost(sparse=1, larger=1.5, dense=100, early=1, late=1, **sizes)
    slow = Cost(sparse=10, larger=25, dense=100, early=1, late=10, **sizes)
    for name in ("cost", "cost-size", "cost-time"):
        assert holds(name, cost=good) and not holds(name, cost=slow)


def lives(losse, others):
    """Areas in all four worlds."""
    rows = [(place, "losse", losse) for place in ("maze", "mountain-car", "acrobot", "pendulum")]
    rows += [(place, name, area) for place, _, _ in rows for name, area in others.items()]
    return [
        control.Curve(place=p, method=m, steps=[1], returns=[[a]] * 3, area=[a - 0.1, a, a + 0.1]) for p, m, a in rows
    ]


def test_claims_on_dyna_can_fall():
    names = {"planning": "model-free", "dyna-online": "nn-online", "dyna-replay": "nn-replay"}
    for claim, method in names.items():
        assert holds(claim, curves=lives(-50, {method: -100})) and not holds(claim, curves=lives(-50, {method: -20}))


def test_gaps_of_a_curve_count_as_the_point_before():
    filled = control.filled(np.array([[np.nan, -5, np.nan], [-1, np.nan, np.nan]]), -9)
    np.testing.assert_array_equal(filled, [[-9, -5, -5], [-1, -1, -1]])


def log_of_pendulum(path, n=300):
    rng = Seeds(0)
    x = rng.numpy("x").uniform([-3, -8], [3, 8], (n, 2))
    made = transitions(Pendulum(), Moving(jnp.asarray(x, jnp.float32), jnp.zeros(n, jnp.int32)), rng.jax("act"))
    given, out = np.asarray(made.inputs), np.asarray(made.targets)
    obs = given[:, :3].copy()
    columns = {
        "obs": obs,
        "act": given[:, 3:],
        "rew": out[:, 3],
        "next_obs": obs + out[:, :3],
        "terminated": np.zeros(n),
    }
    columns["obs"] = np.where(np.arange(n)[:, None] == 50, np.nan, obs)
    np.savez(path, **columns)


def test_a_log_is_learnt_and_reported(tmp_path):
    log_of_pendulum(tmp_path / "log.npz")
    found = LogReport.model_validate(learnt_log(tmp_path / "log.npz", 8, 4, 1e-3, 2.0, Seeds(0)))
    assert (found.rows, found.skipped) == (300, 1) and found.outputs[-2:] == ["reward", "ended"]
    assert all(ours < naive for ours, naive in zip(found.rmse[:4], found.naive[:4]))
    assert len(found.left) == len(found.end) == 4 and found.stored > 0 and found.gib > 0
    assert found.end[3] == found.left[3]
    assert [t.title for t in tables(Results(log=found))]


def test_everything_is_drawn_and_shown(tmp_path):
    found = Results(exact=exact(), shift=shifts((0.001, 0.001)), regret=regrets(np.log, lambda t: t),
                    regions=halves(0.01, 0.1), encodings=encoded(0.2), curves=lives(-50, {"model-free": -60}),
                    cost=Cost(sparse=1, larger=1, dense=1, early=1, late=1, size=1, larger_size=1, stored=1,
                              larger_stored=1))  # fmt: skip
    assert len(tables(found)) == 6 + 4
    assert all(path.is_file() for path in figures(found, tmp_path)) and not figures(Results(), tmp_path)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="no rival is called"):
        Config(rivals=("nobody",))
    with pytest.raises(ValueError, match="no file"):
        Config(log="nowhere.npz")


def test_it_runs_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    log_of_pendulum(tmp_path / "log.npz")
    with pytest.raises(SystemExit) as left:
        main(["run", "losse", f"log={tmp_path / 'log.npz'}", "log_groups=4", "log_bins=4", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert left.value.code == 0 and found["results"]["log"]["rows"] == 300


@pytest.mark.slow
def test_every_part_runs_small(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = {"repeats": 2, "correlations": [0.5], "shift_steps": 300, "regret_steps": 2000, "network_steps": 1000,
             "region_rows": 50, "rows": 200, "maze_steps": 500, "places": ["maze", "windy-maze"],
             "methods": ["losse", "model-free", "replay", "nn-online", "nn-synaptic"]}  # fmt: skip
    (tmp_path / "small.json").write_text(json.dumps(small))
    with pytest.raises(SystemExit) as left:
        main(["run", "losse", "--config", "small.json", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert left.value.code == 0 and len(found["results"]["curves"]) == 10
