"""Queues of trajectories, answers of noisy raters, win rates, and logs of comparisons."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.learning import preference_log as log
from manyminds.learning import preferences as p
from manyminds.worlds.control.point_mass import LargerReturn, Path


def paths(*values):
    value = jnp.asarray(values, jnp.float32)
    return Path(value, jnp.zeros_like(value), jnp.zeros_like(value))


def test_first_in_first_out():
    begun = p.queue(jnp.arange(5.0), 3)
    np.testing.assert_array_equal(begun.held, [2, 3, 4])
    np.testing.assert_array_equal(p.pushed(begun, jnp.array([5.0])).held, [5, 3, 4])
    np.testing.assert_array_equal(p.pushed(p.pushed(begun, jnp.array([5.0])), jnp.arange(6.0, 11)).held, [10, 8, 9])
    held = p.empty_queue(jnp.float32(0), 3)
    for i in range(7):
        held = p.pushed(held, jnp.array([float(i)]))
        assert int(held.filled) == min(i + 1, 3)
    assert sorted(np.asarray(held.held).tolist()) == [4, 5, 6] and held.held[held.next] == 4


def test_queues_say_what_they_need():
    with pytest.raises(ValueError, match="10 cannot begin with 4"):
        p.queue(jnp.zeros(4), 10)
    with pytest.raises(ValueError, match="at least one"):
        p.queue(jnp.zeros(4), 0)
    with pytest.raises(ValueError, match="do not fit"):
        p.pushed(p.queue(jnp.zeros((4, 50)), 2), jnp.zeros((1, 40)))  # trajectories of another length


def test_nothing_to_compare_with_is_zero_and_not_nan():
    empty = p.empty_queue(jnp.float32(0), 4)
    assert (np.asarray(p.scores(jnp.ones((3, 4)), empty)) == 0).all()
    alone = p.queue(paths(1.0), 1)
    assert float(p.scores(p.preferences(LargerReturn(), paths(1.0), alone.held), alone)[0]) == 0


def test_scores_keep_the_scale_of_the_game():
    opponents = p.queue(paths(0.0, 0.0, 0.0, 0.0), 4)
    slight = p.preferences(LargerReturn(flip=0.45), paths(1.0, -1.0), opponents.held)
    np.testing.assert_allclose(p.scores(slight, opponents), [0.1, -0.1], atol=1e-6)


def test_nobody_wins_against_itself():
    group = paths(3.0, 2.0, 1.0)
    np.testing.assert_allclose(p.win_rates(p.preferences(LargerReturn(), group, group)), [1, 0.5, 0])
    biased = p.preferences(LargerReturn(), group, group) + jnp.eye(3)  # a mutant rater that lets each beat itself
    np.testing.assert_allclose(p.win_rates(biased), [1, 0.5, 0])


def test_a_noisy_rater_draws_anew_for_every_comparison():
    noisy = p.preferences(LargerReturn(flip=0.2), paths(1.0), paths(0.0))
    answers = jax.vmap(lambda key: p.answered(noisy, key))(jax.random.split(jax.random.key(0), 4000))
    assert float((answers > 0).mean()) == pytest.approx(0.8, abs=0.03)  # one coin a pair would give 0 or 1
    sure = p.preferences(LargerReturn(), paths(1.0), paths(0.0))
    assert (jax.vmap(lambda key: p.answered(sure, key))(jax.random.split(jax.random.key(1), 50)) == 1).all()


def test_the_loss_is_least_at_the_truth():
    mine, theirs = jnp.array([0.5]), jnp.array([0.0])
    chance = jax.nn.sigmoid(0.5)
    expected = lambda d: (  # noqa: E731
        chance * p.bradley_terry_loss(mine + d, theirs, jnp.ones((1, 1)))
        + (1 - chance) * p.bradley_terry_loss(mine + d, theirs, -jnp.ones((1, 1)))
    )
    assert float(jax.grad(expected)(jnp.float32(0))) == pytest.approx(0, abs=1e-6)
    assert expected(0.3) > expected(0.0) < expected(-0.3)


def comparison(**changed):
    return log.Comparison(**{"a": "yes", "b": "no", "p_a_wins": 0.75, "prompt": "?", "rater_id": "x", "t": 3} | changed)


def test_a_log_is_read_back_as_written(tmp_path):
    episode = log.Episode([[0.0, 1.0]] * 3, [[0.5]] * 3)
    lines = [comparison(), comparison(a=[1, 2], b=[3]), comparison(a=episode, b=episode, prompt=None)]
    log.write_comparisons(lines, tmp_path / "log.jsonl")
    assert log.read_comparisons(tmp_path / "log.jsonl") == lines and lines[0].preference == 0.5


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": "x", "b": "y"}', "p_a_wins"),
        ('{"a": "x", "b": "y", "p_a_wins": 1.5}', "no probability"),
        ('{"a": "x", "b": [1], "p_a_wins": 1}', "different kinds"),
        ('{"a": "x", "b": "y", "p_a_wins": 1, "winner": "a"}', "winner"),
        ("nonsense", "line 2"),
        ('{"a": {"obs": [[1]], "act": []}, "b": {"obs": [[1]], "act": [[1]]}, "p_a_wins": 1}', "1 observations"),
        ('{"a": {"obs": [], "act": []}, "b": {"obs": [[1]], "act": [[1]]}, "p_a_wins": 1}', "0 observations"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, line, said):
    path = tmp_path / "log.jsonl"
    path.write_text('{"a": "x", "b": "y", "p_a_wins": 1}\n' + line + "\n")
    with pytest.raises(BadInput, match=said) as error:
        log.read_comparisons(path)
    assert "line 2" in str(error.value)


def test_episodes_of_different_length_cannot_be_stacked():
    short, long = (log.Episode([[0.0]] * n, [[0.0]] * n) for n in (2, 3))
    assert log.stacked([short, short])[0].shape == (2, 2, 1)
    with pytest.raises(BadInput, match=r"\[2, 3\]"):
        log.stacked([short, long])
    with pytest.raises(BadInput, match="no episodes"):
        log.stacked(["text"])


def test_a_log_becomes_a_tournament():
    lines = [comparison(), comparison(a="no", b="yes", p_a_wins=0.0), comparison(a="no", b="no", p_a_wins=1.0)]
    names, wins, found = log.tournament([*lines, comparison(a="maybe", b="no", p_a_wins=0.5)])
    assert names == ['"yes"', '"no"', '"maybe"'] and wins[0, 1] == 1.75 and found[0, 2] == 0
    assert found[0, 1] == pytest.approx(0.75) and (found == -found.T).all()
