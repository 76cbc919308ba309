"""GLEE: measures by hand, arrays beside turn worlds, theory beside play, the method on planted truth, and mutants."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.agents import bargainers
from manyminds.core import NotHere, Seeds
from manyminds.core.regression import Collinear, Factor
from manyminds.papers.glee import measures
from manyminds.papers.glee.analysis import (
    anchoring,
    market_effects,
    market_factors,
    meta_game,
    mind_effects,
    player_factors,
    regression,
)
from manyminds.papers.glee.claims import CLAIMS
from manyminds.papers.glee.grid import FAMILIES, Cell
from manyminds.papers.glee.oracles import commitments, committed_sales, divisions, trades
from manyminds.papers.glee.paper import Config, rule_of
from manyminds.papers.glee.planted import study
from manyminds.papers.glee.playing import joined, on_arrays
from manyminds.papers.glee.records import measured
from manyminds.papers.glee.seating import played_in_world, same_on_arrays

CONFIG = Config()


def tournament(family, repeats=1, config=CONFIG, cells=None):
    cells = config.cells(family) if cells is None else cells
    firsts, seconds = config.seated(family)
    return cells, joined([on_arrays(cells, (a, b), repeats, Seeds(1)) for a in firsts for b in seconds])


# ---- the grid and the measures


def test_the_grid_has_as_many_configurations_as_the_paper():
    cells = {family: CONFIG.cells(family) for family in FAMILIES}
    assert [len(cells[family]) for family in FAMILIES] == [384, 576, 360]
    assert all(len(set(each)) == len(each) for each in cells.values())
    assert [len({cell.market for cell in cells[family]}) for family in FAMILIES] == [8, 12, 8]


def test_measures_of_bargaining_by_hand():
    assert measures.bargaining(1, 0.6, 0.8, 0.9) == (1, pytest.approx(0.96))
    assert measures.bargaining(3, 0.6, 0.8, 0.9)[0] == pytest.approx(0.64 * 0.6 + 0.81 * 0.4)
    assert measures.bargaining(np.nan, np.nan, 0.8, 0.9) == (0, 1)  # both get the same nothing, which is fair
    assert measures.bargaining(1, 1.0, 1, 1)[1] == 0


@pytest.mark.parametrize(("price", "seller", "buyer", "efficiency", "fairness"), [
    (1.0, 0.8, 1.2, 1, 1), (0.8, 0.8, 1.2, 1, 0.84), (1.3, 0.8, 1.2, 0, 0.64), (0.7, 0.8, 1.2, 0, 0.64),
    (np.nan, 0.8, 1.2, 0, 1), (np.nan, 1.2, 0.8, 1, 1), (1.0, 1.2, 0.8, 0, 1), (np.nan, 1.0, 1.0, 1, 1),
    (1.0, 1.0, 1.0, 1, 1), (1.01, 1.0, 1.0, 0, 0.9996), (2.0, 0.8, 1.2, 0, -3),
])  # fmt: skip
def test_measures_of_negotiation_by_hand(price, seller, buyer, efficiency, fairness):
    found = measures.negotiation(price, seller, buyer)
    assert found[0] == efficiency and found[1] == pytest.approx(fairness)


def test_measures_of_persuasion_by_hand():
    high, bought = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]], bool), np.array([[1, 0, 1, 0]] * 3, bool)
    efficiency, fairness = measures.persuasion(high, bought)
    assert efficiency == pytest.approx([0.5, np.nan, 0.5], nan_ok=True)
    assert fairness == pytest.approx([0.5, 0.5, np.nan], nan_ok=True)
    assert measures.sales_gains(high[0], bought[0], 3.0) == (0.5, pytest.approx((2 - 1) / 4))


@settings(max_examples=50)
@given(some.integers(1, 12), some.floats(0, 1), some.floats(0.5, 1), some.floats(0.5, 1))
def test_bargaining_is_efficient_at_most_and_only_at_once(stage, share, first, second):
    efficiency, fairness = measures.bargaining(stage, share, first, second)
    assert 0 <= fairness <= 1 and 0 <= efficiency <= 1 + 1e-12
    if stage == 1:
        assert efficiency == pytest.approx(1)


def test_broken_measures_are_noticed():
    late = 0.8**2 * 0.6 + 0.9**2 * 0.4  # an exponent of t in place of t - 1
    assert measures.bargaining(2, 0.6, 0.8, 0.9)[0] != pytest.approx(late)
    _, games = tournament("bargaining")
    none = np.isnan(games.stage)
    assert none.any() and (games.fairness[none] == 1).all() and (games.efficiency[none] == 0).all()
    wrong = np.where(none, 0.0, games.fairness)  # no agreement counted as unfair
    assert abs(wrong.mean() - games.fairness.mean()) > 0.1


# ---- arrays and turn worlds


@settings(max_examples=60)
@given(some.data(), some.sampled_from(FAMILIES), some.integers(0, 10**6))
def test_games_on_arrays_are_those_of_the_turn_worlds(data, family, seed):
    cell = data.draw(some.sampled_from(CONFIG.cells(family)))
    pair = tuple(data.draw(some.sampled_from(side)) for side in CONFIG.seated(family))
    turned = measured([asyncio.run(played_in_world(cell, pair, 0, Seeds(seed), rule_of(family)))])[1]
    arrayed = same_on_arrays(cell, pair, 0, Seeds(seed))
    for name in ("efficiency", "fairness", "gain_a", "gain_b", "stage", "first_offer"):
        assert getattr(turned, name) == pytest.approx(getattr(arrayed, name), abs=1e-9, nan_ok=True), (name, cell, pair)


def test_games_are_the_same_whichever_come_with_them():
    cells = CONFIG.cells("persuasion")
    one, two = (on_arrays(cells, pair, 2, Seeds(3)) for pair in (("truthful", "follower"), ("always", "follower")))
    assert (one.efficiency[~np.isnan(one.efficiency)] == 1).all()
    assert (np.isnan(one.fairness) == np.isnan(two.fairness)).all()  # every pair meets the same products


# ---- theory beside play


async def test_equilibrium_play_is_the_theory_in_every_cell():
    division = await divisions(CONFIG.cells("bargaining"), 99)
    assert (division.cells, division.right) == (384, 384) and division.gap <= 1e-9
    trade = await trades(CONFIG.cells("negotiation"), 99)
    assert (trade.cells, trade.right) == (192, 192) and trade.gap <= 1e-9


def test_advice_is_the_theory():
    advice = commitments(CONFIG.priors, CONFIG.values, steps=30)
    assert (advice.cells, advice.right) == (15, 15)
    for found in committed_sales(CONFIG.cells("persuasion"), 5, Seeds(2)):
        assert abs(found.played - found.theory) <= 4.5 * found.error + 1e-9


async def test_a_mutant_mind_breaks_the_claim_on_division(monkeypatch):
    """Who takes its own factor for the other's is found out where these differ."""
    honest = bargainers.Equilibrium.share
    monkeypatch.setattr(bargainers.Equilibrium, "share",
                        lambda self, seen, ahead: honest(self, seen._replace(other=seen.own), ahead))  # fmt: skip
    found = await divisions([c for c in CONFIG.cells("bargaining") if c.complete], 99)
    assert found.right < found.cells


# ---- the method


def test_effects_are_read_against_the_papers_default_market():
    cells, games = tournament("bargaining")
    effects = {(e.measure, e.level): e for e in market_effects(cells, games, "clustered")}
    assert len(effects) == 16 and effects["efficiency", "inf, complete, silent"].effect.high == 0
    assert {e.reference for e in effects.values()} == {"inf, complete, silent"}
    gains = {(e.measure, e.level): e.effect.value for e in mind_effects(cells, games, "clustered", "fair")}
    plain = {mind: games.gain_a[games.player_a == mind].mean() for mind in CONFIG.bargainers}
    for mind in CONFIG.bargainers:  # everybody met everybody everywhere, so the regression is the difference of means
        assert gains["self-gain of Alice", mind] == pytest.approx(plain[mind] - plain["fair"], abs=1e-9)


def test_the_meta_game_of_a_full_tournament_is_the_table_of_means():
    cells, games = tournament("negotiation")
    meta = meta_game(cells, games)
    for i, row in enumerate(meta.rows):
        for j, column in enumerate(meta.columns):
            met = (games.player_a == row) & (games.player_b == column)
            assert meta.first[i][j] == pytest.approx(games.gain_a[met].mean(), abs=1e-9)
            assert meta.second[i][j] == pytest.approx(games.gain_b[met].mean(), abs=1e-9)
    first, second = np.array(meta.first), np.array(meta.second)
    stable = {(meta.rows[i], meta.columns[j]) for i in range(4) for j in range(4)
              if first[i, j] >= first[:, j].max() - 1e-9 and second[i, j] >= second[i].max() - 1e-9}  # fmt: skip
    assert set(meta.equilibria) == stable and stable
    assert meta_game(cells, games.take(games.player_a == "fair")) is not None  # one row is a game of one
    unmet = (games.player_a == "fair") & (games.player_b == "anchor")
    assert meta_game(cells, games.take(~unmet)) is None


def test_two_factors_that_always_go_together_are_named():
    cells, games = tournament("bargaining")
    factors = [*market_factors(cells, games), *player_factors(games), Factor("nickname", games.player_a, "fair")]
    with pytest.raises(Collinear, match="nickname"):
        regression(games.gain_a, factors, games)
    bare = [replace(factor, reference=None) for factor in market_factors(cells, games)]
    with pytest.raises(Collinear, match="market"):
        regression(games.gain_a, bare, games)


def test_a_planted_edge_is_found_where_plain_means_are_misled():
    cells, games = tournament("negotiation", repeats=5)
    mine = games.take(games.player_a == "anchor")
    made = [study(cells, mine, Seeds(5).child(i), 0.05, 0.2, 2.0, 0.05) for i in range(50)]
    assert sum(s.covered for s in made) >= 45
    assert min(abs(s.raw - 0.05) for s in made) > 0.02
    assert np.mean([s.estimate for s in made]) == pytest.approx(0.05, abs=0.01)


def test_plain_means_would_do_if_games_were_assigned_evenly():
    """So it is the assignment that misleads them above, and nothing else in the studies."""
    cells, games = tournament("negotiation", repeats=5)
    mine = games.take(games.player_a == "anchor")
    even = [study(cells, mine, Seeds(6).child(i), 0.05, 0.2, 0.0, 0.05) for i in range(20)]
    assert abs(np.mean([s.raw for s in even]) - 0.05) < 0.02  # evenly assigned, plain means would do


def test_anchoring_is_undefined_where_nothing_varies():
    cells = [Cell("bargaining", 0.9, 0.9, 1e4, 12, True, False)]
    games = on_arrays(cells, ("fair", "fair"), 8, Seeds(0))
    assert anchoring("bargaining", games)[0].correlation is None
    _, games = tournament("bargaining")
    assert all(-1 <= found.correlation <= 1 for found in anchoring("bargaining", games))


def test_a_method_without_the_factors_of_the_game_misses_the_edge(monkeypatch):
    """A broken method, which the claim on recovery would catch: the regression knows agents and opponents only."""
    cells, games = tournament("negotiation", repeats=5)
    mine = games.take(games.player_a == "anchor")
    monkeypatch.setattr("manyminds.papers.glee.planted.market_factors", lambda cells, games: [])
    made = [study(cells, mine, Seeds(5).child(i), 0.05, 0.2, 2.0, 0.05) for i in range(20)]
    assert sum(s.covered for s in made) < 10


# ---- claims


def test_claims_about_minds_that_spoke_need_some():
    class Nothing:
        language, archived, oracles, sold, studies, twin = False, False, (), (), (), None
        played, markets, anchors, misfits, organisms = (), (), (), (), ()

    for claim in CLAIMS:
        if claim.id != "grid":
            with pytest.raises(NotHere):
                claim.check(Nothing)
    assert {claim.needs for claim in CLAIMS} == {"nothing", "endpoint", "data"}


def test_bad_settings_are_refused():
    for wrong in ({"bargainers": ("equilibrum",)}, {"sellers": ("follower",)}, {"players": ("fair",)},
                  {"buyers": ("bayesian", "bayesian")}, {"fraction": 0}, {"families": ("auction",)}):  # fmt: skip
        with pytest.raises(ValueError, match=r"did you mean|known|twice|greater|Input|seat"):
            Config(**wrong)


def test_a_market_in_which_nothing_could_be_scored_has_no_effect_and_hides_no_other():
    cells, games = tournament("persuasion")
    markets = np.array([cell.market for cell in cells])[games.cell]
    gone = "complete, binary, long-living"  # the reference itself
    games = replace(games, efficiency=np.where(markets == gone, np.nan, games.efficiency))
    effects = {e.level: e for e in market_effects(cells, games, "clustered") if e.measure == "efficiency"}
    assert np.isnan(effects[gone].effect.value) and effects[gone].effect.n == 0
    assert effects[gone].reference != gone and effects[effects[gone].reference].effect.value == 0
    assert all(np.isfinite(e.effect.value) for level, e in effects.items() if level != gone)
