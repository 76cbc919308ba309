"""The paper runs small, its learners learn, and the traps of lifting are caught by name."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import Seeds
from manyminds.lab.command import main
from manyminds.papers.dec_pomfc import evaluating as ev
from manyminds.papers.dec_pomfc import experiments, training
from manyminds.papers.dec_pomfc.evaluating import Runs, Score
from manyminds.papers.dec_pomfc.experiments import Exact, Learnt, Quadratics
from manyminds.papers.dec_pomfc.paper import CLAIMS, Config, Results
from manyminds.papers.dec_pomfc.training import Size
from manyminds.theory.mean_field_control import LinearQuadratic, TwoState, brute_force

CLAIM = {claim.id: claim for claim in CLAIMS}


def holds(name, **parts):
    given = {"exact": None, "quadratic": [], "learnt": [], "two_states": None}
    return CLAIM[name].check(Results.model_construct(**given | parts)).holds


def test_a_fixed_policy_comes_to_its_limit_and_rules_are_as_smooth_as_said():
    found = Exact(**experiments.exact((10, 30, 100, 300), Seeds(0)))
    for name in ("half-power", "smooth", "jumps"):
        assert holds(name, exact=found), name
    swapped = found.model_copy(update={"steepest": {"kernel": found.steepest["histogram"], "histogram": 1.0}})
    assert not holds("smooth", exact=swapped) and not holds("jumps", exact=swapped)
    stuck = found.model_copy(update={"slope": 0.0})  # a swarm that never comes to its limit
    assert not holds("half-power", exact=stuck)


def quadratic(blur, returns):
    theory = LinearQuadratic(blur)
    optimum = theory.optimum() if blur == 0 else -1.0077
    gain, fixed = theory.best_fixed()
    return Quadratics(
        blur=blur, returns=returns, optimum=optimum, fixed=fixed, gain=gain, nothing=-10.467, curve=[[0.0]]
    )


def test_claims_on_the_quadratic_world_can_fail():
    assert holds("lq-exact", quadratic=[quadratic(0.0, [-0.64, -0.65])])
    assert not holds("lq-exact", quadratic=[quadratic(0.0, [-0.70, -0.69])])
    good, still = quadratic(0.05, [-1.04, -1.05, -1.045]), quadratic(0.05, [-1.104, -1.105, -1.104])
    assert holds("lq-moves", quadratic=[good]) and holds("lq-noisy", quadratic=[good])
    # An upper level that ignores mu and time is a fixed gain: at best the best of them.
    assert not holds("lq-moves", quadratic=[still]) and not holds("lq-noisy", quadratic=[still])


def learnt(learner, totals, ways=("mean", "shared", "own", "open"), hand=-20.0, sizes=(100, 400)):
    def runs(way, agents, values):
        scores = [Score(total=[v, v], discounted=[v, v], order=0.9) for v in values]
        return Runs(way=way, agents=agents, scores=scores)

    flat = Score(total=[-77.0], discounted=[-50.0], order=0.1)
    some = [runs(way, sizes[0], totals) for way in ways] + [runs("mean", sizes[1], totals[:1])]
    return Learnt(task="kuramoto", learner=learner, shape="kernel", numbers=12, curve=[[0.0]], runs=some,
                  untrained=[-77.0, -77.5], nothing=flat, hand=Score(total=[hand], discounted=[hand], order=1.0),
                  hand_gain=2.0, gaps=[], path={})  # fmt: skip


def test_claims_on_swarms_can_fail():
    good, poor = learnt("field", [-21.0, -20.5, -21.2]), learnt("field", [-76.9, -78.0, -77.0])
    other = learnt("ippo", [-22.0, -21.0, -22.5], ways=("mean",))
    for name in ("kuramoto-nothing", "kuramoto-untrained", "kuramoto-hand", "kuramoto-ippo", "tens", "replay", "draws"):
        assert holds(name, learnt=[good, other]), name
    for name in ("kuramoto-nothing", "kuramoto-untrained", "kuramoto-hand", "kuramoto-ippo"):
        assert not holds(name, learnt=[poor, other]), name


def test_every_learner_takes_steps_and_sees_only_its_part():
    size = Size(agents=6, copies=2, updates=2, epochs=1, minibatches=1, width=8, learners=2)
    swarm = training.swarm_of("kuramoto", 4)
    rule = training.rule_of("kuramoto")
    for learner in ("field", "open"):
        found = training.lifted_training(swarm, rule, learner, size, Seeds(0), 2)
        network = training.one_seed(found.networks, 1)
        seen = jnp.arange(12.0) / 12
        moved = seen.at[5].add(1.0)  # a feature of mu
        same = bool((network(seen)[0].mean == network(moved)[0].mean).all())
        assert same == (learner == "open") and float(network(seen)[1]) != float(network(moved)[1])
    for learner in ("ippo", "mappo"):
        found = training.shared_training(swarm, learner, size, Seeds(0), 2)
        network = training.one_seed(found.networks, 0)
        seen = jnp.arange(10.0) / 10
        moved = seen.at[5].add(1.0)
        assert bool((network(seen)[0].mean == network(moved)[0].mean).all())  # executed on y alone
        assert (float(network(seen)[1]) == float(network(moved)[1])) == (learner == "ippo")
        assert np.isfinite(found.curve).all()


def test_replayed_rules_do_not_look_at_the_swarm():
    swarm, rule = training.swarm_of("quadratic", 5), training.rule_of("quadratic")
    xis = jnp.linspace(-2, 2, 5)[:, None]
    choose = ev.chooses(xis, "open", 10)
    for t in range(5):
        assert (choose(jnp.zeros(6), t, None) == choose(jnp.ones(6), t, None)).all()
    one = ev.scored(swarm, rule, xis, "open", 50, 3, jax.random.key(0), 0.95)
    assert len(one.total) == 3 and one.total[0] < one.discounted[0] < 0


def test_a_gain_by_hand_orders_the_phases_and_nothing_does_not():
    gain, hand, nothing = ev.by_hand(training.swarm_of("kuramoto", 30), (0.5, 2.0), 60, 4, jax.random.key(0), 0.99)
    assert gain == 2.0 and hand.order > 0.9 > 0.5 > nothing.order
    assert np.mean(nothing.total) == pytest.approx(-30 * np.pi / 2, rel=0.05)


@pytest.mark.slow
def test_the_quadratic_world_is_learnt_in_a_minute():
    size = Size(agents=200, copies=16, updates=100, step_size=3e-3, discount=0.95, minibatches=2)
    found = Quadratics(**experiments.quadratic(0.0, size, Seeds(0), 2))
    assert holds("lq-exact", quadratic=[found])


def test_two_states_by_brute_force_bound_what_any_fixed_rule_gets():
    world = TwoState()
    best = brute_force(world, 101)[10]
    for rule in np.random.default_rng(0).random((50, 2)):
        m, total = world.first, 0.0
        for t in range(200):
            total += world.discount**t * float(world.reward(m, rule))
            m = float(world.after(m, rule))
        assert total <= best + 1e-3


def test_defaults_and_configs_of_claims():
    assert Config().quadratic_size.agents == 200 and Config().quadratic_size.discount == 0.95
    for claim in CLAIMS:
        Config(**claim.config)


def test_it_runs_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["tasks=kuramoto", "learners=field,ippo", "seeds=2", "steps=4", "sizes=3", "limit=10", "episodes=2",
             "blurs=",
             "scaling=5,20", "swarm_size.agents=5", "swarm_size.updates=2", "swarm_size.copies=2", "swarm_size.width=8",
             "--json"]  # fmt: skip
    with pytest.raises(SystemExit) as left:
        main(["run", "dec-pomfc", *words])
    found = json.loads(capsys.readouterr().out)
    assert left.value.code in (0, 1) and len(found["results"]["learnt"]) == 2
    assert {name.rsplit(".")[-1] for name in found["files"]} == {"png", "gif"}
