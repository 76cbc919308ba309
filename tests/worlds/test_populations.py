"""The population engine and its epidemic against closed forms; draws, contacts, chunks, kills and processes."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from manyminds.core import BadInput, Seeds
from manyminds.core.checkpoints import Checkpoint
from manyminds.worlds.populations import city, contacts, draws, engine, epidemic
from manyminds.worlds.populations.contacts import both_ways, mixing, packed, rows, summed, within
from manyminds.worlds.populations.epidemic import E, Epidemic, I, R, S, placed

MOMENT = engine.Moment(jnp.int32(0), jax.random.key(0))


def town(edges, agents, age=2, **epidemic_options):
    layer = packed(rows(np.array(edges, np.int32).reshape(-1, 2), agents))
    degree = np.bincount(np.array(edges, int).reshape(-1, 2)[:, 1], minlength=agents)
    place = placed(np.full(agents, age), np.zeros(agents, int), (layer,), degree=degree)
    return Epidemic(areas=1, **epidemic_options), place


def state_with(infectors, agents, stage=I, day=0, t=4):
    """Some agents in a stage, infected on `day`; the others susceptible."""
    who = np.zeros(agents, bool)
    who[infectors] = True
    return epidemic.Health(
        jnp.asarray(np.where(who, stage, S), jnp.uint8),
        jnp.asarray(np.where(who, day, epidemic.NEVER), jnp.int16),
        jnp.asarray(np.where(who, t + 5, epidemic.NEVER), jnp.int16),
    )


def chance(world, place, state, t=4, reproduction=3.0, home=0.0):
    moment = engine.Moment(jnp.int32(t), jax.random.key(0))
    home = jnp.full(place.age.shape, home, jnp.float32)
    return np.asarray(world.chance(place, world.policy(reproduction), state, home, moment))


# --- draws


def test_draws_are_uniform_and_independent_between_agents_days_and_streams():
    n = 200_000
    keys = [jax.random.fold_in(jax.random.key(7), t) for t in range(6)]
    sample = np.array([draws.uniform(key, draws.numbered(n)) for key in keys])
    assert sample.min() >= 0 and sample.max() < 1
    for row in sample:
        assert stats.kstest(row, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(row[:-1], row[1:])[0, 1]) < 4 / n**0.5
    off = np.corrcoef(sample)[np.triu_indices(6, 1)]
    assert np.abs(off).max() < 4.5 / n**0.5
    bits = (sample * 2**16).astype(int)
    counts = np.array([[(row >> b & 1).mean() for b in range(16)] for row in bits])
    assert np.abs(counts - 0.5).max() < 5 * 0.5 / n**0.5


def test_a_draw_depends_on_the_agent_and_not_on_who_else_is_there():
    key = jax.random.key(1)
    assert (draws.uniform(key, draws.numbered(1000))[500:] == draws.uniform(key, jnp.arange(500, 1000))).all()


# --- contacts


@settings(max_examples=8)
@given(some.sampled_from([1, 30]), some.sampled_from([0, 150]), some.sampled_from([1, 4]), some.integers(0, 99))
def test_sums_over_rows_of_any_width_equal_brute_force(agents, count, width, seed):
    rng = np.random.default_rng(seed)
    edges = rng.integers(0, agents, (count, 2))
    carried = rng.normal(size=agents).astype(np.float32)
    expected = np.zeros(agents)
    np.add.at(expected, edges[:, 1], carried[edges[:, 0]])
    found = rows(edges, agents)
    for sums in (
        summed(packed(found, width), jnp.asarray(carried)),
        contacts.summed_by_rows(found, jnp.asarray(carried)),
    ):
        np.testing.assert_allclose(sums, expected, rtol=1e-5, atol=1e-4)  # 150 sums in single precision


def test_codes_and_numbers_give_the_same_sums():
    rng = np.random.default_rng(0)
    network = packed(rows(rng.integers(0, 50, (300, 2)), 50))
    code, table = rng.integers(0, 5, 50).astype(np.uint8), np.arange(5, dtype=np.float32) / 7
    assert (summed(network, jnp.asarray(code), jnp.asarray(table)) == summed(network, jnp.asarray(table[code]))).all()


def test_mixing_joins_consecutive_entries_of_one_list():
    meetings = np.array([3, 0, 2, 4, 1], np.int32)
    found = mixing(meetings, np.random.default_rng(0))
    assert (found.degree == 2 * meetings).all()
    pairs = [(i, j) for i in range(5) for j in found.neighbours[found.start[i] : found.start[i + 1]] if j < 5]
    assert sorted(pairs) == sorted((j, i) for i, j in pairs)  # both ways
    assert len(pairs) <= 2 * (meetings.sum() - 1) and all(i != j for i, j in pairs)


def test_mixing_twice_leaves_nothing_of_the_first_day_behind():
    meetings, rng = np.full(1000, 3, np.int32), np.random.default_rng(0)
    first, second = mixing(meetings, rng), mixing(meetings, rng)
    assert len(first.neighbours) == len(second.neighbours) and (first.neighbours != second.neighbours).any()


def test_groups_are_complete_when_small_and_rings_when_large():
    groups = np.array([0, 0, 0, 1, -1, 0, *[2] * 9])
    found = within(groups, 2)
    listed = [set(found.neighbours[found.start[i] : found.start[i + 1]].tolist()) for i in range(len(groups))]
    assert listed[0] == {1, 2, 5} and listed[5] == {0, 1, 2} and listed[3] == listed[4] == set()
    assert all(len(one) == 4 and i not in one for i, one in enumerate(listed) if i > 5)
    assert (found.degree[:3] == 3).all()  # nobody is listed twice


def test_an_edge_beyond_the_last_agent_is_named_by_row_and_column():
    with pytest.raises(BadInput, match=r"row 2, column 1: there is no agent 9; agents are numbered 0 to 4"):
        rows(np.array([[0, 1], [9, 1]]), 5)
    with pytest.raises(BadInput, match=r"row 1, column 2: nan"):
        rows(np.array([[0, np.nan]]), 5)


# --- the epidemic


def test_the_profile_is_the_gamma_law_of_the_paper():
    expected = [0, 0.0019, 0.0317, 0.1, 0.1598, 0.1795, 0.1629, 0.1281, 0.0909]
    np.testing.assert_allclose(Epidemic().profile[:9], expected, atol=6e-5)


def test_two_agents_infect_by_the_formula():
    world, place = town([(0, 1)], 2)
    rate = 3.0 * 1.03 * 0.72 * world.profile[3] / 3
    assert chance(world, place, state_with([0], 2))[1] == pytest.approx(-np.expm1(-rate), rel=1e-5)
    exposed = 3.0 * 1.03 * 0.33 * world.profile[3] / 3
    assert chance(world, place, state_with([0], 2, stage=E))[1] == pytest.approx(-np.expm1(-exposed), rel=1e-5)


@pytest.mark.parametrize("m", [1, 3, 30])
def test_a_star_adds_its_infectors_up(m):
    world, place = town([(j, 0) for j in range(1, m + 1)], m + 1)
    rate = m * 3.0 * 1.03 * 0.72 * world.profile[3] / 3
    assert chance(world, place, state_with(range(1, m + 1), m + 1))[0] == pytest.approx(-np.expm1(-rate), rel=1e-5)


def test_the_paper_mode_is_equation_3():
    world, place = town([(1, 0), (2, 0), (3, 0)], 4, mode="paper")
    assert chance(world, place, state_with([1, 2], 4), reproduction=0.8)[0] == pytest.approx(
        -np.expm1(-0.8 * 1.03 / 3 * 2), rel=1e-5
    )
    assert chance(world, place, state_with([1], 4, stage=E))[0] == 0


def test_an_edge_lets_things_flow_one_way_until_it_is_made_both_ways():
    one_way, both = np.array([(0, 1)]), both_ways(np.array([(0, 1)]))
    for edges, back in ((one_way, False), (both, True)):
        world, place = town(edges, 2)
        assert (chance(world, place, state_with([1], 2))[0] > 0) == back


def test_isolation_protects_the_susceptible_or_stops_the_infector():
    state = state_with([0], 2)
    for side, home in (("susceptible", [0, 1]), ("infector", [1, 0])):
        world, place = town([(0, 1)], 2, isolates=side)
        for who in range(2):
            moment = engine.Moment(jnp.int32(4), jax.random.key(0))
            at_home = jnp.zeros(2, jnp.float32).at[who].set(1)
            found = world.chance(place, world.policy(3.0), state, at_home, moment)[1]
            assert (found == 0) == bool(home[who])


def run(world, place, days=25, reproduction=3.0, isolation=0.0, share=0.05, key=0, **options):
    state = world.seeded(place, share, jax.random.key(100 + key))
    policy = world.policy(reproduction, isolation)
    return engine.simulated(world.dynamics(), place, policy, state, jax.random.key(key), days, **options)


def ring(n=400):
    return [((i + k) % n, i) for i in range(n) for k in (-3, -2, -1, 1, 2, 3)]


def test_nobody_is_lost_and_nothing_spreads_without_contagion_or_when_all_stay_at_home():
    world, place = town(ring(), 400)
    _, daily = run(world, place)
    assert (daily["stages"].sum(1) == 400).all() and daily["cases"].sum() > 20
    assert run(world, place, reproduction=0.0)[1]["cases"].sum() == 0
    assert run(world, place, isolation=1.0)[1]["cases"].sum() == 0


def test_day_zero_seeds_in_stage_e_infect_nobody_on_the_first_day():
    world, place = town(ring(), 400)
    state = world.begun(jnp.where(jnp.arange(400) < 40, jnp.uint8(E), jnp.uint8(S)))
    day_0 = world.chance(place, world.policy(4.0), state, jnp.zeros(400), MOMENT)
    day_1 = world.chance(place, world.policy(4.0), state, jnp.zeros(400), MOMENT._replace(t=jnp.int32(1)))
    assert (day_0 == 0).all() and day_1.max() > 0


def test_stages_last_as_long_as_the_model_says():
    world, place = town(ring(), 400)
    state = world.begun(jnp.where(jnp.arange(400) < 40, jnp.uint8(E), jnp.uint8(S)))
    policy, stages = world.policy(0.0), []
    for t in range(10):
        moment = engine.Moment(jnp.int32(t), jax.random.key(t))
        state, _ = world.dynamics().step(place, policy, state, moment)
        stages.append(int(state.stage[0]))
    assert stages == [E] * 3 + [I] * 5 + [R] * 2  # seeds leave E on day 3; ill for 5 days


def test_deaths_are_a_share_of_those_who_leave_stage_i_who_all_recover():
    """The released step swaps two values and would kill most; a swap breaks this."""
    world, place = town(ring(), 400)
    _, daily = run(world, place, days=40)
    np.testing.assert_allclose(daily["deaths"], 0.12 * daily["recovered"], rtol=1e-6)
    assert daily["stages"][-1][R] == daily["recovered"].sum() and daily["deaths"].sum() < 0.13 * 400


def test_the_complete_graph_follows_its_expected_incidence():
    """Mean new cases given the past, one age bin, B = 1 / (N - 1): within 3 standard errors at N = 20,000."""
    n, days, runs = 20_000, 24, 8

    class Everyone(Epidemic):
        def chance(self, place, policy, state, home, moment):
            carried, table = self.carried(state, home, moment)
            load = table[carried]
            met = (load.sum() - load) / (n - 1)
            rate = policy.reproduction[0] * self.susceptibility[2] / self.interactions[2] * met
            return -jnp.expm1(-rate)

    world = Everyone(areas=1)
    place = placed(np.full(n, 2), np.zeros(n, int), (packed(rows(np.zeros((0, 2), int), n)),))
    gaps, spread = np.zeros(days), np.zeros(days)
    for key in range(runs):
        state = world.begun(jnp.zeros(n, jnp.uint8).at[:200].set(E))
        _, daily = engine.simulated(
            world.dynamics(), place, world.policy(4.0), state, jax.random.key(key), days, chunk=days
        )
        new, free = daily["cases"][:, 0], n - 200
        for t in range(days):
            past = sum(world.kernel[k] * new[t - 1 - k] for k in range(min(t, len(world.kernel))))
            seeds = 200 * (world.exposed if t < 4 else world.infectious if t < 9 else 0) * world.profile[min(t, 9)]
            odds = -np.expm1(-4.0 * 1.03 / 3 * (past + seeds) / (n - 1))
            gaps[t] += new[t] - free * odds
            spread[t] += free * odds * (1 - odds)
            free -= new[t]
    assert (np.abs(gaps) <= 3 * np.sqrt(spread) + 1e-9).all()


def test_a_thousand_agents_in_age_bins_out_of_range_are_refused_with_the_row():
    layer = packed(rows(np.zeros((0, 2), int), 3))
    for bad in ([0, 6, 1], [0, -1, 1], [0, np.nan, 1]):
        with pytest.raises(BadInput, match=r"column 'age', row 2"):
            placed(np.array(bad), np.zeros(3), (layer,))


# --- time


def test_chunks_do_not_change_the_curve_and_steps_are_traced_once_a_length():
    world, place = town(ring(), 400)
    curves = [run(world, place, days=23, chunk=chunk)[1]["cases"] for chunk in (1, 5, 23)]
    assert all((curve == curves[0]).all() for curve in curves)


@pytest.mark.parametrize("day", [1, 6, 13, 22])
def test_killed_on_any_day_and_resumed_it_is_the_same_curve(tmp_path, day):
    world, place = town(ring(), 400)
    whole = run(world, place, days=23)[1]
    count = 0

    def done():
        nonlocal count
        count += 1
        if count == day:
            raise KeyboardInterrupt

    keeper = Checkpoint(tmp_path / "city.ckpt")
    with pytest.raises(KeyboardInterrupt):
        run(world, place, days=23, chunk=3, keeper=keeper, done=done)
    again = run(world, place, days=23, chunk=3, keeper=keeper)[1]
    assert whole.keys() == again.keys() and all((whole[name] == again[name]).all() for name in whole)


def test_many_runs_and_parameters_at_once_equal_one_after_the_other():
    world, place = town(ring(), 400)
    rates = [1.0, 3.0, 4.5]
    states = [world.seeded(place, 0.05, jax.random.key(i)) for i in range(3)]
    together = engine.simulated(
        world.dynamics(), place, jax.vmap(lambda r: world.policy(r))(jnp.array(rates)),
        jax.tree.map(lambda *leaves: jnp.stack(leaves), *states), jax.random.split(jax.random.key(9), 3), 20,
    )[1]["cases"]  # fmt: skip
    for i, key in enumerate(jax.random.split(jax.random.key(9), 3)):
        alone = engine.simulated(world.dynamics(), place, world.policy(rates[i]), states[i], key, 20)[1]["cases"]
        assert (together[:, i] == alone).all()


@pytest.mark.slow
def test_a_population_that_is_split_lives_the_same_life():
    """Two processes on the loopback and one, same curve. Numbering agents anew on each device breaks this."""
    script = Path(__file__).with_name("population_process.py")

    def begun(*words):
        command = [sys.executable, str(script), *map(str, words)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def said(process):
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error[-2000:]
        return json.loads(out.strip().splitlines()[-1])

    port = free_port()
    together = [begun(f"127.0.0.1:{port}", 2, number, 2000, 20) for number in range(2)]
    found = [said(process) for process in together]
    alone = said(begun("-", 1, 0, 2000, 20))
    assert found[0]["devices"] == 2 and alone["devices"] == 1
    assert found[0]["cases"] == found[1]["cases"] == alone["cases"] and np.sum(alone["cases"]) > 50


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- the city


def test_a_city_has_its_boroughs_households_and_workplaces():
    made = city.built(20_000, Seeds(1))
    assert made.agents == 20_000 and len(set(made.borough.tolist())) == 5
    sizes = np.bincount(made.household)
    assert sizes.max() <= 6 and sizes.min() >= 1
    children = np.flatnonzero(made.age == 0)
    assert (made.school[children] >= 0).all() and (made.workplace[children] == -1).all()
    first = np.unique(made.household, return_index=True)[1]
    assert (made.age[first] > 0).all()  # a grown-up in every household
    assert all(len(set(made.borough[made.workplace == w].tolist())) == 1 for w in range(20))
    centre, north = (made.income[made.borough == b].mean() for b in (2, 0))
    assert centre > north + 0.3
    again = city.built(20_000, Seeds(1))
    assert all((a == b).all() for a, b in zip(made[:7], again[:7]))


def test_the_city_mixes_as_dense_as_the_paper_says():
    made = city.built(37_518, Seeds(1))
    (layer,) = city.network(made, Seeds(1))
    assert len(layer.neighbours) / 2 == pytest.approx(136_000, rel=0.08)


def test_a_city_too_small_for_its_boroughs_is_refused():
    with pytest.raises(BadInput, match="'Island' is as good as empty; ask for at least 350"):
        city.built(200, Seeds(0))
