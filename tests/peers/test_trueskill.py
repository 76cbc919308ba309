"""Our TrueSkill beside the `trueskill` package: any number of players, with draws."""

from random import Random

import pytest

from manyminds.core.skill_ratings import Rating, TrueSkill

peer = pytest.importorskip("trueskill")


@pytest.mark.parametrize("seed", range(60))
def test_the_same_ratings(seed):
    rng = Random(seed)
    players = [Rating(rng.uniform(10, 40), rng.uniform(1, 9)) for _ in range(rng.randint(2, 7))]
    ranks = [rng.randrange(len(players)) for _ in players]  # ties are common
    env = peer.TrueSkill(draw_probability=0.1)
    theirs = env.rate([(env.create_rating(p.mu, p.sigma),) for p in players], ranks=ranks, min_delta=1e-9)
    ours = TrueSkill().rated(players, ranks)
    for mine, (other,) in zip(ours, theirs):
        assert (mine.mu, mine.sigma) == pytest.approx((other.mu, other.sigma), abs=1e-4)
