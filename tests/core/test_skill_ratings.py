"""Ratings against the published two-player updates, and against what no rating may do."""

import math
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import norm

from manyminds.core.skill_ratings import Rating, TrueSkill, elo, expected_score, ladder, ranks_of

RULES = TrueSkill()
N = NormalDist()


def test_the_published_first_win():
    """29.396/7.171 and 20.604/7.171 after one win between newcomers (the defaults)."""
    winner, loser = RULES.rated([RULES.new()] * 2, [1, 2])
    assert (winner.mu, winner.sigma) == pytest.approx((29.396, 7.171), abs=5e-4)
    assert (loser.mu, loser.sigma) == pytest.approx((20.604, 7.171), abs=5e-4)
    drawn = RULES.rated([RULES.new()] * 2, [1, 1])
    assert [(r.mu, r.sigma) for r in drawn] == [pytest.approx((25.0, 6.458), abs=5e-4)] * 2


def closed_form(a: Rating, b: Rating, tied: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """The two-player update as printed by Herbrich et al. (2006): c, v, w."""
    va, vb = a.sigma**2 + RULES.tau**2, b.sigma**2 + RULES.tau**2
    c = math.sqrt(va + vb + 2 * RULES.beta**2)
    t, e = (a.mu - b.mu) / c, RULES.margin / c
    if tied:
        t = abs(t)  # which of the two is ahead does not matter to how sure a draw makes us
        mass = norm.cdf(e - t) - norm.cdf(-e - t)
        v = (N.pdf(-e - t) - N.pdf(e - t)) / mass
        w = v**2 + ((e - t) * N.pdf(e - t) + (e + t) * N.pdf(-e - t)) / mass
        v = v if a.mu >= b.mu else -v
    else:
        v = N.pdf(t - e) / norm.cdf(t - e)
        w = v * (v + t - e)
    return ((a.mu + va / c * v, math.sqrt(va * (1 - va / c**2 * w))),
            (b.mu - vb / c * v, math.sqrt(vb * (1 - vb / c**2 * w))))  # fmt: skip


ratings = some.builds(Rating, some.floats(0, 50), some.floats(0.5, 9))


@given(ratings, ratings, some.booleans())
@settings(max_examples=200)
def test_two_players_by_the_closed_form(a, b, tied):
    found = RULES.rated([a, b], [1, 1] if tied else [1, 2])
    for rating, (mu, sigma) in zip(found, closed_form(a, b, tied)):
        assert rating.mu == pytest.approx(mu, abs=1e-5) and rating.sigma == pytest.approx(sigma, abs=1e-5)


@given(some.lists(ratings, min_size=2, max_size=5), some.randoms(use_true_random=False))
@settings(max_examples=50)
def test_order_of_the_list_does_not_matter_and_certainty_grows(players, rng):
    ranks = list(range(len(players)))
    after = RULES.rated(players, ranks)
    order = rng.sample(ranks, len(ranks))
    shuffled = RULES.rated([players[i] for i in order], [ranks[i] for i in order])
    for i, rating in zip(order, shuffled):
        assert (rating.mu, rating.sigma) == pytest.approx((after[i].mu, after[i].sigma), abs=1e-4)
    drift = [math.hypot(p.sigma, RULES.tau) for p in players]
    assert all(r.sigma < before + 1e-9 for r, before in zip(after, drift))


def test_many_players_by_sampling():
    """Three newcomers, first to third: the posterior means by rejection sampling."""
    import numpy as np

    rng = np.random.default_rng(1)
    skill = rng.normal(25, math.hypot(25 / 3, 25 / 300), (400_000, 3))
    shown = skill + rng.normal(0, RULES.beta, skill.shape)
    kept = (shown[:, 0] - shown[:, 1] > RULES.margin) & (shown[:, 1] - shown[:, 2] > RULES.margin)
    found = RULES.rated([RULES.new()] * 3, [1, 2, 3])
    assert [r.mu for r in found] == pytest.approx(skill[kept].mean(axis=0), abs=0.15)  # moment matching is approximate
    assert [r.sigma for r in found] == pytest.approx(skill[kept].std(axis=0), abs=0.15)


def test_a_surprise_moves_more_and_the_impossible_is_finite():
    strong, weak = Rating(40, 2), Rating(10, 2)
    upset = RULES.rated([weak, strong], [1, 2])
    usual = RULES.rated([strong, weak], [1, 2])
    assert upset[0].mu - weak.mu > 10 * abs(usual[0].mu - strong.mu)
    far = RULES.rated([Rating(0, 0.1), Rating(3000, 0.1)], [1, 2])
    assert all(math.isfinite(r.mu) and r.sigma > 0 for r in far)
    assert all(math.isfinite(r.mu) for r in RULES.rated([Rating(0, 0.1), Rating(3000, 0.1)], [1, 1]))


def test_elo_by_hand():
    assert expected_score(1600, 1200) == pytest.approx(10 / 11)
    assert elo([1600, 1200], [1, 2], k=32) == pytest.approx([1600 + 32 / 11, 1200 - 32 / 11])
    assert elo([1500, 1500], [1, 1]) == [1500, 1500]
    three = elo([1500, 1500, 1500], [1, 2, 3], k=32)
    assert three == pytest.approx([1516, 1500, 1484]) and sum(three) == pytest.approx(4500)


def test_ranks_ladder_and_bad_lengths():
    assert ranks_of([5, 9, 5, 1]) == [2, 1, 2, 4]
    rated = ladder([{"a": 3, "b": 1}, {"a": 2, "c": 0}, {"b": 5, "c": 1}])
    assert rated["a"].mu > rated["b"].mu > rated["c"].mu and rated["a"].cautious < rated["a"].mu
    assert RULES.rated([RULES.new()], [1]) == [RULES.new()]
    with pytest.raises(ValueError, match="do not belong"):
        RULES.rated([RULES.new()], [1, 2])
    with pytest.raises(ValueError, match="do not belong"):
        elo([1500], [1, 2])
