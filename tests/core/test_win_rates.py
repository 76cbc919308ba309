"""Length-controlled win rates recover what a judge would say of answers of equal length."""

import numpy as np
import pytest

from manyminds.core import BadInput, win_rates


def drawn(quality, length, n=20_000, seed=0, longer=1.0):
    """Preferences from the model itself: a constant, the length term, the difficulty."""
    rng = np.random.default_rng(seed)
    mine, theirs, hard = rng.normal(100 + 20 * longer, 30, n), rng.normal(100, 30, n), rng.normal(size=n)
    gap = mine - theirs
    eta = quality + length * np.tanh(gap / gap.std()) + 0.5 * (hard - hard.mean())
    return (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float), mine, theirs, hard


@pytest.mark.parametrize("quality", [-0.5, 0.0, 0.8])
def test_length_is_taken_out(quality):
    won, mine, theirs, hard = drawn(quality, 1.2)
    found = win_rates.controlled(won, mine, theirs, hard)
    expected = np.mean(1 / (1 + np.exp(-(quality + 0.5 * (hard - hard.mean())))))
    assert found.controlled == pytest.approx(expected, abs=0.02)
    assert found.raw > found.controlled + 0.04 and found.length == pytest.approx(1.2, abs=0.1)


def test_without_the_length_term_length_would_pay():
    won, _, _, hard = drawn(0.0, 1.2)
    blind = win_rates.controlled(won, np.ones(len(won)), np.ones(len(won)), hard)  # the mutant: lengths unseen
    assert blind.controlled > 0.55 and blind.length == 0


def test_ties_are_halves_and_a_clean_sweep_is_finite():
    assert win_rates.controlled([0.5] * 10, range(10), range(10)).controlled == pytest.approx(0.5)
    swept = win_rates.controlled([1.0] * 10, range(10), [3] * 10)
    assert swept.raw == 1 and 0.9 < swept.controlled <= 1
    with pytest.raises(BadInput, match="at least one"):
        win_rates.controlled([], [], [])
